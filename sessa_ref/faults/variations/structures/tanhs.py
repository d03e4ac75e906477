"""Approximations of tanh in the gain."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.families.changes import clamped, interpolated
from sessa_ref.faults.variations.families.numbers import LIMITS
from sessa_ref.faults.variations.graph import Number
from sessa_ref.faults.variations.modes import absolute
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array


def variations() -> Iterator[Variation]:
    """Every approximation: plain, with its result kept within +-1, and with its argument kept within +-c."""
    for label, (words, function) in TANHS.items():
        yield _gain(label, words, function)
        yield _gain(
            f"{label}ResultClamped",
            f"{words}, cut off at +-1",
            lambda z, function=function: clamped(function(z), -1, 1),
        )
        for limit in LIMITS:
            yield _gain(
                f"{label}ArgumentClamped{_word(limit)}", f"{words}, with z cut off at +-{limit:g}",
                lambda z, function=function, limit=limit: function(clamped(z, -limit, limit)),
            )  # fmt: skip
            yield _gain(
                f"{label}Saturated{_word(limit)}", f"{words}, and +-1 where |z| > {limit:g}",
                lambda z, function=function, limit=limit: np.where(np.abs(np.real(z)) > limit, np.sign(np.real(z)), function(z)),
            )  # fmt: skip
    for limit in (2, 3, 4, 5, 6, 8):
        for points in (
            16,
            17,
            32,
            33,
            64,
            65,
            100,
            101,
            128,
            129,
            200,
            201,
            256,
            257,
            512,
            513,
            1000,
            1001,
            1024,
            1025,
        ):
            yield _gain(
                f"TableOf{points}To{limit}", f"a table of {points} values from -{limit} to {limit}, interpolated linearly",
                lambda z, limit=limit, points=points: interpolated(np.tanh, z, limit, points),
            )  # fmt: skip


def _gain(label: str, words: str, function: Callable[[Array], Array]) -> Variation:
    return Variation(
        f"GainTanh{label}", "feedback", f"In the gain, tanh(z) is approximated: {words}.", "A fast form of tanh.", "Use tanh.",
        one("gamma", lambda run, gamma: run.values["gamma_max"] * function(run.values["z"])),
    )  # fmt: skip


def _continued_fraction(terms: int) -> Callable[[Array], Array]:
    """x/(1 + x^2/(3 + x^2/(5 + ...))), the Pade forms of tanh."""

    def tanh(z: Array) -> Array:
        below = np.full_like(z, 2 * terms - 1)
        for odd in range(2 * terms - 3, 0, -2):
            below = odd + z * z / below
        return z / below

    return tanh


def _taylor(terms: int) -> Callable[[Array], Array]:
    coefficients = (1, -1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075)[:terms]
    return lambda z: z * np.polynomial.polynomial.polyval(z * z, coefficients)


def _taylor_of_exp(z: Array, order: int) -> Array:
    """(e - 1)/(e + 1) with e the Taylor polynomial of exp(2 z)."""
    factorials = np.cumprod([1.0, *range(1, order + 1)])
    e = np.polynomial.polynomial.polyval(2 * z, 1 / factorials)
    return (e - 1) / (e + 1)


TANHS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    **{
        f"Pade{terms}": (words, _continued_fraction(terms))
        for terms, words in (
            (2, "3 z/(3 + z^2)"),
            (3, "z (15 + z^2)/(15 + 6 z^2)"),
            (4, "z (105 + 10 z^2)/(105 + 45 z^2 + z^4)"),
            *((n, f"its continued fraction z/(1 + z^2/(3 + ...)) of {n} terms") for n in range(5, 11)),
        )
    },
    "Pade27": ("z (27 + z^2)/(27 + 9 z^2)", lambda z: z * (27 + z * z) / (27 + 9 * z * z)),
    **{f"Taylor{2 * n - 1}": (f"its Taylor polynomial of order {2 * n - 1}", _taylor(n)) for n in range(2, 8)},
    **{
        f"OfTaylorExp{n}": (
            f"(e - 1)/(e + 1), where e is the Taylor polynomial of exp(2 z) of order {n}",
            lambda z, n=n: _taylor_of_exp(z, n),
        )
        for n in range(1, 13)
    },
    "Itself": ("z itself", lambda z: z),
    "Root": ("z/sqrt(1 + z^2)", lambda z: z / np.sqrt(1 + z * z)),
    "Softsign": ("z/(1 + |z|)", lambda z: z / (1 + absolute(z))),
    "Parabola": ("z (1 - |z|/4), +-1 beyond 2", lambda z: np.where(_far(z, 2), np.sign(np.real(z)), z * (1 - absolute(z) / 4))),
    "Cubic": ("3/2 z - z^3/2", lambda z: 1.5 * z - 0.5 * z**3),
    "CubicOfThird": ("z - 4 z^3/27", lambda z: z - 4 * z**3 / 27),
    "Arctan": ("2/pi arctan(pi z/2)", lambda z: 2 / np.pi * np.arctan(np.pi * z / 2)),
    "Reciprocal": (
        "sign(z) (1 - 1/(1 + |z| + z^2 + 1.41645 z^4))",
        lambda z: np.sign(np.real(z)) * (1 - 1 / (1 + absolute(z) + z * z + 1.41645 * z**4)),
    ),
    "OfQuickSigmoid": ("2/(1 + exp(-1.702 z)) - 1", lambda z: np.tanh(0.851 * z)),
}  # fmt: skip
"""Functions in place of tanh, in words."""


def _word(limit: Number) -> str:
    return f"{limit:g}".replace(".", "_")


def _far(z: Array, limit: Number) -> Array:
    return np.abs(np.real(z)) > limit
