"""A case repeats, and in a precision it holds what that precision holds."""

import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases.case import case
from sessa_ref.precision import round_to

CONFIG = SessaConfig.published(8, 2)
CASE = case("seed", "-", CONFIG, T=3)


def test_the_name_is_the_seed():
    again, other = case("seed", "-", CONFIG, T=3), case("another seed", "-", CONFIG, T=3)
    assert np.array_equal(again.x, CASE.x)
    assert all(np.array_equal(again.parameters[name], array) for name, array in CASE.parameters.items())
    assert not np.array_equal(other.x, CASE.x)
    assert not np.array_equal(other.parameters["W_in.weight"], CASE.parameters["W_in.weight"])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_rounded_case_holds_numbers_of_the_precision(dtype):
    rounded = CASE.rounded(dtype)
    for before, after in [
        (CASE.x, rounded.x),
        (CASE.dy, rounded.dy),
        *zip(CASE.parameters.values(), rounded.parameters.values(), strict=True),
    ]:
        assert np.array_equal(round_to(after, dtype), after)
        assert np.array_equal(round_to(before, dtype), after)
    assert not np.array_equal(rounded.x, CASE.x)
