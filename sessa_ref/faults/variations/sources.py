"""Variations in which a part of the layer is fed by another quantity than its own."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.graph import Change, Changes, Run
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array

FEEDS = {
    "x": "the layer's input x",
    "n": "the norm's output n",
    "standard": "the normalised tokens before the norm's weight and bias",
    "a": "a, before GELU",
    "g": "the gate g",
    "u": "the mixer's input u",
    "q": "the forward queries",
    "k": "the forward keys",
    "all values": "the values",
    "o": "the attention's output o",
    "f": "the forward signal f",
    "q_fb": "the feedback queries",
    "k_fb": "the feedback keys",
    "s": "the state s",
    "gated": "the gated state",
    "branch": "the branch",
}
"""What something may be made of by mistake, in the order of computation."""

_GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "queries and keys of the forward attention": ("QueryKeySource", ("q input", "k input")),
    "queries, keys and values of the forward attention": ("AttentionSource", ("q input", "k input", "v input")),
    "queries and keys of the feedback attention": ("FeedbackSource", ("q_fb input", "k_fb input")),
    "the whole feedback branch": ("FeedbackBranchSource", ("q_fb input", "k_fb input", "gain input")),
    "keys and values of the forward attention": ("KeyValueSource", ("k input", "v input")),
}

_CAUSE = "A variable of another stage is passed on, or a name was overwritten."


def variations() -> Iterator[Variation]:
    """Other sources, one place after the other, and sources that are added or multiplied."""
    for place in PLACES:
        if place.kind != "tokens" or place.name == "z" or "," in place.name:
            continue
        for feed, words in FEEDS.items():
            if feed == place.name:
                continue
            phrase = place.phrase.rstrip(",")
            yield Variation(
                f"{place.word}From{_word(feed)}", place.area, f"In place of {phrase}, {words} is taken.",
                _CAUSE, "Feed it as the definition does.",
                one("gated", _LATER[place.name](feed)) if place.name in _LATER else one(place.name, _taking(feed)),
            )  # fmt: skip
            for verb, change in (("Plus", _adding), ("Minus", _subtracting), ("Times", _multiplying)):
                done = {"Plus": "added to", "Minus": "subtracted from", "Times": "multiplied into"}[verb]
                yield Variation(
                    f"{place.word}{verb}{_word(feed)}", place.area, f"{words[0].upper()}{words[1:]} is {done} {phrase}.",
                    "A residual or a product that the definition does not have.", "Leave it out.",
                    one(place.name, change(feed)),
                )  # fmt: skip
    for words, (name, inputs) in _GROUPS.items():
        for feed, feed_words in FEEDS.items():
            if feed != "u":
                changes: Changes = {each: _taking(feed) for each in inputs}
                description = f"{words[0].upper()}{words[1:]} are made of {feed_words}, not of the mixer's input u."
                yield Variation(
                    f"{name}{_word(feed)}", "attention", description, _CAUSE, "Make them of u = GELU(a).", changes
                )


def _word(feed: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in feed.replace(" ", "_").split("_"))


def _fits(run: Run, feed: str, value: Array) -> bool:
    return feed in run.values and run.values[feed].shape[-1] in (value.shape[-1], 1)


def _taking(feed: str) -> Change:
    def change(run: Run, value: Array) -> Array:
        return run.values[feed] + 0 * value if _fits(run, feed, value) else value

    return change


def _gated_by(feed: str) -> Change:
    return lambda run, value: run.values["s"] * run.values[feed] if _fits(run, feed, value) else value


def _gated_by_projection(feed: str) -> Change:
    def change(run: Run, value: Array) -> Array:
        return run.values["s"] * _gate_of(run, run.values[feed]) if _fits(run, feed, value) else value

    return change


def _gate_of(run: Run, z: Array) -> Array:
    """What W_in's half for the gate makes of it."""
    weight, bias = run.values["W_in.weight"], run.values["W_in.bias"]
    gate = z @ np.split(weight, 2)[1].T
    return gate if bias is None else gate + np.split(bias, 2)[1]


_LATER: dict[str, Callable[[str], Change]] = {"g": _gated_by, "g input": _gated_by_projection}
"""The gate is made before most of what it may be confused with, and is needed after all of it."""


def _adding(feed: str) -> Change:
    return lambda run, value: value + run.values[feed] if _fits(run, feed, value) else value


def _subtracting(feed: str) -> Change:
    return lambda run, value: value - run.values[feed] if _fits(run, feed, value) else value


def _multiplying(feed: str) -> Change:
    return lambda run, value: value * run.values[feed] if _fits(run, feed, value) else value
