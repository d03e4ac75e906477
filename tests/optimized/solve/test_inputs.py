"""What a feedback system is solved in, and what is refused; messages for shapes stand in the tests of those who call it."""

import pytest
import torch

from sessa_ref.optimized.solve.inputs import widest_dtype, working_dtype


@pytest.mark.parametrize(
    ("dtypes", "widest"),
    [
        (["float16"], "float32"),
        (["bfloat16", "float16"], "float32"),
        (["float32", "bfloat16"], "float32"),
        (["float16", "float64"], "float64"),
    ],
)
def test_the_widest_dtype_is_at_least_float32(dtypes, widest):
    assert widest_dtype(*(torch.ones(1, dtype=getattr(torch, name)) for name in dtypes)) == getattr(torch, widest)


def test_any_of_the_four_decides():
    inputs = {"q": torch.ones(3, 2), "k": torch.ones(3, 2), "gamma": torch.ones(3), "f": torch.ones(3, 4)}
    assert working_dtype(**inputs) == torch.float32
    for name, tensor in inputs.items():
        assert working_dtype(**inputs | {name: tensor.double()}) == torch.float64
        with pytest.raises(ValueError, match="device of q" if name != "q" else "k must be on the device of q, meta"):
            working_dtype(**inputs | {name: tensor.to("meta")})
