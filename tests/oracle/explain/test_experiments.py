"""Experiments on an implementation: which case, what it gives, and what counts as different."""

import numpy as np

from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.explain import experiments
from sessa_ref.oracle.implementation.protocol import UnsupportedError
from tests.oracle.explain.observed import implementation, observation_of

CASES = {case.name: case for case in battery(quick=True)}


def test_the_smallest_failing_case_with_several_tokens_is_taken():
    wrong = implementation("OutputScaled")
    failed = [observation_of(wrong, "forward", CASES[name]) for name in ("heads", "two_tokens", "one_head")]
    smallest = experiments.smallest(failed, "forward")
    assert smallest is not None
    assert smallest.expectation is not None
    assert smallest.expectation.case.x.shape[1] > 4
    sizes = [CASES[name].x.size for name in ("heads", "one_head")]
    assert smallest.expectation.case.x.size == min(sizes)
    assert experiments.smallest(failed[1:2], "forward") is failed[1], "few tokens are better than none"
    assert experiments.smallest(failed, "gradients") is None


def test_an_implementation_that_declines_gives_nothing(monkeypatch):
    case, candidate = CASES["two_tokens"], implementation("OutputScaled")
    given = experiments.output(candidate, case, "float64")
    assert given is not None
    assert given.shape == case.x.shape

    def decline(*request):
        raise UnsupportedError("not offered")

    monkeypatch.setattr(candidate, "run", decline)
    assert experiments.output(candidate, case, "float64") is None


def test_outputs_differ_beyond_twice_the_bound():
    expectation = expectations(CASES["two_tokens"], ("float64",))["float64"]
    true, bound = expectation.true["y"].astype(float), expectation.bounds("y")
    assert not experiments.differ(expectation, true, true + 1.5 * bound)
    assert experiments.differ(expectation, true, true + 2.5 * bound)
    both = np.where(np.arange(true.size).reshape(true.shape) == 0, np.nan, true)
    assert not experiments.differ(expectation, both, both)
    assert experiments.differ(expectation, true, both)
