"""Sessa's mixer with one of its parts changed, to see what that part is good for."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer, feedback_solve
from sessa_ref.optimized.span import Together


class WithoutFeedback(SessaMixer):
    """The mixer with gain 0: B = 0 and s = f, plain attention. Its feedback parameters are there and do nothing."""

    def gain(self, u: Tensor) -> Tensor:
        """0 for every token."""
        return torch.zeros_like(u[..., 0])


def constant_gain(config: SessaConfig) -> SessaMixer:
    """Sessa's mixer with one gain for all tokens, gamma_max tanh(b) in (18): w = 0, and only b is learned."""
    mixer = SessaMixer(config)
    nn.init.zeros_(mixer.gamma_ctx.weight)
    mixer.gamma_ctx.weight.requires_grad_(False)
    return mixer


class OneHop(nn.Module):
    """s = f + B f: the series (I - B)^(-1) f = f + B f + B^2 f + ... up to one hop. There is nothing to be solved.

    Parameters, f and B are those of Sessa's mixer.
    """

    def __init__(self, config: SessaConfig) -> None:
        super().__init__()
        self.parts = SessaMixer(config)

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The outputs for tokens u."""
        parts = self.parts
        q, k, v = parts.forward_projections(u, Together(0, u.shape[-2]))
        f = parts.forward_signal(q, k, v, is_causal=True)
        q_fb, k_fb = parts.proj_fb(u).chunk(2, dim=-1)
        # Token t >= 1 reads the tokens 0 .. t - 1, the first one none.
        read = functional.scaled_dot_product_attention(
            q_fb[..., 1:, :], k_fb[..., :-1, :], f[..., :-1, :], is_causal=True
        )
        return f + parts.gain(u)[..., None] * functional.pad(read, (0, 0, 1, 0))


class SolveThenRead(nn.Module):
    """First the solve, on the values: w = (I - B)^(-1) v. Then attention reads w in place of v.

    The order is that of DeltaFormer (arXiv 2505.19488). All else is Sessa's: parameters, B with one head, gains in
    (-1, 1) and no rotary embedding in B. DeltaFormer, as flash-linear-attention has it, solves head by head, with the
    read's queries and keys, rotated, and its gains, one for each token and head, subtract and have no bound.
    """

    def __init__(self, config: SessaConfig) -> None:
        super().__init__()
        self.parts = SessaMixer(config)

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The outputs for tokens u."""
        parts = self.parts
        q, k, v = parts.forward_projections(u, Together(0, u.shape[-2]))
        q_fb, k_fb = parts.proj_fb(u).chunk(2, dim=-1)
        w = feedback_solve(q_fb, k_fb, parts.gain(u), v.flatten(-2))
        return parts.forward_signal(q, k, w.unflatten(-1, v.shape[-2:]), is_causal=True)


class AfterConvolution(nn.Module):
    """Another mixer, given a causal convolution of the tokens, channel by channel: the mixer of c_t = b + sum_i w_i u_(t-i).

    i runs from 0 to 3, a width of 4 as in Mamba and in Gated DeltaNet. Both put SiLU behind it; here GELU stands
    before it, in the block. Initially as torch draws it.
    """

    _WIDTH = 4

    def __init__(self, config: SessaConfig, mixer: Callable[[SessaConfig], nn.Module]) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(config.width, config.width, self._WIDTH, groups=config.width)
        self.mixer = mixer(config)

    def forward(self, u: Float[Tensor, "batch T D"]) -> Float[Tensor, "batch T D"]:
        """The outputs for tokens u."""
        before = functional.pad(u.transpose(-1, -2), (self._WIDTH - 1, 0))
        return self.mixer(self.convolution(before).transpose(-1, -2))
