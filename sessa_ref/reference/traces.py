"""Every intermediate of the layer, under the paper's names; see `sessa_ref.notation.SYMBOLS`.

T counts the tokens that were computed; J also counts the tokens before them. In a whole sequence J = T.
"""

from dataclasses import dataclass

from jaxtyping import Bool

from sessa_ref.notation import Array, Real


@dataclass(frozen=True)
class ForwardTrace:
    """Every intermediate of the forward attention, (14) to (17)."""

    theta: Real[Array, "*rows T pairs"] | None
    """Rotary angles, (T, pairs), or (..., 1, T, pairs) where there is padding; None without rotary embedding."""
    q: Real[Array, "*batch H T d_k"]
    k: Real[Array, "*batch G T d_k"]
    v: Real[Array, "*batch G T d_v"]
    q_rotated: Real[Array, "*batch H T d_k"]
    k_rotated: Real[Array, "*batch G T d_k"]
    alpha_fwd: Real[Array, "*batch H T J"]
    o: Real[Array, "*batch T D"]
    f: Real[Array, "*batch T D"]


@dataclass(frozen=True)
class FeedbackTrace:
    """Every intermediate of the feedback attention, (17) to (19)."""

    q_fb: Real[Array, "*batch T d_b"]
    k_fb: Real[Array, "*batch T d_b"]
    alpha_fb: Real[Array, "*batch T J"]
    gamma: Real[Array, "*batch T"]
    B: Real[Array, "*batch T J"]


@dataclass(frozen=True)
class MixerTrace(FeedbackTrace, ForwardTrace):
    """Every intermediate of the mixer."""

    u: Real[Array, "*batch T D"]
    s: Real[Array, "*batch T D"]
    real: Bool[Array, "*batch J"] | None
    """Which tokens are real, not padding; None where no mask was given."""


@dataclass(frozen=True)
class Trace(MixerTrace):
    """Every intermediate of the layer."""

    x: Real[Array, "*batch T D"]
    n: Real[Array, "*batch T D"]
    a: Real[Array, "*batch T D"]
    g: Real[Array, "*batch T D"]
    y: Real[Array, "*batch T D"]
