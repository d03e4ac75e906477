"""Errata of Appendix B."""

import math
from fractions import Fraction

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from proofs_checks.tail_layers import diffuse_layer, tokens
from sessa_ref.influence.tail_constants import measure
from sessa_ref.theory.causal_attention import row_variation_constant
from sessa_ref.theory.diffuse_routing import row_sum_tail_exponent
from sessa_ref.theory.jacobian_tails import convolution_constant, convolution_sum, theorem_23_bound, worst_tail


@erratum(
    "B.3-hypothesis",
    "lem:B.3",
    where="Appendix B.2, Lemma B.3",
    kind=Kind.SLIP,
    printed="Under Assumptions 16 to 20 the states are at most $F_R / (1 - \\gamma_{\\max})$.",
    correct="""
    The proof uses Assumption 15, convex rows, which is not on the list, though "attention weights" suggests it; 16 and 20 are what else it
    needs. Assumptions 17 to 19 are not used.
    """,
    conclusion="survives: Theorem 23 assumes 15 as well",
)
def rows_must_sum_to_one() -> Shown:
    """Three tokens, alpha_10 = alpha_20 = alpha_21 = 1: alpha <= c2 / t with c2 = 2, gamma = 2/5, eta = 4/5."""
    gamma, s = Fraction(2, 5), [Fraction(1)]
    for _ in range(2):
        s.append(1 + gamma * sum(s))
    bound = 1 / (1 - gamma)
    return Shown(s[2] > bound, f"f = 1, weights 1: s_2 = {s[2]} > {bound} = F / (1 - gamma_max)")


@erratum(
    "21-range",
    "asm:21",
    where="Appendix B.2, Assumption 21",
    kind=Kind.SLIP,
    printed="for all $t \\ge \\tau$ and all $\\tau < t$: $\\lVert \\partial f_t / \\partial x_\\tau \\rVert \\le L_f / (t + 1)$",
    correct="for all $t > \\tau$. At $t = \\tau$ the query moves the whole row, and nothing dilutes (Assumption 19 covers it).",
    conclusion="survives: only $t > \\tau$ is used",
)
def the_own_row_does_not_dilute() -> Shown:
    """(t + 1) |df_t / dx_t| at the last of 50 and of 400 tokens, larger forward queries and keys."""
    layer = diffuse_layer()
    layer = layer.replace({f"mixer.{name}_proj.weight": 4 * layer[f"mixer.{name}_proj.weight"] for name in "qk"})
    sizes = [T * measure(layer, tokens(T, radius=2.0), T - 1).constants.L_f0 for T in (50, 400)]
    return Shown(
        sizes[1] > 3 * sizes[0], f"T |df_(T-1) / dx_(T-1)| = {sizes[0]:.3g} and {sizes[1]:.3g} at T = 50 and 400"
    )


@erratum(
    "16-open",
    "asm:16",
    where="Appendix B.2, Assumption 16",
    kind=Kind.LOOSE,
    printed="$\\beta_{tail} \\in (0, 1)$, so that $\\eta = 0$ is excluded; and $\\gamma_{\\max} < 1$ is asked for beside $\\eta < 1$",
    correct="""
    With $\\eta = 0$ there is no feedback, $\\partial s_t / \\partial x_\\tau = \\partial f_t / \\partial x_\\tau$ is at most
    $A_1 / (t + 1)$, and Theorem 23 holds. Rows that sum to 1 have $c_2 \\ge 1$, so $\\eta < 1$ implies $\\gamma_{\\max} < 1$.
    """,
    conclusion="survives, for more layers",
)
def no_feedback_is_fine() -> Shown:
    """A layer whose gain is 0."""
    found = measure(diffuse_layer(gain=0.0, bias=0.0), tokens(60), 0)
    worst = float(np.max(found.states * np.arange(2, 61)))
    A_1 = found.constants.later
    shows = found.constants.eta == 0 and worst <= A_1 * (1 + 1e-12)
    return Shown(shows, f"gain 0: (t + 1) |ds_t / dx_0| is at most {worst:.4f}, A_1 = {A_1:.4f}")


@erratum(
    "B.6-constant",
    "lem:B.6",
    where="Appendix B.3, Lemma B.6",
    kind=Kind.LOOSE,
    printed="$C_\\beta = 2^\\beta + 2^\\beta / (1 - \\beta)$, which is unbounded as $\\beta \\to 1$",
    correct="""
    $C_\\beta = 2$ for every $\\beta \\in [0, 1]$, and the sum is at most
    $\\ell^{-\\beta} (\\log(1 + \\ell) - \\psi(1 - \\beta))$ (ours:convolution-bound).
    """,
    conclusion="survives, with a smaller C(R)",
)
def two_is_enough() -> Shown:
    """Beta = 0.99, lags up to 2000."""
    ratios = [convolution_sum(lag, 0.99) * lag**0.99 / (1 + math.log1p(lag)) for lag in range(1, 2000, 7)]
    return Shown(max(ratios) < 2, f"beta = 0.99: at most {max(ratios):.3f}, printed {convolution_constant(0.99):.1f}")


