"""A fault: a small departure of the reference, executable, with its story."""

from dataclasses import dataclass, replace
from typing import Literal

from sessa_ref.reference import DEFINITION, Formulas

Area = Literal["token-wise", "rotary", "attention", "feedback", "solve", "decode", "gradient", "behaviour"]


@dataclass(frozen=True, eq=False)
class Fault:
    """One way in which an implementation can be wrong, as the formulas of a layer that is wrong in this way.

    Faults of the areas "decode" and "gradient" leave the forward pass as it is, bit by bit. All others are
    faults of the forward pass; they act in the decoding step as well where that has the same part. Where a
    fault makes no difference for a config, or cannot be computed, it gives the right result.
    """

    name: str
    """CamelCase; does not change between versions."""
    area: Area
    """The part of the layer that is wrong."""
    departure: str
    """What the faulty layer does, one sentence."""
    formula: str
    """Two lines of plain text: "right: ..." and "wrong: ..."."""
    cause: str
    """How the fault usually comes about in code."""
    fix: str
    """How to repair it."""
    formulas: type[Formulas]
    """The formulas of the reference, with those changed that the fault changes; see `with_faults`."""
    only: Literal["", "prefill", "decoding"] = ""
    """The part of the work that is wrong, where that is not all of it."""

    def only_in(self, part: Literal["prefill", "decoding"]) -> "Fault":
        """The same fault in the prefill alone, or in decoding steps alone."""
        words = {"prefill": "In the prefill", "decoding": "In decoding steps"}[part]
        name = {"prefill": "Prefill", "decoding": "Decode"}[part] + self.name
        departure = f"{words} {self.departure[0].lower()}{self.departure[1:]}"
        return replace(self, name=name, area="decode", departure=departure, only=part)


def with_faults(*faults: Fault) -> Formulas:
    """The formulas of a layer that has these faults: `reference.forward(parameters, x, formulas=with_faults(fault))`.

    Where two faults change the same formula, the later one changes what the earlier one gives.
    """
    changed = list(dict.fromkeys(fault.formulas for fault in reversed(faults)))
    return type("Faulty", tuple(changed), {})() if changed else DEFINITION
