"""What a check has seen, and the level that follows from it.

A level is never written down: it follows from the kind of values that were compared. An identity of symbols or of exact
rationals is symbolic, an inequality of balls is certified, an object that was built and met its bound is constructed,
and random cases together with a search that tries to break the bound are sampled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import flint
import numpy as np
import sympy

from proofs_checks import wording

Exact = int | Fraction | flint.fmpq | flint.fmpz | sympy.Expr
Ball = flint.arb | int | flint.fmpq


class Level(StrEnum):
    """How strongly a statement was checked, strongest first; a definition has a level of its own."""

    FORMAL = "formal"
    SYMBOLIC = "symbolic"
    CERTIFIED = "certified"
    CONSTRUCTED = "constructed"
    SAMPLED = "sampled"
    DEFINITION = "definition"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Piece:
    """One thing that a check has seen.

    Attributes:
        claim: the part of the statement that it is about, such as "(ii)" or "upper bound".
        level: how strong it is; None for what must hold beside the claims and decides no level.
        holds: whether it is so.
        how: what was compared, in a line.
        tightness: attained / claimed where the claim is a bound; 1 is sharp.
        cases: the number of cases.
        example: the case that attains the most, or that fails.
        refutes: whether it shows that the statement as printed is false.
    """

    claim: str
    level: Level | None
    holds: bool
    how: str
    tightness: float | None = None
    cases: int = 1
    example: str = ""
    refutes: bool = False


class Evidence:
    """Collects what a check sees.

    Attributes:
        quick: whether a short run is wanted: fewer cases, the same claims.
        rng: the check's own random numbers, the same in every run.
        pieces: what was seen.
    """

    def __init__(self, identifier: str, quick: bool = False) -> None:
        self.quick = quick
        self.rng = np.random.default_rng(list(identifier.encode()))
        self.pieces: list[Piece] = []

    def identity(self, claim: str, differences: sympy.Expr | Iterable[Exact], how: str) -> None:
        """Symbolic: every difference is exactly zero, for symbols or in exact rationals.

        Raises:
            TypeError: a difference is a floating-point number or a ball.
        """
        listed = [differences] if isinstance(differences, sympy.Expr) else list(differences)
        wrong = next((n for n, d in enumerate(listed) if not _is_zero(_exact(d))), None)
        example = "" if wrong is None else wording.not_zero(_exact(listed[wrong]), wrong, len(listed))
        self.pieces.append(
            Piece(claim, Level.SYMBOLIC, bool(listed) and wrong is None, how, None, len(listed), example)
        )

    def exact(self, claim: str, pairs: Iterable[tuple[Exact, Exact, str]], how: str) -> None:
        """Symbolic: attained <= claimed in exact numbers, for every case of a finite family.

        Args:
            claim: the part of the statement.
            pairs: (attained, claimed, the case in words).
            how: what was compared.
        """
        self._bounds(claim, Level.SYMBOLIC, [(_exact(a), _exact(c), text) for a, c, text in pairs], how)

    def nonnegative(self, claim: str, expressions: sympy.Expr | Iterable[sympy.Expr], how: str) -> None:
        """Symbolic: rational functions are >= 0 for all positive values of their symbols: no coefficient is negative.

        Symbols may be declared nonnegative: where the denominator is not 0, that is a limit.
        """
        listed = [expressions] if isinstance(expressions, sympy.Expr) else list(expressions)
        wrong = next((e for e in listed if not _no_negative_coefficient(_exact(e))), None)
        shown = "" if wrong is None else wording.expression(sympy.factor(wrong))  # type: ignore[arg-type]
        example = "" if wrong is None else f"a negative coefficient: {shown}".removesuffix(": ")
        self.pieces.append(
            Piece(claim, Level.SYMBOLIC, bool(listed) and wrong is None, how, None, len(listed), example)
        )

    def enclosed(self, claim: str, pairs: Iterable[tuple[Ball, Ball, str]], how: str) -> None:
        """Certified: attained <= claimed for balls that contain the true values. Every pair must be decided.

        `how` has to say what makes the balls cover the whole range that the statement speaks of.

        Raises:
            TypeError: neither of a pair is a ball.
        """
        listed = list(pairs)
        for attained, claimed, _ in listed:
            if not isinstance(attained, flint.arb) and not isinstance(claimed, flint.arb):
                raise TypeError(f"expected a ball (flint.arb), got {attained!r} and {claimed!r}")
        self._bounds(claim, Level.CERTIFIED, listed, how)

    def constructed(self, claim: str, attained: float, claimed: float, how: str, example: str = "") -> None:
        """Constructed: an object was built, and what was measured on it meets its bound: attained <= claimed."""
        self._bounds(claim, Level.CONSTRUCTED, [(float(attained), float(claimed), example)], how)

    def sampled(
        self, claim: str, attained: float, claimed: float, how: str, *, random: int, searched: int, example: str = ""
    ) -> None:
        """Sampled: the worst of random cases and of a search that tries to break the bound: attained <= claimed.

        Args:
            claim: the part of the statement.
            attained: the worst that was found.
            claimed: the bound; `attained` may exceed it by rounding errors only if the caller adds them to it.
            how: what was compared, and how it was searched.
            random: number of random cases.
            searched: number of cases that the search tried.
            example: the worst case in words.

        Raises:
            ValueError: there were no random cases, or no search.
        """
        if random < 1 or searched < 1:
            raise ValueError(f"sampled needs random cases and a search, got random={random}, searched={searched}")
        self._bounds(claim, Level.SAMPLED, [(float(attained), float(claimed), example)], how, random + searched)

    def instance(self, text: str, holds: bool) -> None:
        """Definition: an object that falls under the definition does so."""
        self.pieces.append(Piece("an instance", Level.DEFINITION, bool(holds), text))

    def non_instance(self, text: str, holds: bool) -> None:
        """Definition: an object that does not fall under the definition is told apart; `holds` is the definition's answer."""
        self.pieces.append(Piece("a non-instance", Level.DEFINITION, not holds, text))

    def refuted(
        self, claim: str, attained: Exact | flint.arb, claimed: Exact | flint.arb, how: str, example: str
    ) -> None:
        """The statement as printed is false: attained > claimed, in exact numbers or in balls."""
        left, right = (value if isinstance(value, flint.arb) else _exact(value) for value in (attained, claimed))
        balls = isinstance(left, flint.arb) or isinstance(right, flint.arb)
        level = Level.CERTIFIED if balls else Level.SYMBOLIC
        self.pieces.append(Piece(claim, level, bool(left > right), how, _ratio(left, right), 1, example, refutes=True))

    def agreement(self, difference: float, tolerance: float, how: str, example: str = "") -> None:
        """Two ways to compute the same thing agree: difference <= tolerance. It must hold, and decides no level."""
        self._bounds("agreement", None, [(float(difference), float(tolerance), example)], how)

    def _bounds(self, claim: str, level: Level | None, pairs: list, how: str, cases: int | None = None) -> None:
        failing = next(((a, c, text) for a, c, text in pairs if not bool(a <= c)), None)
        worst = failing or max(pairs, key=lambda pair: _ratio(pair[0], pair[1]) or 0.0, default=None)
        if worst is None:
            self.pieces.append(Piece(claim, level, False, how, None, 0, "there was no case"))
            return
        attained, claimed, text = worst
        example = text if failing is None else f"{text}: {wording.excess(attained, claimed)}".removeprefix(": ")
        self.pieces.append(
            Piece(claim, level, failing is None, how, _ratio(attained, claimed), cases or len(pairs), example)
        )


