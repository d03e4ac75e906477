"""Products of half precision that add up in float32, which torch has on NVIDIA's GPUs alone: here by a stand-in."""

import pytest
import torch

from sessa_ref.optimized.solve import block_substitution, feedback_solve, inputs
from sessa_ref.optimized.solve.block_substitution import Sizes
from sessa_ref.optimized.solve.inputs import factor_dtype, sums_in_float32
from tests.optimized.solve.problems import problem

HALVES = [torch.bfloat16]


@pytest.fixture
def products(monkeypatch):
    """The dtypes of factors and sums. The stand-in computes what the operator promises, and small pieces are taken."""
    seen = []

    def product(self, left, right, out_dtype, *, beta=1, alpha=1, out):
        assert self is out or (self.data_ptr() == out.data_ptr() and self.stride() == out.stride())
        seen.append((left.dtype, right.dtype, out_dtype, out.dtype))
        made = alpha * (left.to(out_dtype) @ right.to(out_dtype))
        return out.copy_(beta * self + made if beta else made)

    library = torch.library.Library("aten", "IMPL")
    library.impl("baddbmm.dtype_out", product, "CPU")
    monkeypatch.setattr(inputs, "sums_in_float32", lambda device: True)
    monkeypatch.setattr(block_substitution, "PROCESSOR", Sizes(longest_block=0, block=64, past=2**31, tile=16))
    yield seen
    library._destroy()


@pytest.mark.parametrize("dtype", HALVES)
def test_factors_are_halves_and_sums_are_not(products, dtype):
    """s is within the oracle's bound of this precision; gradients are within T roundings of float32's largest."""
    name = str(dtype).removeprefix("torch.")
    drawn = problem(90, batch=1).rounded(name)
    found = []
    for given in (dtype, torch.float32):
        tensors = [z.to(given).requires_grad_() for z in drawn.tensors("float32")]
        s = feedback_solve(tensors[0], tensors[1], tensors[2], tensors[3])
        gradients = torch.autograd.grad(s.float().sin().sum(), tensors)
        assert {z.dtype for z in (s, *gradients)} == {given}
        found.append((s, gradients))
    assert set(products) == {(dtype, dtype, torch.float32, torch.float32)}
    (s, gradients), (wide, wanted) = found
    assert drawn.worst_ratio(s, name) <= 1
    assert s.float().sub(wide).abs().max() > torch.finfo(dtype).eps / 8, "the factors were rounded"
    for one, other in zip(gradients, wanted, strict=True):
        assert torch.all((one - other).abs() <= 90**0.5 * torch.finfo(dtype).eps * other.abs().max())


def test_only_where_all_that_is_multiplied_is_half(monkeypatch):
    q, half = torch.ones(3, 2), torch.ones(3, 2, dtype=torch.bfloat16)
    assert not sums_in_float32(q.device)
    assert factor_dtype(half, half, half, torch.float32) == torch.float32
    monkeypatch.setattr(inputs, "sums_in_float32", lambda device: True)
    assert factor_dtype(half, half, half, torch.float32) == torch.bfloat16
    for q_, k, f, working in (
        (half, half, q, torch.float32),
        (half, half.half(), half, torch.float32),
        (half, half, half, torch.float64),
        (q, q, q, torch.float32),
    ):
        assert factor_dtype(q_, k, f, working) == working
