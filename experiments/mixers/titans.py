"""Titans, memory as context (arXiv 2501.00663): attention in segments, and a matrix that learns while it reads."""

from dataclasses import replace
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from experiments.mixers.projection import PAST, Projection
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary

PERSISTENT: Final = 4
"""Persistent tokens: learned, and in front of every segment."""

_FORGET, _MOMENTUM, _RATE = 0.01, 0.1, 0.5


class Memory(NamedTuple):
    """A linear memory M, which answers q with M q, and its momentum S."""

    M: Float[Tensor, "*batch values keys"]
    S: Float[Tensor, "*batch values keys"]


class Gates(NamedTuple):
    """The three gates before their sigmoid: of forgetting alpha, of momentum eta and of the learning rate theta."""

    alpha: Float[Tensor, "*batch C"]
    eta: Float[Tensor, "*batch C"]
    theta: Float[Tensor, "*batch C"]


def learn(
    memory: Memory,
    q: Float[Tensor, "*batch C keys"],
    k: Float[Tensor, "*batch C keys"],
    v: Float[Tensor, "*batch C values"],
    gates: Gates,
) -> tuple[Float[Tensor, "*batch C values"], Memory]:
    """One gradient step for every token: the answers M_t q_t right after each, and the memory after the last one.

    S_t = eta_t S_(t-1) - theta_t grad |M_(t-1) k_t - v_t|^2 and M_t = (1 - alpha_t) M_(t-1) + S_t, with the gradient
    2 (M k - v) k^T. So all is known once the u_t = -2 theta_t (M_(t-1) k_t - v_t) are, of which S_t adds u_t k_t^T; and
    they solve a triangular system, because M_(t-1) is M_0, S_0 and the earlier u_j k_j^T, each with a weight.
    """
    keep = _products(functional.logsigmoid(-gates.alpha))
    carry = _products(functional.logsigmoid(gates.eta))
    # What M_i has of M_0 is keep[i, 0]; of S_0 and of u_j k_j^T, j >= 1, it is write[i, 0] and write[i, j]:
    # what S_r has of them, and M_i still has of S_r, summed over r.
    write = keep[..., 1:] @ carry[..., 1:, :]
    twice_theta = 2 * torch.sigmoid(gates.theta)[..., None]

    def from_start(z: Tensor, rows: slice) -> Tensor:
        return keep[..., rows, :1] * (z @ memory.M.mT) + write[..., rows, :1] * (z @ memory.S.mT)

    before, after = slice(None, -1), slice(1, None)
    system = twice_theta * write[..., before, 1:] * (k @ k.mT)  # strictly lower: M_(t-1) has no u_t
    right = twice_theta * (v - from_start(k, before))
    u = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    answers = from_start(q, after) + (write[..., after, 1:] * (q @ k.mT)) @ u

    def end(of_u: Tensor) -> Tensor:
        return (of_u[..., -1, 1:, None] * u).mT @ k + of_u[..., -1:, :1] * memory.S

    return answers, Memory(keep[..., -1:, :1] * memory.M + end(write), end(carry))


def _products(logs: Float[Tensor, "*batch C"]) -> Float[Tensor, "*batch C+1 C+1"]:
    """Entry (i, j), 0 <= j <= i <= C, is the product of the factors j + 1 .. i of 1 .. C, given their logarithms."""
    sums = functional.pad(logs.cumsum(dim=-1), (1, 0))
    above = torch.ones(sums.shape[-1], sums.shape[-1], dtype=torch.bool, device=logs.device).triu(1)
    return (sums[..., :, None] - sums[..., None, :]).masked_fill(above, -torch.inf).exp()


