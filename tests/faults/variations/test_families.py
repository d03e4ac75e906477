"""Every family: its members differ, and a fit finds the number that the data were made with."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from sessa_ref.faults.variations.families import families, of_place, of_places, of_settings
from sessa_ref.faults.variations.fitting import fit, size
from sessa_ref.faults.variations.graph import Number
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.variation import Family
from sessa_ref.oracle.cases.case import Case
from tests.faults.variations.small import HEADS, NO_NORM, apart, assert_derivative, bounds, output, right, spread_of

T, D, WIDTH = HEADS.x.shape[1], HEADS.parameters.config.width, HEADS.parameters.config.query_width
FAMILIES = list(families())

INVISIBLE = {
    r"(QuerySource|Queries|QueryHeads|RotatedQueries|ForwardLogits)FirstToken\w+": "the first token reads itself, whatever its query",
    r"(FeedbackQuerySource|FeedbackQueries|FeedbackLogits|FeedbackWeights|Routing)FirstToken\w+": "the first token gets no feedback",
    r"(GainSource|GainInput|Gain)FirstToken\w+": "the gain of the first token meets no feedback",
    r"AllLogitsFirstTokenScaled": "the first token reads itself, and gets no feedback",
    r"FeedbackKey(Source|s)LastToken\w+": "nothing comes after the last token that could read it",
    r"(ForwardLogits|FeedbackLogits|AllLogits)Shifted": "a softmax does not see a constant in its logits",
    r"(RotatedKeys|FeedbackKeySource|FeedbackKeys)(Shifted|PlusTimeMean)": "a vector added to all keys adds a constant to a row of logits",
    r"(RotatedQueriesAndKeys|FeedbackQueriesAndKeys)FeaturesMoved": "products do not depend on the order of features",
    r"(GainInput|Gain)Features(From|Moved)": "the gain has one feature",
}  # fmt: skip
"""Families whose members are all the right layer, for every layer."""

JUMPS = re.compile(
    r"\w+(Quantized|Thresholded|SoftmaxThreshold|SoftmaxThresholdNormalized)"
    r"|GainSaturates|GainThreshold|GeluSaturates|GeluSaturatesAbove|GeluZeroBelow|RotaryPartial\w+|Solve(Tolerance\w+|RoutingThreshold)|\w+PaddedTo"
)
"""Families whose output jumps where the number passes a value, and stays as it is between: no slope leads anywhere."""

SAME: dict[str, tuple[str, Callable[[Number], object]]] = {
    JUMPS.pattern: ("numbers between the same two values", lambda c: None),
    r"NormEpsilon(Outside)?|\w+RmsNormalizedBy": ("epsilons beneath the rounding of the variance", lambda c: max(c, 1e-11)),
    r"\w*Heads?\w*FeaturesMoved|(Rotated\w*|Keys|Values|AllQueriesAndKeys)FeaturesMoved": ("numbers that differ by the head's width", lambda c: c % WIDTH),
    r"InputProjectionFeaturesMoved": ("numbers that differ by the width", lambda c: c % (2 * D)),
    r"InputProjectionFeaturesFrom": ("no gate is left: all is zero but the residual", lambda c: c <= D),
    r"\w+FeaturesMoved": ("numbers that differ by the width", lambda c: c % D),
    r"\w+(ZeroInTail|TailDropped)|Solve(TailAlone|TailOfSignals|LongTailZero)": ("blocks that leave the same tail", lambda c: T // c * c),
    r"\w+TilesTail(AndItself)?(Dropped)?": ("tiles that leave the same tail", lambda c: T // c * c),
    r"SolveParts\w*": ("parts of the same size", lambda c: -(-T // c)),
    r"SolvePairsMerged": ("blocks that are merged into the same", lambda c: merged(c)),
    r"SolveHalvesAtPower\w+": ("the same recursion; the right-hand side of a single token is its solution", lambda c: c >= 4),
    r"SolveHalves\w+": ("the same recursion; the right-hand side of a single token is its solution", lambda c: min(max(c, 3), 5)),
    r"\w+ToMultipleAtLeastOne\w*": ("as much padding", lambda c: c - T % c),
    r"\w+Padded|\w*Padded\w+ToMultiple\w*": ("as much padding", lambda c: -T % c),
    r"(KeySource|Keys|KeyHeads|RotatedKeys)LastTokenScaled": ("one weight is 1", lambda c: min(c, 10)),
    r"RotaryExponentScale": ("angles beneath rounding", lambda c: min(c, 8)),
    r"RotaryPartialEnd": ("all pairs", lambda c: min(c, WIDTH // 2)),
    r"Feedback(QuerySource|Queries|QueriesAndKeys)ZeroAfter": ("the first token gets no feedback", lambda c: max(c, 2)),
    r"(Rotated)?(QueriesAndKeys|QueryAndKeyHeads)Scaled|(Rotated|Feedback|All)QueriesAndKeysScaled": ("a sign in both, or one weight is 1", lambda c: min(abs(c), 10)),
}  # fmt: skip
"""Families that have equal members on this layer: which numbers give the same, and why."""


def merged(size: Number) -> Number:
    return merged(2 * size) if 2 * size <= T else size


def key_of(family: Family) -> Callable[[Number], object]:
    return next((key for pattern, (_, key) in SAME.items() if re.fullmatch(pattern, family.name)), lambda c: c)


def explained(family: Family) -> bool:
    return any(re.fullmatch(pattern, family.name) for pattern in INVISIBLE)


def test_the_parts_are_the_whole():
    names = [family.name for family in FAMILIES]
    assert names == [family.name for part in (of_settings, of_places) for family in part()]
    assert len(names) == len(set(names))


def test_what_no_output_shows_is_the_right_layer():
    found = [family for family in FAMILIES if explained(family)]
    assert {next(p for p in INVISIBLE if re.fullmatch(p, family.name)) for family in found} == set(INVISIBLE)
    for family in found:
        for layer in (HEADS, NO_NORM):
            assert all(apart(layer, output(layer, family.at(c).changes)) < 1 for c in (1, 2)), family.name


@pytest.mark.parametrize("part", range(4))
def test_members_differ(part):
    """By more than rounding. Whole numbers are tried up to T - 2: from there on only the last token could tell them."""
    for family in FAMILIES[part::4]:
        key, distinct = key_of(family), {}
        for number in family.starts:
            if family.whole and number > T - 2:
                continue
            y = output(HEADS, family.at(number).changes)
            if not np.all(np.isfinite(y)) or apart(HEADS, y) < 1:
                continue
            for other, wrong in distinct.items():
                same = apart(HEADS, y, wrong) < 1
                assert not same or key(number) == key(other), (family.name, other, number)
            distinct[number] = y
        shown = distinct or any(apart(NO_NORM, output(NO_NORM, family.at(c).changes)) > 1 for c in family.starts)
        assert bool(shown) != explained(family), family.name


def data_of(family: Family, layer: Case) -> tuple[Number, np.ndarray]:
    """A number and the output that it gives: 2 % off the first start where these show; a start, where there are jumps."""
    for start in starts_of(family, layer):
        y = output(layer, family.at(start).changes)
        if JUMPS.fullmatch(family.name):
            number, shows = start, apart(layer, y) > 1
        else:
            number, other = 1.02 * start, y
            y = output(layer, family.at(number).changes)
            shows = apart(layer, y) > 1e4 and apart(layer, y, other) > 1e4
        if shows and np.all(np.isfinite(y)):
            return number, y
    raise AssertionError(f"no number of {family.name} shows")


def starts_of(family: Family, layer: Case) -> list[Number]:
    return [*family.starts, *(spread_of(layer, family.spread) if family.spread else ())]


@pytest.mark.parametrize("part", range(4))
def test_a_fit_finds_the_number(part):
    for family in (family for family in FAMILIES[part::4] if not family.whole and not explained(family)):
        layer = NO_NORM if re.fullmatch(r"Input\w*Shifted", family.name) else HEADS
        number, y = data_of(family, layer)

        def residual(c, family=family, layer=layer, y=y):
            difference = (output(layer, family.at(c).changes) - y) / bounds(layer)
            return difference if np.all(np.isfinite(difference)) else None

        found = fit(residual, starts_of(family, layer), size((right(layer).values["y"] - y) / bounds(layer)))
        assert found is not None, (family.name, number)
        assert apart(layer, output(layer, family.at(found).changes), y) < 1, (family.name, number, found)


def test_every_derivative_is_that_of_what_is_computed():
    """But of roundings, which let derivatives pass. Families of places are the same functions at every place."""
    places = [next(place for place in PLACES if place.kind == kind) for kind in ("tokens", "heads", "matrix")]
    for family in [*of_settings(), *(family for place in places for family in of_place(place))]:
        if not (family.rounds or family.name.endswith("Quantized")):
            assert_derivative(HEADS, family.at(family.starts[min(1, len(family.starts) - 1)]).changes, family.name)
