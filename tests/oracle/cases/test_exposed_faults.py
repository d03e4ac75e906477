"""A fault is exposed by a case on which it changes something."""

from sessa_ref.config import SessaConfig
from sessa_ref.faults import FAULTS
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.cases.exposed_faults import exposes


def test_a_fault_is_exposed_where_it_changes_something():
    one, two, three = (
        Expectation(case("exposed", "-", SessaConfig.published(8, 2), T=T), "float64") for T in (1, 2, 3)
    )
    assert exposes(one, FAULTS["TanhGelu"])
    assert not exposes(one, FAULTS["RotaryHalfSplit"]), "one token has position 0 and no past"
    assert not exposes(two, FAULTS["SolveOneHop"]), "two tokens have no path of two hops"
    assert exposes(three, FAULTS["SolveOneHop"])
