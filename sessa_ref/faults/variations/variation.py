"""A variation: a change of the layer at named values, and the families that have a number in them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sessa_ref.faults.variations.graph import Change, Changes, Number, Run
from sessa_ref.notation import Array

_ROUNDING = ("InFloat32", "InBfloat16", "InFloat16", "InTfloat32")

Amount = Callable[[Run], Any]
"""A family's number, for the layer at hand."""


@dataclass(frozen=True, eq=False)
class Variation:
    """One way in which an implementation can be wrong, as changes of named values of the graph."""

    name: str
    """CamelCase: what is changed, and how."""
    area: str
    """The part of the layer that is wrong."""
    description: str
    """What the faulty layer does, one sentence."""
    cause: str
    """How the fault usually comes about in code."""
    fix: str
    """How to repair it."""
    changes: Changes = field(default_factory=dict)
    """The values that are changed."""
    formula: str = ""
    """Always empty: the sentence says it all."""

    @property
    def rounds(self) -> bool:
        """Whether it only rounds to a lower precision."""
        return self.name.endswith(_ROUNDING)


@dataclass(frozen=True, eq=False)
class Family:
    """Variations that differ by a number, which can be fitted."""

    name: str
    area: str
    description: str
    """A sentence with the number as {number}."""
    cause: str
    fix: str
    changes: Callable[[Amount], Changes]
    """The changes for a number, which may depend on the layer."""
    starts: tuple[Number, ...]
    """Numbers to begin with; well-known ones. Where they are whole numbers, no others are tried."""
    right: str = ""
    """The right number in words, where the sentence has a place for it."""
    spread: str = ""
    """The value whose size gives further numbers to begin with."""
    formula: str = ""

    @property
    def rounds(self) -> bool:
        """Whether its members only round to a lower precision."""
        return self.name.endswith(_ROUNDING)

    @property
    def sentence(self) -> str:
        """What its members do, with c for the number."""
        return self.description.format(number="c", right=self.right)

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return all(isinstance(start, int) for start in self.starts)

    def at(self, number: Number | Amount, words: str = "") -> Variation:
        """The member with this number; words say what it is, where it is not a mere number."""
        if callable(number):
            amount, written = number, words
        else:
            amount, written = (lambda run: number), words or number_words(number)
        text = self.description.format(number=written, right=self.right)
        return Variation(self.name, self.area, text, self.cause, self.fix, self.changes(amount))


def one(name: str, change: Change) -> Changes:
    """A change of a single value."""
    return {name: change}


def with_tangent(tangent: Callable[[Run, Array], Array]) -> Change:
    """The value as it is, with another derivative: what `tangent` makes of the run and of the value."""
    return lambda run, value: np.real(value) + 1j * tangent(run, value) if np.iscomplexobj(value) else value


def only_decoding(changes: Changes) -> Changes:
    """The changes, in decoding steps alone."""
    return _where(lambda run: run.decoding, changes)


def only_prefill(changes: Changes) -> Changes:
    """The changes, in the prefill alone, which is the run that makes room for more tokens."""
    return _where(lambda run: bool(run.capacity) and not run.decoding, changes)


def _where(condition: Callable[[Run], bool], changes: Changes) -> Changes:
    def limited(change: Change) -> Change:
        return lambda run, value: change(run, value) if condition(run) else value

    return {name: limited(change) for name, change in changes.items()}


def together(*changes: Changes) -> Changes:
    """Several changes, one after the other where they are of the same value."""
    result: dict[str, Change] = {}
    for mapping in changes:
        for name, change in mapping.items():
            result[name] = _then(result[name], change) if name in result else change
    return result


def _then(first: Change, second: Change) -> Change:
    return lambda run, value: second(run, first(run, value))


def number_words(number: Number) -> str:
    """A number as one would write it."""
    return f"{number:d}" if isinstance(number, int) else f"{number:.6g}".replace("e-0", "e-").replace("e+0", "e")
