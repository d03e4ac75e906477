"""Token-wise maps from one layer of GELU units, and GELU's linear part (Appendices I.6 and I.9)."""

from fractions import Fraction

import flint
import numpy as np
import sympy
from flint import arb

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref.certified import functions
from sessa_ref.constructions.ridge import interpolant
from sessa_ref.notation import Array
from sessa_ref.reference.tokenwise import gelu


@states(
    "lem:I.10",
    "One hidden layer of GELUs approximates token-wise maps",
    where="Appendix I.6, Lemma I.10",
    says=r"""
    For compact $S \subset \mathbb{R}^m$, continuous $\Theta : S \to \mathbb{R}^p$ and $\eta > 0$ there are $r$ and affine maps
    $A : \mathbb{R}^m \to \mathbb{R}^r$, $B : \mathbb{R}^r \to \mathbb{R}^p$ with
    $\sup_{z \in S}\lVert B(\mathrm{GELU}(A(z))) - \Theta(z)\rVert \le \eta$; every larger $r$ does as well.
    """,
    trust="explicit layers for maps of one, two and three variables, measured in float64 on grids against bounds with all "
    "constants: interpolation and 0.17/L for each kink",
    not_higher="the general case is Weierstrass (polynomials) and then this construction for each power of a linear form; the "
    "first step is cited, as the paper cites Leshno et al. for the whole",
    bends=(
        Bend("the kinks' bound smaller by a tenth", {"kink": 0.9}),
        Bend("half of the pieces that the bound is for", {"pieces": 0.5}),
    ),
)
def gelus_approximate(evidence: Evidence, *, kink: float = 1.0, pieces: float = 1.0) -> None:
    """Interpolants of powers of linear forms; a product is ((x + y)^2 - (x - y)^2)/4."""
    n = 20 if evidence.quick else 200
    kinks = interpolant(lambda z: z, 0.0, 1.0, 1, 3.0)  # one kink, at 0, of weight 1
    z = np.linspace(-2.0, 1.0, 30001)
    at_kink = np.abs(kinks.weights @ gelu(3.0 * (z - kinks.knots[:, None])) / 3.0 - np.maximum(z, 0)).max()
    evidence.constructed("one variable", at_kink, kink * kinks.kink_error, "one rounded kink against 0.17/L")
    ramps = interpolant(lambda z: z**2, -2.0, 2.0, max(int(pieces * n), 1), 1e5 * n)
    square = 2.0 * 16 / (8 * n**2) + ramps.kink_error  # second derivative 2
    z = np.linspace(-2, 2, 7 * n + 1)
    evidence.constructed("one variable", _worst(ramps, z, z**2), square, f"z^2 on [-2, 2] by {n} units")
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101)))
    product = (_value(ramps, x + y) - _value(ramps, x - y)) / 4
    error = float(np.abs(product - x * y).max())
    evidence.constructed("several variables", error, square / 2, f"x y on a square by {2 * n} units in one layer")
    third = _value(ramps, x + y) / 2 - _value(ramps, x) / 2 - _value(ramps, y) / 2
    evidence.constructed(
        "several variables",
        float(np.abs(third - x * y).max()),
        1.5 * square,
        "the same by other linear forms, 3 n units",
    )
    a, b, c = sympy.symbols("a b c")
    cubes = sum(s * t * (a + s * b + t * c) ** 3 for s in (1, -1) for t in (1, -1)) / 24
    evidence.identity(
        "monomials",
        sympy.expand(cubes - a * b * c),
        "a b c as a sum of cubes of linear forms; so for all monomials",
    )


@states(
    "lem:I.11",
    "Zero padding changes nothing",
    where="Appendix I.6, Lemma I.11",
    says=r"""
    As Lemma I.10, for a hidden width of at least $r_0$ and a target that is padded with zero coordinates: since
    $\mathrm{GELU}(0) = 0$, unused hidden units and outputs add exactly nothing, and the error is the same.
    """,
    trust="GELU(0) = 0 and linearity in symbols; the layer itself is Lemma I.10's",
    needs=("lem:I.10",),
    not_higher="it contains Lemma I.10",
    bends=(Bend("an activation that is not 0 at 0", {"at_zero": 0.1}),),
)
def padding_is_free(evidence: Evidence, *, at_zero: float = 0.0) -> None:
    """Padded and plain layers, number for number."""
    w, z = sympy.symbols("w z")
    value = z * (1 + sympy.erf(z / sympy.sqrt(2))) / 2 + sympy.nsimplify(at_zero)
    evidence.identity(
        "padding", w * value.subs(z, 0), "an unused unit gives w GELU(0) = 0, whatever its outgoing weight"
    )
    ramps = interpolant(np.tanh, -2.0, 2.0, 64, 1e7)
    grid = np.linspace(-2, 2, 1001)
    hidden = np.concatenate([gelu(ramps.sharpness * (grid - ramps.knots[:, None])), np.full((9, 1001), at_zero)])
    weights = np.r_[ramps.weights / ramps.sharpness, np.ones(9)]
    padded = np.stack([ramps.offset + weights @ hidden, np.zeros(1001)])
    error = float(np.abs(padded - np.stack([np.tanh(grid), 0 * grid])).max())
    evidence.constructed(
        "the layer", error, 0.77 * 16 / (8 * 64**2) + ramps.kink_error, "tanh, 9 unused units, 1 zero output"
    )


