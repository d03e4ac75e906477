"""The solve of DeltaFormer, u_t = f_t - beta_t sum over j < t of alpha_tj u_j, from the public package fla-core 0.6.0.

It is ours with gamma = -beta. `plain` is that package's form in plain PyTorch, `kernel` its Triton kernel, in chunks of
`BLOCK` tokens, and `packed` the same kernel for sequences that are joined. Without a GPU, kernels run through Triton's
interpreter, which has no arithmetic in bfloat16. All compute in float32, or less.

.venv/bin/pip install --no-deps fla-core==0.6.0 einops triton
.venv/bin/sessa-ref verify examples/implementations/deltaformer.py:kernel --level solve --quick --block-size 64 --dtype float32
"""

import os
import sys
import warnings
from importlib.util import find_spec
from types import ModuleType

import torch
from torch.nn.functional import pad

BLOCK = 64
INTERPRETED = not torch.cuda.is_available()
_PEAK = 256.0
"""Its square, over the root of a width, is far more than any other logit."""


def _deltaformer() -> ModuleType:
    """The module of the kernel."""
    if INTERPRETED:
        if "triton" in sys.modules and os.environ.get("TRITON_INTERPRET") != "1":
            raise ImportError("without a GPU, TRITON_INTERPRET=1 has to be set before triton is imported")
        os.environ["TRITON_INTERPRET"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no GPU, and no flash_attn, which the solve does not need
        if find_spec("fla.layers") is None:  # fla-core alone; the module imports two functions for padded batches
            layers, parent = ModuleType("fla.layers.utils"), ModuleType("fla.layers")
            layers.pad_input = layers.unpad_input = None
            sys.modules |= {"fla.layers": parent, "fla.layers.utils": layers}
        from fla.ops.deltaformer import parallel
    if INTERPRETED:
        parallel.range = lambda *limits: map(_Index, range(*limits))
        for kernel in vars(parallel).values():
            if hasattr(kernel, "configs"):  # the interpreter cannot time alternatives: the first one will do
                kernel.configs = kernel.configs[:1]
    return parallel


class _Index(int):
    """A number of a loop, which a compiled kernel can cast, and the interpreter's cannot."""

    def to(self, _dtype: object) -> "_Index":
        """Itself."""
        return self


deltaformer = _deltaformer()


def kernel(q, k, gamma, f):
    """s, of the shape of f, (batch, T, D), by the function that the package's `deltaformer_attn` calls."""
    q, k, wide = _padded(q, k, f)
    q, k, wide, beta = (part[:, :, None].contiguous() for part in (q, k, wide, -gamma))  # one head
    return _solve(q, k, wide, beta, None)[:, :, 0, : f.shape[-1]]


def packed(q, k, gamma, f):
    """The same with the rows of the batch one after another, as sequences of different lengths are given to it."""
    rows, T = gamma.shape
    q, k, wide = _padded(q, k, f)
    q, k, wide, beta = (part.reshape(1, rows * T, 1, *part.shape[2:]) for part in (q, k, wide, -gamma))
    ends = T * torch.arange(rows + 1, device=f.device)
    return _solve(q, k, wide, beta, ends).reshape(rows, T, wide.shape[-1])[..., : f.shape[-1]]


def _solve(q, k, f, beta, ends):
    return deltaformer.ParallelDeltaformerFunction.apply(q, k, f, beta, BLOCK, ends) if f.shape[1] else f.clone()


def _padded(q, k, f):
    """With zeros up to one width, the power of two that Triton needs. Logits are divided by its root, so q is scaled."""
    width = q.shape[-1]
    wide = 16
    while wide < max(width, f.shape[-1]):
        wide *= 2
    q, k, f = (pad(part, (0, wide - part.shape[-1])) for part in (q, k, f))
    return q * (wide / width) ** 0.5, k, f


def plain(q, k, gamma, f):
    """s, of the shape of f, (batch, T, D), by `naive_deltaformer_attn`.

    That function solves for u, and returns what a causal attention with the same queries and keys reads of u. Here every
    token has a coordinate of its own, on which its query and its key are large: they leave the solve as it is, whose
    tokens do not read themselves, and token t then reads u_t alone.
    """
    from fla.ops.deltaformer import naive_deltaformer_attn

    T, width = f.shape[1], q.shape[-1]
    if not T:
        return f.clone()
    scale, wide = 1, width  # logits are divided by the root of the width; a power of two makes up for it exactly
    while wide < max(width + T, f.shape[-1]):
        scale, wide = 2 * scale, 4 * wide
    own = pad(_PEAK * torch.eye(T, dtype=q.dtype, device=q.device), (width, wide - width - T))
    q, k, f_wide = (
        scale * pad(q, (0, wide - width)) + own,
        pad(k, (0, wide - width)) + own,
        pad(f, (0, wide - f.shape[-1])),
    )
    s = naive_deltaformer_attn(q[:, :, None], k[:, :, None], f_wide[:, :, None], -gamma[:, :, None])
    return s[:, :, 0, : f.shape[-1]]
