"""Mamba-3 (arXiv 2603.15569) with one input and one output for each head (SISO): a state that decays and turns."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary

_CHUNK = 64
_STEPS = 1e-3, 1e-1
_LEAST_RATE = 1e-4


class Mamba3(nn.Module):
    """Head by head, H_t = alpha_t H_(t-1) + beta_t x_(t-1) k_(t-1)^T + gamma_t x_t k_t^T and y_t = H_t q_t + d x_t.

    Every token sets, for each head, a step Delta > 0, a rate a <= -0.0001 and a share lambda in (0, 1): alpha =
    e^(Delta a), beta = (1 - lambda) Delta alpha, gamma = lambda Delta. Keys and queries are turned by the angles phi_t =
    phi_(t-1) + Delta_t pi tanh(theta_t), k_t = R(phi_t) b_t and q_t = R(phi_t) c_t: the state turns as it decays. b and c
    are the same for all heads, up to a bias for each head, and half of their pairs (2r, 2r + 1) turn. The output is
    W_out (y * SiLU(z)). With lambda = 1 and theta = 0 it is the recurrence of Mamba-2, with these b and c.

    From the source, the module `Mamba3` of the authors' package: norms and biases of b and c, no short convolution, no
    activation of x, no norm at the end, and a = -max(softplus, 0.0001) as in the release of March 2026; since June, it
    has another function in place of softplus there. Initial parameters are its own. Different are:

    - the block around it: there is no feed-forward network between two mixers, GELU stands in front, and a second gate
      and a second output projection behind;
    - the inner width is D and not 2 D, because of that second gate, and a head has D / H numbers and not 64;
    - weight decay reaches all parameters; theirs leaves out d and the bias of Delta.

    Args:
        config: width and heads.
        turning: pairs that turn. b and c have four times as many numbers.
    """

    def __init__(self, config: SessaConfig, turning: int) -> None:
        super().__init__()
        D, H, N = config.width, config.heads, 4 * turning
        self.parts = [D, D, N, N, H, H, H, turning]
        """Of the input projection: z, x, b, c, Delta, a, lambda, theta."""
        self.in_proj = nn.Linear(D, sum(self.parts), bias=False)
        self.out_proj = nn.Linear(D, D, bias=False)
        self.B_norm, self.C_norm = nn.RMSNorm(N, eps=1e-5), nn.RMSNorm(N, eps=1e-5)
        self.B_bias, self.C_bias = nn.Parameter(torch.ones(H, N)), nn.Parameter(torch.ones(H, N))
        step = torch.empty(H).uniform_(*map(math.log, _STEPS)).exp()
        self.dt_bias = nn.Parameter(torch.log(torch.expm1(step)))  # softplus of it is the step
        self.D = nn.Parameter(torch.ones(H))

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The outputs for tokens u, from the state 0."""
        z, x, b, c, dt, a, share, theta = self.in_proj(u).split(self.parts, dim=-1)
        step = functional.softplus(dt + self.dt_bias)
        decay = -step * functional.softplus(a).clamp(min=_LEAST_RATE)
        share = share.sigmoid()
        phi = torch.cumsum(step[..., None] * math.pi * theta.tanh()[..., None, :], dim=-3)
        k = _turned(self.B_norm(b)[..., None, :] + self.B_bias, phi)
        q = _turned(self.C_norm(c)[..., None, :] + self.C_bias, phi)
        x = x.unflatten(-1, (len(self.D), -1))
        # Token s is written twice: at its own step, and at the next one as the token before.
        own, again = share * step, functional.pad(((1 - share) * step)[..., 1:, :], (0, 0, 0, 1))
        vectors = (part.transpose(-2, -3) for part in (q, k, x))
        numbers = (part.transpose(-1, -2) for part in (decay, own + again, own))
        y = _read(*vectors, *numbers).transpose(-2, -3) + self.D[:, None] * x
        return self.out_proj(y.flatten(-2) * functional.silu(z))


def _turned(
    vectors: Float[Tensor, "*batch T H N"], phi: Float[Tensor, "*batch T H turning"]
) -> Float[Tensor, "*batch T H N"]:
    """The first pairs of the vectors turned by phi, the others as they are."""
    cos, sin = phi.cos(), phi.sin()
    turn, still = vectors.split([2 * phi.shape[-1], vectors.shape[-1] - 2 * phi.shape[-1]], dim=-1)
    return torch.cat([rotary.rotate(turn, rotary.Table(cos, sin, torch.complex(cos, sin))), still], dim=-1)


def _read(
    q: Float[Tensor, "*batch H T N"],
    k: Float[Tensor, "*batch H T N"],
    x: Float[Tensor, "*batch H T P"],
    decay: Float[Tensor, "*batch H T"],
    before: Float[Tensor, "*batch H T"],
    now: Float[Tensor, "*batch H T"],
) -> Float[Tensor, "*batch H T P"]:
    """y_t = now_t (q_t . k_t) x_t + sum over s < t of e^(decay_(s+1) + ... + decay_t) before_s (q_t . k_s) x_s.

    Within a chunk, by the matrix of these weights; from earlier chunks, through their state.
    """
    state, outputs = 0.0, []
    chunks = (part.split(_CHUNK, dim=-2) for part in (q, k, x))
    weights = (part.split(_CHUNK, dim=-1) for part in (decay, before, now))
    for q_, k_, x_, decay_, before_, now_ in zip(*chunks, *weights, strict=True):
        total = decay_.cumsum(dim=-1)
        earlier = torch.ones(2 * total.shape[-1:], dtype=torch.bool, device=x.device).tril(-1)
        kept = (total[..., :, None] - total[..., None, :]).masked_fill(~earlier, -math.inf).exp()
        weight = (q_ @ k_.mT) * (kept * before_[..., None, :] + now_.diag_embed())
        outputs.append(weight @ x_ + total.exp()[..., None] * (q_ @ state if outputs else 0))
        left = (total[..., -1:] - total).exp() * before_
        state = total[..., -1, None, None].exp() * state + (left[..., None] * k_).mT @ x_
    return torch.cat(outputs, dim=-2)
