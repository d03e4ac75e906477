"""What a feedback system is solved in, and what is refused."""

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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": (3, 1)}, r"q and k must have shape .* got \(3, 2\), \(3, 1\), \(3,\) and \(3, 4\)"),
        ({"q": (2, 2), "k": (2, 2)}, "got"),
        ({"gamma": (2,)}, "got"),
        ({"gamma": (3, 1)}, "got"),
        ({"f": (2, 4)}, "got"),
        ({"q": (2,), "k": (2,), "gamma": (), "f": (4,)}, "got"),
        ({"q": (3, 0), "k": (3, 0)}, r"a width of at least 1, got shapes \(3, 0\) and \(3, 4\)"),
        ({"f": (3, 0)}, r"a width of at least 1, got shapes \(3, 2\) and \(3, 0\)"),
    ],
)
def test_shapes_belong_together(changes, message):
    shapes = {"q": (3, 2), "k": (3, 2), "gamma": (3,), "f": (3, 4)} | changes
    with pytest.raises(ValueError, match=message):
        working_dtype(**{name: torch.ones(shape) for name, shape in shapes.items()})
