"""The definition of causal attention, and how far the baseline is from it."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from benchmarks.attention import AttentionMixer
from sessa_ref.config import SessaConfig


def attention_error_ratio(layer: Callable[[SessaConfig], Any], T: int = 20) -> float:
    """Error over bound of the attention baseline, for its output and its gradient, in float64.

    A sum of n products is off by at most n u times the sum of their sizes. The bound takes n = 2 (T + 2 D) for
    the output: the projections into and out of attention, and the weighted sum, with a factor 2 for the softmax.
    The gradient goes the same way back, so its bound takes twice as many terms, and the largest element as size.
    """
    config = SessaConfig.published(32, 4)
    torch.manual_seed(0)
    mixer: AttentionMixer = layer(config).mixer.double()
    u = torch.randn(T, config.width, dtype=torch.float64, requires_grad=True)
    terms = 2 * (T + 2 * config.width)
    unit = torch.finfo(torch.float64).eps / 2
    expected, size = plain_attention(mixer, u)
    measured = mixer(u[None])[0]
    cotangent = torch.randn_like(measured)
    (expected_gradient,) = torch.autograd.grad((expected * cotangent).sum(), u)
    (measured_gradient,) = torch.autograd.grad((measured * cotangent).sum(), u)
    output = ((measured - expected).abs() / (terms * unit * size)).max()
    gradient = (measured_gradient - expected_gradient).abs().max() / (2 * terms * unit * expected_gradient.abs().max())
    return torch.maximum(output, gradient).item()  # which keeps NaN


def plain_attention(mixer: AttentionMixer, u: Float[Tensor, "T D"]) -> tuple[Tensor, Tensor]:
    """The definition, one token and one head at a time: the output, and a bound on the sum of its terms' sizes.

    Both have the shape of u. Rounding errors are small against the second, also where terms cancel.
    """
    config = mixer.config
    d = config.query_width
    r = torch.arange(d // 2, dtype=u.dtype)
    outputs, sizes = [], []
    q, k, v = (projection(u) for projection in (mixer.q_proj, mixer.k_proj, mixer.v_proj))
    for t in range(len(u)):
        heads, head_sizes = [], []
        for h in range(config.heads):
            columns = slice(h * d, (h + 1) * d)
            # q and k are turned by angles t theta and j theta, so their product depends on t - j alone
            logits = torch.stack([_turned(k[j, columns], (j - t) * config.rope_base ** (-2 * r / d)) @ q[t, columns]
                                  for j in range(t + 1)]) / d**0.5  # fmt: skip
            alpha = logits.softmax(0)
            heads.append(alpha @ v[: t + 1, columns])
            head_sizes.append(alpha @ v[: t + 1, columns].abs())
        outputs.append(mixer.out_proj(torch.cat(heads)))
        o_size = torch.cat(head_sizes)
        sizes.append(mixer.out_proj.weight.abs() @ o_size if isinstance(mixer.out_proj, nn.Linear) else o_size)
    return torch.stack(outputs), torch.stack(sizes)


def _turned(z: Tensor, angle: Tensor) -> Tensor:
    turned = torch.view_as_complex(z.reshape(-1, 2)) * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(turned).flatten()
