"""Right layers with one mistake each, as implementations for the oracle."""

import sys

import torch
from torch import nn

from sessa_ref.optimized import SessaLayer

try:
    from plain_torch_layer import PlainTorchLayer
except ModuleNotFoundError:  # imported as tests.oracle.wrong_layers
    from tests.oracle.plain_torch_layer import PlainTorchLayer


class RotaryHalfSplit(PlainTorchLayer):
    """Pairs (r, r + d/2) are rotated."""

    def rotate(self, z, theta):
        first, second = z.chunk(2, dim=-1)
        cos, sin = theta.cos(), theta.sin()
        return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1).to(z.dtype)


class DiagonalIncluded(PlainTorchLayer):
    """The feedback softmax sees the token itself."""

    def softmax(self, logits, visible):
        if logits.dim() > 3:  # the forward attention, with heads
            return super().softmax(logits, visible)
        itself_too = torch.cat([torch.ones_like(visible[:, :1]), visible[:, :-1]], dim=1)
        return super().softmax(logits, itself_too) * visible


class HeadScaleInFeedback(PlainTorchLayer):
    """The feedback logits are divided by the root of the head width instead of the width."""

    def logits(self, q, k):
        return super().logits(q, k) * (self.H**0.5 if q.dim() == 3 else 1)


class MissingGainClamp(PlainTorchLayer):
    """The gain is tanh, not gamma_max tanh."""

    def gain(self, pre):
        return torch.tanh(pre)


class StaleDecodeCache(PlainTorchLayer):
    """Decoding does not remember the states of decoded tokens."""

    def decode_step(self, x_t, cache):
        y, after = super().decode_step(x_t, cache)
        return y, after | {"s": torch.cat([cache["s"], torch.zeros_like(after["s"][:, -1:])], dim=1)}


class DetachedGradient(PlainTorchLayer):
    """No gradient flows through the feedback routing."""

    def softmax(self, logits, visible):
        alpha = super().softmax(logits, visible)
        return alpha.detach() if logits.dim() == 3 else alpha


class TanhGelu(SessaLayer):
    """The tanh approximation of GELU."""

    def _before_mixer(self, x):
        a, g = self.W_in(self.ln(x)).chunk(2, dim=-1)
        return nn.functional.gelu(a, approximate="tanh"), g


class LooksAhead(PlainTorchLayer):
    """The future changes the past."""

    def after_mixer(self, x, s, g):
        return super().after_mixer(x, s + 1e-3 * x.mean(dim=-2, keepdim=True), g)


class LowerPrecision(SessaLayer):
    """Computes in float32 and returns the dtype that was asked for; a float32 layer falls to bfloat16."""

    def forward(self, x, attention_mask=None):
        lower = torch.float32 if x.dtype == torch.float64 else torch.bfloat16
        values = {name: p.to(lower) for name, p in self.named_parameters()}
        inner = SessaLayer.from_config(self.config).to(lower)
        return torch.func.functional_call(inner, values, (x.to(lower), attention_mask)).to(x.dtype)


class Float32Angles(SessaLayer):
    """A known departure: rotary frequencies in float32."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs, rotary_dtype="float32")


class LeaksNaN(PlainTorchLayer):
    """Right, but a NaN spoils earlier outputs."""


class WithoutCache(nn.Module):
    """Right, but without prefill and decode_step."""

    def __init__(self, D, n_heads=1, n_kv_heads=None, ln_eps=1e-5, use_forward_rope=True, gamma_max=0.999):
        super().__init__()
        inner = SessaLayer(
            D, n_heads, n_kv_heads, ln_eps=ln_eps, use_forward_rope=use_forward_rope, gamma_max=gamma_max
        )
        for name, child in inner.named_children():
            self.add_module(name, child)
        self._inner = (inner,)  # not registered a second time

    def forward(self, x):
        return self._inner[0](x)


class RaisesOnOddWidths(SessaLayer):
    """Cannot build one of the cases."""

    def __init__(self, D, *args, **kwargs):
        if D % 2:
            raise NotImplementedError("odd widths")
        super().__init__(D, *args, **kwargs)


class OtherConstructor(nn.Module):
    """Not a Sessa layer."""

    def __init__(self, channels):
        super().__init__()


class OtherParameters(SessaLayer):
    """The published constructor, but one more parameter."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.extra = nn.Parameter(torch.zeros(3))


def exit_on_import():
    sys.exit(3)


class RefusesNoTokens(SessaLayer):
    """Right wherever there is a token."""

    def forward(self, x, attention_mask=None):
        if x.shape[-2] == 0:
            raise RuntimeError("stack expects a non-empty TensorList")
        return super().forward(x, attention_mask)
