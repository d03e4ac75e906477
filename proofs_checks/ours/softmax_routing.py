"""Softmax rows: equalities and attained bounds."""

from fractions import Fraction

import sympy
from flint import arb

from proofs_checks import wording
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref.theory.causal_attention import routing_variation, row_variation_constant
from sessa_ref.theory.diffuse_routing import sharp_diffuse_bounds


@states(
    "ours:softmax-variation",
    "The total variation of a softmax row, exactly",
    where="on Lemmas 4.3 and B.4",
    says=r"""
    Where one logit moves, the total variation of the row is exactly
    $\sum_j |d\alpha_j| = 2 \alpha (1 - \alpha) |d\,\beth|$. For a given row the best constant in
    $\sum_j |d\alpha_j| \le C \sum_i \alpha_i |d\,\beth_i|$ is $C = 2 (1 - \min_i \alpha_i)$, so that 2 is the best
    constant for all rows together, and is attained by none; in the diffuse regime
    $C \le 2 \bigl(1 - \frac{1}{1 + (n-1) e^{\Delta}}\bigr)$.
    """,
    proof=r"""
    If logit $i$ alone moves by $d\,\beth$, then $d\alpha_i = \alpha_i (1 - \alpha_i)\, d\,\beth$ and
    $d\alpha_j = -\alpha_i \alpha_j\, d\,\beth$ for $j \ne i$. The other weights sum to $1 - \alpha_i$, so the sum of the
    sizes is $2 \alpha_i (1 - \alpha_i) |d\,\beth|$. In general $d\alpha$ is linear in the logits' derivatives, and its
    total variation is convex in them. On the set $\sum_i \alpha_i |d\,\beth_i| \le 1$ a convex function is largest at an
    extreme point, where one logit moves, by $1/\alpha_i$: the value is $2 (1 - \alpha_i)$, largest at the smallest
    weight. The same holds for derivatives that are vectors, whose extreme points also have one entry. The smallest of
    $n$ weights can be as small as one likes, so no constant below 2 serves for all rows; it is positive, so no row
    attains 2. The last claim is the lower bound of `ours:softmax-weights`.
    """,
    needs=("lem:4.3", "lem:B.4", "ours:softmax-weights"),
    trust="real arithmetic; rows of every length by the identity for one moving logit, and convexity in the derivatives",
    bends=(
        Bend("a constant smaller by a hundredth", {"factor": 0.99}),
        Bend("alpha^2 in place of alpha (1 - alpha)", {"power": 2}),
    ),
)
def exact_variation(evidence: Evidence, *, factor: float = 1.0, power: int = 1) -> None:
    """The derivative in symbols; the best constant against directions, and attained where the lightest token's logit moves."""
    b, rest = sympy.Symbol("b", real=True), sympy.Symbol("R", positive=True)
    own = sympy.exp(b) / (sympy.exp(b) + rest)
    claimed = routing_variation(own, 1) if power == 1 else 2 * own**power
    evidence.identity(
        "equality", sympy.diff(own, b) - sympy.diff(1 - own, b) - claimed, "d alpha - d (1 - alpha), any row length"
    )
    alpha = sympy.Symbol("alpha", positive=True)
    evidence.identity(
        "best constant",
        routing_variation(alpha, 1) / alpha - row_variation_constant(alpha),
        "one moving logit of weight alpha has the ratio 2 (1 - alpha): largest, and attained, at the smallest weight",
    )
    scale = Fraction(factor).limit_denominator(1000)
    pairs = []
    for _ in range(20 if evidence.quick else 200):
        counts = [int(k) for k in evidence.rng.integers(1, 9, size=4)]
        row = [Fraction(k, sum(counts)) for k in counts]
        moves = [int(k) for k in evidence.rng.integers(-5, 6, size=4)]
        lightest = [Fraction(int(i == row.index(min(row)))) for i in range(4)]
        for direction, name in ((moves, f"logits move by {wording.listed(moves)}"), (lightest, "the lightest moves")):
            mean = sum(w * h for w, h in zip(row, direction, strict=True))
            total = sum((w * abs(h - mean) for w, h in zip(row, direction, strict=True)), Fraction(0))
            size = sum((w * abs(h) for w, h in zip(row, direction, strict=True)), Fraction(0))
            pairs.append(
                (
                    total,
                    scale * row_variation_constant(min(row)) * size,
                    f"weights {wording.listed(row)}; {name}",
                )
            )
    evidence.exact("best constant", pairs, "four tokens, rational rows, random directions and the one that attains it")


