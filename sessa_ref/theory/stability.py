"""Bounded inputs give bounded outputs: the bounds of Section 4.1 and Appendix D, and sharper ones of ours.

Norms of sequences are the largest token's: |x| = max_t |x_t|. The constants of a real layer are in
`influence.ball_bound`. Where nothing else is said, arguments are numbers of any one kind: floats, fractions, SymPy's,
flint's balls.
"""

import math
from itertools import product
from typing import Any

import numpy as np

from sessa_ref.notation import Array

Growth = tuple[Any, Any]
"""(c, L): a bound c + L |x|."""


def affine_bound(weight_norm: Any, bias_norm: Any, size: Any) -> Any:
    """Lemma D.2: |x W + b| <= |W| |x| + |b| for |x| <= size."""
    return weight_norm * size + bias_norm


def compose(outer: Growth, inner: Growth) -> Growth:
    """(c, L) of |.| <= c + L |x| for one such map after another; Remarks D.1 and D.4 build (48) and (51) so."""
    (c, L), (c_inner, L_inner) = outer, inner
    return c + L * c_inner, L * L_inner


def gelu_growth(W: Array, b: Array, V: Array, c: Array, one_sided: bool = False) -> tuple[float, float]:
    """(c, L) of |V GELU(W x + b) + c|, from GELU(a) = a/2 + h(a) with 0 <= h(a) = h(-a) <= |a|/2; of ours.

    So it is at most |V W / 2| |x| + |V b / 2 + c| + |V| (|W| |x| + |b|) / 2, at most the composed bound of Lemma D.2, and
    half of it where V W is small. Of a single row V, `one_sided` asks for a bound on the value itself, not on its size:
    there the negative entries of V can only lower h's part. Where it is negative, c is; floats alone.
    """
    largest = float(np.linalg.norm(np.maximum(V, 0) if one_sided else V, 2))
    middle = V @ b / 2 + c
    constant = float(middle[0]) if one_sided else float(np.linalg.norm(middle))
    return (
        constant + largest * float(np.linalg.norm(b)) / 2,
        float(np.linalg.norm(V @ W, 2)) / 2 + largest * float(np.linalg.norm(W, 2)) / 2,
    )


def feedback_margin(argument: float, gamma_max: float = 1.0) -> float:
    """1 - rho(R) for |u_t| <= argument: 1 - gamma_max tanh(argument), of (49), without cancellation.

    In floats tanh is 1 from 19 on, and 1 / (1 - tanh) infinite; this margin is positive up to 350.

    Raises:
        ValueError: the argument is negative, or gamma_max is not in (0, 1].
    """
    if not argument >= 0:
        raise ValueError(f"argument must not be negative, got {argument}")
    if not 0 < gamma_max <= 1:
        raise ValueError(f"gamma_max must lie in (0, 1], got {gamma_max}")
    below_one = 2 * math.exp(-2 * argument) / (1 + math.exp(-2 * argument))
    return (1 - gamma_max) + gamma_max * below_one


def solve_factor(margin: Any, T: int | None = None) -> Any:
    """c with max |s_t| <= c max |f_t| for (I - B) s = f, where rows of |B| sum to at most rho = 1 - margin.

    Lemma 4.2 has 1 / (1 - rho), for every T. For T tokens, of ours: (1 - rho^T) / (1 - rho) = 1 + rho + ... +
    rho^(T - 1), which is attained where every token reads its predecessor alone.

    Args:
        margin: 1 - rho, in [0, 1]; for every T it must be positive, or a float, whose factor at 0 is infinite.
        T: number of tokens; None for every number.
    """
    if not isinstance(margin, float):
        return 1 / margin if T is None else (1 - (1 - margin) ** T) / margin
    if margin == 0:
        return math.inf if T is None else float(T)
    if T is None:
        return 1 / margin
    return 1.0 if margin == 1 else -math.expm1(T * math.log1p(-margin)) / margin


def largest_state(T: int, rho: Any) -> Any:
    """The largest |s_t| / max |f_t| for T tokens whose rows of |B| sum to at most rho, found by going through all B.

    |s_t| is convex in each row of B, so its maximum is at an extreme point: one entry rho or -rho in each row. With f of
    one sign and rho at any earlier token there are (T - 1)! of them. `solve_factor` is the answer in closed form.
    """
    worst = rho**0
    for parents in product(*(range(t) for t in range(1, T))):
        s = [rho**0]
        for parent in parents:
            s.append(1 + rho * s[parent])
        worst = max(worst, *s)
    return worst


def standardized_bound(R: Any, D: int, eps: Any) -> Any:
    """Sharp bound on the norm of (x - mean) / sqrt(var + eps) for |x| <= R: R sqrt(D) / sqrt(R^2 + D eps).

    It is below sqrt(D) for every R, which is why a layer with LayerNorm needs no ball for the part after it; of
    ours. One channel has no deviation from its mean, so that D = 1 gives 0. It is attained by tokens of mean 0.
    Floats alone.
    """
    if D == 1:
        return 0.0
    return math.sqrt(D) / math.hypot(1.0, math.sqrt(D * eps) / R) if R > 0 else 0.0


def standardize_lipschitz(eps: float) -> float:
    """The Lipschitz constant of x -> (x - mean) / sqrt(var + eps): 1 / sqrt(eps), infinite for eps = 0 (Remark 4.1)."""
    return 1 / math.sqrt(eps) if eps > 0 else math.inf


def block_bound(R: Any, factor: Any, F: Any, G: Any, weight_norm: Any, bias_norm: Any) -> Any:
    """Proposition 25 (52): R + |W_out| F G factor + |b_out|, a bound on |G(x)| for |x| <= R.

    Args:
        R: radius of the ball of inputs.
        factor: `solve_factor`: 1 / (1 - rho(R)) in the paper.
        F: bound on |f_t|.
        G: bound on |g_t|; the largest entry of |g_t| is enough, because |s g| <= |s| max |g_i|.
        weight_norm: |W_out|, the largest singular value.
        bias_norm: |b_out|.
    """
    return R + affine_bound(weight_norm, bias_norm, factor * F * G)
