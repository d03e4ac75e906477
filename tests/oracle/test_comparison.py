"""The judge: what passes, what departs, what fails, and what is said about it."""

import numpy as np
import pytest

from sessa_ref.oracle.comparison import FLOAT32_ANGLES, Comparison, Problem, Truth, compare, compare_uses
from sessa_ref.oracle.implementation.uses import Label, Use
from sessa_ref.oracle.report.results import Status

Y = np.arange(2 * 4 * 3, dtype=np.float64).reshape(2, 4, 3)


def truth(dtype="float64", angles=10.0):
    """A bound of 1, with float32 angles of `angles`."""

    def error_ratios(quantity, value, angle_unit_roundoff):
        assert angle_unit_roundoff in (None, FLOAT32_ANGLES)
        return np.abs(value - Y) / (1 if angle_unit_roundoff is None else angles)

    return Truth(dtype, {"y": Y}, error_ratios)


@pytest.mark.parametrize(
    ("error", "dtype", "status"),
    [
        (0.0, "float64", Status.PASSED),
        (1.0, "float64", Status.PASSED),
        (1.5, "float64", Status.DEPARTED),
        (10.5, "float64", Status.FAILED),
        (1.5, "float32", Status.FAILED),
    ],
)
def test_the_status_follows_from_error_over_bound(error, dtype, status):
    value = Y.astype(dtype)
    value[1, 2, 0] += error
    comparison = compare(truth(dtype), {"y": value}, ["y"])
    assert comparison.status is status
    assert comparison.measured == error
    assert error == 0 or comparison.message == f"y[1, 2, 0] off by {error:.3g} bounds"


@pytest.mark.parametrize(
    ("values", "problem", "message"),
    [
        ({}, Problem.MISSING, "y is missing"),
        ({"y": Y[:, 1:]}, Problem.SHAPE, "y has shape (2, 3, 3), expected (2, 4, 3)"),
        ({"y": Y.astype("float32")}, Problem.DTYPE, "y has dtype float32, expected float64"),
    ],
)
def test_what_cannot_be_compared_fails(values, problem, message):
    comparison = compare(truth(), values, ["y"])
    assert (comparison.problem, comparison.message, comparison.ratio) == (problem, message, np.inf)
    assert comparison.status is Status.FAILED


def test_nothing_measured_is_no_ratio():
    assert Comparison().measured is None
    assert compare(Truth("float64", {"y": Y[:, :0]}, lambda *a: Y[:, :0]), {"y": Y[:, :0]}, ["y"]).measured is None


def test_uses_are_judged_by_the_part_that_they_cover():
    spoiled = Y.copy()
    spoiled[1, 3, 2] += 30
    values = {
        Label("y", Use.FIRST_ROW): Y[:1],
        Label("y", Use.FIRST_HALF): Y[:, :2],
        Label("y", Use.SLICE): spoiled,
        Label("grad.of something else", Use.TRAINING): np.ones(7),
    }
    comparison = compare_uses(truth(), values)
    assert list(comparison.wrong) == [Label("y", Use.SLICE)]
    assert comparison.message == "y of a slice[1, 3, 2] off by 30 bounds"
    assert compare_uses(truth(), {Label("y", Use.FIRST_ROW): Y}).message == (
        "y of the first row alone has shape (2, 4, 3), expected (1, 4, 3)"
    )
