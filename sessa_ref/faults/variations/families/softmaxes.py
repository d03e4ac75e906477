"""Families of the weights of one attention."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.families.changes import set_to, times
from sessa_ref.faults.variations.families.numbers import COUNTS, EPS, FACTORS, SHARES, SMALL
from sessa_ref.faults.variations.graph import Changes, Number, Run
from sessa_ref.faults.variations.variation import Amount, Family, one
from sessa_ref.notation import Array


def families() -> Iterator[Family]:
    """Families of this part."""
    for word, area, alpha, logits, visible, scale in (
        ("Forward", "attention", "alpha", "logits", "visible", "scale"),
        ("Feedback", "feedback", "alpha_fb", "logits_fb", "visible_fb", "scale_fb"),
    ):
        phrase = f"{word.lower()} logits"
        yield Family(
            f"{word}LogitsScale", area, f"The {phrase} are scaled by {{number}} instead of {{right}}.",
            "Another root, another width, or a temperature.", "Divide by the root of the width of queries and keys.",
            set_to(scale), (1.0, 0.5, 0.25, 0.125, 0.0625, 2.0, 0.1, 4.0, 0.01, -0.25),
            right="1/sqrt(d)" if scale == "scale" else "1/sqrt(D)",
        )  # fmt: skip
        yield Family(
            f"{word}LogitsScaledMore", area, f"The {phrase} are multiplied by a further {{number}}.",
            "A temperature, or a scale that is applied in two places.", "Divide by the root of the width once.",
            times(logits), FACTORS,
        )  # fmt: skip
        yield Family(
            f"{word}Softcap", area, f"The {phrase} are capped smoothly: {{number}} tanh(logit / {{number}}).",
            "A softcap taken over from another model.", "Use the logits as they are.",
            lambda amount, logits=logits: one(logits, lambda run, z: amount(run) * np.tanh(z / amount(run))),
            (50.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 100.0),
        )  # fmt: skip
        yield Family(
            f"{word}Distance", area, f"{{number}} times the distance t - j is added to the {phrase} (as in ALiBi).",
            "A position bias taken over from another model.", "Use the logits as they are.",
            lambda amount, logits=logits: one(
                logits, lambda run, z: z + amount(run) * (run.values["rows"] - run.values["columns"])
            ),
            (-0.5, -0.25, -0.125, -1.0, -0.0625, -0.1, -0.01, 0.1, 0.01, 1.0),
        )  # fmt: skip
        yield Family(
            f"{word}HeadDistance", area,
            f"2^(-{{number}} (h + 1)/H) times the distance t - j is subtracted from the {phrase} of head h (ALiBi).",
            "A position bias taken over from another model.", "Use the logits as they are.",
            lambda amount, logits=logits: one(logits, lambda run, z: z - _slopes(run, z, amount(run))), (8.0, 4.0, 2.0),
        )  # fmt: skip
        for label, words, function in (
            ("PlusOne", "has {number} added to its denominator (a further logit 0)", lambda z, seen, c: graph.softmax(z, seen, beside=c)),
            ("Epsilon", "has {number} added to its denominator, the row's maximum being taken out", lambda z, seen, c: graph.softmax(z, seen, eps=c)),
            ("Power", "has its weights to the power {number}, without normalising again", lambda z, seen, c: np.where(seen, graph.softmax(z, seen), 1) ** c * seen),
            ("Uniform", "is mixed with a share of {number} of uniform weights", lambda z, seen, c: (1 - c) * graph.softmax(z, seen) + c * seen / np.maximum(seen.sum(axis=-1, keepdims=True), 1)),
            ("Threshold", "drops weights below {number}", lambda z, seen, c: _thresholded(graph.softmax(z, seen), c)),
            ("ThresholdNormalized", "drops weights below {number} and divides by the sum of the rest", lambda z, seen, c: _again(_thresholded(graph.softmax(z, seen), c))),
            ("Decay", "is multiplied by {number}^(t - j)", None),
            ("DecayNormalized", "is multiplied by {number}^(t - j) and divided by its sum", None),
        ):  # fmt: skip
            starts = SMALL if label == "PlusOne" else SHARES
            starts = EPS if label == "Epsilon" else starts
            if function is None:
                change = _decaying(alpha, label == "DecayNormalized")
            else:
                change = _reweighted(alpha, logits, visible, function)
            yield Family(
                f"{word}Softmax{label}", area, f"The {word.lower()} softmax {words}.",
                "Another normalisation, or a guard against a division by zero.",
                "Take the softmax over the visible logits of a row.", change, starts,
            )  # fmt: skip
        for label, words in (("Top", "keeps the {number} largest weights of a row"),):
            yield Family(
                f"{word}Softmax{label}", area, f"The {word.lower()} softmax {words} and no others.",
                "Sparse attention taken over from another model.", "Use all visible tokens.",
                _reweighted(alpha, logits, visible, lambda z, seen, c: graph.softmax(z, seen & _largest(z, seen, c))), COUNTS[:40],
            )  # fmt: skip
        yield Family(
            f"{word}HiddenLogits", area, f"Hidden {phrase} are {{number}} instead of minus infinity.",
            "A finite number is filled in.", "Fill in minus infinity.",
            _reweighted(alpha, logits, visible, lambda z, seen, c: graph.softmax(np.where(seen, z, c), seen.any(axis=-1, keepdims=True) | seen)),
            (-10.0, -5.0, -1.0, -100.0, -20.0, 0.0, -30.0, -1000.0, -1e4),
        )  # fmt: skip
        yield Family(
            f"{word}HiddenAddend", area, f"{{number}} is added to hidden {phrase}; they still count.",
            "A mask that is added with a finite number.", "Fill in minus infinity.",
            _reweighted(alpha, logits, visible, lambda z, seen, c: graph.softmax(np.where(seen, z, z + c), seen.any(axis=-1, keepdims=True) | seen)),
            (-10.0, -5.0, -1.0, -100.0, -20.0, 0.0, -30.0, -1000.0, -1e4),
        )  # fmt: skip
        for label, how, filled in (
            ("HiddenLogitsDropped", "are {number} instead of minus infinity", lambda z, c: 0 * z + c),
            ("HiddenAddendDropped", "have {number} added", lambda z, c: z + c),
        ):  # fmt: skip
            yield Family(
                f"{word}{label}", area, f"Hidden {phrase} {how}, and their weights are dropped after the softmax: rows sum to less than 1.",
                "A finite number in the mask, and a second mask that multiplies weights.", "Fill in minus infinity.",
                _reweighted(alpha, logits, visible, lambda z, seen, c, filled=filled: np.where(seen, graph.softmax(np.where(seen, z, filled(z, c)), seen.any(axis=-1, keepdims=True) | seen), 0)),
                (-10.0, -5.0, -1.0, -100.0, -20.0, 0.0, -30.0),
            )  # fmt: skip


def _slopes(run: Run, z: Array, exponent: Number) -> Array:
    heads = z.shape[1] if z.ndim == 4 else 1
    slopes = 2.0 ** (-exponent * np.arange(1, heads + 1) / heads)
    distance = run.values["rows"] - run.values["columns"]
    return slopes[:, None, None] * distance if z.ndim == 4 else slopes[0] * distance


def _thresholded(alpha: Array, least: Number) -> Array:
    return np.where(np.real(alpha) < least, 0, alpha)


def _again(alpha: Array) -> Array:
    total = np.sum(alpha, axis=-1, keepdims=True)
    return alpha / np.where(np.real(total) == 0, 1, total)


def _largest(z: Array, seen: Array, count: Number) -> Array:
    logits = np.where(seen, np.real(z), -np.inf)
    least = np.sort(logits, axis=-1)[..., -min(int(count), logits.shape[-1]), None]
    return logits >= least


def _reweighted(alpha: str, logits: str, visible: str, function: Callable) -> Callable[[Amount], Changes]:
    return lambda amount: one(alpha, lambda run, value: function(run.values[logits], run.values[visible], amount(run)))


def _decaying(alpha: str, normalized: bool) -> Callable[[Amount], Changes]:
    def changes(amount: Amount) -> Changes:
        def change(run: Run, weights: Array) -> Array:
            distance = np.maximum(run.values["rows"] - run.values["columns"], 0)
            weights = weights * np.abs(amount(run)) ** distance
            return _again(weights) if normalized else weights

        return one(alpha, change)

    return changes
