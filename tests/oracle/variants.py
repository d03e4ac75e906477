"""Right layers that compute the same map in other ways; the oracle must accuse none of them."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

try:
    from plain_torch_layer import Cache, PlainTorchLayer
except ModuleNotFoundError:  # imported as tests.oracle.variants
    from tests.oracle.plain_torch_layer import Cache, PlainTorchLayer


class Plain(PlainTorchLayer):
    """The base itself."""


# The solve


class ForwardSubstitution(PlainTorchLayer):
    """Token by token."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        s = f[..., :0, :]
        for t in range(f.shape[-2]):
            s = torch.cat([s, f[..., t : t + 1, :] + B[..., t : t + 1, :t] @ s], dim=-2)
        return s


class ExplicitInverse(PlainTorchLayer):
    """The inverse of I - B, by a general routine."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        return torch.linalg.inv(torch.eye(B.shape[-1], dtype=B.dtype) - B) @ f


class NeumannSeries(PlainTorchLayer):
    """Every one of the T - 1 hops."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        term = s = f
        for _ in range(f.shape[-2] - 1):
            term = B @ term
            s = s + term
        return s


class NeumannByDoubling(PlainTorchLayer):
    """(I + B)(I + B^2)(I + B^4) ... f: every factor doubles the hops."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        hops, s = 1, f
        while hops < f.shape[-2]:
            s = s + B @ s
            B = B @ B
            hops *= 2
        return s


class BlockedSolve16(PlainTorchLayer):
    """Blocks of tokens: a product with all earlier blocks, and a small solve."""

    block = 16

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        s = f[..., :0, :]
        for start in range(0, f.shape[-2], self.block):
            rows = slice(start, start + self.block)
            right = f[..., rows, :] + B[..., rows, :start] @ s
            s = torch.cat([s, super().solve(B[..., rows, rows], right)], dim=-2)
        return s


class BlockedSolve64(BlockedSolve16):
    """The same with larger blocks."""

    block = 64


class NegatedSystem(PlainTorchLayer):
    """(B - I) s = -f."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        return torch.linalg.solve_triangular(B - torch.eye(B.shape[-1], dtype=B.dtype), -f, upper=False)


class SolveInFloat64(PlainTorchLayer):
    """Only the solve in float64, whatever the precision of the rest."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        return super().solve(B.double(), f.double()).to(f.dtype)


class _SolveWithAdjoint(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, B: Tensor, f: Tensor) -> Tensor:
        s = torch.linalg.solve_triangular(-B, f, upper=False, unitriangular=True)
        ctx.save_for_backward(B, s)
        return s

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, Tensor]:
        B, s = ctx.saved_tensors
        df = torch.linalg.solve_triangular(-B.mT, cotangents[0], upper=True, unitriangular=True)
        return (df @ s.mT).tril(-1), df


class RecomputedBackward(PlainTorchLayer):
    """The adjoint solve written by hand."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        s = _SolveWithAdjoint.apply(B, f)
        assert isinstance(s, Tensor)
        return s


class OutputProjectionAfterSolve(PlainTorchLayer):
    """The solve acts on each feature alike, so it may come before the output projection."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        return self.merge(self.softmax(self.logits(q, self.share(k)), visible) @ self.share(v))

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, self.mixer.out_proj(s), g)


# Attention


class Exp2Softmax(PlainTorchLayer):
    """Base-2 exponentials, log2(e) folded into the scale."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        return (q * (math.log2(math.e) / math.sqrt(q.shape[-1]))) @ k.mT

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        logits = logits.masked_fill(~visible & visible.any(dim=-1, keepdim=True), -torch.inf)
        highest = logits.detach().amax(dim=-1, keepdim=True) if logits.shape[-1] else 0
        exponentials = torch.exp2(logits - highest)
        return (exponentials / exponentials.sum(dim=-1, keepdim=True)).masked_fill(~visible, 0)


class WeightsByLogSumExp(PlainTorchLayer):
    """Weights exp(logit - logsumexp), one number kept per row."""

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        logits = logits.masked_fill(~visible & visible.any(dim=-1, keepdim=True), -torch.inf)
        return (logits - logits.logsumexp(dim=-1, keepdim=True)).exp().masked_fill(~visible, 0)


class _RecomputedWeights(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, values: Tensor) -> Tensor:
        total = logits.logsumexp(dim=-1, keepdim=True)
        o = (logits - total).exp() @ values
        ctx.save_for_backward(logits, values, total, o)
        return o

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, Tensor]:
        (do,) = cotangents
        logits, values, total, o = ctx.saved_tensors
        alpha = (logits - total).exp()
        along = (do * o).sum(dim=-1, keepdim=True)
        return alpha * (do @ values.mT - along), alpha.mT @ do


