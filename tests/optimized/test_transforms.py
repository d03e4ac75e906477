"""What mode or transform of torch is at work."""

from types import SimpleNamespace

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad

from sessa_ref.optimized.transforms import (
    being_traced,
    forward_mode,
    function_transforms,
    has_no_values,
    mapped_first,
    only_plain,
    without_autocast,
    without_wrappers,
)

X = torch.arange(6.0).reshape(2, 3)


def seen_in(transform, look):
    """What `look` says of the tensor that a function is given under a transform."""
    seen = []
    transform(lambda x: (seen.append(look(x)), (x * x).sum())[1])(X)
    return seen[0]


def pushed_forward(function):
    return lambda x: torch.func.jvp(function, (x,), (torch.ones_like(x),))


@pytest.mark.parametrize(
    ("transform", "forward", "any_transform"),
    [
        (lambda f: f, False, False),
        (torch.func.grad, False, True),
        (torch.func.vmap, False, True),
        (pushed_forward, True, True),
        (lambda f: torch.func.jacfwd(torch.func.grad(f)), True, True),
    ],
)
def test_forward_modes_and_transforms(transform, forward, any_transform):
    assert seen_in(transform, lambda x: forward_mode()) is forward
    assert seen_in(transform, lambda x: function_transforms()) is any_transform
    assert seen_in(transform, only_plain) is forward
    assert not forward_mode()
    assert not function_transforms()


def test_dual_numbers_are_forward_mode_too():
    with forward_ad.dual_level():
        assert forward_mode()
        assert only_plain(X)
        assert not function_transforms()


def test_batched_gradients_take_plain_operations():
    """`is_grads_batched` maps by another mechanism than `torch.func.vmap`."""
    seen = []

    class Looks(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, *cotangents):
            seen.append((only_plain(*cotangents), forward_mode()))
            return cotangents[0]

    x = X.clone().requires_grad_()
    torch.autograd.grad(Looks.apply(x), x, torch.ones(4, 2, 3), is_grads_batched=True)
    torch.autograd.grad(Looks.apply(x), x, torch.ones(2, 3))
    assert seen == [(True, False), (False, False)]


@pytest.mark.filterwarnings("ignore:`torch.jit.trace:DeprecationWarning")
def test_recording_is_told():
    seen = []
    torch.jit.trace(lambda x: (seen.append(being_traced()), x + 1)[1], X)
    assert seen[0]
    assert not being_traced()


def test_tensors_without_values():
    with FakeTensorMode() as mode:
        assert has_no_values(mode.from_tensor(X))
    assert has_no_values(X.to("meta"))
    assert not has_no_values(X)


def test_wrappers_are_taken_off():
    """Of two transforms, one in the other; what is inside has the mapped axes again."""
    shapes = []

    def inner(x):
        plain = without_wrappers(x)
        shapes.append((tuple(x.shape), tuple(plain.shape), bool((plain == X).all())))
        return (x * x).sum()

    torch.func.vmap(torch.func.grad(inner))(X)
    torch.func.vmap(torch.func.vmap(inner))(X)
    assert shapes == [((3,), (2, 3), True), ((), (2, 3), True)]
    assert without_wrappers(X) is X


def test_autocast_is_off_inside():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (X @ X.mT).dtype == torch.bfloat16
        with without_autocast(X.device):
            assert (X @ X.mT).dtype == torch.float32
    with without_autocast(torch.device("meta")):
        pass


def test_the_mapped_axis_comes_first():
    info = SimpleNamespace(batch_size=3)
    moved = mapped_first(info, (1, None, None), (X, X, "method"))
    assert torch.equal(moved[0], X.mT)
    assert torch.equal(moved[1], torch.stack([X, X, X]))
    assert moved[2] == "method"
