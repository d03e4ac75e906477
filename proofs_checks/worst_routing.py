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


def late_worst_influence(T: int, gamma: Fraction, c2: Fraction) -> list[arb]:
    """The same for source 0 and long sequences, in balls: each row fills the earliest tokens.

    That is the optimum, because the largest influences do not increase: y_t is gamma times the mean of the earlier ones over
    the first t/c2 tokens, and means over more and more of a sequence that does not increase do not increase.
    """
    y, sums = [arb(1)], [arb(0), arb(1)]  # sums[k] is y_0 + ... + y_(k-1)
    for t in range(1, T):
        room = min(t / c2, Fraction(t))  # tokens that a row can hold; for c2 <= 1 all of them
        whole = int(room)
        held = sums[whole] + (ball(room - whole) * y[whole] if room > whole else 0)
        y.append(ball(gamma * c2 / t) * held)
        sums.append(sums[-1] + y[-1])
    return y


def enclose_late_worst_case(
    evidence: Evidence,
    claim: str,
    claimed: Callable[[Case], arb],
    pairs: Iterable[tuple[Fraction, Fraction]] = CONSTANTS,
) -> None:
    """The largest influence of token 0 at lags up to 2000 (quickly: 200) against a bound."""
    T = 201 if evidence.quick else 2001
    cases = [
        (value, claimed(Case(gamma, c2, 0, lag)), f"gamma_max {gamma}, c2 {c2}, source 0, lag {lag}")
        for gamma, c2 in pairs
        for lag, value in enumerate(late_worst_influence(T, gamma, c2))
        if lag % 10 == 0 and lag
    ]
    evidence.enclosed(claim, cases, f"the largest |y| over all routings and gains at lags up to {T - 1}, in balls")


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
