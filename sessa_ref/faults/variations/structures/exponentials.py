"""Other functions in place of exp in a softmax."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from sessa_ref.faults.fault import Area
from sessa_ref.faults.variations.graph import Change, Number, Run
from sessa_ref.faults.variations.modes import absolute, positive
from sessa_ref.faults.variations.variation import Variation
from sessa_ref.notation import Array

ATTENTIONS: dict[str, tuple[Area, str, tuple[tuple[str, str, str], ...]]] = {
    "Forward": ("attention", "the forward softmax", (("alpha", "logits", "visible"),)),
    "Feedback": ("feedback", "the feedback softmax", (("alpha_fb", "logits_fb", "visible_fb"),)),
    "Both": (
        "attention",
        "the softmax of both attentions",
        (("alpha", "logits", "visible"), ("alpha_fb", "logits_fb", "visible_fb")),
    ),
}
"""Area, words, and the names of weights, logits and masks."""


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for word, (area, phrase, names) in ATTENTIONS.items():
        for label, (words, function) in EXPONENTIALS.items():
            for suffix, how, shifted in (("", ", the row's maximum being taken out", True), ("Unshifted", "", False)):
                yield Variation(
                    f"{word}Exp{label}{suffix}", area, f"In {phrase}, exp(x) is replaced by {words}{how}.",
                    "A fast form of exp.", "Use exp.",
                    {alpha: _with(function, logits, visible, shifted) for alpha, logits, visible in names},
                )  # fmt: skip


def _with(function: Callable[[Array], Array], logits: str, visible: str, shifted: bool) -> Change:
    def change(run: Run, alpha: Array) -> Array:
        z, seen = run.values[logits], run.values[visible]
        z = np.where(seen, z, 0)
        if shifted and z.shape[-1]:
            largest = np.argmax(np.where(seen, np.real(z), -np.inf), axis=-1)[..., None]
            z = np.where(seen, z - np.take_along_axis(z, largest, axis=-1), 0)  # gradients flow through the maximum
        exponentials = np.where(seen, function(z), 0)
        total = np.sum(exponentials, axis=-1, keepdims=True)
        return exponentials / np.where(seen.any(axis=-1, keepdims=True), total, 1)

    return change


def _limit(power: int) -> Callable[[Array], Array]:
    def exp(x: Array) -> Array:
        base = 1 + x / power
        return np.where(positive(base), base, 0) ** power

    return exp


def _taylor(x: Array, order: int) -> Array:
    return np.polynomial.polynomial.polyval(x, 1 / special.factorial(np.arange(order + 1)))


def _line_between_powers_of_2(x: Array) -> Array:
    y = x / np.log(2)
    whole = np.floor(np.real(y))
    return 2.0**whole * (1 + y - whole)


def _cut(x: Array, limit: Number, value: Number) -> Array:
    return np.where(np.real(x) < -limit, value, np.exp(x))


EXPONENTIALS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    **{f"Limit{2**k}": (f"max(0, 1 + x/{2**k})^{2**k}", _limit(2**k)) for k in range(17)},
    **{f"Limit{n}": (f"max(0, 1 + x/{n})^{n}", _limit(n)) for n in (3, 10, 100, 1000, 10000)},
    **{
        f"Taylor{n}": (f"its Taylor polynomial of order {n}", lambda x, n=n: _taylor(x, n))
        for n in range(1, 17)
    },
    **{
        f"TaylorAtLeastZero{n}": (
            f"its Taylor polynomial of order {n}, and negative values by 0",
            lambda x, n=n: np.where(positive(_taylor(x, n)), _taylor(x, n), 0),
        )
        for n in range(3, 17, 2)
    },
    **{
        f"InverseTaylor{n}": (f"the inverse of the Taylor polynomial of exp(-x) of order {n}", lambda x, n=n: 1 / _taylor(-x, n))
        for n in range(1, 17)
    },
    **{
        f"Pade{n}": (words, lambda x, n=n: _pade(x, n))
        for n, words in ((1, "(2 + x)/(2 - x)"), (2, "(12 + 6 x + x^2)/(12 - 6 x + x^2)"))
    },
    **{
        f"Floor{limit}": (f"exp(max(x, -{limit}))", lambda x, limit=limit: _cut(x, limit, np.exp(-limit)))
        for limit in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20)
    },
    **{
        f"Zero{limit}": (f"0 for x < -{limit}", lambda x, limit=limit: _cut(x, limit, 0))
        for limit in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 20, 24, 25, 30)
    },
    "Lines": ("straight lines between the powers of 2", _line_between_powers_of_2),
    "One": ("1 + x where x > 0 and 1/(1 - x) elsewhere", lambda x: np.where(positive(x), 1 + x, 1 / (1 + absolute(x)))),
    "Softplus": ("softplus, log(1 + exp x)", lambda x: np.log1p(np.exp(x))),
    "Elu": ("1 + ELU(x)", lambda x: np.where(positive(x), 1 + x, np.exp(np.where(positive(x), 0, x)))),
}  # fmt: skip
"""Functions in place of exp, in words."""


def _pade(x: Array, order: int) -> Array:
    if order == 1:
        return (2 + x) / (2 - x)
    return (12 + 6 * x + x * x) / (12 - 6 * x + x * x)
