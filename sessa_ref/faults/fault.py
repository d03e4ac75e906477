"""A fault: a small change of the reference, executable, with its story."""

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from sessa_ref.reference import DEFINITION, Formulas

Area = Literal["token-wise", "rotary", "attention", "feedback", "solve", "decode", "gradient", "behaviour"]

Part = Literal["prefill", "decoding"]
"""Of the work of a layer with a cache."""


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
    description: str
    """What the faulty layer does, one sentence."""
    formula: str
    """Two lines of plain text: "right: ..." and "wrong: ..."."""
    cause: str
    """How the fault usually comes about in code."""
    fix: str
    """How to repair it."""
    formulas: type[Formulas]
    """The formulas of the reference, with those changed that the fault changes; see `with_faults`."""
    only: Part | Literal[""] = ""
    """The part of the work that is wrong, where that is not all of it."""

    def only_in(self, part: Part) -> "Fault":
        """The same fault in the prefill alone, or in decoding steps alone."""
        return limited(self, part, only=part)


_PARTS: dict[Part, tuple[str, str]] = {
    "prefill": ("Prefill", "In the prefill"),
    "decoding": ("Decode", "In decoding steps"),
}


Mistake = TypeVar("Mistake", bound=Any)


def limited(mistake: Mistake, part: Part, **changed: Any) -> Mistake:
    """A mistake, with a name and a sentence of its own for the part of the work that it is limited to.

    Args:
        mistake: a dataclass with a name, an area and a description.
        part: of the work.
        changed: what limits it, by the names of its fields.
    """
    word, words = _PARTS[part]
    description = f"{words} {mistake.description[0].lower()}{mistake.description[1:]}"
    return replace(mistake, name=f"{word}{mistake.name}", area="decode", description=description, **changed)


def with_faults(*faults: Fault) -> Formulas:
    """The formulas of a layer that has these faults: `reference.forward(parameters, x, formulas=with_faults(fault))`.

    Where two faults change the same formula, the later one changes what the earlier one gives.
    """
    changed = list(dict.fromkeys(fault.formulas for fault in reversed(faults)))
    return type("Faulty", tuple(changed), {})() if changed else DEFINITION
