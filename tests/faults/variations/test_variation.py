"""Changes are put together in order and limited to a part of the work; members of families carry their number in words."""

import pytest

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.variation import (
    Family,
    Variation,
    number_words,
    one,
    only_decoding,
    only_prefill,
    together,
)
from tests.faults.variations.small import HEADS, right

RUN = right(HEADS)
TIMES = Family(
    "Times", "token-wise", "It is {number} times {right}.", "", "",
    lambda amount: one("u", lambda run, u: u * amount(run)), (1.0, 2.0), right="the other",
)  # fmt: skip


def test_together_applies_one_after_the_other():
    double, add = one("u", lambda run, u: 2 * u), one("u", lambda run, u: u + 1)
    assert together(double, add)["u"](RUN, 3.0) == 7
    assert together(add, double, one("g", lambda run, g: -g))["u"](RUN, 3.0) == 8
    assert set(together(double, one("g", lambda run, g: -g))) == {"u", "g"}


def test_where_changes_are_limited_to():
    """A mere forward pass is neither prefill nor decoding."""
    negate = one("u", lambda run, u: -u)
    split = 4
    plain = graph.advance(HEADS.parameters, HEADS.x[:, :split], {})
    prefill = graph.advance(HEADS.parameters, HEADS.x[:, :split], {}, capacity=9)
    step = graph.advance(
        HEADS.parameters, HEADS.x[:, split : split + 1], {}, prefill.cache(), decoding=True, capacity=9
    )
    changed = {
        limit: [limit(negate)["u"](run, 1.0) < 0 for run in (plain, prefill, step)]
        for limit in (only_decoding, only_prefill)
    }
    assert changed == {only_decoding: [False, False, True], only_prefill: [False, True, False]}


def test_a_member_says_its_number():
    member = TIMES.at(1e-6)
    assert isinstance(member, Variation)
    assert member.description == "It is 1e-6 times the other."
    assert TIMES.at(lambda run: run.config.width, "D").description == "It is D times the other."
    assert TIMES.sentence == "It is c times the other."


def test_a_number_may_depend_on_the_layer():
    run = graph.advance(HEADS.parameters, HEADS.x, {})
    assert TIMES.at(lambda run: run.config.width, "D").changes["u"](run, 3.0) == 3 * 8
    assert TIMES.at(0.5).changes["u"](run, 3.0) == 1.5


def test_whole_numbers_are_told_from_others():
    assert not TIMES.whole
    assert Family("N", "solve", "", "", "", lambda amount: {}, (1, 2)).whole


@pytest.mark.parametrize(
    ("number", "words"),
    [(3, "3"), (-16, "-16"), (0.5, "0.5"), (1e-6, "1e-6"), (1e7, "1e7"), (1 / 3, "0.333333"), (1e-12, "1e-12")],
)
def test_numbers_as_one_would_write_them(number, words):
    assert number_words(number) == words


@pytest.mark.parametrize(
    ("name", "rounds"),
    [("StateInFloat16", True), ("InTfloat32", True), ("InFloat32Later", False), ("StateMissing", False)],
)
def test_variations_that_only_round(name, rounds):
    assert Variation(name, "solve", "", "", "").rounds is rounds
