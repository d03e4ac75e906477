"""What a run measured, and its JSON form."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import linear_regression, median
from typing import Any

from benchmarks.correctness import Admission

SCHEMA = 2
"""Version of the JSON form; benchmarks/README.md describes it."""
PRODUCT = "product"
"""In the place of a method: a product of two large square matrices, in the same rounds as the methods."""
SLOPE_FROM = 1024
"""Fewest tokens that count for the slope of memory: below, fixed buffers hide what grows with T."""


@dataclass(frozen=True)
class Row:
    """One method at one length."""

    measurement: str
    """"forward", "forward_backward", "decode", "memory" or "decode_memory"."""
    method: str
    """Or `PRODUCT`."""
    T: int
    """Tokens; for "decode", those in the cache."""
    status: str = "measured"
    """"measured", "over memory", "over time" or "failed"."""
    message: str = ""
    """What went wrong, where the status is "failed"."""
    seconds: tuple[float, ...] = ()
    """One number per repetition; for "decode", seconds per step."""
    operations: float | None = None
    """Floating-point operations that the map needs: see `benchmarks.arithmetic`; of `PRODUCT`, its own."""
    peak_bytes: int | None = None
    baseline_bytes: int | None = None
    """Peak of a process that only imports everything and builds the layer; for "decode_memory", before the steps."""

    @property
    def median(self) -> float | None:
        """Median seconds; None where nothing was measured."""
        return median(self.seconds) if self.seconds else None

    @property
    def rate(self) -> float | None:
        """Operations over median seconds."""
        return None if self.median is None or self.operations is None else self.operations / self.median


@dataclass(frozen=True)
class Results:
    """Everything that a run measured."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    admissions: Sequence[Admission]
    rows: Sequence[Row] = field(default_factory=list)

    @property
    def product_rate(self) -> float | None:
        """Median over all measurements of the rate of a large matrix product, in floating-point operations per second."""
        rates = [row.rate for row in self.rows if row.method == PRODUCT and row.rate is not None]
        return median(rates) if rates else None

    @property
    def methods(self) -> list[str]:
        """The admitted methods, in their order."""
        return [admission.method for admission in self.admissions if admission.admitted]

    def row(self, measurement: str, method: str, T: int) -> Row | None:
        """The row, if there is one."""
        wanted = (measurement, method, T)
        return next((row for row in self.rows if (row.measurement, row.method, row.T) == wanted), None)

    def lengths(self, measurement: str) -> list[int]:
        """The lengths at which any method was to be measured."""
        return sorted({row.T for row in self.rows if row.measurement == measurement})

    def ratio(self, row: Row) -> float | None:
        """Median time over that of the first method asked for."""
        first = self.row(row.measurement, self.settings["methods"][0], row.T)
        if row.median is None or first is None or first.median is None:
            return None
        return row.median / first.median

    def share(self, row: Row) -> float | None:
        """Share of the rate of a matrix product in the same rounds, median against median."""
        product = self.row(row.measurement, PRODUCT, row.T)
        if row.rate is None or product is None or product.rate is None:
            return None
        return row.rate / product.rate

    def memory_slope(self, method: str) -> float | None:
        """Least-squares slope of log(peak - baseline) over log T, from `SLOPE_FROM` tokens up."""
        points = [
            (math.log(row.T), math.log(row.peak_bytes - row.baseline_bytes))
            for row in self.rows
            if (row.measurement, row.method) == ("memory", method)
            and row.T >= SLOPE_FROM
            and row.peak_bytes is not None
            and row.baseline_bytes is not None
            and row.peak_bytes > row.baseline_bytes
        ]
        return linear_regression(*zip(*points, strict=True)).slope if len(points) > 1 else None

    def to_json(self) -> str:
        """Everything, with medians, ratios, shares and slopes beside what they are computed from."""
        content = {"schema": SCHEMA, **asdict(self)}
        content["rows"] = [
            asdict(row) | {"median": row.median, "ratio": self.ratio(row), "share": self.share(row)}
            for row in self.rows
        ]
        content["product_rate"] = self.product_rate
        content["memory_slopes"] = {method: self.memory_slope(method) for method in self.methods}
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Results":
        """The results that `to_json` wrote; what is computed is computed again.

        Raises:
            ValueError: the text is not of this schema.
        """
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
            raise ValueError(f"these are no benchmark results of schema {SCHEMA}")
        del content["product_rate"], content["memory_slopes"]
        rows = content.pop("rows")
        for row in rows:
            for computed in ("median", "ratio", "share"):
                del row[computed]
            row["seconds"] = tuple(row["seconds"])
        admissions = [Admission(**admission) for admission in content.pop("admissions")]
        return cls(**content, admissions=admissions, rows=[Row(**row) for row in rows])
