"""Ways to be wrong that are no formula are told from experiments."""

import numpy as np
import pytest

from sessa_ref.oracle import Verdict, battery
from sessa_ref.oracle.explain.which_behaviour import behaviours
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.report.results import Status
from tests.oracle.explain.observed import BEHAVE, FEW, TOLD, observation_of, report_on


@pytest.mark.parametrize("name", BEHAVE[:3])
def test_how_a_implementation_behaves_is_told(name):
    report = report_on(name)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert [diagnosis.name for diagnosis in report.diagnosis] == [TOLD[name][0]]


@pytest.mark.parametrize(("value", "told"), [(0.0, "IgnoresInput"), (1.0, "IgnoresInput"), (np.nan, "NotFinite")])
def test_an_output_that_is_a_constant_is_no_state(value, told):
    class Constant:
        def build(self, parameters, dtype):
            return self

        def forward(self, x):
            return np.full_like(x, value)

    constant = InProcessImplementation("constant", Constant())
    observations = [observation_of(constant, "forward", case) for case in battery() if case.name in FEW]
    assert all(o.result.status is Status.FAILED for o in observations)
    assert [diagnosis.name for diagnosis in behaviours(observations, constant)] == [told]
