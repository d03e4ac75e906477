"""The other forms are the same map: in extended precision they agree far within the bounds of float64."""

import numpy as np
from hypothesis import given, settings

from sessa_ref.oracle.bounds.equivalent_forms import EQUIVALENTS
from sessa_ref.oracle.bounds.expectation import Expectation, evaluate
from sessa_ref.reference import DEFINITION
from tests.strategies import cases


def test_the_first_form_is_the_definition():
    assert EQUIVALENTS[0] is DEFINITION
    assert len({type(form) for form in EQUIVALENTS}) == len(EQUIVALENTS) > 1


@settings(max_examples=5)
@given(cases(max_T=6))
def test_all_forms_give_the_same(drawn):
    """Each form's error is one draw of what the bounds grant, 2^11 times smaller in extended precision."""
    expectation = Expectation(drawn, "float64")
    x, dy = (array.astype(np.longdouble) for array in (drawn.x, drawn.dy))
    finer = float(np.finfo(np.longdouble).eps / np.finfo(np.float64).eps)
    first, *others = (evaluate(drawn, x, dy, form) for form in EQUIVALENTS)
    for other in others:
        for name, value in other.items():
            assert value.dtype == np.longdouble
            ratios = np.abs(value - first[name]) / expectation.bounds(name)
            assert np.max(ratios, initial=0.0) <= finer, name
