"""The mixer (12), (14) to (22): forward attention, feedback attention and the solve between them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real, real_dtype
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, feedback, rotary, solve, tokenwise


@dataclass(frozen=True)
class MixerTrace:
    """Every intermediate of the mixer under its paper name; see `sessa_ref.notation.SYMBOLS`."""

    u: Real[Array, "*batch T D"]
    theta: Real[Array, "*rows T pairs"] | None
    """Rotary angles, (T, pairs), or (..., 1, T, pairs) where there is padding; None without rotary embedding."""
    q: Real[Array, "*batch H T d_k"]
    k: Real[Array, "*batch G T d_k"]
    v: Real[Array, "*batch G T d_v"]
    q_rotated: Real[Array, "*batch H T d_k"]
    k_rotated: Real[Array, "*batch G T d_k"]
    alpha_fwd: Real[Array, "*batch H T T"]
    o: Real[Array, "*batch T D"]
    f: Real[Array, "*batch T D"]
    q_fb: Real[Array, "*batch T d_b"]
    k_fb: Real[Array, "*batch T d_b"]
    alpha_fb: Real[Array, "*batch T T"]
    gamma: Real[Array, "*batch T"]
    B: Real[Array, "*batch T T"]
    s: Real[Array, "*batch T D"]
    real: Bool[Array, "*batch T"] | None
    """Which tokens are no padding; None where nothing was said of padding."""


def project(parameters: SessaParameters, name: str, u: Real[Array, "*batch D"]) -> Real[Array, "*batch outputs"]:
    """The mixer's linear map `name`, with its bias where the config has one."""
    return tokenwise.linear(u, parameters[f"mixer.{name}.weight"], parameters.get(f"mixer.{name}.bias"))


def positions_of(real: Bool[Array, "*batch T"], dtype: np.dtype) -> Real[Array, "*batch 1 T"]:
    """The position of every real token: how many real ones come before it. The axis of length 1 is for heads."""
    return (np.cumsum(real, axis=-1) - real)[..., None, :].astype(dtype)


def mixer(
    parameters: SessaParameters, u: Real[Array, "*batch T D"], real: Bool[Array, "*batch T"] | None = None
) -> MixerTrace:
    """The mixer's map from u to s, with every intermediate.

    Padding, where `real` is False, reads nothing and is not read, so that f = s = 0 there; u must be finite there.
    """
    config = parameters.config
    T, H, G = u.shape[-2], config.heads, config.kv_heads

    q = attention.split_heads(project(parameters, "q_proj", u), H)
    k = attention.split_heads(project(parameters, "k_proj", u), G)
    v = attention.split_heads(project(parameters, "v_proj", u), G)
    forward_sees, feedback_sees = attention.past_and_present(T), attention.strict_past(T)
    # `like=u` hands the positions to whatever kind of array u is.
    positions = np.arange(T, dtype=real_dtype(u), like=u)
    if real is not None:
        among = attention.among(real)
        forward_sees, feedback_sees = (forward_sees & among)[..., None, :, :], feedback_sees & among
        positions = positions_of(real, real_dtype(u))
    if config.rope:
        theta = rotary.angles(config, positions)
        q_rotated, k_rotated = rotary.rotate(q, theta), rotary.rotate(k, theta)
    else:
        theta, q_rotated, k_rotated = None, q, k
    alpha_fwd = attention.attention_weights(q_rotated, attention.share_groups(k_rotated, H), forward_sees)
    o = attention.merge_heads(attention.causal_sum(alpha_fwd, attention.share_groups(v, H)))
    f = project(parameters, "out_proj", o) if H > 1 else o

    q_fb, k_fb = np.split(project(parameters, "proj_fb", u), 2, axis=-1)
    alpha_fb = attention.attention_weights(q_fb, k_fb, feedback_sees)
    gamma = feedback.gain(u, parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"], config.gamma_max)
    B = feedback.routing_matrix(gamma, alpha_fb)
    s = solve.forward_substitution(B, f)
    return MixerTrace(
        u=u, theta=theta, q=q, k=k, v=v, q_rotated=q_rotated, k_rotated=k_rotated, alpha_fwd=alpha_fwd,
        o=o, f=f, q_fb=q_fb, k_fb=k_fb, alpha_fb=alpha_fb, gamma=gamma, B=B, s=s, real=real,
    )  # fmt: skip