class Titans(nn.Module):
    """Attention reads what the memory recalls, and the memory learns what attention finds: one segment after another.

    For the tokens x of a segment, h = M q(x), y = attention over [persistent tokens, h, x], M learns y token by token,
    and o = norm(y) * sigmoid(norm(M q(y))).

    This is the causal form. Taken literally, the source has two leaks: under a causal mask over [persistent tokens, h,
    x] every token sees the h of its whole segment, and the memory that answers y has learned the whole segment. Here a
    token sees h and x no further than itself, and M right after it answers. h comes from M before the segment, as in
    the source.

    As in the source, q, k and v of the memory are each a `Projection`, and q and k have norm 1. Every token has its own
    gradient step, exactly (`learn`); to train faster, the source takes the gradients of a chunk at its beginning.
    The memory is the source's linear case, one matrix, where its experiments have a deeper network, too. The source
    leaves the rest open: the memory begins empty; alpha, eta and theta are sigmoids of a linear map of y, about 0.01, 0.1
    and 0.5 at first; the same projection asks the memory with x and with y; of y there is only what attention gives the
    tokens of the segment; the sigmoid in o stands on the memory's side; queries, keys and values of attention are linear
    maps, without convolution, SiLU and norm; attention has heads and, with `config.rope`, rotary embedding by the place in
    the segment, where h_t has the place of x_t, and the persistent tokens that of the first one.

    The block around it is ours: GELU stands in front of it, and behind it a second gate and the output projection,
    which attention does not have here. There is no feed-forward network between two mixers.

    Args:
        config: width, heads and rotary embedding of attention.
        keys: numbers in a key of the memory; its values have D.
        segment: tokens that attend to each other; what is farther back can come from the memory alone.
    """

    def __init__(self, config: SessaConfig, keys: int, segment: int = 32) -> None:
        super().__init__()
        D = config.width
        self.config, self.segment = replace(config, kv_heads=0, query_width=0), segment
        self.persistent = nn.Parameter(torch.randn(PERSISTENT, D))
        self.q_proj = nn.Linear(D, D)
        self.kv_proj = nn.Linear(D, 2 * D)
        self.memory_q, self.memory_k = Projection(D, keys), Projection(D, keys)
        self.memory_v = Projection(D, D)
        self.gates = nn.Linear(D, 3)
        self.norm_y = nn.RMSNorm(D, eps=config.norm_eps)
        self.norm_answer = nn.RMSNorm(D, eps=config.norm_eps)
        with torch.no_grad():
            self.gates.bias.copy_(torch.logit(torch.tensor([_FORGET, _MOMENTUM, _RATE])))

    def forward(self, u: Float[Tensor, "batch T D"]) -> Float[Tensor, "batch T D"]:
        """The outputs for tokens u."""
        queries = functional.normalize(self.memory_q(functional.pad(u, (0, 0, PAST, 0))), dim=-1)
        empty = u.new_zeros(u.shape[0], u.shape[2], queries.shape[2])
        memory, recent, outputs = Memory(empty, empty), u.new_zeros(u.shape[0], PAST, u.shape[2]), []
        for x, q in zip(u.split(self.segment, dim=1), queries.split(self.segment, dim=1), strict=True):
            y = self._attend(q @ memory.M.mT, x)
            recent = torch.cat([recent[:, -PAST:], y], dim=1)
            q, k = (functional.normalize(project(recent), dim=-1) for project in (self.memory_q, self.memory_k))
            answers, memory = learn(memory, q, k, self.memory_v(recent), Gates(*self.gates(y).unbind(-1)))
            outputs.append(self.norm_y(y) * torch.sigmoid(self.norm_answer(answers)))
        return torch.cat(outputs, dim=1)

    def _attend(self, h: Float[Tensor, "batch C D"], x: Float[Tensor, "batch C D"]) -> Float[Tensor, "batch C D"]:
        """Attention of each x_t over the persistent tokens, and over h and x up to t."""
        C, heads = x.shape[1], self.config.heads
        context = torch.cat([self.persistent.expand(len(x), -1, -1), h, x], dim=1)
        q = self.q_proj(x).unflatten(-1, (heads, -1))
        k, v = (z.unflatten(-1, (heads, -1)) for z in self.kv_proj(context).chunk(2, dim=-1))
        if self.config.rope:
            places = torch.arange(C, device=x.device)
            all_places = torch.cat([places.new_zeros(PERSISTENT), places, places])
            q = rotary.rotate(q, rotary.table_at(self.config, places, q.dtype))
            k = rotary.rotate(k, rotary.table_at(self.config, all_places, k.dtype))
        until = torch.ones(C, C, dtype=torch.bool, device=x.device).tril()
        seen = torch.cat([until.new_ones(C, PERSISTENT), until, until], dim=1)
        q, k, v = (z.transpose(1, 2) for z in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v, seen).transpose(1, 2).flatten(2)