@states(
    "ours:softmax-weights",
    "The largest and the smallest weight at a given logit spread",
    where="on Lemma C.1",
    says=r"""
    The softmax weights of $n$ logits of spread at most $\Delta$ satisfy
    $\frac{1}{1 + (n-1) e^{\Delta}} \le \alpha_j \le \frac{e^{\Delta}}{e^{\Delta} + n - 1}$, both attained: one logit at
    one end, all others at the other. At $n = 2$, $\Delta = 1/2$ the largest weight is 0.622; Lemma C.1 gives 0.824.
    """,
    proof=r"""
    Let $w_j = e^{\beth_j - \min \beth} \in [1, E]$ with $E = e^{\Delta}$. Then $\alpha_j = w_j / (w_j + R)$ with $R$
    the sum of the $n - 1$ others, $n - 1 \le R \le (n-1) E$. This rises with $w_j$ and falls with $R$: it is largest at
    $w_j = E$, $R = n - 1$ and smallest at $w_j = 1$, $R = (n-1) E$. Both rows have the spread $\Delta$, so both bounds
    are attained.
    """,
    needs=("lem:C.1",),
    trust="real arithmetic; every n >= 1 and every Delta >= 0",
    bends=(
        Bend("an upper bound smaller by a hundredth", {"upper": 0.99}),
        Bend("a lower bound larger by a hundredth", {"lower": 1.01}),
    ),
)
def extreme_weights(evidence: Evidence, *, upper: float = 1.0, lower: float = 1.0) -> None:
    """A weight w/(w + R) rises with w and falls with R; the exponentials lie between 1 and E = 1 + d."""
    d, m, w, R, u = sympy.symbols("d m w R u", positive=True)
    n, above, below = 1 + m, sympy.nsimplify(upper), sympy.nsimplify(lower)
    least, most = sharp_diffuse_bounds(sympy.log(1 + d), n)
    for claim in ("upper", "lower"):
        evidence.nonnegative(
            claim,
            [sympy.diff(w / (w + R), w), -sympy.diff(w / (w + R), R)],
            "alpha = w/(w + R): the extremes are at the ends",
        )
    at_top, at_bottom = (1 + d) / ((1 + d) + (n - 1)), 1 / (1 + (n - 1) * (1 + d))
    evidence.nonnegative("upper", above * most - at_top, "one logit at the top; equal for the constant 1")
    evidence.nonnegative("lower", at_bottom - below * least, "one logit at the bottom; equal for the constant 1")
    evidence.nonnegative(
        "sharper", [(1 + d) / n - most, least - 1 / (n * (1 + d))], "than Lemma C.1, with E = 1 + d, n = 1 + m"
    )
    inside = 1 + d * u / (1 + u)  # any exponential between the ends
    evidence.nonnegative("upper", most - inside / (inside + n - 1), "rows with another top value stay below")
    half = arb(1) / 2
    attained = sharp_diffuse_bounds(half, arb(2))[1]
    evidence.enclosed("upper", [(abs(attained - arb("0.622")), arb("0.0006"), "")], "n = 2, spread 1/2: 0.622")
    printed = half.exp() / 2
    evidence.enclosed("upper", [(abs(printed - arb("0.824")), arb("0.0006"), "")], "and 0.824 by Lemma C.1")


ROWS = (exact_variation, extreme_weights)
