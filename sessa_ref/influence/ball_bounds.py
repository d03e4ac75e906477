"""How large a layer's outputs can be for inputs in a ball, from its weights: Proposition 25 (52), and a sharper bound.

The paper's statements are for Norm = Id and one head. Two things are ours, so that every layer has a bound:

- LayerNorm standardises a token, and the result has norm at most R sqrt(D) / sqrt(R^2 + D eps) < sqrt(D) for |x| <= R
  (`theory.stability.standardized_bound`). Its weight and bias are part of the affine map W_in that follows.
- With several heads the outputs of the heads are averages of the values over different tokens, so that |f| is bounded
  by the root of the sum of squares over heads, not by the largest |v_t| (Lemma D.3 is for one head).

The sharper bound is for T tokens, bounds the gate's entries, and splits GELU into half its argument and an even rest:
see `theory.stability`. Numbers are float64: singular values carry a relative error of about D rounding errors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory import stability
from sessa_ref.theory.stability import Growth


class GrowthConstants(NamedTuple):
    """(c, L) with |.| <= c + L |z| for what the layer computes from z, the input of W_in: the constants of (51)."""

    f: Growth
    """Of the forward signal."""
    g: Growth
    """Of the gate."""
    gain: Growth
    """Of the argument of tanh in the gain (48)."""


@dataclass(frozen=True)
class Bounds:
    """Bounds on what a layer computes in every token, for |x_t| <= R."""

    margin: float
    """1 - rho(R), a lower bound on 1 - |gamma_t|; it can be so small that rho rounds to 1."""
    F: float
    """Of |f_t|."""
    G: float
    """Of |g_t|; of its entries in the sharper bounds."""
    factor: float
    """Of max |s_t| / max |f_t|."""
    output: float
    """Of |y_t|."""

    @property
    def states(self) -> float:
        """Of |s_t|."""
        return self.F * self.factor


@dataclass(frozen=True)
class BallBound:
    """Bounds for |x_t| <= R.

    Attributes:
        R: the radius.
        T: number of tokens that `sharper` is for.
        size: bound on |z_t|, where z is the input of W_in before LayerNorm's weight and bias; R without LayerNorm.
        paper: Proposition 25 (52), for every number of tokens.
        sharper: our bounds, for T tokens; never larger.
    """

    R: float
    T: int
    size: float
    paper: Bounds
    sharper: Bounds


def growth_constants(parameters: SessaParameters) -> GrowthConstants:
    """The constants of (51) from operator norms and biases, by Lemma D.2 and |GELU(a)| <= |a| (Remark D.4)."""
    W, b = _input_map(parameters)
    D = parameters.config.width
    u = _growth(W[:D], b[:D])
    gain = stability.compose(_growth(*_gain_map(parameters)), u)
    heads = [stability.compose(_growth(*value_map), u) for value_map in _value_maps(parameters)]
    return GrowthConstants(_merged(parameters, heads), _growth(W[D:], b[D:]), gain)


def sharper_constants(parameters: SessaParameters) -> GrowthConstants:
    """The same with GELU split (`stability.gelu_growth`), and with the gate's largest entry in place of its norm.

    Each entry has its own constants; the result takes the largest c and the largest L.
    """
    W, b = _input_map(parameters)
    D = parameters.config.width
    weight, bias = _gain_map(parameters)
    up, down = (stability.gelu_growth(W[:D], b[:D], sign * weight, sign * bias, one_sided=True) for sign in (1, -1))
    gain = max(up[0], down[0]), max(up[1], down[1])
    heads = [stability.gelu_growth(W[:D], b[:D], *value_map) for value_map in _value_maps(parameters)]
    entries = float(np.abs(b[D:]).max()), float(np.linalg.norm(W[D:], axis=1).max())
    return GrowthConstants(_merged(parameters, heads), entries, gain)


def ball_bound(parameters: SessaParameters, R: float, T: int) -> BallBound:
    """The bounds for inputs of T tokens with |x_t| <= R.

    Raises:
        ValueError: R is negative or not finite, or T is not positive.
    """
    if not (R >= 0 and np.isfinite(R)):
        raise ValueError(f"R must be finite and not negative, got {R}")
    if T < 1:
        raise ValueError(f"T must be positive, got {T}")
    config = parameters.config
    layer_norm = config.norm == "layernorm"
    size = stability.standardized_bound(R, config.width, config.norm_eps) if layer_norm else float(R)
    printed = [c + L * size for c, L in growth_constants(parameters)]
    sharper = [min(c + L * size, most) for (c, L), most in zip(sharper_constants(parameters), printed, strict=True)]
    return BallBound(float(R), T, size, _bounds(parameters, R, None, *printed), _bounds(parameters, R, T, *sharper))


def _bounds(parameters: SessaParameters, R: float, T: int | None, F: float, G: float, argument: float) -> Bounds:
    margin = stability.feedback_margin(argument, parameters.config.gamma_max)
    factor = stability.solve_factor(margin, T)
    out = _growth(parameters["W_out.weight"], parameters["W_out.bias"])
    return Bounds(margin, F, G, factor, float(stability.block_bound(R, factor, F, G, out[1], out[0])))


def _input_map(parameters: SessaParameters) -> tuple[Array, Array]:
    """Weight and bias of W_in, with those of LayerNorm folded in: W (w z + b) + b_in."""
    weight, bias = parameters["W_in.weight"], parameters["W_in.bias"]
    if parameters.config.norm == "layernorm":
        return weight * parameters["ln.weight"], bias + weight @ parameters["ln.bias"]
    return weight, bias


def _gain_map(parameters: SessaParameters) -> tuple[Array, Array]:
    return parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"].reshape(1)


def _value_maps(parameters: SessaParameters) -> list[tuple[Array, Array]]:
    """Weight and bias of each head's values."""
    config, weight = parameters.config, parameters["mixer.v_proj.weight"]
    bias = parameters.get("mixer.v_proj.bias", np.zeros(len(weight)))
    groups = list(zip(np.split(weight, config.kv_heads), np.split(bias, config.kv_heads), strict=True))
    return [group for group in groups for _ in range(config.heads // config.kv_heads)]


def _merged(parameters: SessaParameters, heads: list[Growth]) -> Growth:
    """Of f, from those of the heads' values: the root of the sum of squares, and the output projection."""
    c, L = (float(np.linalg.norm(numbers)) for numbers in zip(*heads, strict=True))
    projection = parameters.get("mixer.out_proj.weight")
    return (c, L) if projection is None else stability.compose((0.0, _norm(projection)), (c, L))


def _growth(weight: Array, bias: Array) -> Growth:
    return float(np.linalg.norm(bias)), _norm(weight)


def _norm(matrix: Array) -> float:
    return float(np.linalg.norm(matrix, 2))
