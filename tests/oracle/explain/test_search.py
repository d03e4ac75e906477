"""Mistakes that nobody planned for: the search finds their place, their source and their number."""

from functools import cache

import numpy as np
import pytest

from sessa_ref.faults.variations import (
    caches,
    derivatives,
    earlier,
    families,
    graph,
    layouts,
    modes,
    padded_prompts,
    products,
    shares,
    slopes,
    slots,
    sources,
    stored,
    structures,
    weights,
)
from sessa_ref.faults.variations.variation import Family, Variation
from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Comparison
from sessa_ref.oracle.explain.search import Search
from sessa_ref.oracle.explain.search_order import prefill_of
from sessa_ref.oracle.report.results import Result, Status
from tests.oracle.explain.observed import BEHAVE, CHECK_OF, TOLD, observed


@pytest.mark.parametrize("name", [name for name in TOLD if name not in BEHAVE])
def test_a_mistake_that_nobody_planned_for_is_named(name):
    """The member of the name explains the layer, with the number that the layer's author wrote down."""
    check, (wanted, words) = CHECK_OF.get(name, "forward"), TOLD[name]
    found = Search(check, (), observed(name, check), only=(lambda: (m for m in known() if m.name == wanted),)).run()
    assert [variation.name for variation in found] == [wanted]
    assert words in found[0].description


def test_the_whole_search_comes_to_the_same():
    found = Search("forward", (), observed("OtherBase", "forward")).run()
    assert found[0].name == "RotaryBase"


@cache
def known() -> list[Variation | Family]:
    return [
        *families.families(), *structures.variations(), *sources.variations(), *weights.variations(),
        *modes.variations(), *caches.variations(), *caches.families(), *derivatives.factors(),
        *shares.variations(), *derivatives.variations(), *map(prefill_of, families.of_settings()),
        *layouts.variations(), *stored.variations(), *slopes.variations(), *slopes.families(), *products.variations(),
        *padded_prompts.variations(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ("DecodeGainOfPrevious", "its own where there is none"),
        ("DecodeForwardSlotsOf16", "multiple of 16"),
        ("DecodeWithoutPrevious", "the token before"),
    ],
)
def test_a_step_that_reads_what_it_should_not_is_told_from_the_others(wanted, changed):
    """Decoding with this mistake: the search among all of these finds it, with its sentence."""
    members = [*caches.variations(), *slots.variations(), *earlier.variations()]
    assert len({member.name for member in members}) == len(members)
    (mistake,) = (member for member in members if member.name == wanted)
    assert changed in mistake.description
    (case,) = (case for case in battery() if case.name == "smallest")
    expectation = expectations(case, ("float64",))["float64"]
    comparison = Comparison(
        ratio=1e8, values={"y": graph.decoded(case.parameters, case.x, 6, mistake.changes)}, split=6
    )
    failed = Observation(Result("smallest", "float64", "decode", Status.FAILED, 1e8), comparison, expectation)
    assert np.max(expectation.error_ratios("y", comparison.values["y"])) > 1
    search = Search("decode", (), [failed], only=(lambda: (m for m in members if m.name[:12] == wanted[:12]),))
    assert wanted in [variation.name for variation in search.run()]
