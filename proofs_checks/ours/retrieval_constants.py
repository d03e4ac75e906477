"""Best constants in the proofs of selective retrieval."""

import numpy as np
import sympy
from flint import arb

from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, filling, meets_claim
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import Channels
from sessa_ref.constructions.narrow_retrieval import FOUR, narrow_retrieval
from sessa_ref.constructions.selective_retrieval import OFF_MASS, column_margins, promised
from sessa_ref.theory import selective_retrieval as theory
from sessa_ref.theory.scaled_gelu import RELU_GAP, relu_gap, relu_gap_derivative


@states(
    "ours:gelu-gap",
    "The best constant between a scaled GELU and a ReLU",
    where="beside Lemma K.3",
    says=r"""
    $L \sup_u |\mathrm{GELU}(Lu)/L - \max(u, 0)| = \max_{v \ge 0} v(1 - \Phi(v)) = 0.1699712\ldots$, attained at
    $v = L|u| = 0.7517915\ldots$, the only zero of $1 - \Phi(v) - v\varphi(v)$. The paper's constant $1/\sqrt{2\pi} = 0.39894$ is
    2.347 times larger.
    """,
    trust="balls: the zero is bracketed and the maximum enclosed on the bracket; symbols: there is no other zero",
    needs=("lem:K.3",),
    bends=(Bend("a constant smaller by a millionth", {"constant": 1 - 1e-6}),),
)
def gelu_gap(evidence: Evidence, *, constant: float = 1.0) -> None:
    """v (1 - Phi) rises, and falls from its one critical point on."""
    v = sympy.Symbol("v", positive=True)
    density = sympy.exp(-(v**2) / 2) / sympy.sqrt(2 * sympy.pi)
    slope = (1 - sympy.erf(v / sympy.sqrt(2))) / 2 - v * density
    evidence.identity(
        "one critical point",
        [sympy.simplify(sympy.diff(slope, v) - (v**2 - 2) * density), sympy.limit(slope, v, sympy.oo)],
        "the slope falls up to sqrt 2 and rises to 0 from there on: it is negative from its zero on",
    )
    low, high = arb("0.75179152"), arb("0.75179153")
    evidence.enclosed(
        "the critical point",
        [(-relu_gap_derivative(low), arb(0), "left"), (relu_gap_derivative(high), arb(0), "right")],
        "the slope changes its sign on [0.75179152, 0.75179153]",
    )
    bracket = low.union(high)
    middle = arb(bracket.mid())
    largest = relu_gap(middle) + relu_gap_derivative(bracket) * (bracket - middle)
    best = arb(RELU_GAP)
    evidence.enclosed(
        "the maximum", [(largest, best * constant, "v (1 - Phi) on the bracket")], "the constant, rounded up"
    )
    evidence.enclosed("the maximum", [(best - arb("1e-10"), largest, "v (1 - Phi) on the bracket")], "to ten digits")


@states(
    "ours:macro-sums",
    "The macro-layer's kernel is at least the power itself",
    where="beside Lemma K.22",
    says=r"""
    For $\gamma = 1 - \beta \in (0, 1)$, $0 \le j < i$ and $L(i,j) = \sum_{k=j}^i \Theta_{ik}/(k+1)$, $\Theta$ the resolvent of
    uniform routing with gain $\gamma$: $L(i, j) \ge (j+1)^{-\gamma}(i+1)^{-\beta}$, and 1 is the best constant. So Lemma K.22
    holds with $a^- = (1-\mu) c_r^-$, in place of the least of three numbers times it.
    """,
    trust="symbols for every i, j, beta, from the resolvent's bound; that 1 is best, from the limit i = j + 1 to infinity",
    needs=("lem:K.22", "lem:K.15"),
    bends=(Bend("the constant 1.01", {"constant": 1.01}),),
)
def macro_sums(evidence: Evidence, *, constant: float = 1.0) -> None:
    """1/(i+1) + gamma (i+1)^-beta times the integral of x^(-1-gamma) from j + 1 to i + 1 is the power exactly."""
    x, g = sympy.Symbol("x", positive=True), sympy.Symbol("gamma", positive=True)
    m, n = sympy.symbols("m n", positive=True)  # j + 1, i + 1
    primitive = -(x**-g) / g
    evidence.identity(
        "the sum", sympy.simplify(sympy.diff(primitive, x) - x ** (-1 - g)), "a primitive of x^(-1-gamma), which falls"
    )
    integral = (m**-g - n**-g) / g
    whole = 1 / n + g * n ** (g - 1) * integral
    power = sympy.nsimplify(constant) * m**-g * n ** (g - 1)
    evidence.identity(
        "the bound",
        sympy.simplify(sympy.expand(whole - power)),
        "Theta_ii = 1 and Theta_ik >= gamma (k+1)^-gamma (i+1)^-beta; the sum over k is at least the integral",
    )
    one_step = (1 / n + g * n ** (g - 1) * (n - 1) ** (-1 - g)) * (n - 1) ** g * n ** (1 - g)
    limits = [sympy.limit(one_step.subs(g, sympy.Rational(p, 4)), n, sympy.oo) - 1 for p in (1, 2, 3)]
    evidence.identity("1 is best", limits, "the two terms at i = j + 1, with the resolvent's limit, tend to 1")
    T = 128 if evidence.quick else 512
    i, j = np.tril_indices(T, -1)
    least = min(
        float(np.min(theory.macro_sums(T, beta)[i, j] * (j + 1.0) ** (1 - beta) * (i + 1.0) ** beta))
        for beta in (0.1, 0.25, 0.5, 0.75, 0.9)
    )
    evidence.agreement(constant / least, 1.0, f"the sums themselves, T = {T}, five beta")


