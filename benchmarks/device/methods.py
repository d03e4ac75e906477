"""What is timed on a device: the feedback solve, fused attention, and the solve of DeltaFormer where `fla` is installed.

All take q, k, f of shape (systems, T, width) and gamma of shape (systems, T). A feedback system is as wide as the
model; attention and DeltaFormer have heads, for which their kernels are made, and the solve is timed in heads as well
where DeltaFormer is. Whatever the heads, the number of operations is the same.
"""

import sys
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from sessa_ref.messages import reason
from sessa_ref.optimized import feedback_solve

HEAD: Final = 128
"""Width of a head; that of the model where it is narrower."""


class Method(NamedTuple):
    """A function of (q, k, gamma, f)."""

    name: str
    run: Callable[..., Tensor]
    in_heads: bool = True
    arrange: Callable[[Tensor], Tensor] = lambda z: z
    """Brings an input, with heads first, into the memory layout that the function takes; not timed."""

    def inputs(self, T: int, D: int, dtype: torch.dtype, device: torch.device) -> list[Tensor]:
        """(q, k, gamma, f), drawn anew: logits are standard normal, gains at most 0.9 in size."""
        width = min(HEAD, D) if self.in_heads else D
        generator = torch.Generator(device).manual_seed(0)
        q, k, f = (torch.randn(D // width, T, width, dtype=dtype, device=device, generator=generator) for _ in range(3))
        gamma = torch.rand(D // width, T, device=device, generator=generator).mul(1.8).sub(0.9).to(dtype)
        return [self.arrange(z).contiguous() for z in (q, k, gamma, f)]


def gradients(method: Method, inputs: list[Tensor], ds: Tensor) -> tuple[Tensor, ...]:
    """s, and the gradients of <s, ds>; attention has none for gamma."""
    leaves = [z.detach().requires_grad_() for z in inputs]
    s = method.run(*leaves)
    return s.detach(), *(z for z in torch.autograd.grad(s, leaves, ds, allow_unused=True) if z is not None)


def attention(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """Causal attention by a fused kernel, flash attention wherever that takes the dtype; gamma has no part in it."""
    flash = q.device.type != "cuda" or q.dtype != torch.float32
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION if flash else SDPBackend.EFFICIENT_ATTENTION):
        return functional.scaled_dot_product_attention(q[None], k[None], f[None], is_causal=True)[0]


def deltaformer(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """The solve inside `fla.ops.deltaformer`, whose inputs have tokens before heads, and -gamma as beta."""
    inputs, parallel = (z[None] for z in (q, k, f, -gamma)), _fla()
    return parallel.ParallelDeltaformerFunction.apply(*inputs, parallel.BLOCK_SIZE_C, None)[0]


@cache
def _fla() -> ModuleType:
    """The module of the kernels; fla-core alone lacks `fla.layers`, whence it takes two functions for padded batches."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about optional packages, which the solve does not need
        if find_spec("fla") and not find_spec("fla.layers"):
            utils = ModuleType("fla.layers.utils")
            vars(utils).update(pad_input=None, unpad_input=None)
            sys.modules |= {"fla.layers": ModuleType("fla.layers"), "fla.layers.utils": utils}
        return import_module("fla.ops.deltaformer.parallel")


SOLVE: Final = Method("solve", feedback_solve, in_heads=False)
ATTENTION: Final = Method("attention", attention)
PEERS: Final = (
    Method("solve in heads", feedback_solve),
    Method("deltaformer", deltaformer, arrange=lambda z: z.transpose(0, 1)),
)


def methods() -> tuple[tuple[Method, ...], str]:
    """Those that can be timed here, and what there is to say about DeltaFormer's."""
    try:
        _fla()
    except Exception as error:  # whatever that package raises where its kernels cannot run
        return (SOLVE, ATTENTION), f"not timed: {reason(error)}"
    return (SOLVE, ATTENTION, *PEERS), "as installed; not checked here"
