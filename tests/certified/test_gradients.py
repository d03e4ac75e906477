"""Enclosed gradients against those of the reference, whose error is bounded by the case's rounding analysis."""

import flint
import numpy as np
import pytest
from hypothesis import given, settings

from sessa_ref import reference
from sessa_ref.certified import balls, enclose_vjp, gradients
from sessa_ref.oracle.bounds.expectation import Expectation
from tests import published_vectors, strategies
from tests.closeness import as_values


def outside(enclosures, expectation, values):
    """Quantities whose certain error exceeds the float64 bound."""
    return [
        name
        for name, value in values.items()
        if np.any(enclosures[name].error(value)[0] > expectation.bounds(name) + enclosures[name].radius)
    ]


@settings(max_examples=12)
@given(strategies.cases(max_T=9))
def test_gradients_of_random_cases(case):
    enclosures = enclose_vjp(case.parameters, case.x, case.dy)
    values = as_values(reference.forward(case.parameters, case.x), *reference.vjp(case.parameters, case.x, case.dy))
    assert values.keys() == enclosures.keys()
    assert all(value.shape == enclosures[name].midpoint.shape for name, value in values.items())
    assert outside(enclosures, Expectation(case, "float64"), values) == []


@pytest.mark.parametrize("name", ["grouped_query", "gain_near_one", "sharp_routing", "no_rope", "two_tokens"])
def test_gradients_of_published_vectors(name):
    vector = published_vectors.load(name)
    case = vector.case()
    enclosures = enclose_vjp(case.parameters, case.x, case.dy)
    expectation = published_vectors.expectation(name)
    values = as_values(vector["y"], vector["grad_x"], vector.part("grad."))
    assert outside(enclosures, expectation, values) == []
    bent = dict(values, dx=values["dx"] * (1 + 1e-8))
    assert outside(enclosures, expectation, bent) == ["dx"]


def test_backward_substitution_is_the_adjoint():
    generator = np.random.default_rng(0)
    B, ds = np.tril(generator.normal(size=(6, 6)), k=-1), generator.normal(size=(6, 2))
    with flint.ctx.workprec(128):
        adjoint = gradients.backward_substitution(balls.exact(B), balls.exact(ds))
        defect = adjoint - balls.exact(B).transpose() * adjoint - balls.exact(ds)
        assert defect.contains(flint.arb_mat(6, 2))
        assert not (adjoint - balls.exact(B) * adjoint - balls.exact(ds)).contains(flint.arb_mat(6, 2))
