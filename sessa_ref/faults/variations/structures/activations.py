"""Other activations in place of GELU, and approximations of it."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from sessa_ref.faults.variations.families.changes import clamped, interpolated
from sessa_ref.faults.variations.families.numbers import LIMITS
from sessa_ref.faults.variations.graph import Number
from sessa_ref.faults.variations.modes import ACTIVATIONS, camel, positive
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array
from sessa_ref.reference import tokenwise


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for name, function in ACTIVATIONS.items():
        if name != "exact GELU":
            yield Variation(
                f"{camel(name)}ForGelu", "token-wise", f"The activation is another than GELU: {name}.",
                "A default activation of a block that was reused.", "Use the exact GELU.",
                one("u", lambda run, u, function=function: function(run.values["a"])),
            )  # fmt: skip
    for name, erf in ERFS.items():
        yield _approximate(
            f"Erf{camel(name)}", f"erf is {name}", lambda a, erf=erf: a * (1 + odd(erf, a / np.sqrt(2))) / 2
        )
        for limit in (limit for limit in LIMITS if limit <= _ONE_FROM):
            yield _approximate(
                f"Erf{camel(name)}Clamped{limit:g}".replace(".", "_"), f"erf is {name}, with its argument cut off at +-{limit:g}",
                lambda a, erf=erf, limit=limit: a * (1 + odd(erf, clamped(a / np.sqrt(2), -limit, limit))) / 2,
            )  # fmt: skip
    for name, function in APPROXIMATIONS.items():
        yield _approximate(camel(name), name, function)
    for limit in (3, 4, 5, 6, 8):
        for points in (64, 100, 101, 128, 201, 256, 257, 512, 513, 1000, 1001, 1024):
            for beyond in ("its last values", "0 and a"):
                yield _approximate(
                    f"TableOf{points}To{limit}{camel(beyond)}",
                    f"a table of {points} values from -{limit} to {limit}, interpolated linearly, beyond which {beyond} follow",
                    lambda a, limit=limit, points=points, beyond=beyond: _interpolated(a, limit, points, beyond == "0 and a"),
                )  # fmt: skip


_ONE_FROM = 6
"""From here on erf is 1 in float64."""


def _approximate(label: str, words: str, function: Callable[[Array], Array]) -> Variation:
    return Variation(
        f"Gelu{label}", "token-wise", f"GELU is approximated: {words}.", "A fast form of GELU.", "Use the exact GELU.",
        one("u", lambda run, u: function(run.values["a"])),
    )  # fmt: skip


def odd(function: Callable[[Array], Array], z: Array) -> Array:
    """An odd function from its values for positive numbers."""
    sign = np.where(positive(z), 1, -1)
    return sign * function(sign * z)


def _rational(p: float, *coefficients: float) -> Callable[[Array], Array]:
    def erf(x: Array) -> Array:
        t = 1 / (1 + p * x)
        return 1 - t * np.polynomial.polynomial.polyval(t, coefficients) * np.exp(-x * x)

    return erf


def _power(power: int, *coefficients: float) -> Callable[[Array], Array]:
    return lambda x: 1 - np.polynomial.polynomial.polyval(x, (1, *coefficients)) ** -power


def _winitzki(c: float) -> Callable[[Array], Array]:
    return lambda x: np.sqrt(1 - np.exp(-x * x * (4 / np.pi + c * x * x) / (1 + c * x * x)))


ERFS: dict[str, Callable[[Array], Array]] = {
    "formula 7.1.25 of Abramowitz and Stegun": _rational(0.47047, 0.3480242, -0.0958798, 0.7478556),
    "formula 7.1.26 of Abramowitz and Stegun": _rational(
        0.3275911, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429
    ),
    "formula 7.1.27 of Abramowitz and Stegun": _power(4, 0.278393, 0.230389, 0.000972, 0.078108),
    "formula 7.1.28 of Abramowitz and Stegun": _power(
        16, 0.0705230784, 0.0422820123, 0.0092705272, 0.0001520143, 0.0002765672, 0.0000430638
    ),
    "Winitzki's formula with 0.147": _winitzki(0.147),
    "Winitzki's formula with 0.140012": _winitzki(0.140012),
    "tanh of 2/sqrt(pi) times its argument": lambda x: np.tanh(2 / np.sqrt(np.pi) * x),
    "tanh of 1.2 times its argument": lambda x: np.tanh(1.2 * x),
    **{
        f"its Taylor series up to power {2 * terms - 1}": (lambda x, terms=terms: _taylor_of_erf(x, terms))
        for terms in range(1, 21)
    },
}
"""Approximations of erf for positive arguments, in words."""


def _taylor_of_erf(x: Array, terms: int) -> Array:
    orders = np.arange(terms)
    coefficients = np.zeros(2 * terms)
    coefficients[1::2] = 2 / np.sqrt(np.pi) * (-1.0) ** orders / (special.factorial(orders) * (2 * orders + 1))
    return np.polynomial.polynomial.polyval(x, coefficients)


def _tanh_form(root: float, cubic: float) -> Callable[[Array], Array]:
    return lambda a: a * (1 + np.tanh(root * (a + cubic * a**3))) / 2


APPROXIMATIONS: dict[str, Callable[[Array], Array]] = {
    "a sigmoid(1.702 a)": lambda a: a * (1 + np.tanh(0.851 * a)) / 2,
    "the cubic term of the tanh form is missing": _tanh_form(np.sqrt(2 / np.pi), 0.0),
    **{
        f"the tanh form with {root} for sqrt(2/pi)": _tanh_form(root, 0.044715)
        for root in (0.7978845608, 0.79788456, 0.7978846, 0.797885, 0.79788, 0.7979, 0.798, 0.8)
    },
    "the tanh form with 0.0447 in place of 0.044715": _tanh_form(np.sqrt(2 / np.pi), 0.0447),
    "the tanh form with 0.04 in place of 0.044715": _tanh_form(np.sqrt(2 / np.pi), 0.04),
    "the sigmoid form with a cubic term, a sigmoid(1.5976 a + 0.07056 a^3)": lambda a: (
        a * (1 + np.tanh((1.5976 * a + 0.07056 * a**3) / 2)) / 2
    ),
    "hard swish with 1.702, a clip(1.702 a / 6 + 1/2, 0, 1)": lambda a: _hard(a, 1.702 / 6),
    "a clip(a / sqrt(2 pi) + 1/2, 0, 1)": lambda a: _hard(a, 1 / np.sqrt(2 * np.pi)),
}
"""Approximations of GELU, in words."""


def _hard(a: Array, slope: float) -> Array:
    z = slope * a + 0.5
    return a * np.where(np.real(z) > 1, 1, np.where(positive(z), z, 0))


def _interpolated(a: Array, limit: Number, points: int, asymptotes: bool) -> Array:
    table = interpolated(tokenwise.gelu, a, limit, points)
    if not asymptotes:
        return table
    return np.where(np.real(a) < -limit, 0, np.where(np.real(a) > limit, a, table))
