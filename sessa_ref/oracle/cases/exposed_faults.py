"""Which faults of the catalogue a case exposes."""

import numpy as np

from sessa_ref.faults import FAULTS, Fault, with_faults
from sessa_ref.oracle.bounds.expectation import Expectation, expectations
from sessa_ref.oracle.cases.case import Case


def exposed_faults(case: Case) -> list[str]:
    """Names of the faults that move the output or a gradient of a case beyond its float64 bound."""
    expectation = expectations(case, ("float64",))["float64"]
    return [fault.name for fault in FAULTS.values() if fault.area != "decode" and exposes(expectation, fault)]


def exposes(expectation: Expectation, fault: Fault) -> bool:
    """Whether a layer with this fault, which does not concern decoding, is seen to be wrong on this case."""
    case, formulas = expectation.case, with_faults(fault)
    with np.errstate(all="ignore"):
        if fault.area != "gradient":
            values = {expectation.output: case.level.forward(case.parameters, case.x, formulas)}
        else:
            values = case.level.evaluate(case.parameters, case.x, case.dy, formulas)
    return any(np.max(expectation.error_ratios(name, value), initial=0.0) > 1 for name, value in values.items())