@states(
    "lem:I.15",
    "GELU is linear for small signals",
    where="Appendix I.9, Lemma I.15",
    says=r"""
    For compact $K$: $\sup_{u \in K}\lVert \tfrac{2}{\varepsilon}\mathrm{GELU}(\varepsilon u) - u \rVert \to 0$ as
    $\varepsilon \to 0$, and so for every linear map $L$ and $\eta > 0$ there is an $\varepsilon$ with
    $\sup_z \lVert \tfrac{2}{\varepsilon}\mathrm{GELU}(\varepsilon Lz) - Lz\rVert \le \eta$.

    Explicitly, each coordinate is off by at most $\sqrt{2/\pi}\,\varepsilon u^2$, and this is sharp as $\varepsilon \to 0$.
    """,
    trust="real arithmetic; every u and epsilon, by an antiderivative in symbols, and in balls",
    bends=(
        Bend("the constant smaller by a tenth", {"constant": 0.9}),
        Bend("1/epsilon in front instead of 2/epsilon", {"front": 1.0}),
    ),
)
def gelu_is_nearly_linear(evidence: Evidence, *, constant: float = 1.0, front: float = 2.0) -> None:
    """(2/e) GELU(e u) - u = u (2 Phi(e u) - 1), and Phi(x) - 1/2 is at most x phi(0) because phi falls."""
    x = sympy.Symbol("x", positive=True)
    phi = sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)
    cdf = (1 + sympy.erf(x / sympy.sqrt(2))) / 2
    bound = sympy.nsimplify(constant) * x / sympy.sqrt(2 * sympy.pi)
    room = bound - (sympy.nsimplify(front) * cdf - 1) / 2
    eps, y = sympy.symbols("epsilon u", positive=True)
    off = sympy.nsimplify(front) / eps * (eps * y) * cdf.subs(x, eps * y) - y
    evidence.identity(
        "the bound",
        sympy.expand(off - 2 * y * (sympy.nsimplify(front) * cdf.subs(x, eps * y) - 1) / 2),
        "the error is 2 u (Phi(epsilon u) - 1/2), and as large at -u",
    )
    evidence.identity("the bound", room.subs(x, 0), "the room under the bound is 0 at 0")
    evidence.identity(
        "the bound",
        sympy.diff(room, x) - (phi.subs(x, 0) - phi),
        "and its slope is phi(0) - phi(x) = phi(0)(1 - exp(-x^2/2)) >= 0",
    )
    pairs = []
    with flint.ctx.workprec(256):
        for e in (Fraction(1, 1000), Fraction(1, 10), Fraction(1)):
            for u in (Fraction(1, 100), Fraction(1), Fraction(-3)):
                small, at = (arb(z.numerator) / z.denominator for z in (e, u))
                error = abs(arb(front) / small * functions.gelu(small * at) - at)
                pairs.append((error, arb(constant) * (2 / arb.pi()).sqrt() * small * at**2, f"epsilon = {e}, u = {u}"))
        evidence.enclosed("the bound", pairs, "points in balls; all u and epsilon follow from the slope")
    evidence.identity(
        "it is sharp",
        sympy.limit(off / (sympy.nsimplify(constant) * sympy.sqrt(2 / sympy.pi) * eps * y**2), eps, 0) - 1,
        "the error over the bound tends to 1 as epsilon tends to 0",
    )


def _value(ramps, z: Array) -> Array:
    return (
        ramps.offset
        + np.tensordot(ramps.weights, gelu(ramps.sharpness * (z - ramps.knots[:, None])), 1) / ramps.sharpness
    )


def _worst(ramps, z: Array, wanted: Array) -> float:
    return float(np.abs(_value(ramps, z) - wanted).max())


ROWS = (gelus_approximate, padding_is_free, gelu_is_nearly_linear)
