"""The constants of Assumptions 15 to 22 of a layer, and the Jacobians that Theorem 23 and Corollary B.7 bound by them.

`measure` takes the smallest constants that hold at given tokens for one source; Theorem 23's proof for that source
needs no others. `from_weights` takes constants that hold on a whole ball, from operator norms.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.influence.impulse import check_token
from sessa_ref.influence.jacobian import STEP
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import layer
from sessa_ref.reference.formulas import DEFINITION, Formulas
from sessa_ref.reference.traces import Trace
from sessa_ref.theory.diffuse_routing import diffuseness
from sessa_ref.theory.jacobian_tails import TailConstants

GELU_SLOPE = 1.1289042
"""An upper bound on the largest slope of GELU, Phi(sqrt 2) + sqrt 2 phi(sqrt 2) = 1.12890414..."""


@dataclass(frozen=True)
class Measured:
    """What was measured at tokens x for a source tau."""

    constants: TailConstants
    """The smallest constants that hold at x for the derivatives with respect to x_tau."""
    states: Float64[Array, " later"]
    """|ds_t / dx_tau| for t > tau, in the operator norm."""
    outputs: Float64[Array, " later"]
    """|dy_t / dx_tau| for t > tau."""
    gate: float
    """The largest |g_t|, G_R of Corollary B.7."""
    gate_entry: float
    """The largest entry of all |g_t|."""


def measure(parameters: SessaParameters, x: Any, source: int, formulas: Formulas = DEFINITION) -> Measured:
    """Constants and Jacobians at the tokens x, (T, D), by complex step, D evaluations of the layer.

    Args:
        parameters: the layer.
        x: tokens.
        source: tau.
        formulas: another layer's, as for `reference.trace`; L_route does not see a change of the feedback logits.

    Raises:
        ValueError: x has the wrong shape, or there is no token `source`.
    """
    x = layer.as_tokens(parameters.config, x)
    T = len(x)
    moved, steps = moved_trace(parameters, x, source, formulas), layer.trace(parameters, x, formulas=formulas)
    later = np.arange(source + 1, T)
    df = _norms(moved.f)
    dalpha = np.linalg.norm(_derivative(moved.alpha_fb)[:, source], axis=0)
    most = (later + 1) * _logit_sensitivity(steps, moved)[later]
    constants = TailConstants(
        c2=diffuseness(steps.alpha_fb),
        gamma_max=float(np.abs(steps.gamma).max()),
        L_gamma=float(np.linalg.norm(_derivative(moved.gamma)[:, source])),
        L_f0=float(df[source]),
        L_alpha0=float(dalpha[:source].sum()),
        F=_largest(steps.f),
        L_f=float(np.max((later + 1) * df[later], initial=0)),
        L_route=float(np.max(most, initial=0)),
    )
    return Measured(
        constants, _norms(moved.s)[later], _norms(moved.y)[later], _largest(steps.g), float(np.abs(steps.g).max())
    )


def moved_trace(parameters: SessaParameters, x: Any, source: int, formulas: Formulas = DEFINITION) -> Trace:
    """The layer at x, with D batch rows, in which x_tau moves by an imaginary step in direction 0 .. D - 1.

    Imaginary parts over `STEP` are the derivatives of every intermediate with respect to x_tau.

    Raises:
        ValueError: there is no token `source`.
    """
    T, D = x.shape
    check_token(source, T)
    shifted = np.repeat(x.astype(np.complex128)[None], D, axis=0)
    shifted[np.arange(D), source, np.arange(D)] += 1j * STEP
    return layer.trace(parameters, shifted, formulas=formulas)


def from_weights(parameters: SessaParameters, radius: float) -> TailConstants:
    """Constants that hold for all tokens of norm <= radius and any number of them, from operator norms.

    Raises:
        ValueError: the layer has a norm, which Appendix B leaves out, or more heads than one.
    """
    config = parameters.config
    if config.norm != "identity" or config.heads != 1:
        raise ValueError(f"one head and norm='identity' are needed, got heads={config.heads}, norm={config.norm!r}")
    weight, bias = parameters["W_in.weight"][: config.width], parameters["W_in.bias"][: config.width]
    u = _norm(weight) * radius + _norm(bias)  # |GELU(a)| <= |a|
    du = GELU_SLOPE * _norm(weight)

    def projection(name: str, rows: slice = slice(None)) -> tuple[float, float]:
        """Largest norm of the projected token, and of its derivative."""
        offset = parameters.get(f"{name}.bias")
        matrix = _norm(parameters[f"{name}.weight"][rows])
        return matrix * u + (0.0 if offset is None else _norm(offset[rows])), matrix * du

    (q, dq), (k, dk), (v, dv) = (projection(f"mixer.{name}_proj") for name in "qkv")
    (p, dp), (r, dr) = (projection("mixer.proj_fb", half) for half in _halves(config.feedback_width))
    scale, scale_fb = config.query_width**-0.5, config.feedback_width**-0.5
    c2, c2_forward = np.exp(2 * p * r * scale_fb), np.exp(2 * q * k * scale)  # Lemma C.1
    gain = _norm(parameters["mixer.gamma_ctx.weight"])
    return TailConstants(
        c2=float(c2),
        gamma_max=float(config.gamma_max * np.tanh(gain * u + abs(float(parameters["mixer.gamma_bias"])))),
        L_gamma=float(config.gamma_max * gain * du),
        L_f0=float(dv + 2 * v * (dq * k + q * dk) * scale),
        L_alpha0=float(2 * dp * r * scale_fb),
        F=float(v),
        L_f=float(c2_forward * (dv + 2 * v * q * dk * scale)),
        L_route=float(2 * c2 * p * dr * scale_fb),  # alpha <= c2 / t <= 2 c2 / (t + 1)
    )


def _logit_sensitivity(steps: Trace, moved: Trace) -> Float64[Array, " T"]:
    """The sum over i of alpha_ti |d logit_ti / dx_tau| in every row t."""
    logits = moved.q_fb @ np.swapaxes(moved.k_fb, -1, -2) * moved.q_fb.shape[-1] ** -0.5
    return np.sum(steps.alpha_fb * np.linalg.norm(_derivative(logits), axis=0), axis=-1)


def _derivative(moved: Array) -> Float64[Array, "D *shape"]:
    return np.imag(moved) / STEP


def _norms(moved: Array) -> Float64[Array, " T"]:
    """Operator norms of the blocks, from (direction, t, coordinate)."""
    return np.linalg.norm(np.moveaxis(_derivative(moved), 0, -1), ord=2, axis=(-2, -1))


def _largest(tokens: Float64[Array, "T D"]) -> float:
    return float(np.linalg.norm(tokens, axis=-1).max())


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array, 2))


def _halves(width: int) -> tuple[slice, slice]:
    return slice(0, width), slice(width, 2 * width)
