"""How large a layer's outputs can be for inputs in a ball, from its weights: Proposition 25 (52), and sharper.

The paper's statements are for Norm = Id and one head. Two things are ours, so that every layer has a bound:

- LayerNorm standardises a token, and the result has norm at most R sqrt(D) / sqrt(R^2 + D eps) < sqrt(D) for |x| <= R
  (`theory.stability.standardized_bound`). Its weight and bias are part of the affine map W_in that follows.
- With several heads the outputs of the heads are averages of the values over different tokens, so that |f| is bounded
  by the root of the sum of squares over heads, not by the largest |v_t| (Lemma D.3 is for one head).

Numbers are float64: singular values carry a relative error of about D rounding errors.
"""

from dataclasses import dataclass

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory import stability

Growth = tuple[float, float]
"""(c, L): a bound c + L |z| on the norm of something that a token z gives, z the token that W_in reads."""


@dataclass(frozen=True)
class GrowthConstants:
    """The constants of (51), from operator norms and biases (Remark D.4)."""

    f: Growth
    """Of the forward signal."""
    g: Growth
    """Of the gate's norm."""
    gain: Growth
    """Of the argument of tanh in the gain (48)."""
    g_entries: tuple[Array, Array]
    """The same for every entry of the gate by itself."""


@dataclass(frozen=True)
class BallBound:
    """Bounds on what a layer computes for |x_t| <= R in every token t.

    Attributes:
        R: the radius.
        T: number of tokens that `sharper` speaks of.
        size: bound on |z_t|, z what W_in reads, before LayerNorm's weight and bias: R without LayerNorm.
        margin: 1 - rho(R), a lower bound on 1 - |gamma_t|.
        F: bound on |f_t|.
        G: bound on |g_t|.
        G_entry: bound on the entries of |g_t|.
        output: (52), a bound on |y_t| for every number of tokens.
        sharper: of ours, for T tokens, from (1 - rho^T) / (1 - rho) and `G_entry`; at most `output`.
    """

    R: float
    T: int
    size: float
    margin: float
    F: float
    G: float
    G_entry: float
    output: float
    sharper: float

    @property
    def rho(self) -> float:
        """The bound on the gain, rho(R); it can round to 1."""
        return 1 - self.margin

    @property
    def states(self) -> float:
        """Bound on |s_t| for T tokens."""
        return self.F * stability.solve_factor(self.margin, self.T)


def growth_constants(parameters: SessaParameters) -> GrowthConstants:
    """(c, L) of f, g and the gain's argument, as functions of the size of what W_in reads (before LayerNorm's weight)."""
    config = parameters.config
    weight, bias = parameters["W_in.weight"], parameters["W_in.bias"]
    if config.norm == "layernorm":  # W (w z + b) + b_in
        weight, bias = weight * parameters["ln.weight"], bias + weight @ parameters["ln.bias"]
    D = config.width
    u = _growth(weight[:D], bias[:D])  # |GELU(a)| <= |a|
    gain = stability.compose(
        (abs(float(parameters["mixer.gamma_bias"])), _norm(parameters["mixer.gamma_ctx.weight"])), u
    )
    values = np.split(parameters["mixer.v_proj.weight"], config.kv_heads)
    biases = np.split(parameters.get("mixer.v_proj.bias", np.zeros(len(values) * len(values[0]))), config.kv_heads)
    groups = [stability.compose(_growth(w, b), u) for w, b in zip(values, biases, strict=True)]
    heads = np.repeat(groups, config.heads // config.kv_heads, axis=0)
    f = tuple(np.linalg.norm(heads, axis=0).tolist())
    if config.heads > 1:
        f = stability.compose((0.0, _norm(parameters["mixer.out_proj.weight"])), f)
    entries = np.abs(bias[D:]), np.linalg.norm(weight[D:], axis=1)
    return GrowthConstants(f, _growth(weight[D:], bias[D:]), gain, entries)


def ball_bound(parameters: SessaParameters, R: float, T: int) -> BallBound:
    """The bounds for inputs of T tokens with |x_t| <= R.

    Raises:
        ValueError: R is negative or not finite, or T is not positive.
    """
    if not (R >= 0 and np.isfinite(R)):
        raise ValueError(f"R must be finite and not negative, got {R}")
    if T < 1:
        raise ValueError(f"T must be positive, got {T}")
    config, constants = parameters.config, growth_constants(parameters)
    layer_norm = config.norm == "layernorm"
    size = stability.standardized_bound(R, config.width, config.norm_eps) if layer_norm else float(R)
    F, G, argument = (c + L * size for c, L in (constants.f, constants.g, constants.gain))
    G_entry = float(np.max(constants.g_entries[0] + constants.g_entries[1] * size))
    margin = stability.feedback_margin(argument, config.gamma_max)
    out = _norm(parameters["W_out.weight"]), float(np.linalg.norm(parameters["W_out.bias"]))
    return BallBound(
        R=float(R),
        T=T,
        size=size,
        margin=margin,
        F=F,
        G=G,
        G_entry=G_entry,
        output=stability.block_bound(R, stability.solve_factor(margin), F, G, *out),
        sharper=stability.block_bound(R, stability.solve_factor(margin, T), F, min(G, G_entry), *out),
    )


def _growth(weight: Array, bias: Array) -> Growth:
    return float(np.linalg.norm(bias)), _norm(weight)


def _norm(matrix: Array) -> float:
    return float(np.linalg.norm(matrix, 2))
