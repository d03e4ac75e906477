"""Other normalisations of the weights."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.catalogue.changes import sigmoid
from sessa_ref.faults.fault import Area
from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.modes import positive, rounded_to
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array

_SOFTMAX = "Another normalisation of the weights."


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for place, logits, visible, area, phrase in (
        ("alpha", "logits", "visible", "attention", "forward"),
        ("alpha_fb", "logits_fb", "visible_fb", "feedback", "feedback"),
    ):
        for label, (words, function) in SOFTMAXES.items():
            yield Variation(
                f"{phrase.capitalize()}Weights{label}", area, f"The {phrase} weights are {words}.", _SOFTMAX,
                "Take the softmax over the visible logits of a row.",
                one(place, _weights(logits, visible, function)),
            )  # fmt: skip

    for label, (words, function) in SOFTMAXES.items():
        yield Variation(
            f"BothWeights{label}", "attention", f"The weights of both attentions are {words}.", _SOFTMAX,
            "Take the softmax over the visible logits of a row.",
            {"alpha": _weights("logits", "visible", function), "alpha_fb": _weights("logits_fb", "visible_fb", function)},
        )  # fmt: skip
    areas: tuple[tuple[str, str, Area], ...] = (("Forward", "", "attention"), ("Feedback", "_fb", "feedback"))
    for word, kind, area in areas:
        yield Variation(
            f"{word}ScaleAfterSoftmax", area, f"The scale of the {word.lower()} logits multiplies the weights instead.",
            _SOFTMAX, "Scale logits before the softmax.",
            {
                f"alpha{kind}": lambda run, alpha, kind=kind: run.values[f"scale{kind}"]
                * graph.softmax(run.values[f"logits{kind}"] / run.values[f"scale{kind}"], run.values[f"visible{kind}"])
            },
        )  # fmt: skip
    yield Variation(
        "BothScalesExchanged", "attention", "The scales of the two attentions are exchanged.", _SOFTMAX,
        "Divide forward logits by sqrt(d) and feedback logits by sqrt(D).",
        {
            "scale": lambda run, c: 1 / np.sqrt(run.config.feedback_width),
            "scale_fb": lambda run, c: 1 / np.sqrt(run.config.query_width),
        },
    )  # fmt: skip


def _weights(logits: str, visible: str, function: Callable) -> Callable[[Run, Array], Array]:
    return lambda run, alpha: function(run.values[logits], run.values[visible])


def _over(axis: int) -> Callable[[Array, Array], Array]:
    def weights(logits: Array, visible: Array) -> Array:
        if logits.ndim + axis < 1:
            return graph.softmax(logits, visible)
        hidden = np.where(visible, logits, -np.inf)
        highest = np.max(np.real(hidden), axis=axis, keepdims=True, initial=-np.inf)
        exponentials = np.where(visible, np.exp(hidden - np.where(np.isfinite(highest), highest, 0)), 0)
        total = np.sum(exponentials, axis=axis, keepdims=True)
        return exponentials / np.where(np.real(total) == 0, 1, total)

    return weights


def _count(visible: Array) -> Array:
    return np.maximum(visible.sum(axis=-1, keepdims=True), 1)


def _with_sum_of(logits: Array, visible: Array, moved: Callable[[Array], Array]) -> Array:
    """exp(logit - the log-sum-exp of another row); a row that has none keeps its own."""
    if not logits.shape[-2]:
        return graph.softmax(logits, visible)
    hidden = np.where(visible, logits, -np.inf)
    highest = np.max(np.real(hidden), axis=-1, keepdims=True, initial=-np.inf)
    highest = np.where(np.isfinite(highest), highest, 0)
    total = np.sum(np.exp(hidden - highest), axis=-1, keepdims=True)
    empty = np.broadcast_to(~visible.any(axis=-1, keepdims=True), total.shape)
    own = highest + np.log(np.where(empty, 1, total))
    other = np.where(moved(empty), own, moved(own))
    return np.where(visible, np.exp(hidden - other), 0)


def _normalized(z: Array) -> Array:
    total = np.sum(z, axis=-1, keepdims=True)
    return z / np.where(np.real(total) == 0, 1, total)


SOFTMAXES: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "Uniform": ("uniform over the visible tokens", lambda logits, seen: (seen + 0 * logits) / _count(seen)),
    "Linear": ("the logits themselves, without a softmax", lambda logits, seen: np.where(seen, logits, 0)),
    "LinearMean": ("the logits over the number of tokens", lambda logits, seen: np.where(seen, logits, 0) / _count(seen)),
    "Sigmoid": ("sigmoids of the logits, without a sum of 1", lambda logits, seen: np.where(seen, sigmoid(logits), 0)),
    "SigmoidNormalized": (
        "sigmoids of the logits over their sum",
        lambda logits, seen: _normalized(np.where(seen, sigmoid(logits), 0)),
    ),
    "Tanh": ("tanh of the logits", lambda logits, seen: np.where(seen, np.tanh(logits), 0)),
    "ReLU": ("ReLU of the logits", lambda logits, seen: np.where(seen & positive(logits), logits, 0)),
    "ReLUMean": ("ReLU of the logits over the number of tokens", lambda logits, seen: np.where(seen & positive(logits), logits, 0) / _count(seen)),
    "SquaredReLU": ("squared ReLU of the logits", lambda logits, seen: np.where(seen & positive(logits), logits**2, 0)),
    "SquaredNormalized": ("squared logits over their sum", lambda logits, seen: _normalized(np.where(seen, logits**2, 0))),
    "Exponential": ("exp of the logits without a denominator", lambda logits, seen: np.where(seen, np.exp(np.where(seen, logits, 0)), 0)),
    "ExponentialMean": (
        "exp of the logits over the number of tokens",
        lambda logits, seen: np.where(seen, np.exp(np.where(seen, logits, 0)), 0) / _count(seen),
    ),
    "HardMax": (
        "one at the largest logit and zero elsewhere",
        lambda logits, seen: np.where(
            seen & (np.real(logits) == np.max(np.where(seen, np.real(logits), -np.inf), axis=-1, keepdims=True, initial=-np.inf)),
            1 + 0 * logits,
            0,
        ),
    ),
    "SumOfRowBefore": (
        "exponentials over the sum of the row before",
        lambda logits, seen: _with_sum_of(logits, seen, lambda sums: np.concatenate([sums[..., :1, :], sums[..., :-1, :]], axis=-2)),
    ),
    "SumOfRowAfter": (
        "exponentials over the sum of the row after",
        lambda logits, seen: _with_sum_of(logits, seen, lambda sums: np.concatenate([sums[..., 1:, :], sums[..., -1:, :]], axis=-2)),
    ),
    "MaskedAfter": (
        "a softmax over all tokens, of which the invisible ones are dropped",
        lambda logits, seen: np.where(seen, graph.softmax(logits, np.ones_like(seen)), 0),
    ),
    "MaskedAfterNormalized": (
        "masked by zeros instead of minus infinity before the softmax",
        lambda logits, seen: graph.softmax(np.where(seen, logits, 0), np.ones_like(seen)),
    ),
    "OverQueries": ("normalised over queries", _over(-2)),
    "OverHeads": ("normalised over heads", _over(-3)),
    "Twice": ("put through a second softmax", lambda logits, seen: graph.softmax(graph.softmax(logits, seen), seen)),
    "Log": ("logarithms of the softmax", lambda logits, seen: np.where(seen, np.log(np.where(seen, graph.softmax(logits, seen), 1)), 0)),
    "Base2": ("powers of 2 instead of e", lambda logits, seen: graph.softmax(logits * np.log(2), seen)),
    "Base10": ("powers of 10 instead of e", lambda logits, seen: graph.softmax(logits * np.log(10), seen)),
    "Negative": ("a softmax of the negated logits", lambda logits, seen: graph.softmax(-logits, seen)),
    "Transposed": (
        "those of the transposed logits",
        lambda logits, seen: graph.softmax(np.swapaxes(logits, -1, -2), seen) if logits.shape[-1] == logits.shape[-2] else graph.softmax(logits, seen),
    ),
    "LogitsInFloat32": ("made of logits rounded to float32", lambda logits, seen: graph.softmax(rounded_to(logits, "float32"), seen)),
    "LogitsAndAllInFloat32": (
        "rounded to float32 and made of rounded logits",
        lambda logits, seen: rounded_to(graph.softmax(rounded_to(logits, "float32"), seen), "float32"),
    ),
    "ComputedInFloat16": (
        "rounded to float16 and made of rounded logits",
        lambda logits, seen: rounded_to(graph.softmax(rounded_to(logits, "float16"), seen), "float16"),
    ),
    "ComputedInBfloat16": (
        "rounded to bfloat16 and made of rounded logits",
        lambda logits, seen: rounded_to(graph.softmax(rounded_to(logits, "bfloat16"), seen), "bfloat16"),
    ),
    "Centred": ("a softmax less its row's mean", lambda logits, seen: np.where(seen, graph.softmax(logits, seen) - 1 / _count(seen), 0)),
}  # fmt: skip
"""Weights from logits and from what is visible, in words."""
