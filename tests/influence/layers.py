"""Attention layers and selective state-space models for tests, and how far their floats may be off."""

import numpy as np
from hypothesis import strategies as st

from sessa_ref.influence.causal_attention import CausalAttention
from sessa_ref.influence.selective_ssm import Selection, SelectiveSSM

UNIT = 2.0**-53


@st.composite
def selections(draw, max_T=20):
    """(rates, selection, u): steps from frozen (0) to long, rates two orders of magnitude apart."""
    T, N, D = draw(st.integers(1, max_T)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    step = generator.exponential(size=T) * generator.choice([0.0, 1e-3, 1.0, 5.0], size=T)
    rates = 10 ** generator.uniform(-1, 1, N)
    selection = Selection(step, generator.normal(size=(T, N)), generator.normal(size=(T, N)))
    return rates, selection, generator.normal(size=(T, D))


@st.composite
def models(draw, max_T=12):
    """(ssm, x, tau): tokens and a model whose steps depend on them."""
    T, N, D = draw(st.integers(1, max_T)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    ssm = SelectiveSSM(
        rates=10 ** generator.uniform(-1, 1, N),
        step_weight=generator.normal(size=D),
        step_bias=draw(st.sampled_from([-3.0, 0.0, 2.0])),
        write_weight=generator.normal(size=(N, D)),
        read_weight=generator.normal(size=(N, D)),
    )
    return ssm, generator.normal(size=(T, D)), draw(st.integers(0, T - 1))


def radius(x):
    return float(np.linalg.norm(x, axis=-1).max())


def absolute(selection):
    return Selection(selection.step, np.abs(selection.write), np.abs(selection.read))


def roundings(rates, step):
    """Relative error of a product of transitions: each exp doubles its argument's error, each factor adds a rounding."""
    T, time = len(step), float(np.sum(step))
    return (6 * T + 20 + 4 * (T + 2) * np.max(rates) * time) * UNIT


@st.composite
def attention_layers(draw, max_T=15):
    """(layer, x, tau): attention from uniform (sharpness 0) to one-hot, and tokens for it."""
    T, D = draw(st.integers(1, max_T)), draw(st.integers(1, 4))
    width, value_width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    sharpness = draw(st.sampled_from([0.0, 0.3, 1.0, 5.0]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    layer = CausalAttention(
        q_weight=sharpness * generator.normal(size=(width, D)),
        k_weight=sharpness * generator.normal(size=(width, D)),
        v_weight=generator.normal(size=(value_width, D)),
    )
    return layer, generator.normal(size=(T, D)), draw(st.integers(0, T - 1))


def largest_logit(layer, x):
    """An upper bound on the size of every logit: exp turns their absolute error into a relative one."""
    q, k = x @ layer.q_weight.T, x @ layer.k_weight.T
    return layer.scale * np.linalg.norm(q, axis=-1).max() * np.linalg.norm(k, axis=-1).max()


def attention_roundings(layer, x):
    """Relative error of a weight: that of its logits, absolute, and of the sums over the row."""
    return (8 * (len(x) + 10) + 4 * (x.shape[1] + 5) * largest_logit(layer, x)) * UNIT


def gradient_scale(layer, x):
    """The sum of the norms of all terms of a block: value path, key side and query side."""
    v = np.linalg.norm(x @ layer.v_weight.T, axis=-1).max()
    norms = [np.linalg.norm(weight, 2) for weight in (layer.q_weight, layer.k_weight, layer.v_weight)]
    token = np.linalg.norm(x, axis=-1).max()
    return norms[2] + 4 * v * layer.scale * norms[0] * norms[1] * token
