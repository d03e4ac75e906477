"""TTT-Linear (arXiv 2407.04620): the state is a linear model, which learns by gradient descent from every token."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from experiments.mixers.heads import split_heads
from sessa_ref.config import SessaConfig

_EPS = 1e-6


class TTTLinear(nn.Module):
    """Head by head, a model f(x) = x + LN(x W + b) that learns to map k_t to v_t; the output is f(q_t).

    The loss of token j is 1/2 |f(k_j) - v_j|^2, of which D_j is the gradient in W and b. The tokens come in batches. With
    the model as it was before the batch, D_j is taken for all of its tokens at once; token i of the batch, from 1 on, is
    answered by W - tau_i (eta_1 D_1 + ... + eta_i D_i), b alike. The model of its last token is the one that the next
    batch starts from. Rates: eta_j = sigmoid(w . u_j + w_0) / d for a head of d numbers, and tau_i = max(0, 1 / i + a
    learned number), at first an average over the tokens so far and not a sum. Queries and keys are turned by rotary
    embedding at their position in the batch. Behind the heads are a LayerNorm over all of them and W_out.

    With batches of one token it is a delta rule. With eta = tau_1 eta_1, the target r = v - k, z = k W + b, sigma the
    deviation of z, z' = (z - mean(z)) / sigma, LN(z) = g * z' + c and e = g * (LN(z) - r),

        G = (e - mean(e) - z' mean(e * z')) / sigma,   W <- W - eta k^T G,   b <- b - eta G.

    Without LN, G would be k W + b - r, and this the delta rule for the key (k, 1) and the value r. With LN, only what the
    error has orthogonal to 1 and to z' is corrected. For g = 1 and c = 0, as it begins, LN(z) = z' drops out of G, and -G
    is what r has orthogonal to 1 and to z', over sigma. These two sentences leave out the 1e-6 that LN adds to a variance.

    The source is the authors' code, `ttt.py` in PyTorch, for its Transformer backbone: no short convolution and no gate.
    Different are:

    - the block around it: there is no feed-forward network between two mixers, GELU stands in front, and a gate and a
      second output projection behind;
    - the width of a head, which is a size here and not D / H;
    - the initial projections, drawn as torch draws them and not with a deviation of 0.02. W, b, rates and norms begin as
      they do there.

    Weight decay reaches all parameters, as in the authors' training code in JAX.

    Args:
        config: width, heads and rotary embedding.
        pairs: half the numbers of a head.
        batch: tokens that learn from the same model.
    """

    def __init__(self, config: SessaConfig, pairs: int, batch: int = 16) -> None:
        super().__init__()
        D, H, d = config.width, config.heads, 2 * pairs
        self.config = replace(config, kv_heads=0, query_width=d)
        self.qkv = nn.Linear(D, 3 * H * d, bias=False)
        self.rate = nn.Linear(D, H)
        nn.init.normal_(self.rate.weight, std=0.02)
        nn.init.zeros_(self.rate.bias)
        self.tau = nn.Parameter(torch.zeros(batch))
        self.W = nn.Parameter(0.02 * torch.randn(H, d, d))
        self.b = nn.Parameter(torch.zeros(H, 1, d))
        self.g = nn.Parameter(torch.ones(H, 1, d))
        self.c = nn.Parameter(torch.zeros(H, 1, d))
        self.norm = nn.LayerNorm(H * d, eps=_EPS)
        self.out = nn.Linear(H * d, D, bias=False)

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The outputs for tokens u, from the model W, b."""
        batch = len(self.tau)
        eta = self.rate(u).sigmoid() / self.config.query_width
        W, b, outputs = self.W, self.b, []
        for qkv, rates in zip(self.qkv(u).split(batch, dim=-2), eta.split(batch, dim=-2), strict=True):
            q, k, v = split_heads(qkv, self.config)
            output, W, b = self._learn(q, k, v, rates.mT, W, b)
            outputs.append(output.transpose(-2, -3).flatten(-2))
        return self.out(self.norm(torch.cat(outputs, dim=-2)))

    def _learn(
        self,
        q: Float[Tensor, "*batch H n d"],
        k: Float[Tensor, "*batch H n d"],
        v: Float[Tensor, "*batch H n d"],
        eta: Float[Tensor, "*batch H n"],
        W: Float[Tensor, "... d d"],
        b: Float[Tensor, "... 1 d"],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The outputs for the n tokens of a batch, and the model after it; no D_j is formed: D_j = (k_j^T G_j, G_j)."""
        n = q.shape[-2]
        z, sigma = _normed(k @ W + b)
        error = self.g * (self.g * z + self.c - (v - k))
        G = (error - error.mean(dim=-1, keepdim=True) - z * (error * z).mean(dim=-1, keepdim=True)) / sigma
        tau = (1 / torch.arange(1, n + 1, dtype=q.dtype, device=q.device) + self.tau[:n]).clamp(min=0)
        step = (tau[:, None] * eta[..., None, :]).tril()
        z, _ = _normed(q @ W + b - (step * (q @ k.mT) + step) @ G)
        last = step[..., -1:, :]
        return q + self.g * z + self.c, W - (last.mT * k).mT @ G, b - last @ G


def _normed(z: Float[Tensor, "... d"]) -> tuple[Float[Tensor, "... d"], Float[Tensor, "... 1"]]:
    """z with mean 0 and deviation 1, and the deviation that it had."""
    sigma = (z.var(dim=-1, correction=0, keepdim=True) + _EPS).sqrt()
    return (z - z.mean(dim=-1, keepdim=True)) / sigma, sigma
