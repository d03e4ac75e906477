"""Products of half precision that add up in float32, which torch has on NVIDIA's GPUs alone: here by a stand-in."""

import pytest
import torch

from sessa_ref.config import SessaConfig
from sessa_ref.optimized.solve import block_substitution, feedback_solve, inputs
from sessa_ref.optimized.solve.block_substitution import Sizes
from sessa_ref.optimized.solve.inputs import factor_dtype, sums_in_float32
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.levels import SOLVE

HALF = case("half precision", "", SessaConfig.published(8, 2), T=90, batch=1).at(SOLVE)


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


def test_factors_are_halves_and_sums_are_not(products):
    """s and its gradients are within the oracle's bounds of this precision, and s is not what exact factors give."""
    dtype, expected = torch.bfloat16, Expectation(HALF, "bfloat16")
    arrays = SOLVE.split(HALF.parameters.config, expected.case.x).values()
    q, k, gamma, f = (torch.tensor(array, dtype=dtype, requires_grad=True) for array in arrays)
    s = feedback_solve(q, k, gamma, f)
    gradients = torch.autograd.grad(s, (q, k, gamma, f), torch.tensor(expected.case.dy, dtype=dtype))
    assert set(products) == {(dtype, dtype, torch.float32, torch.float32)}
    for name, value in zip(("s", "dq", "dk", "dgamma", "df"), (s, *gradients), strict=True):
        assert value.dtype == dtype
        assert expected.error_ratios(name, value.detach().double().numpy()).max() <= 1, name
    exact = feedback_solve(q.float(), k.float(), gamma.float(), f.float())
    assert not torch.equal(s, exact.to(dtype)), "the factors were rounded"


def test_only_where_all_that_is_multiplied_is_half(monkeypatch):
    q, half = torch.ones(3, 2), torch.ones(3, 2, dtype=torch.bfloat16)
    assert not sums_in_float32(q.device)
    assert factor_dtype(half, half, half, torch.float32) == torch.float32
    monkeypatch.setattr(inputs, "sums_in_float32", lambda device: True)
    assert factor_dtype(half, half, half, torch.float32) == torch.bfloat16
    for q_, k, f, working in (
        (half, half, q, torch.float32),
        (half, half.half(), half, torch.float32),
        (half.half(), half.half(), half.half(), torch.float32),
        (half, half, half, torch.float64),
        (q, q, q, torch.float32),
    ):
        assert factor_dtype(q_, k, f, working) == working
