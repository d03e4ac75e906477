"""Copies of the torch layer with one mistake each, as candidates for the oracle."""

import sys

import torch
from torch import nn

from sessa_ref.optimized import SessaLayer, SessaMixer, rotary


class _Wrong(SessaLayer):
    mixer_class = SessaMixer

    def _build(self, config, max_len):
        super()._build(config, max_len)
        self.mixer.__class__ = self.mixer_class


class _HalfSplitMixer(SessaMixer):
    def forward_projections(self, u, positions):
        width = self.config.query_width
        q, k, v = super().forward_projections(u, torch.zeros_like(positions))
        if self.config.rope:
            theta = rotary.angles(self.config, positions, q.dtype)
            to_pairs = torch.arange(width).reshape(2, -1).T.flatten()
            q, k = (rotary.rotate(z[..., to_pairs], theta)[..., to_pairs.argsort()] for z in (q, k))
        return q, k, v


class RotaryHalfSplit(_Wrong):
    """Pairs (r, r + d/2) are rotated."""

    mixer_class = _HalfSplitMixer


class _DiagonalMixer(SessaMixer):
    def feedback_weights(self, q_fb, k_fb):
        T = q_fb.shape[-2]
        later = torch.ones(T, T, dtype=torch.bool).triu(1)
        return self.feedback_logits(q_fb, k_fb).masked_fill(later, -torch.inf).softmax(-1)


class DiagonalIncluded(_Wrong):
    """The feedback softmax sees the token itself."""

    mixer_class = _DiagonalMixer


class _HeadScaleMixer(SessaMixer):
    def feedback_logits(self, q_fb, k_fb):
        return super().feedback_logits(q_fb, k_fb) * self.config.heads**0.5


class HeadScaleInFeedback(_Wrong):
    """The feedback logits are divided by the root of the head width instead of the width."""

    mixer_class = _HeadScaleMixer


class _UnclampedMixer(SessaMixer):
    def gain(self, u):
        return super().gain(u) / self.config.gamma_max


class MissingGainClamp(_Wrong):
    """The gain is tanh, not gamma_max tanh."""

    mixer_class = _UnclampedMixer


class _StaleMixer(SessaMixer):
    def decode_step(self, u, cache):
        stale = cache["s"].clone()
        s, cache = super().decode_step(u, cache)
        cache["s"] = stale
        return s, cache

    def init_cache(self, *args, **kwargs):
        cache = super().init_cache(*args, **kwargs)
        cache["s"].zero_()
        return cache


class StaleDecodeCache(_Wrong):
    """Decoding does not remember the states of decoded tokens."""

    mixer_class = _StaleMixer


class _DetachedMixer(SessaMixer):
    def feedback_weights(self, q_fb, k_fb):
        return super().feedback_weights(q_fb, k_fb).detach()


class DetachedGradient(_Wrong):
    """No gradient flows through the feedback routing."""

    mixer_class = _DetachedMixer


class TanhGelu(SessaLayer):
    """The tanh approximation of GELU."""

    def _before_mixer(self, x):
        a, g = self.W_in(self.ln(x)).chunk(2, dim=-1)
        return nn.functional.gelu(a, approximate="tanh"), g


class _LookingAheadMixer(SessaMixer):
    def forward(self, u):
        return super().forward(u) + 1e-3 * u.mean(dim=-2, keepdim=True)


class LooksAhead(_Wrong):
    """The future changes the past."""

    mixer_class = _LookingAheadMixer


class LowerPrecision(SessaLayer):
    """Computes in float32 and returns the dtype that was asked for; a float32 layer falls to bfloat16."""

    def forward(self, x):
        lower = torch.float32 if x.dtype == torch.float64 else torch.bfloat16
        values = {name: p.to(lower) for name, p in self.named_parameters()}
        inner = SessaLayer.from_config(self.config).to(lower)
        return torch.func.functional_call(inner, values, (x.to(lower),)).to(x.dtype)


class Float32Angles(SessaLayer):
    """A known departure: rotary frequencies in float32."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs, rotary_dtype="float32")


class _MaskAfterProductMixer(SessaMixer):
    def states(self, u):
        T = u.shape[-2]
        q, k, v = self.forward_projections(u, torch.arange(T))
        f = self.forward_signal(q, k, v, is_causal=True)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        return k, v, k_fb, self.solve(self.feedback_weights(q_fb, k_fb), self.gain(u), f)


class LeaksNaN(_Wrong):
    """Right, but a NaN spoils earlier outputs."""

    mixer_class = _MaskAfterProductMixer


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

    def forward(self, x):
        if x.shape[-2] == 0:
            raise RuntimeError("stack expects a non-empty TensorList")
        return super().forward(x)
