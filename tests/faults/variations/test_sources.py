"""A part is fed by what the sentence says, or adds, subtracts or multiplies it; where widths differ, nothing happens."""

import numpy as np
import pytest

from sessa_ref.faults.variations import graph, sources
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.sources import FEEDS
from tests.faults.variations.small import HEADS, apart, output, right
from tests.rounding import roundings

VARIATIONS = {variation.name: variation for variation in sources.variations()}
SINGLE = {
    place.word: place for place in PLACES if place.kind == "tokens" and len(place.names) == 1 and place.name != "z"
}
WORDS = {feed: "".join(w[0].upper() + w[1:] for w in feed.replace(" ", "_").split("_")) for feed in FEEDS}
MEANS = {"From": lambda z, source: source + 0 * z, "Plus": np.add, "Minus": np.subtract, "Times": np.multiply}


@pytest.mark.parametrize("verb", MEANS)
def test_every_place_takes_every_source(verb):
    """What is made later than the place, and what is as wide as neither it nor one, leaves the layer as it is."""
    shown = 0
    for word, place in SINGLE.items():
        if place.name in ("g", "g input") and verb == "From":
            continue
        for feed in FEEDS:
            variation = VARIATIONS.get(f"{word}{verb}{WORDS[feed]}")
            assert (variation is None) == (feed == place.name), (word, feed)
            if variation is None:
                continue
            made: set[str] = set()

            def change(run, value, variation=variation, place=place, made=made):
                made.update(run.values)
                return variation.changes[place.name](run, value)

            with np.errstate(all="ignore"):
                run = graph.advance(HEADS.parameters, HEADS.x, {place.name: change})
            value, source = run.right[place.name], run.values[feed]
            if feed in made and source.shape[-1] in (value.shape[-1], 1):
                assert np.array_equal(run.values[place.name], MEANS[verb](value, source)), variation.name
                shown += 1
            else:
                assert np.array_equal(run.values["y"], right(HEADS).values["y"]), variation.name
    assert shown > 100


def test_the_gate_may_be_anything_that_was_made_before_it_is_used():
    for feed in FEEDS:
        if feed == "g":
            continue
        run = graph.advance(HEADS.parameters, HEADS.x, VARIATIONS[f"GateFrom{WORDS[feed]}"].changes)
        source = run.values[feed]
        wide = source.shape[-1] == 8 and feed not in ("gated", "branch")
        assert np.array_equal(run.values["gated"], run.values["s"] * source if wide else run.right["gated"]), feed


def test_the_gate_may_be_projected_from_anything_that_was_made_before_it_is_used():
    weight, bias = (HEADS.parameters[f"W_in.{part}"][8:] for part in ("weight", "bias"))
    for feed in FEEDS:
        run = graph.advance(HEADS.parameters, HEADS.x, VARIATIONS[f"GateSourceFrom{WORDS[feed]}"].changes)
        source = run.values[feed]
        wide = source.shape[-1] == 8 and feed not in ("gated", "branch")
        if not wide:
            assert np.array_equal(run.values["gated"], run.right["gated"]), feed
            continue
        s, gated = run.values["s"], run.values["gated"]
        terms = np.abs(s) * (np.abs(source) @ np.abs(weight).T + np.abs(bias))
        assert np.all(np.abs(gated - s * (source @ weight.T + bias)) <= roundings(2 * (8 + 3)) * terms), feed


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("QueryKeySource", {"q input", "k input"}),
        ("AttentionSource", {"q input", "k input", "v input"}),
        ("FeedbackSource", {"q_fb input", "k_fb input"}),
        ("FeedbackBranchSource", {"q_fb input", "k_fb input", "gain input"}),
        ("KeyValueSource", {"k input", "v input"}),
    ],
)
def test_groups_are_fed_together(name, inputs):
    variation = VARIATIONS[f"{name}N"]
    run = graph.advance(HEADS.parameters, HEADS.x, variation.changes)
    others = {f"{part} input" for part in ("q", "k", "v", "q_fb", "k_fb", "gain")} - inputs
    assert all(np.array_equal(run.values[each], run.values["n"]) for each in inputs)
    assert all(np.array_equal(run.values[each], run.values["u"]) for each in others)
    assert apart(HEADS, output(HEADS, variation.changes)) > 1e6