@states(
    "ours:retrieval-constant",
    "A larger constant in Theorem 12",
    where="beside Theorem 12",
    says=r"""
    With `ours:macro-sums` the proof of Theorem 12 gives $c_- = \frac14 \big((1-\mu) c_r^-\big)^k c^{bal}$ for lags of at least $k$: larger than
    the printed chain's by $\min(c_\Theta^-, c_L^{(1)}, 2^{-\gamma})^{-k}$. With the best constants of the printed proof that is
    $(2/\gamma)^k$, 16 at $k = 2$, $\beta = 1/2$: $c_\Theta^- = \gamma$, and
    $c_L^{(1)} = \gamma \min_j (j+1)^\gamma \sum_{k=j}^{2j-1} (k+1)^{-1-\gamma} = \gamma/2$, at $j = 1$.
    """,
    trust="float64: both chains are evaluated at nine (k, beta) and tau_max = 2; the sum's least value at j up to 63 and in the limit",
    not_higher="numbers for nine (k, beta)",
    needs=("thm:12", "ours:macro-sums", "lem:K.25"),
    bends=(Bend("a factor twice as large", {"factor": 2.0}),),
)
def retrieval_constant(evidence: Evidence, *, factor: float = 1.0) -> None:
    """The constant of the printed chain, and that with the better macro-layer."""
    for k in (1, 2, 3):
        for beta in (0.25, 0.5, 0.75):
            bounds = theory.profile_bounds(beta)
            printed = promised(k, beta, 64, 2, bounds)["c_minus"]
            macro = (1 - OFF_MASS) * bounds.lower
            better = 0.25 * macro**k * theory.balanced_constant(k, beta, 2, range(k, 65))
            gained = (macro / theory.macro_bounds(beta, bounds, OFF_MASS).a_minus) ** k
            evidence.constructed(
                "(2/gamma)^k",
                factor * (2 / (1 - beta)) ** k,
                gained * (1 + 1e-12),
                f"the factor, k = {k}, beta = {beta}",
            )
            evidence.agreement(gained, (2 / (1 - beta)) ** k * (1 + 1e-12), f"and no more, k = {k}, beta = {beta}")
            evidence.constructed(
                "the factor", factor * gained * printed, better * (1 + 1e-12), f"k = {k}, beta = {beta}, tau_max = 2"
            )


@states(
    "ours:four-channels",
    "Selective retrieval with four channels",
    where="beside Theorem 12 and Remark K.27",
    says=r"""
    Theorem 12 holds for $D \ge 4$, with $8 + 2k$ blocks: signal, position and two channels for work that are used again and
    again; no block needs more than four a-slots or three gates.
    """,
    trust="float64: three (k, beta), H up to 128, tau* up to 8, tokens that fill the ball; all blocks also in torch",
    not_higher="finitely many networks; the argument is Appendix K's, block by block",
    needs=("thm:12", "rem:K.27"),
    bends=(Bend("feedback switched off in the macro-layers", {"feedback": False}),),
)
def four_channels(evidence: Evidence, *, feedback: bool = True) -> None:
    """Networks of width four, their claims and their number of blocks."""
    for k, beta, target, horizon in ((1, 0.5, 0, 16), (2, 0.5, 2, 16 if evidence.quick else 128), (3, 0.75, 8, 16)):
        built = narrow_retrieval(k, beta, horizon, target=target)
        x = filling(evidence, target + horizon + 1, 4, 1)
        if not feedback:
            off = built.network.without_feedback(["diffuse sig"])
            margin = column_margins(off, Channels(4, FOUR), x[0], target)
            scaled = margin / (1 + np.arange(1, horizon + 1)) ** theory.exponent(k, beta)
            evidence.constructed("the margin", 0.8 * float(scaled[0]), float(scaled[-1]), f"flat, k = {k}")
            continue
        meets_claim(evidence, "the margin", built, x, f"k = {k}, beta = {beta}, tau* = {target}, H = {horizon}")
        evidence.constructed("blocks", len(built.network.blocks), 8 + 2 * k, f"k = {k}")
        if k == 2:
            short = x[0][: target + 17]
            blocks_agree(evidence, built.network, short, (0, 5) if evidence.quick else range(12))


ROWS = (gelu_gap, macro_sums, retrieval_constant, four_channels)
