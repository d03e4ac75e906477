"""Gain (18) and routing matrix (19), by hand."""

import numpy as np

from sessa_ref.reference import feedback
from tests.rounding import assert_equal_but_for_rounding


def test_the_gain_by_hand():
    """tanh(ln 2) = 3/5, at a logit of w u + b = 1 - 1 + ln 2; a large logit gives gamma_max itself."""
    u = np.array([[1.0, -1], [1e3, 0]])
    assert_equal_but_for_rounding(
        lambda u: feedback.gain(u, np.array([[1.0, 1]]), np.array(np.log(2)), 0.5), u, np.array([0.3, 0.5])
    )


def test_each_row_of_the_routing_matrix_has_its_own_gain():
    alpha = np.array([[0.0, 0, 0], [1, 0, 0], [0.25, 0.75, 0]])
    B = feedback.routing_matrix(np.array([0.9, -0.5, 0.5]), alpha)
    assert B.tolist() == [[0, 0, 0], [-0.5, 0, 0], [0.125, 0.375, 0]]
