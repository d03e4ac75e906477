"""Blocked, dense and hops against the definition, within the bounds of the rounding analysis."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sessa_ref.optimized.solve import BACKENDS, blocked, check_backend, dense, feedback_solve, hops
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.optimized.solve.problems import Problem, problem, problems


@settings(max_examples=20)
@given(problems(), st.integers(1, 40))
def test_every_method_solves_the_system(drawn: Problem, block: int):
    tensors = drawn.tensors()
    ratio_of = drawn.ratios()
    for s in (blocked(*tensors, block=block), dense(*tensors), hops(*tensors)):
        assert ratio_of(s) <= 1


@settings(max_examples=15)
@given(problems(max_T=60), st.integers(1, 40))
def test_every_method_has_the_same_gradients(drawn: Problem, block: int):
    """As the dense form."""
    assume(drawn.f.size > 0)
    tensors = drawn.tensors(grad=True)
    ds = torch.randn(drawn.f.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def gradients(method, ds, *tensors):
        s = method(*tensors)
        return *torch.autograd.grad(s, tensors, ds), s.detach()

    for method in (hops, lambda *a: blocked(*a, block=block)):
        assert_equal_but_for_rounding(gradients(method, ds, *tensors), gradients, dense, ds, *tensors)


def test_a_thousand_tokens():
    drawn = problem(1000, batch=1, D=2)
    drawn.gamma[:] = 0.9999
    drawn.gamma[:, 500:] *= -1
    ratio_of = drawn.ratios()
    for method in (blocked, dense, hops):
        assert ratio_of(method(*drawn.tensors())) <= 1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_other_precisions_are_computed_in_float32(backend, dtype):
    drawn = problem(70).rounded(dtype)
    s = feedback_solve(*drawn.tensors(dtype), backend=backend)
    assert s.dtype == getattr(torch, dtype)
    assert drawn.worst_ratio(s, dtype) <= 1
    single = feedback_solve(*drawn.tensors("float32"), backend=backend)
    assert torch.equal(s, single.to(s.dtype)), "one rounding, at the end"


@pytest.mark.parametrize("bend", ["diagonal", "scale", "transposed gain"])
def test_bent_maps_are_far_outside(bend):
    drawn = problem(40)
    q, k, gamma, f = drawn.tensors()
    if bend == "diagonal":  # j <= t: the keys come one token early
        s = blocked(q, k.roll(-1, dims=1), gamma, f)
    elif bend == "scale":
        s = blocked(q * 2, k, gamma, f)
    else:
        s = blocked(q, k, gamma.roll(1, dims=1), f)
    assert drawn.worst_ratio(s) > 1e6


def test_strided_inputs_and_leading_axes():
    drawn = problem(33, batch=6)
    q, k, gamma, f = drawn.tensors()
    q_, k_, f_ = (z.mT.contiguous().mT for z in (q, k, f))
    ours = blocked(q_, k_, gamma.T.contiguous().T, f_, block=8)
    assert_equal_but_for_rounding(ours, dense, q, k, gamma, f)
    q_, k_, gamma_, f_ = (z.unflatten(0, (2, 3)) for z in (q, k, gamma, f))
    for backend in BACKENDS:
        s = feedback_solve(q_, k_, gamma_, f_, backend=backend)
        assert_equal_but_for_rounding(s.flatten(0, 1), dense, q, k, gamma, f)
    assert_equal_but_for_rounding(blocked(q[0], k[0], gamma[0], f[0]), dense, q[0], k[0], gamma[0], f[0])


def test_it_leaves_its_inputs_alone():
    tensors = problem(33).tensors(grad=True)
    copies = [z.detach().clone() for z in tensors]
    s = blocked(*tensors, block=8)
    kept = s.detach().clone()
    s.sum().backward()
    assert all(torch.equal(z, copy) for z, copy in zip([*tensors, s], [*copies, kept], strict=True))


def test_bad_arguments():
    q, k, gamma, f = problem(5).tensors()
    with pytest.raises(ValueError, match=r"backend must be one of .* got 'fast'"):
        check_backend("fast")
    with pytest.raises(ValueError, match=r"gamma \(..., T\) and f \(..., T, D\), got \(2, 5, 4\), .*\(2, 4\)"):
        feedback_solve(q, k, gamma[:, :4], f)