def _exact(value: Exact) -> sympy.Expr:
    if isinstance(value, flint.fmpq):
        return sympy.Rational(int(value.p), int(value.q))
    if isinstance(value, flint.fmpz):
        return sympy.Integer(int(value))
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    if isinstance(value, int | np.integer):
        return sympy.Integer(int(value))
    if isinstance(value, sympy.Expr) and not value.has(sympy.Float):
        return value
    raise TypeError(f"expected an exact number or expression, got {value!r}")


def _no_negative_coefficient(expression: sympy.Expr) -> bool:
    """Whether numerator and denominator have coefficients of one sign, that of the leading one, which is the same."""
    signs: set[bool] = set()
    for part in sympy.fraction(sympy.cancel(sympy.together(expression))):
        if not all(symbol.is_nonnegative for symbol in part.free_symbols):
            raise TypeError(f"expected positive symbols, got {part}")
        coefficients = sympy.Poly(part, *part.free_symbols).coeffs() if part.free_symbols else [part]
        signs |= {bool(c > 0) for c in coefficients if c != 0}
    return len(signs) <= 1


def _is_zero(difference: sympy.Expr) -> bool:
    return difference == 0 or sympy.simplify(difference) == 0


def _ratio(attained: object, claimed: object) -> float | None:
    top, bottom = wording.number(attained), wording.number(claimed)
    return top / bottom if bottom not in (0.0, float("inf")) and np.isfinite(top) else None
