"""What steps change of what is cached: once, or again and again."""

import numpy as np

from sessa_ref.faults.variations import graph, stored
from sessa_ref.faults.variations.caches import groups
from tests.faults.variations.small import HEADS, apart
from tests.faults.variations.test_caches import ENTRIES, SPLIT, decoded, steps
from tests.rounding import LIBRARY, roundings

VARIATIONS = {variation.name: variation for variation in stored.variations()}
FAMILIES = {family.name: family for family in stored.families()}


def test_what_is_read_is_changed_once_and_what_is_stored_at_every_step():
    """Keys that are rotated again have their own angle once more at each step, or once for each step so far."""
    theta = graph.advance(HEADS.parameters, HEADS.x, {}).values["theta"]
    for prefix in ("Read", "Store"):
        first, *runs = steps(VARIATIONS[f"{prefix}KeysRotatedAgain"].changes)
        for number, run in enumerate(runs, 1):
            keys = first.values["k_rotated"]
            for _ in range(number if prefix == "Store" else 1):
                keys = graph.rotate(keys, theta[:SPLIT])
            # each turn: cos and sin, two products and a sum, of numbers up to sqrt(2) times the largest
            allowed = roundings(2 * (number + 1) * 2 * (LIBRARY + 2)) * np.abs(keys).max()
            assert np.allclose(run.values["read k_rotated"][..., :SPLIT, :], keys, rtol=0, atol=allowed), prefix


def test_factors_add_up_where_they_are_stored():
    for name, power in (("ReadStatesScaled", lambda number: 1), ("StoreStatesScaled", lambda number: number)):
        first, *runs = steps(FAMILIES[name].at(0.5).changes)
        for number, run in enumerate(runs, 1):
            wanted = first.values["s"] * 0.5 ** power(number)
            assert np.array_equal(run.values["read s"][..., :SPLIT, :], wanted)


def test_only_the_entries_of_the_sentence_change():
    for names, (word, _) in groups().items():
        for variation in (VARIATIONS[f"Store{word}Negated"], VARIATIONS[f"Read{word}Negated"]):
            assert {name.split()[1] for name in variation.changes} == set(names)


def test_a_token_that_enters_the_cache_twice():
    for name, extra in (("CachePromptEndTwice", 1), ("CachePromptTwice", SPLIT)):
        first, run, *_ = steps(VARIATIONS[name].changes)
        assert run.start == SPLIT + extra
        assert run.values["positions"].tolist() == [SPLIT + extra]
        assert np.array_equal(run.past["s"][..., -1:, :], first.values["s"][..., -1:, :])
    _, run, *_ = steps(VARIATIONS["CachePromptEndTwiceCounted"].changes)
    assert run.values["positions"].tolist() == [SPLIT]


ORDERS = {
    *(f"Store{word}{label}" for word in ("KeysAndValues", "FeedbackCache", "Cache") for label in ("Moved", "Reversed")),
    "ReadFeedbackKeysCentred",
}
"""The order of what is read together makes no difference, nor does what is added to all logits of a row."""


def test_prompts_are_right_and_every_other_variation_shows():
    right = decoded({})
    members = [*VARIATIONS.values(), *(family.at(0.5) for family in FAMILIES.values())]
    assert len({member.name for member in members}) == len(members)
    assert set(ENTRIES) == {name for names in groups() for name in names}
    same = set()
    for member in members:
        y = decoded(member.changes)
        assert np.array_equal(y[:, :SPLIT], right[:, :SPLIT]), member.name
        if apart(HEADS, y, right) < 1:
            same.add(member.name)
    assert same == ORDERS
