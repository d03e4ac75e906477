"""The battery repeats, and no case of it is trivial or ill-conditioned."""

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR, spreads


def test_the_battery_repeats():
    for first, second in zip(battery(), battery.__wrapped__(), strict=True):
        assert first.name == second.name
        assert np.array_equal(first.x, second.x)
        assert all(np.array_equal(first.parameters[n], second.parameters[n]) for n in first.parameters)


@pytest.mark.parametrize("case", [c for c in battery(quick=True) if c.x.shape[1] > 0], ids=lambda c: c.name)
def test_no_case_is_ill_conditioned(case):
    """Deviations grow linearly up to float32's roundings, whose bound leaves a third of the output's 24 bits or more."""
    fine, coarse = (spreads(case, 1.0, 1.0, drawing_unit=unit) for unit in (2.0**-40, 2.0**-24))
    for name in ("y", "dx"):
        # The same draws at both sizes; the safety factor of 16 has room for a quarter more.
        assert np.median(coarse[name] / fine[name]) == pytest.approx(1, abs=0.25), name
    y = reference.forward(case.parameters, case.x)
    assert np.median(SAFETY_FACTOR * 2.0**-24 * coarse["y"] / np.abs(y).max()) <= 2.0**-8


def test_no_case_is_trivial():
    """No parameter is left at a value that hides a mistake: zero, one, or equal to another."""
    for case in battery():
        for name, array in case.parameters.items():
            if array.size > 1 and not case.name.startswith("logits_"):
                assert len(np.unique(array)) == array.size, (case.name, name)
        assert len(case.x) == 1 or case.x.size == 0 or not np.array_equal(case.x[0], case.x[1])