@erratum(
    "23-logarithm",
    "thm:23",
    where="Appendix B.4, Theorem 23; Corollary B.7; Proposition 10 (iii)",
    kind=Kind.LOOSE,
    printed="$C(R) \\ell^{-\\beta} (1 + \\log(1 + \\ell))$",
    correct="""
    The logarithm is not needed: $(\\eta A_0 + A_1) a_\\tau b_t \\le \\frac{\\eta A_0 + A_1}{\\Gamma(1 + \\eta)} \\ell^{-\\beta}$
    (ours:jacobian-tail). The proof splits kernel and forcing and loses what $a_k / k = (a_{k-1} - a_k) / \\eta$ keeps.
    """,
    conclusion="survives, stronger",
)
def no_logarithm() -> Shown:
    """The largest Jacobian that the assumptions allow, times lag^beta, at lags 10 and 10^5."""
    lags = np.array([10, 100_000])
    worst = worst_tail(0, 100_001, 0.5, 1.0, 1.0)[lags - 1]
    scaled, bound = worst * lags**0.5, 1.5 / math.gamma(1.5)
    printed = theorem_23_bound(lags, 0.5, 1.0, 1.0) / worst
    text = (
        f"eta = 1/2, A_0 = A_1 = 1: lag^beta times the worst case is {scaled[0]:.3f} and {scaled[1]:.3f} <= {bound:.3f}; "
        f"printed bound over worst case {printed[0]:.1f} and {printed[1]:.1f}"
    )
    return Shown(bool(np.all(scaled <= bound) and printed[1] > 2 * printed[0]), text)


@erratum(
    "23-hypotheses",
    "thm:23",
    where="Appendix B.4, Theorem 23",
    kind=Kind.SLIP,
    printed="Assume Assumptions 15-22, 17, 18, and 19",
    correct="Assumptions 15 to 22; 17, 18 and 19 are among them.",
    conclusion="survives",
)
def listed_twice() -> Shown:
    """The two lists overlap."""
    twice = sorted(set(range(15, 23)) & {17, 18, 19})
    return Shown(twice == [17, 18, 19], f"named twice: {', '.join(map(str, twice))}")


@erratum(
    "B.7-gate",
    "cor:B.7",
    where="Appendix B.5, Corollary B.7",
    kind=Kind.LOOSE,
    printed="$\\lVert \\mathrm{Diag}(g_t) \\rVert_2 \\le \\lVert g_t \\rVert_2 \\le G_R$",
    correct="$\\lVert \\mathrm{Diag}(g_t) \\rVert_2 = \\max_i |g_{t,i}|$, smaller by up to $\\sqrt{r}$ (ours:block-jacobian-tail).",
    conclusion="survives, stronger",
)
def largest_entry() -> Shown:
    """Four gates of 1."""
    g = np.ones(4)
    exact, printed = np.linalg.norm(np.diag(g), 2), np.linalg.norm(g)
    return Shown(bool(exact < printed), f"g = (1, 1, 1, 1): {exact:g} against {printed:g}")


@erratum(
    "B.5-transposed",
    "cor:B.7",
    where="Appendix B.5, the block's formula",
    kind=Kind.SLIP,
    printed="$y_t = x_t + W_{out}(s_t \\odot g_t) + b_{out}$",
    correct="In (13) tokens are rows: $(s_t \\odot g_t) W_{out}$; here $W_{out}$ is its transpose.",
    conclusion="survives: both have one norm",
)
def transposed() -> Shown:
    """A matrix that is not symmetric."""
    W, z = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([1.0, 2.0])
    left, right = (", ".join(f"{entry:g}" for entry in product) for product in (W @ z, z @ W))
    same_norm = np.linalg.norm(W, 2) == np.linalg.norm(W.T, 2)
    return Shown(
        bool(np.any(W @ z != z @ W) and same_norm), f"W z = ({left}), z W = ({right}), equal norms of W and W^T"
    )


@erratum(
    "B.4-constant",
    "lem:B.4",
    where="Appendix B.3, Lemma B.4",
    kind=Kind.LOOSE,
    printed="The sum of |d alpha_j| is at most 2 times the sum of alpha_i |d logit_i|.",
    correct="2 (1 - min alpha) is the best constant for a row, attained; 2 is the best for all rows together, and is not attained.",
    conclusion="survives; in the diffuse regime the gain is a factor 1 - O(1/n)",
)
def row_constant() -> Shown:
    """Two equal weights."""
    best = row_variation_constant(Fraction(1, 2))
    return Shown(best < 2, f"two equal weights: the best constant is {best}")


@erratum(
    "B.5-exponent",
    "lem:B.5",
    where="Appendix B.3, Lemma B.5",
    kind=Kind.LOOSE,
    printed="|K_(t,k)| <= eta e^eta (t - k)^-(1 - eta) under Assumption 15, whose rows sum to exactly 1.",
    correct="""
    Such rows have c2 >= 1, and for c2 > 1 the exponent b of b + gamma_max c2^b = 1 is larger than 1 - eta; it is the best one, holds with
    the constant 2, and does not need eta < 1.
    """,
    conclusion="survives",
)
def exponent() -> Shown:
    """gamma_max = 2/5, c2 = 2."""
    b = row_sum_tail_exponent(0.4, 2.0)
    return Shown(b > 0.2, f"gamma_max = 0.4, c2 = 2: {b:.4f} against {1 - 0.8:.1f}")


ERRATA: tuple[Erratum, ...] = (
    rows_must_sum_to_one,
    the_own_row_does_not_dilute,
    no_feedback_is_fine,
    two_is_enough,
    no_logarithm,
    listed_twice,
    largest_entry,
    transposed,
    row_constant,
    exponent,
)
