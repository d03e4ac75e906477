"""The largest influence over all admissible routings and gains, exactly.

The influence |y_t| is largest where all gains are gamma_max: it increases in each gain and in each earlier |y_j|, and rows
can be chosen one by one. So row t maximises the sum of a_j |y_j| over 0 <= a_j <= c2/t, sum a_j <= 1, a linear program.
Its solution fills the tokens of largest influence first; a dual solution of the same value proves that it is one.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from flint import arb, fmpq

from proofs_checks.evidence import Evidence

CONSTANTS = tuple(
    (Fraction(gamma), Fraction(c2))
    for gamma, c2 in (("1/100", 1), ("1/2", 1), ("99/100", 1), ("1/2", "1/2"), ("2/5", 2), ("1/4", "7/2"), ("1/10", 9))
)
"""Pairs (gamma_max, c2) with gamma_max c2 < 1, below, at and above c2 = 1."""


class Case(NamedTuple):
    """What a bound may depend on."""

    gamma: Fraction
    c2: Fraction
    source: int
    lag: int


def ball(value: Fraction) -> arb:
    """An enclosure of a rational."""
    return arb(fmpq(value.numerator, value.denominator))


def enclose_worst_case(
    evidence: Evidence,
    claim: str,
    claimed: Callable[[Case], arb],
    *,
    sources: Iterable[int] = (0,),
    pairs: Iterable[tuple[Fraction, Fraction]] = CONSTANTS,
    envelope: bool = True,
    row_sums: bool = True,
    gain: float = 1.0,
) -> None:
    """The largest influence over all admissible routings and gains against a bound.

    Args:
        evidence: the check's.
        claim: the part of the statement.
        claimed: the bound.
        sources: tokens that receive the impulse.
        pairs: of gamma_max and c2.
        envelope: see `worst_influence`.
        row_sums: see `worst_influence`.
        gain: gains go up to this multiple of gamma_max.
    """
    T = 12 if evidence.quick else 40
    cases = []
    for gamma, c2 in pairs:
        for source in sources:
            largest = gamma * Fraction(gain).limit_denominator(1000)
            y = worst_influence(T, largest, c2, source, envelope=envelope, row_sums=row_sums)
            for lag, value in enumerate(y[1:], start=1):
                name = f"gamma_max {gamma}, c2 {c2}, source {source}, lag {lag}"
                cases.append((ball(value), claimed(Case(gamma, c2, source, lag)), name))
    evidence.enclosed(
        claim,
        cases,
        f"the largest |y| over all routings and gains, T = {T}{'' if row_sums else ', row sums unbounded'}: each row's linear "
        "program in exact rationals, with a dual solution; rows fill the tokens of largest influence first",
    )


def worst_influence(
    T: int, gamma: Fraction, c2: Fraction, source: int = 0, *, row_sums: bool = True, envelope: bool = True
) -> list[Fraction]:
    """The largest |y_t| for t = source, ..., T - 1 after an impulse at `source`.

    Args:
        T: number of tokens.
        gamma: bound on the gains.
        c2: of the envelope c2/t on row t.
        source: the token that receives the impulse.
        row_sums: whether rows sum to at most 1.
        envelope: whether weights are at most c2/t; without it, and with row sums, a weight may be 1.

    Raises:
        ArithmeticError: the dual solution does not have the value of the primal one.
    """
    y = [Fraction(1)]
    for t in range(source + 1, T):
        cap = c2 / t if envelope else Fraction(1)
        best, proof = fill_largest_first(y, cap, row_sums)
        if best != proof:
            raise ArithmeticError(f"row {t}: the weights give {best}, the dual solution proves {proof}")
        y.append(gamma * best)
    return y


def fill_largest_first(values: list[Fraction], cap: Fraction, row_sums: bool = True) -> tuple[Fraction, Fraction]:
    """The largest sum of a_j values_j over 0 <= a_j <= cap with sum at most 1, and the value of a dual solution.

    The dual is the least price + cap * sum of max(values_j - price, 0) over price >= 0; any price bounds every choice of
    weights. Without `row_sums` the price is 0.
    """
    left, best, price = Fraction(1), Fraction(0), Fraction(0)
    for value in sorted(values, reverse=True):
        weight = min(cap, left) if row_sums else cap
        best += weight * value
        left -= weight
        if row_sums and left <= 0:
            price = value
            break
    return best, price + cap * sum((max(value - price, Fraction(0)) for value in values), Fraction(0))
