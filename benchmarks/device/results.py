"""What a run on a device measured, its tables and its JSON form."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from benchmarks.correctness import Admission
from benchmarks.tables import Table

BENCHMARK: Final = "the feedback solve on a device"
"""The entry `benchmark` of a file."""
_SCHEMA: Final = 1


def wrote(text: str) -> bool:
    """Whether a file holds results of this kind, and not of the other benchmark."""
    content = json.loads(text)
    return isinstance(content, dict) and content.get("benchmark") == BENCHMARK


@dataclass(frozen=True)
class Row:
    """One method at one shape, in one precision."""

    T: int
    D: int
    precision: str
    backward: bool
    """Whether gradients of all inputs are computed as well."""
    method: str
    status: str = "measured"
    """"measured", "over memory", "over time" or "failed"."""
    message: str = ""
    """What went wrong, where the status is "failed"."""
    seconds: tuple[float, ...] = ()
    peak_bytes: int | None = None

    @property
    def median(self) -> float | None:
        """Median seconds; None where nothing was measured."""
        return median(self.seconds) if self.seconds else None

    @property
    def rate(self) -> float | None:
        """Operations per second: two products of T^2 D / 2 pairs of factors, and five more backwards."""
        operations = (7 if self.backward else 2) * self.T**2 * self.D
        return None if self.median is None else operations / self.median


@dataclass(frozen=True)
class Results:
    """Everything that a run measured."""

    machine: dict[str, Any]
    admissions: dict[str, Admission]
    """Of the solve, by precision."""
    deltaformer: str
    """Whether DeltaFormer's solve was there."""
    rows: Sequence[Row]

    def share(self, row: Row) -> float | None:
        """The row's rate over that of attention."""
        for other in self.rows:
            same = (other.T, other.D, other.precision, other.backward) == (row.T, row.D, row.precision, row.backward)
            if same and other.method == "attention" and other.rate and row.rate:
                return row.rate / other.rate
        return None

    def headline(self) -> list[str]:
        """Machine and verdicts, a line each."""
        machine = self.machine
        memory = machine["device_memory_bytes"]
        device = [machine["name"] or machine["processor"], "" if memory is None else f"{memory / 2**30:.0f} GiB"]
        libraries = [f"{name} {machine[name]}" for name in ("torch", "cuda", "hip", "cudnn", "driver") if machine[name]]
        return [
            ", ".join(word for word in (*device, machine["device"], *libraries) if word),
            *(f"solve, {name}: {admission.verdict}" for name, admission in self.admissions.items()),
            f"deltaformer: {self.deltaformer}",
        ]

    def table(self) -> Table:
        """A line for each row."""
        header = ["T", "D", "precision", "pass", "method", "median", "TFLOP/s", "of attention's rate", "peak memory"]
        return Table("Time and memory of the feedback solve, batch 1", header, [self._line(row) for row in self.rows])

    def _line(self, row: Row) -> list[str]:
        texts = [f"{row.T:,}", str(row.D), row.precision, "both" if row.backward else "forward", row.method]
        if row.median is None or row.rate is None:
            return [*texts, f"{row.status}: {row.message}" if row.message else row.status, "", "", ""]
        share, peak = self.share(row), row.peak_bytes
        numbers = [f"{1e3 * row.median:.3g} ms", f"{row.rate / 1e12:.3g}", "" if share is None else f"{share:.0%}"]
        return [*texts, *numbers, "" if peak is None else f"{peak / 2**20:.0f} MiB"]

    def to_json(self) -> str:
        """Everything, with medians and rates beside what they are computed from."""
        content = {"benchmark": BENCHMARK, "schema": _SCHEMA, **asdict(self)}
        content["rows"] = [asdict(row) | {"median": row.median, "rate": row.rate} for row in self.rows]
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Results":
        """The results that `to_json` wrote; what is computed is computed again.

        Raises:
            ValueError: the text is not of this kind and schema.
        """
        content = json.loads(text)
        if (content.pop("benchmark", None), content.pop("schema", None)) != (BENCHMARK, _SCHEMA):
            raise ValueError(f"these are no results of schema {_SCHEMA} of {BENCHMARK}")
        admissions = {name: Admission(**admission) for name, admission in content.pop("admissions").items()}
        rows = []
        for row in content.pop("rows"):
            for computed in ("median", "rate"):
                del row[computed]
            row["seconds"] = tuple(row["seconds"])
            rows.append(Row(**row))
        return cls(**content, admissions=admissions, rows=rows)
