"""Families of masks: windows, blocks, strides."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.families.numbers import COUNTS
from sessa_ref.faults.variations.graph import Changes
from sessa_ref.faults.variations.variation import Amount, Family, one
from sessa_ref.notation import Array

RULES: tuple[tuple[str, str, Callable[[Array, Array, int], Array]], ...] = (
    ("Window", "reads the last {number} tokens only, itself among them", lambda t, j, w: j > t - w),
    ("Blocks", "reads tokens of its own block of {number} only", lambda t, j, w: j // w == t // w),
    ("BlocksBefore", "reads its own block of {number} and the one before", lambda t, j, w: j // w >= t // w - 1),
    ("Dilation", "reads every {number}th token back", lambda t, j, w: (t - j) % w == 0),
    ("DilationAndItself", "reads itself and tokens whose number is a multiple of {number}", lambda t, j, w: (j % w == 0) | (j == t)),
    ("DilationFromPrevious", "reads every {number}th token back from the previous one", lambda t, j, w: (t - j) % w == 1 % w),
    ("Beginning", "reads the first {number} tokens and itself only", lambda t, j, w: (j < w) | (j == t)),
    ("WithoutBeginning", "does not read the first {number} tokens, except itself", lambda t, j, w: (j >= w) | (j == t)),
    ("Delay", "reads tokens at least {number} back, and itself", lambda t, j, w: (j <= t - w) | (j == t)),
    ("WindowAndFirst", "reads the last {number} tokens and the first", lambda t, j, w: (j > t - w) | (j == 0)),
    ("RowsRestart", "reads tokens up to its number within its block of {number}, as if the block were the first", lambda t, j, w: j <= t % w),
    ("BlockOfRows", "reads tokens up to the beginning of its block of {number}, and itself", lambda t, j, w: (j <= t // w * w) | (j == t)),
)  # fmt: skip
"""Rules of what is read, by the numbers of the reading and the read token."""

_FEEDBACK_RULES: tuple[tuple[str, str, Callable[[Array, Array, int], Array]], ...] = (
    ("Window", "reads the last {number} states only", lambda t, j, w: j >= t - w),
    *RULES[1:6],
    ("Beginning", "reads the first {number} states only", lambda t, j, w: j < w),
    ("WithoutBeginning", "does not read the first {number} states", lambda t, j, w: j >= w),
    ("Delay", "reads states at least {number} back", lambda t, j, w: j <= t - w),
    ("WindowAndFirst", "reads the last {number} states and the first", lambda t, j, w: (j >= t - w) | (j == 0)),
    (
        "RowsRestart",
        "reads states before its number within its block of {number}, as if the block were the first",
        lambda t, j, w: j < t % w,
    ),
)


def families() -> Iterator[Family]:
    """Families of this part."""
    for what, area, mask, weights, rules in (
        ("Attention", "attention", "visible", "alpha", RULES),
        ("Feedback", "feedback", "visible_fb", "alpha_fb", _FEEDBACK_RULES),
    ):
        for label, words, rule in rules:

            def hidden(amount: Amount, mask=mask, rule=rule) -> Changes:
                return one(mask, lambda run, v: v & rule(run.values["rows"], run.values["columns"], amount(run)))

            def dropped(amount: Amount, weights=weights, rule=rule) -> Changes:
                return one(
                    weights,
                    lambda run, v: np.where(rule(run.values["rows"], run.values["columns"], amount(run)), v, 0),
                )

            yield Family(
                f"{what}{label}", area, f"In the {'forward' if area == 'attention' else 'feedback'} attention a token {words}.",
                "A sliding window, a block or a stride of another model, or a cache of limited size.",
                "Let it read the whole past.", hidden, COUNTS,
            )  # fmt: skip
            yield Family(
                f"{what}{label}Dropped", area,
                f"In the {'forward' if area == 'attention' else 'feedback'} attention a token {words}; other weights are dropped after the softmax.",
                "A mask that multiplies weights.", "Let it read the whole past.", dropped, COUNTS,
            )  # fmt: skip
    for label, words, rule in (
        ("WholeBlocks", "reads its whole block of {number} tokens, later ones too, and all blocks before", lambda t, j, w: j // w <= t // w),
        ("Ahead", "reads {number} tokens ahead", lambda t, j, w: j <= t + w),
        ("BlocksBeforeOnly", "reads whole blocks of {number} tokens before its own, and in the first block past tokens", lambda t, j, w: (j // w < t // w) | ((t < w) & (j <= t))),
        ("Prefix", "reads past tokens, and all of the first {number} tokens", lambda t, j, w: (j <= t) | (j < w)),
    ):  # fmt: skip
        yield Family(
            f"Attention{label}", "attention", f"In the forward attention a token {words}.",
            "A mask made for blocks or for a prefix.", "Let it read j <= t.",
            lambda amount, rule=rule: one("visible", lambda run, v: rule(run.values["rows"], run.values["columns"], amount(run))), COUNTS,
        )  # fmt: skip
