"""Families: mistakes with a number in them, which the diagnosis fits to what an implementation computed."""

from collections.abc import Iterator

from sessa_ref.faults.variations.families import (
    blocked_solves,
    blocks,
    matrices,
    padding,
    settings,
    softmaxes,
    solves,
    tiles,
    windows,
)
from sessa_ref.faults.variations.families.numbers import COUNTS
from sessa_ref.faults.variations.families.places import OF_ANY_PLACE, of_place
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.variation import Family, together

__all__ = ["OF_ANY_PLACE", "families", "of_places", "of_settings", "that_round"]


def families() -> Iterator[Family]:
    """Every family."""
    yield from of_settings()
    yield from of_places()


def of_settings() -> Iterator[Family]:
    """Families of one setting or one part of the layer, and then those of both attentions alike."""
    one_attention = list(softmaxes.families())
    yield from settings.families()
    yield from one_attention
    yield from windows.families()
    yield from tiles.families()
    yield from blocks.families()
    yield from solves.families()
    yield from solves.rounded_carries()
    yield from blocked_solves.families()
    yield from matrices.families()
    yield from _of_both(one_attention)
    for place in PLACES:
        yield next(of_place(place))  # a mere factor
    yield from padding.families()


def of_places() -> Iterator[Family]:
    """Families of any value."""
    for place in PLACES:
        _, *others = of_place(place)
        yield from others


def that_round() -> Iterator[Family]:
    """Those whose members only round."""
    yield from (family for family in of_settings() if family.rounds)


def _of_both(single: list[Family]) -> Iterator[Family]:
    half = len(single) // 2
    for forward, feedback in zip(single[:half], single[half:], strict=True):
        description = forward.description.replace("forward logits are", "logits of both attentions are")
        description = description.replace("forward logits", "logits of both attentions")
        yield Family(
            forward.name.replace("Forward", "Both"), "attention",
            description.replace("forward softmax", "softmax of both attentions"), forward.cause, forward.fix,
            lambda amount, forward=forward, feedback=feedback: together(forward.changes(amount), feedback.changes(amount)),
            forward.starts, forward.right, forward.spread,
        )  # fmt: skip
    for label, words, rule in windows.RULES:
        yield Family(
            f"Both{label}", "attention", f"In both attentions a token {words}.",
            "A sliding window, a block or a stride of another model, or a cache of limited size.",
            "Let it read the whole past.",
            lambda amount, rule=rule: {
                name: lambda run, v: v & rule(run.values["rows"], run.values["columns"], amount(run))
                for name in ("visible", "visible_fb")
            }, COUNTS,
        )  # fmt: skip
