import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.precision import PRECISIONS, round_to


@given(st.floats(width=32, allow_nan=False, allow_infinity=False) | st.floats(-1e30, 1e30))
def test_bfloat16_is_torchs(number):
    """Torch rounds a double twice, by way of float32; ours once. For a float32 they are equal."""
    array = np.array([number])
    ours = round_to(array, "bfloat16")[0]
    if np.float32(number) == number and abs(number) < 3e38:
        assert ours == torch.tensor(number, dtype=torch.float32).bfloat16().double().item()
    if 1e-37 < abs(number) < 3e38:
        assert abs(ours - number) <= PRECISIONS["bfloat16"].unit * abs(number)


def test_bfloat16_rounds_once():
    """1 + 2^-8 + 2^-40 lies just above the middle of two bfloat16 numbers; by float32 it would go down."""
    assert round_to(np.array([1 + 2.0**-8 + 2.0**-40]), "bfloat16")[0] == 1 + 2.0**-7
    assert round_to(np.array([1 + 2.0**-8]), "bfloat16")[0] == 1
    assert round_to(np.array([-1 - 3 * 2.0**-8]), "bfloat16")[0] == -1 - 2.0**-6


def test_units():
    for name, precision in PRECISIONS.items():
        info = torch.finfo(getattr(torch, name))
        assert precision.unit == info.eps / 2
        assert precision.tiny == info.tiny
