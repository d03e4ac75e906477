"""A mistake is tried first on small failures that tell much."""

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.probes import PROBES, probes_of
from sessa_ref.oracle.report.results import Result, Status


def failed(name: str, config: SessaConfig, T: int, ratio: float = 9.0) -> Observation:
    result = Result(name, "float64", "forward", Status.FAILED, ratio)
    return Observation(result, None, Expectation(case(name, "-", config, T=T), "float64", spread={}))


def test_probes_are_small_and_finite_and_of_different_configs():
    two, four = SessaConfig.published(8, 2), SessaConfig.published(8, 4)
    small, large, longest = failed("small", two, 8), failed("large", two, 9), failed("longest", two, 10)
    failures = [failed("spoiled", two, 8, np.inf), longest, large, failed("other", four, 11), small]
    assert [o.result.case for o in probes_of(failures)] == ["small", "other", "large"]
    assert len(probes_of(failures)) == PROBES
