"""What torch does with the blocked solve: derivatives of all kinds, transforms, compilation, memory."""

import subprocess
import sys

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sessa_ref.optimized.solve import BACKENDS, blocked, dense, feedback_solve, hops
from sessa_ref.optimized.solve.block_substitution import PROCESSOR
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.optimized.solve.problems import problem


def small(T: int = 7, grad: bool = True):
    return problem(T, D=2, d=3).tensors(grad=grad)


def in_blocks(*tensors):
    return blocked(*tensors, block=3)


METHODS = {"blocked": in_blocks, "dense": dense, "hops": hops}


@pytest.mark.parametrize("method", METHODS)
def test_first_and_second_derivatives_pass_torchs_own_check(method):
    assert torch.autograd.gradcheck(
        METHODS[method],
        small(),
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
    )
    assert torch.autograd.gradgradcheck(METHODS[method], small(4), check_fwd_over_rev=True, check_batched_grad=True)


@pytest.mark.parametrize("argnum", range(4))
@pytest.mark.parametrize("method", [in_blocks, hops])
def test_function_transforms(method, argnum):
    tensors = small(grad=False)

    def both(transform):
        return [transform(lambda *a, m=m: m(*a).sin().sum()) for m in (method, dense)]

    for transform in (
        lambda fn: torch.func.grad(fn, argnum),
        lambda fn: torch.func.hessian(fn, argnum),
        lambda fn: torch.func.jacrev(torch.func.grad(fn, argnum), argnum),
        lambda fn: torch.func.vmap(torch.func.grad(fn, argnum)),
        # nested forward modes, in which a rule of our own would silently be taken for a constant
        lambda fn: torch.func.jacfwd(torch.func.jacfwd(fn, argnum), argnum),
    ):
        ours, wanted = both(transform)
        assert_equal_but_for_rounding(ours(*tensors), wanted, *tensors)


def test_vmap_over_any_axis():
    tensors = problem(9, batch=3).tensors()
    q, k, gamma, f = (z.movedim(0, -1) for z in tensors)
    mapped = torch.func.vmap(in_blocks, in_dims=-1)(q, k, gamma, f)
    assert_equal_but_for_rounding(mapped, dense, *tensors)
    shared = torch.func.vmap(in_blocks, in_dims=(None, None, None, -1))(q[..., 0], k[..., 0], gamma[..., 0], f)
    assert_equal_but_for_rounding(shared[1], dense, q[..., 0], k[..., 0], gamma[..., 0], f[..., 1])


@pytest.mark.parametrize("method", ["blocked", "hops"])
def test_the_operators_of_compiled_graphs(method):
    """Called outside of a graph."""
    drawn = problem(20)
    tensors = drawn.tensors(grad=True)
    s, _ = torch.ops.sessa_ref.feedback_solve(*tensors, method, 8)
    assert drawn.worst_ratio(s.detach()) <= 1
    ours = torch.autograd.grad(s.sin().sum(), tensors)
    assert_equal_but_for_rounding(ours, lambda *z: torch.autograd.grad(dense(*z).sin().sum(), z), *tensors)


def test_every_backend_compiles_as_a_whole():
    """In a process of its own, because the run-time type checker of the tests cannot be compiled."""
    script = """
import sys
import torch
from sessa_ref.optimized.solve import feedback_solve
from tests.optimized.rounding import rounding_ratio
gradients = lambda fn, *tensors: torch.autograd.grad(fn(*tensors), tensors)
for backend in sys.argv[1:]:
    torch.compiler.reset()
    loss = lambda *a: feedback_solve(*a, backend).sin().sum()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for T in (7, 9, 400):
        tensors = [torch.randn(2, T, 3, dtype=torch.float64) for _ in range(2)]
        tensors += [torch.rand(2, T, dtype=torch.float64) - 0.5, torch.randn(2, T, 4, dtype=torch.float64)]
        tensors = [z.requires_grad_() for z in tensors]
        print(rounding_ratio(gradients(compiled, *tensors), gradients, loss, *tensors))
"""
    done = subprocess.run([sys.executable, "-c", script, *BACKENDS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ratios = [float(ratio) for ratio in done.stdout.split()]
    assert len(ratios) == len(BACKENDS) * 3
    assert all(ratio <= 1 for ratio in ratios)


def test_autocast_does_not_lower_the_precision():
    tensors = problem(40).tensors("float32")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = feedback_solve(*tensors)
    assert torch.equal(inside, feedback_solve(*tensors))


class LargestTensor(TorchDispatchMode):
    """Records the number of entries of the largest tensor that any operation makes."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                self.entries = max(self.entries, tensor.numel())
        return result


@pytest.mark.parametrize("T", [256, 512, 1024])
def test_no_tensor_is_quadratic_in_the_tokens(T):
    tensors = problem(T, batch=1, d=4, D=4).tensors(grad=True)
    with LargestTensor() as largest:
        torch.autograd.grad(blocked(*tensors, block=16).sum(), tensors)
    assert largest.entries == max(16 * T, PROCESSOR.tile**2), "the weights of a block, or the mask of a tile"
    with LargestTensor() as of_dense:
        torch.autograd.grad(dense(*tensors).sum(), tensors)
    assert of_dense.entries == T * T


def test_what_is_kept_for_the_backward_pass_is_linear():
    kept = []

    def remember(tensor):
        kept.append(tensor.numel())
        return tensor

    tensors = problem(300, batch=1, d=4, D=4).tensors(grad=True)
    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        blocked(*tensors, block=16)
    assert sum(kept) == 300 * (4 + 4 + 1 + 4 + 4 + 4)  # q, k, gamma, f, s, w
