"""Other masks of the two attentions."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.variation import Variation, one, together
from sessa_ref.notation import Array

_MASK = "A triangle with another diagonal, or a mask made for another purpose."


def _sees(run: Run, rule: Callable[[Array, Array], Array]) -> Array:
    return rule(run.values["rows"], run.values["columns"])


MASKS: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "Present": ("past tokens and itself", lambda t, j: j <= t),
    "StrictPast": ("earlier tokens only, not itself", lambda t, j: j < t),
    "StrictPastFirstItself": ("earlier tokens only, the first itself", lambda t, j: (j < t) | ((t == 0) & (j == 0))),
    "Next": ("also the next token", lambda t, j: j <= t + 1),
    "Everything": ("all tokens, later ones too", lambda t, j: (j >= 0) & (t >= 0)),
    "Future": ("itself and later tokens", lambda t, j: j >= t),
    "Itself": ("itself alone", lambda t, j: j == t),
    "Previous": ("the previous token alone", lambda t, j: j == t - 1),
    "PreviousAndItself": ("itself and the previous token alone", lambda t, j: (j == t) | (j == t - 1)),
    "First": ("the first token alone", lambda t, j: (j == 0) & (t >= 0)),
    "FirstInPast": ("the first token alone, if that is earlier", lambda t, j: (j == 0) & (t > 0)),
    "FirstAndItself": ("itself and the first token alone", lambda t, j: (j == 0) | (j == t)),
    "NotFirst": ("no longer the first token, except itself", lambda t, j: (j <= t) & ((j > 0) | (t == 0))),
    "NotFirstInPast": ("no longer the first token", lambda t, j: (j < t) & (j > 0)),
    "NotPrevious": ("not the previous token", lambda t, j: (j <= t) & (j != t - 1)),
    "TwoBack": ("tokens at least two back", lambda t, j: j < t - 1),
    "EverySecond": ("every second token back from itself", lambda t, j: (j <= t) & ((t - j) % 2 == 0)),
    "EverySecondBack": ("every second token back from the previous", lambda t, j: (j < t) & ((t - j) % 2 == 1)),
    "EvenTokens": ("tokens of even number only, and itself", lambda t, j: (j <= t) & ((j % 2 == 0) | (j == t))),
    "EvenPast": ("earlier tokens of even number only", lambda t, j: (j < t) & (j % 2 == 0)),
    "LastSeesNothingNew": ("for the last token not itself", lambda t, j: (j <= t) & ((j < t) | (t < t.max(initial=0)))),
}
"""What a token sees, in words, from its number and those of the others."""


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    yield from _finite_masks()
    for label, (words, rule) in MASKS.items():
        hidden = one("visible", lambda run, v, rule=rule: _sees(run, rule))
        if label != "Present":
            yield Variation(
                f"AttentionSees{label}", "attention", f"In the forward attention a token sees {words}.", _MASK,
                "Let it see j <= t.", hidden,
            )  # fmt: skip
        if label == "StrictPast":
            continue
        fed = one("visible_fb", lambda run, v, rule=rule: _sees(run, rule))
        fix = "Let it see j < t."
        what = f"In the feedback attention a token sees {words}"
        yield Variation(f"FeedbackSees{label}", "feedback", f"{what}, and the solve does too.", _MASK, fix, fed)
        lower = one("alpha_fb", lambda run, alpha: np.where(_sees(run, MASKS["StrictPast"][1]), alpha, 0))
        yield Variation(
            f"FeedbackSees{label}Dropped", "feedback", f"{what}; weights outside the strict past are dropped afterwards.",
            _MASK, fix, together(fed, lower),
        )  # fmt: skip


def _finite_masks() -> Iterator[Variation]:
    """Large finite numbers for hidden logits: what they do to the first token, which sees nothing."""
    for filled, words, weights in (
        ("Filled", "weights 1/T over all tokens", lambda logits, T: 1 / T + 0 * logits),
        ("Added", "the weights of the softmax of all its logits", lambda logits, T: graph.softmax(logits, logits == logits)),
    ):  # fmt: skip
        for kept, system, rule in (
            ("", "and the solve does not drop them", lambda t, j: (t >= 0) & (j >= 0)),
            ("Diagonal", "of which the solve reads the diagonal, and divides by 1 - gamma_0 alpha_00", lambda t, j: j <= t),
        ):  # fmt: skip
            yield Variation(
                f"FeedbackMask{filled}{kept}", "feedback",
                f"The first token, which sees nothing, gets {words} in the feedback softmax, {system} (hidden logits are a finite number such as -1e9).",
                "A finite number in the mask.", "Set the first row of weights to zero.",
                one("alpha_fb", lambda run, alpha, w=weights, rule=rule: np.where(run.values["rows"] == 0, np.where(_sees(run, rule), w(run.values["logits_fb"], max(alpha.shape[-1], 1)), 0), alpha)),
            )  # fmt: skip
        yield Variation(
            f"ForwardMask{filled}StrictPast", "attention",
            f"In the forward attention a token sees earlier tokens only, and the first one gets {words}.",
            "A strict triangle, with a finite number in the mask.", "Let it see j <= t.",
            one("alpha", lambda run, alpha, w=weights: np.where(run.values["rows"] == 0, w(run.values["logits"], max(alpha.shape[-1], 1)), graph.softmax(run.values["logits"], _sees(run, MASKS["StrictPast"][1])))),
        )  # fmt: skip
