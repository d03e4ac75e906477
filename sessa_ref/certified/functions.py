"""The layer's functions on balls: layer norm, exact GELU, gain, rotary angles, softmax over the visible tokens.

Formulas are those of `sessa_ref.reference`, rearranged where balls lose fewer digits: erfc for 1 + erf, 1/cosh^2 for
1 - tanh^2. Constants of the config, such as gamma_max, are taken as exact float64 numbers.
"""

from typing import NamedTuple

from flint import arb, arb_mat

from sessa_ref.certified import balls
from sessa_ref.config import SessaConfig
from sessa_ref.reference import rotary


class Standardized(NamedTuple):
    """Layer norm before its affine map."""

    values: arb_mat
    """(x - mean) * scale, (T, D)."""
    scales: list[arb]
    """1/sqrt(var + eps) of each token."""


def standardize(x: arb_mat, eps: float) -> Standardized:
    """Each token minus its mean, over the root of its biased variance plus eps."""
    D = x.ncols()
    centred, scales = [], []
    for row in x.tolist():
        mean = sum(row, arb(0)) / D
        differences = [entry - mean for entry in row]
        variance = sum((d**2 for d in differences), arb(0)) / D
        scale = (variance + arb(eps)).rsqrt()
        centred.append([d * scale for d in differences])
        scales.append(scale)
    return Standardized(balls.from_rows(centred, D), scales)


def normal_cdf(a: arb) -> arb:
    """Phi(a) = erfc(-a / sqrt 2) / 2."""
    return (-a / arb(2).sqrt()).erfc() / 2


def gelu(a: arb) -> arb:
    """a Phi(a) (11)."""
    return a * normal_cdf(a)


def gelu_derivative(a: arb) -> arb:
    """Phi(a) + a phi(a), with phi the standard normal density."""
    return normal_cdf(a) + a * (-(a**2) / 2).exp() / (2 * arb.pi()).sqrt()


def angles(config: SessaConfig, T: int) -> arb_mat:
    """Rotary angle of pair r at position t (15), (T, pairs).

    With `rotary_dtype="float32"` the frequencies are the float32 numbers that the definition uses, taken as exact.
    """
    pairs = config.query_width // 2
    if config.rotary_dtype == "float32":
        frequencies = [arb(f) for f in rotary.frequencies(config).tolist()]
    else:
        frequencies = [arb(config.rope_base) ** (arb(-2 * r) / config.query_width) for r in range(pairs)]
    return balls.from_rows(([t * frequency for frequency in frequencies] for t in range(T)), pairs)


def rotate(z: arb_mat, theta: arb_mat) -> arb_mat:
    """Turn coordinates (2r, 2r + 1) of token t by theta[t, r]."""
    rotated = []
    for row, turns in zip(z.tolist(), theta.tolist(), strict=True):
        turned = []
        for even, odd, turn in zip(row[0::2], row[1::2], turns, strict=True):
            sin, cos = turn.sin_cos()
            turned += [even * cos - odd * sin, even * sin + odd * cos]
        rotated.append(turned)
    return balls.from_rows(rotated, z.ncols())


def attention_weights(q: arb_mat, k: arb_mat, nearest: int) -> arb_mat:
    """Softmax over the tokens j with t - j >= nearest of <q_t, k_j> / sqrt(width), and 0 elsewhere (15), (17).

    nearest = 0 is the forward attention, 1 the feedback attention; a row that sees nothing is 0.
    """
    root = arb(q.ncols()).sqrt()
    rows = []
    for t, row in enumerate((q * k.transpose()).tolist()):
        visible = [entry / root for entry in row[: max(t + 1 - nearest, 0)]]
        # Any exact number may be subtracted; one near the largest keeps the exponentials in range.
        shift = max((entry.mid() for entry in visible), default=arb(0))
        exponentials = [(entry - shift).exp() for entry in visible]
        total = sum(exponentials, arb(0))
        rows.append([entry / total for entry in exponentials] + [arb(0)] * (len(row) - len(visible)))
    return balls.from_rows(rows, k.nrows())
