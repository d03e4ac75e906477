"""Hypothesis strategies for configs, parameters and tokens."""

import numpy as np
from hypothesis import strategies as st

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases.case import Case, case


@st.composite
def configs(draw: st.DrawFn) -> SessaConfig:
    """Published layers and paper blocks: heads, groups, widths, RoPE on and off, norms, gains."""
    rope = draw(st.booleans())
    if draw(st.booleans()):
        return SessaConfig.paper(
            draw(st.integers(1, 7)),
            2 * draw(st.integers(1, 3)),
            norm=draw(st.sampled_from(["identity", "layernorm"])),
        )
    groups, share = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    heads = groups * share
    head_width = draw(st.integers(1, 3)) * (2 if rope else 1)
    return SessaConfig(
        width=heads * head_width,
        heads=heads,
        kv_heads=groups,
        gamma_max=draw(st.sampled_from([0.3, 0.9, 0.999])),
        norm=draw(st.sampled_from(["identity", "layernorm"])),
        norm_eps=draw(st.sampled_from([1e-5, 1e-3])),
        rope=rope,
        rope_base=draw(st.sampled_from([100.0, 10000.0])),
        rotary_dtype=draw(st.sampled_from(["float64", "float32"])),
        projection_bias=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn, max_T: int = 40) -> Case:
    """Oracle cases on random configs, with gains and routing of all kinds; T from 0."""
    T = draw(st.integers(0, max_T))
    return case(
        f"drawn {draw(st.integers(0, 2**32))}",
        "",
        draw(configs()),
        T=T,
        batch=draw(st.integers(1, 3)),
        split=draw(st.integers(0, T)),
        gamma_bias=draw(st.sampled_from([-5.0, -1.0, 0.0, 1.0, 5.0])),
        forward_logits=draw(st.sampled_from([0.0, 1.0, 5.0])),
        feedback_logits=draw(st.sampled_from([0.0, 1.0, 5.0])),
    )


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)
