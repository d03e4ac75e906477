"""Attention by kernels against its plain form, and all that torch may ask of it."""

import pytest
import torch
from torch.autograd import forward_ad

from sessa_ref.optimized.attention import _plain, attend
from tests.optimized.rounding import assert_equal_but_for_rounding


def inputs(T: int = 5, batch: tuple[int, ...] = (2,)) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((4, T, 6), (2, T, 6), (2, T, 6))
    return tuple(torch.randn(*batch, *s, dtype=torch.float64, generator=generator) for s in shapes)


def causal(q, k, v):
    return attend(q, k, v, is_causal=True)


def plain(q, k, v):
    return _plain(q, k, v, None, True)


@pytest.mark.parametrize("batch", [(), (2,), (2, 3), (0,)])
def test_any_batch(batch):
    q, k, v = inputs(batch=batch)
    assert_equal_but_for_rounding(causal(q, k, v), plain, q, k, v)
    visible = torch.rand(*batch, 1, 5, 5, generator=torch.Generator().manual_seed(1)) < 0.5
    visible[..., 0] = True
    masked = attend(q, k, v, visible)
    assert_equal_but_for_rounding(masked, _plain, q, k, v, visible, False)
    if masked.numel():
        assert (masked - plain(q, k, v)).abs().max() > 0.1, "the masks differ"


def test_a_mask_may_lack_batch_axes():
    q, k, v = inputs(batch=(2, 3))
    visible = torch.rand(3, 1, 5, 5, generator=torch.Generator().manual_seed(1)) < 0.5
    visible[..., 0] = True
    assert_equal_but_for_rounding(attend(q, k, v, visible), _plain, q, k, v, visible, False)


@pytest.mark.parametrize(("visible", "is_causal"), [(None, True), (torch.ones(5, 5).triu().bool(), False)])
def test_gradients_are_those_of_the_plain_form(visible, is_causal):
    """Also under torch.func, and a second time."""
    tensors = [z.requires_grad_() for z in inputs()]

    def derivatives(function, *tensors):
        def loss(q, k, v):
            return function(q, k, v, visible, is_causal).sin().sum()

        first = torch.autograd.grad(loss(*tensors), tensors, create_graph=True)
        second = torch.autograd.grad(torch.stack([g.square().sum() for g in first]).sum(), tensors)
        return [*first, *second, *torch.func.grad(loss, (0, 1, 2))(*tensors)]

    assert_equal_but_for_rounding(derivatives(attend, *tensors), derivatives, _plain, *tensors)


def test_derivatives_pass_torchs_own_check():
    q, k, v = (z.requires_grad_() for z in inputs(3, (1,)))
    mask = torch.tensor([[True, False, False], [True, True, False], [True, False, True]])
    for function in (causal, lambda q, k, v: attend(q, k, v, mask)):
        assert torch.autograd.gradcheck(
            function, (q, k, v), check_forward_ad=True, check_batched_grad=True, check_batched_forward_grad=True
        )
        assert torch.autograd.gradgradcheck(function, (q, k, v), check_fwd_over_rev=True, check_batched_grad=True)


@pytest.mark.parametrize(
    "transform",
    [
        lambda fn: torch.func.grad(fn, (0, 1, 2)),
        lambda fn: torch.func.hessian(fn, 1),
        lambda fn: torch.func.jacfwd(torch.func.jacfwd(fn, 1), 2),
        lambda fn: torch.func.jacrev(torch.func.jacrev(fn, 0), 1),
        lambda fn: torch.func.vmap(torch.func.grad(fn)),
    ],
)
def test_function_transforms(transform):
    ours, wanted = (transform(lambda *a, fn=fn: fn(*a).sin().sum()) for fn in (causal, plain))
    assert_equal_but_for_rounding(ours(*inputs(3)), wanted, *inputs(3))


def test_a_gradient_without_a_graph():
    """Of a transform, whose output no kernel has made before, while gradients are switched off."""

    def gradient(function, do, *tensors):
        return torch.func.vjp(function, *tensors)[1](do)

    given = torch.ones(2, 4, 3, 6).double(), *inputs(3)
    with torch.no_grad():
        assert_equal_but_for_rounding(gradient(causal, *given), gradient, plain, *given)


def test_a_gradient_is_pushed_forward():
    """It is linear in the cotangent, so its tangent is the gradient for the cotangent's tangent."""
    tensors = tuple(z.requires_grad_() for z in inputs(3))
    o = causal(*tensors)
    tangent = torch.randn(o.shape, dtype=o.dtype, generator=torch.Generator().manual_seed(1))
    with forward_ad.dual_level():
        found = torch.autograd.grad(o, tensors, forward_ad.make_dual(torch.ones_like(o), tangent), retain_graph=True)
        ours = [forward_ad.unpack_dual(gradient).tangent for gradient in found]
    assert_equal_but_for_rounding(ours, lambda do, *z: torch.autograd.grad(plain(*z), z, do), tangent, *tensors)


def test_mapped_masks_stay_with_their_examples():
    q, k, v = inputs()
    visible = torch.ones(2, 5, 5, dtype=torch.bool).tril()
    visible[1, 4, 2] = False
    mapped = torch.func.vmap(attend)(q, k, v, visible)
    for i in range(2):
        assert_equal_but_for_rounding(mapped[i], attend, q[i], k[i], v[i], visible[i])


def test_a_row_that_sees_nothing_is_no_nan_in_a_gradient():
    q, k, v = (z.requires_grad_() for z in inputs(3, (1,)))
    visible = torch.tensor([[False, False, False], [True, False, False], [True, True, True]])
    gradients = torch.autograd.grad(_plain(q, k, v, visible, False).sum(), (q, k, v))
    assert all(g.isfinite().all() for g in gradients)
