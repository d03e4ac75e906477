"""A feedback attention of several heads, in place of the one head of width D."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Change, Number, Run
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array
from sessa_ref.reference import attention

_CAUSE = "The feedback attention is written like the forward attention."
_FIX = "The feedback attention has one head of width D, scaled by 1/sqrt(D)."

_COMBINED: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "Averaged": ("their weights are averaged", lambda alpha: alpha.mean(axis=-3)),
    "Summed": ("their weights are added", lambda alpha: alpha.sum(axis=-3)),
    "First": ("only the first one's weights are used", lambda alpha: alpha[..., 0, :, :]),
    "Last": ("only the last one's weights are used", lambda alpha: alpha[..., -1, :, :]),
    "Largest": ("the largest of their weights are used", lambda alpha: alpha.max(axis=-3)),
    "Multiplied": ("their weights are multiplied", lambda alpha: alpha.prod(axis=-3)),
}


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for scaled, root, width in (
        ("HeadScale", "sqrt(d)", lambda run: run.config.query_width),
        ("", "sqrt(D)", lambda run: run.config.feedback_width),
        ("Unscaled", "1", lambda run: 1),
    ):
        heads = f"The feedback attention has H heads of width D/H, with logits divided by {root}"
        for label, (words, combine) in _COMBINED.items():
            yield Variation(
                f"FeedbackHeads{label}{scaled}", "feedback", f"{heads}; {words}.", _CAUSE, _FIX,
                one("alpha_fb", lambda run, alpha, w=width, combine=combine: combine(_weights(run, w(run)))),
            )  # fmt: skip
        yield Variation(
            f"FeedbackHeadsSolved{scaled}", "feedback", f"{heads}; each solves for its own part of the state.",
            _CAUSE, _FIX, one("s", _solved(width)),
        )  # fmt: skip


def _weights(run: Run, width: Number) -> Array:
    q, k = (attention.split_heads(z, run.config.heads) for z in (run.values["q_fb"], _keys(run)))
    return graph.softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(width), run.values["visible_fb"])


def _keys(run: Run) -> Array:
    return np.concatenate([run.past["k_fb"], run.values["k_fb"]], axis=-2) if run.past else run.values["k_fb"]


def _solved(width: Callable[[Run], Number]) -> Change:
    def change(run: Run, s: Array) -> Array:
        if run.past:  # see solves
            return s
        B = run.values["gamma"][..., None, :, :] * _weights(run, width(run))
        return attention.merge_heads(graph.solve(B, attention.split_heads(run.values["f"], run.config.heads)))

    return change
