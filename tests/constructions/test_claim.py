import numpy as np

from sessa_ref.constructions.claim import at_least, at_most


def test_promises_are_kept_or_not():
    assert at_most("error", 1.0, 1.0).holds
    assert not at_most("error", 1.1, 1.0).holds
    assert at_least("gap", 1.0, 1.0).holds
    assert not at_least("gap", 0.9, 1.0).holds
    assert not at_most("error", np.nan, 1.0).holds
    assert not at_least("gap", np.nan, 1.0).holds


def test_text():
    assert str(at_least("gap", 2.0, 1.0)) == "gap: 2 >= 1"
    assert str(at_most("error", 0.5, 1.0)) == "error: 0.5 <= 1"
