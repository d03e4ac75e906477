"""Bounded inputs give bounded outputs (Section 4.1, Appendices A and D)."""

from fractions import Fraction
from itertools import product

import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, not_yet_checked, states


@states(
    "lem:4.2",
    "The causal solve is bounded on l-infinity",
    where="Section 4.1, Lemma 4.2",
    says=r"""
    Let $B$ be strictly lower triangular with $\sum_j |B_{tj}| \le \rho < 1$ in every row $t$, and $(I - B)s = f$ with
    $f_t \in \mathbb{R}^D$. Then $\max_t \lVert s_t \rVert \le \frac{1}{1 - \rho} \max_t \lVert f_t \rVert$.
    """,
    trust="real arithmetic; every T, every B that the hypothesis admits, every norm",
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("a row may have the sum (1 + rho) / 2", {"excess": 0.5}),
    ),
)
def solve_is_bounded(evidence: Evidence, *, constant: float = 1.0, excess: float = 0.0) -> None:
    """Induction over rows in symbols; then the worst B of every small T in exact rationals."""
    rho = sympy.Symbol("rho", positive=True)
    factor = sympy.nsimplify(constant)
    bound = factor / (1 - rho)
    row_sum = rho + sympy.nsimplify(excess) * (1 - rho)
    step = 1 + row_sum * bound  # norms of earlier states are at most `bound`
    evidence.identity("the bound", step - bound, "induction: 1 + rho c = c for c = 1/(1 - rho)")
    # |s_t| is convex in each row of B, so its maximum is at extreme points: rows with one entry +-rho.
    evidence.exact(
        "the bound",
        [
            (_worst_state(T, r), Fraction(factor.p, factor.q) / (1 - r), f"T = {T}, rho = {r}")
            for T in range(1, 6)
            for r in (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100))
        ],
        "the largest |s_t| over all extreme B and f in {-1, 1}^T, exact rationals",
    )


def _worst_state(T: int, rho: Fraction) -> Fraction:
    """The largest |s_t| over rows with one entry rho at any earlier place, f = 1."""
    worst = Fraction(0)
    for parents in product(*(range(t) for t in range(1, T))):
        s = [Fraction(1)]
        for parent in parents:
            s.append(1 + rho * s[parent])
        worst = max(worst, *s)
    return worst


ROWS = (
    solve_is_bounded,
    not_yet_checked(
        "rem:4.1",
        "stability and Jacobian statements are for Norm = Id",
        "Section 4",
        "stability and Jacobian statements are for Norm = Id",
    ),
    not_yet_checked(
        "asm:1",
        "uniform row contraction of the gain on balls",
        "Section 4",
        "uniform row contraction of the gain on balls",
    ),
    not_yet_checked("prop:2", "one-block stability", "Section 4", "one-block stability: BIBO"),
    not_yet_checked("def:7", "sup-l2 norm and balls", "Appendix A", "sup-l2 norm and balls; eq (35) norm comparison"),
    not_yet_checked("def:8", "BIBO stability on l-infinity", "Appendix A", "BIBO stability on l-infinity"),
    not_yet_checked(
        "asm:24",
        "uniform feedback margin and row contraction",
        "Appendix D",
        "uniform feedback margin and row contraction",
    ),
    not_yet_checked(
        "rem:D.1", "an explicit rho(R) = tanh(c + L R)", "Appendix D", "an explicit rho(R) = tanh(c + L R)"
    ),
    not_yet_checked("lem:D.2", "token-wise affine bound", "Appendix D", "token-wise affine bound"),
    not_yet_checked(
        "lem:D.3",
        "causal attention is l-infinity nonexpansive",
        "Appendix D",
        "causal attention is l-infinity nonexpansive",
    ),
    not_yet_checked("prop:25", "one block", "Appendix D", "one block: explicit ball-to-ball bound, eq (52)"),
    not_yet_checked(
        "rem:D.4",
        "how the constants follow from operator norms",
        "Appendix D",
        "how the constants follow from operator norms",
    ),
)