class RecomputedForwardWeights(PlainTorchLayer):
    """The forward attention's weights made again in the backward pass, from one number per row."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        logits = self.logits(q, self.share(k)).masked_fill(~visible, -torch.inf)
        o = _RecomputedWeights.apply(logits, self.share(v))
        assert isinstance(o, Tensor)
        return self.mixer.out_proj(self.merge(o))


class HalvedSolve(PlainTorchLayer):
    """The system in halves: the first half's states are the second half's right-hand side."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        T = f.shape[-2]
        if T < 2:
            return f
        early, late = slice(0, T // 2), slice(T // 2, T)
        first = self.solve(B[..., early, early], f[..., early, :])
        second = self.solve(B[..., late, late], f[..., late, :] + B[..., late, early] @ first)
        return torch.cat([first, second], dim=-2)


class MaskedFinite(PlainTorchLayer):
    """Hidden logits are the most negative finite number."""

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        masked = logits.masked_fill(~visible, torch.finfo(logits.dtype).min)
        return masked.softmax(dim=-1).masked_fill(~visible, 0)


class ScaledDotProduct(PlainTorchLayer):
    """Torch's own attention."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        k, v = self.share(k), self.share(v)
        o = functional.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        return self.mixer.out_proj(self.merge(o))


class OnlineSoftmax(PlainTorchLayer):
    """Blocks of keys, with a running maximum and a running sum."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        highest, total, o = q.new_full((*q.shape[:-1], 1), -torch.inf), 0, torch.zeros_like(q)
        k, v = self.share(k), self.share(v)
        for start in range(0, k.shape[-2], 16):
            block = slice(start, start + 16)
            keys, values, seen = k[..., block, :], v[..., block, :], visible[:, block]
            logits = self.logits(q, keys).masked_fill(~seen, -torch.inf)
            new_highest = torch.maximum(highest, logits.detach().amax(dim=-1, keepdim=True))
            shrink = (highest - new_highest).exp()
            exponentials = (logits - new_highest).exp()
            total = total * shrink + exponentials.sum(dim=-1, keepdim=True)
            o = o * shrink + exponentials @ values
            highest = new_highest
        return self.mixer.out_proj(self.merge(o / total if q.shape[-2] else o))


class OtherEinsumOrders(PlainTorchLayer):
    """Products in other orders: values meet the output projection before they are averaged."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        return torch.einsum("...jd,...td->...tj", k * k.shape[-1] ** -0.5, q)

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        alpha = self.softmax(self.logits(q, self.share(k)), visible)
        if not isinstance(self.mixer.out_proj, nn.Linear):
            return torch.einsum("...htj,...hjd->...td", alpha, v)
        by_head = self.mixer.out_proj.weight.unflatten(-1, (self.H, self.head_width))
        projected = torch.einsum("...hjd,ohd->...hjo", self.share(v), by_head)
        return torch.einsum("...htj,...hjo->...to", alpha, projected)

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return self.W_out.bias + torch.einsum("od,...td,...td->...to", self.W_out.weight, g, s) + x


# Rotary embedding


class ShiftedRotaryOrigin(PlainTorchLayer):
    """Only differences of positions count, so they may start at 17."""

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        return super().angles(positions + 17, width, dtype)


class RotaryByComplexNumbers(PlainTorchLayer):
    """Pairs as complex numbers, turned by exp(i theta)."""

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        pairs = torch.view_as_complex(z.to(theta.dtype).unflatten(-1, (z.shape[-1] // 2, 2)).contiguous())
        turned = pairs * torch.polar(torch.ones_like(theta), theta)
        return torch.view_as_real(turned).flatten(-2).to(z.dtype)


# Token-wise maps and the gain


class OnePassVariance(PlainTorchLayer):
    """Variance as E[z^2] - E[z]^2, with z = x less its first coordinate, against cancellation."""

    def normalize(self, x: Tensor) -> Tensor:
        z = x - x[..., :1].detach()
        mean = z.mean(dim=-1, keepdim=True)
        variance = z.square().mean(dim=-1, keepdim=True) - mean.square()
        return (z - mean) / (variance + self.eps).sqrt() * self.ln.weight + self.ln.bias


class ErfcGelu(PlainTorchLayer):
    """a erfc(-a / sqrt 2) / 2: no cancellation at negative a."""

    def gelu(self, a: Tensor) -> Tensor:
        return a * 0.5 * torch.erfc(-a / math.sqrt(2))


class LibraryNormAndGelu(PlainTorchLayer):
    """Torch's own layer norm and GELU."""

    def normalize(self, x: Tensor) -> Tensor:
        return self.ln(x)

    def gelu(self, a: Tensor) -> Tensor:
        return functional.gelu(a)


class SigmoidTanh(PlainTorchLayer):
    """tanh(z) = 2 sigmoid(2z) - 1."""

    def gain(self, pre: Tensor) -> Tensor:
        return self.gamma_max * (2 * torch.sigmoid(2 * pre) - 1)


class FusedProjections(PlainTorchLayer):
    """One product for queries, keys, values, feedback and gain."""

    def projections(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        m = self.mixer
        maps = (m.q_proj, m.k_proj, m.v_proj, m.proj_fb)
        weight = torch.cat([*(one.weight for one in maps), m.gamma_ctx.weight])
        bias = torch.cat([*(one.bias for one in maps), m.gamma_bias[None]])
        widths = [*(one.out_features for one in maps), 1]
        q, k, v, fb, pre = functional.linear(u, weight, bias).split(widths, dim=-1)
        return q, k, v, fb, pre


# The whole layer


class ChunkedForward(PlainTorchLayer):
    """Chunks of tokens, each after a cache of those before it."""

    chunk = 16

    def forward(self, x: Tensor) -> Tensor:
        cache: Cache = self.empty_cache(x.shape[:-2], x)
        outputs = []
        for tokens in x.split(self.chunk, dim=-2):
            y, cache = self.advance(tokens, cache)
            outputs.append(y)
        return torch.cat(outputs, dim=-2)


class StreamingForward(ChunkedForward):
    """One token at a time."""

    chunk = 1


class Compiled(PlainTorchLayer):
    """Through torch.compile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.compiled = (torch.compile(super().forward, backend="eager"),)

    def forward(self, x: Tensor) -> Tensor:
        return self.compiled[0](x)


VARIANTS: tuple[str, ...] = tuple(
    name
    for name, layer in list(globals().items())
    if isinstance(layer, type) and issubclass(layer, PlainTorchLayer) and layer.__module__ == __name__
)
"""The names of all classes above."""
