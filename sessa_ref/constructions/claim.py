"""Claim: what a construction must do, in the numbers that its proof gives, and how to measure it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sessa_ref.constructions.network import Network
from sessa_ref.notation import Array


class Measured(NamedTuple):
    """A number that was measured, beside the one that was promised."""

    about: str
    value: float
    promised: float
    least: bool = False
    """Whether the value must be at least what is promised; else at most."""

    @property
    def holds(self) -> bool:
        """Whether the promise is kept; never where a number is NaN."""
        return self.value >= self.promised if self.least else self.value <= self.promised

    def __str__(self) -> str:
        return f"{self.about}: {self.value:.6g} {'>=' if self.least else '<='} {self.promised:.6g}"


def at_most(about: str, value: float, promised: float) -> Measured:
    """What was measured must be at most what is promised."""
    return Measured(about, float(value), float(promised))


def at_least(about: str, value: float, promised: float) -> Measured:
    """What was measured must be at least what is promised."""
    return Measured(about, float(value), float(promised), least=True)


@dataclass(frozen=True)
class Claim:
    """What must hold for a network.

    Attributes:
        statement: the id of the statement in the ledger, "lem:K.7".
        says: the claim in a sentence.
        measure: what is measured on a batch of inputs, (n, T, inputs), beside what the proof promises.
    """

    statement: str
    says: str
    measure: Callable[[Array], list[Measured]]


class Built(NamedTuple):
    """A construction: the network and its claim."""

    network: Network
    claim: Claim
