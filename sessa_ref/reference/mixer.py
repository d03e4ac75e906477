"""The mixer (12), (14) to (22): forward attention, feedback attention and the solve between them.

It computes any number of tokens that follow the tokens in a cache, so a sequence and a decoding step are the same
computation.
"""

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real, real_dtype
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention
from sessa_ref.reference.cache import Cache
from sessa_ref.reference.formulas import Formulas
from sessa_ref.reference.traces import FeedbackTrace, ForwardTrace, MixerTrace


def mixer(
    parameters: SessaParameters,
    u: Real[Array, "*batch T D"],
    real: Bool[Array, "*batch J"] | None,
    past: Cache | None,
    formulas: Formulas,
) -> MixerTrace:
    """The mixer's map from u to s, with every intermediate.

    Args:
        parameters: the layer.
        u: what the mixer reads; finite at padding.
        real: False at padding, which reads nothing and is not read, so that f = s = 0 there. It covers the tokens in
            `past` as well. None where nothing is padding.
        past: the cache of earlier tokens; None before the first token.
        formulas: those of the layer.
    """
    T, before = u.shape[-2], 0 if past is None else past.length
    forward_sees, feedback_sees = formulas.causal_mask(T, before), formulas.strictly_causal_mask(T, before)
    # `like=u` hands the positions to whatever kind of array u is.
    positions = np.arange(before, before + T, dtype=real_dtype(u), like=u)
    if real is not None:
        among = attention.among(real, before)
        forward_sees, feedback_sees = (forward_sees & among)[..., None, :, :], feedback_sees & among
        positions = positions_of(real, real_dtype(u))[..., before:]
    forward = forward_attention(parameters, u, positions, forward_sees, past, formulas)
    feedback = feedback_attention(parameters, u, feedback_sees, past, formulas)
    s = formulas.forward_substitution(feedback.B, forward.f, None if past is None else past.s)
    return MixerTrace(**vars(forward), **vars(feedback), u=u, s=s, real=real)


def forward_attention(
    parameters: SessaParameters,
    u: Real[Array, "*batch T D"],
    positions: Real[Array, "*rows T"],
    visible: Bool[Array, "*rows T J"],
    past: Cache | None,
    formulas: Formulas,
) -> ForwardTrace:
    """The forward signal f, (14) to (16)."""
    config = parameters.config
    H, G = config.heads, config.kv_heads
    q = attention.split_heads(formulas.linear(parameters, "mixer.q_proj", u), H)
    k = attention.split_heads(formulas.linear(parameters, "mixer.k_proj", u), G)
    v = attention.split_heads(formulas.linear(parameters, "mixer.v_proj", u), G)
    if config.rope:
        theta = formulas.angles(config, positions)
        q_rotated, k_rotated = formulas.rotate(q, theta), formulas.rotate(k, theta)
    else:
        theta, q_rotated, k_rotated = None, q, k
    keys = k_rotated if past is None else np.concatenate([past.k_rotated, k_rotated], axis=-2)
    values = v if past is None else np.concatenate([past.v, v], axis=-2)
    alpha_fwd = formulas.forward_weights(q_rotated, formulas.repeat_kv(keys, H), visible)
    o = formulas.merge_heads(formulas.attend(alpha_fwd, formulas.repeat_kv(values, H)))
    f = formulas.linear(parameters, "mixer.out_proj", o) if H > 1 else o
    return ForwardTrace(
        theta=theta, q=q, k=k, v=v, q_rotated=q_rotated, k_rotated=k_rotated, alpha_fwd=alpha_fwd, o=o, f=f
    )


def feedback_attention(
    parameters: SessaParameters,
    u: Real[Array, "*batch T D"],
    visible: Bool[Array, "*rows T J"],
    past: Cache | None,
    formulas: Formulas,
) -> FeedbackTrace:
    """The routing matrix B, (17) to (19)."""
    q_fb, k_fb = np.split(formulas.linear(parameters, "mixer.proj_fb", u), 2, axis=-1)
    keys = k_fb if past is None else np.concatenate([past.k_fb, k_fb], axis=-2)
    alpha_fb = formulas.feedback_weights(q_fb, keys, visible)
    weight, bias = parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"]
    gamma = formulas.gain(formulas.gain_input(u), weight, bias, parameters.config.gamma_max)
    B = formulas.routing_matrix(gamma, alpha_fb)
    return FeedbackTrace(q_fb=q_fb, k_fb=k_fb, alpha_fb=alpha_fb, gamma=gamma, B=B)


def positions_of(real: Bool[Array, "*batch J"], dtype: np.dtype) -> Real[Array, "*batch 1 J"]:
    """The position of every real token: how many real ones come before it. The axis of length 1 is for heads."""
    return (np.cumsum(real, axis=-1) - real)[..., None, :].astype(dtype)
