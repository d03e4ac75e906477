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
    $v = L|u| = 0.7517915\ldots$, the only zero of $1 - \Phi(v) - v\varphi(v)$. The paper's constant
    $1/\sqrt{2\pi} = 0.39894$ is 2.347 times larger.
    """,
    proof=r"""
    $\mathrm{GELU}(Lu)/L = u\, \Phi(Lu)$. For $u \ge 0$ the difference from $\max(u, 0)$ has the size
    $u (1 - \Phi(Lu))$, and for $u < 0$ the size $|u|\, \Phi(-L|u|)$, which is the same function of $|u|$. With
    $v = L|u|$ it is $\frac1L k(v)$, $k(v) = v (1 - \Phi(v))$.

    $k'(v) = 1 - \Phi(v) - v \varphi(v)$ and $k''(v) = (v^2 - 2)\, \varphi(v)$. On $[\sqrt2, \infty)$ $k'$ rises
    strictly to its limit 0, so it is negative there. On $[0, \sqrt2]$ it falls strictly, from $\frac12$ to a negative
    number. So it has exactly one zero $v_*$, and $k$ rises up to it and falls from there on: $k(v_*)$ is the maximum.
    Balls show that $k'$ changes its sign on $[0.75179152, 0.75179153]$. By the mean value theorem $k(v_*)$ differs from
    $k$ at the middle of this interval by at most its length times the largest $|k'|$ on it, which gives ten digits of
    the maximum.
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
    For $\gamma = 1 - \beta \in (0, 1)$, $0 \le j < i$ and $L(i,j) = \sum_{k=j}^i \Theta_{ik}/(k+1)$, $\Theta$ the
    resolvent of uniform routing with gain $\gamma$: $L(i, j) \ge (j+1)^{-\gamma}(i+1)^{-\beta}$, and 1 is the best
    constant. So Lemma K.22 holds with $a^- = (1-\mu) c_r^-$, in place of the least of three numbers times it.
    """,
    proof=r"""
    By (71) $\Theta_{ik} = \gamma\, a_k b_i$ for $k < i$, with
    $a_k = \frac{\Gamma(k+1)}{\Gamma(k+1+\gamma)} \ge (k+1)^{-\gamma}$, because $\log \Gamma$ is convex, and
    $b_i = \frac{\Gamma(i+\gamma)}{\Gamma(i+1)} \ge (i+\gamma)^{\gamma-1} \ge (i+1)^{-\beta}$ by `ours:gamma-ratio`. As
    $x^{-1-\gamma}$ falls,

    $$\sum_{k=j}^{i-1} (k+1)^{-1-\gamma} \ge \int_{j+1}^{i+1} x^{-1-\gamma} dx = \frac{(j+1)^{-\gamma} - (i+1)^{-\gamma}}{\gamma} .$$

    With $\Theta_{ii} = 1$ and $\beta + \gamma = 1$,

    $$L(i,j) \ge \frac{1}{i+1} + \gamma (i+1)^{-\beta} \cdot \frac{(j+1)^{-\gamma} - (i+1)^{-\gamma}}{\gamma} = (j+1)^{-\gamma} (i+1)^{-\beta} .$$

    *No larger constant.* At $i = j + 1$, $L(i,j) = \frac{1}{i+1} + \frac{\gamma}{i^2}$, because
    $\Theta_{j+1,j} = \frac{\gamma}{j+1}$. Its quotient by $i^{-\gamma} (i+1)^{-\beta}$ is
    $\bigl(\frac{i}{i+1}\bigr)^{\gamma} \bigl(1 + \frac{\gamma (i+1)}{i^2}\bigr)$, which tends to 1.

    *Lemma K.22.* Its kernel is $K(i,j) = m_j L(i,j)$ with $m_j \ge (1-\mu)\, c_r^- (j+1)^\gamma$. So
    $K(i,j) \ge (1-\mu)\, c_r^- (i+1)^{-\beta}$.
    """,
    trust="symbols for every i, j, beta, from the resolvent's bound; that 1 is best, from the limit i = j + 1 to infinity",
    needs=("lem:K.22", "lem:K.15", "ours:gamma-ratio"),
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
    i = sympy.Symbol("i", positive=True)
    one_step = (1 / (i + 1) + g / i**2) * i**g * (i + 1) ** (1 - g)
    quotient = (i / (i + 1)) ** g * (1 + g * (i + 1) / i**2)
    limits = [sympy.limit(i / (i + 1), i, sympy.oo) - 1, sympy.limit(1 + g * (i + 1) / i**2, i, sympy.oo) - 1]
    evidence.identity(
        "1 is best",
        [sympy.simplify(sympy.expand_power_base(one_step / quotient, force=True)) - 1, *limits],
        "i = j + 1: L = 1/(i+1) + gamma/i^2, whose quotient by the power tends to 1",
    )
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
    With `ours:macro-sums` the proof of Theorem 12 gives $c_- = \frac14 \big((1-\mu) c_r^-\big)^k c^{bal}$ for lags of
    at least $k$. That is larger than the printed chain's by the factor $\min(c_\Theta^-, c_L^{(1)}, 2^{-\gamma})^{-k}$.
    Even with the best constants in the minimum the factor is at least $(2/\gamma)^k$: 16 at $k = 2$, $\beta = 1/2$.
    """,
    proof=r"""
    *The chain.* Let $\ell \ge k$. In the proof of Theorem 12, Step 6, a path that jumps in all $k$ macro-layers has
    from the selector the factor $\frac12$ at least, and from the jump to $i_r$ at least $a^- (i_r + 1)^{-\beta}$. By
    Lemma K.25 the balanced paths alone add up to $\frac12 (a^-)^k c^{bal} (1 + \ell)^\nu$, and by Step 8 the
    competitors take away at most half of it. So $c_- = \frac14 (a^-)^k c^{bal}$. The constant $a^-$ enters nowhere
    else, and by `ours:macro-sums` it may be $(1-\mu)\, c_r^-$.

    *The factor.* The proof of Lemma K.22 has $a^- = (1-\mu)\, c_r^- \min(c_\Theta^-, c_L^{(1)}, 2^{-\gamma})$. The best
    $c_\Theta^-$ is $\gamma$, and $c_L^{(1)}$ is at most $\gamma (j+1)^\gamma \sum_{k=j}^{2j-1} (k+1)^{-1-\gamma}$ for
    every $j \ge 1$. At $j = 1$ this is $\gamma\, 2^\gamma\, 2^{-1-\gamma} = \gamma/2$. So the minimum is at most
    $\gamma/2$, and the $k$-th power of its inverse at least $(2/\gamma)^k$. At $k = 2$, $\gamma = \frac12$ this is 16.
    """,
    trust="real arithmetic; every k and beta, given the proof of Theorem 12; beside it both chains in float64 for nine (k, beta)",
    needs=("thm:12", "ours:macro-sums", "lem:K.25"),
    bends=(Bend("a factor twice as large", {"factor": 2.0}),),
)
def retrieval_constant(evidence: Evidence, *, factor: float = 1.0) -> None:
    """The quotient of the two chains, and its bound; beside it the constants themselves, in float64."""
    m, q, c, g = sympy.symbols("m q c gamma", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    chains = sympy.Rational(1, 4) * m**k * c, sympy.Rational(1, 4) * (m * q) ** k * c
    evidence.identity(
        "the factor", sympy.powsimp(chains[0] / chains[1] * q**k) - 1, "a^- = m^- q enters to the power k"
    )
    first = g * 2**g * 2 ** (-1 - g)
    evidence.identity(
        "at least (2/gamma)^k",
        sympy.simplify(first - g / 2),
        "c_L^(1) is at most gamma (j+1)^gamma sum_(k=j)^(2j-1) (k+1)^(-1-gamma) for every j, and this is gamma/2 at j = 1",
    )
    evidence.exact(
        "at least (2/gamma)^k",
        [(sympy.nsimplify(factor) * 16, (1 / first.subs(g, sympy.Rational(1, 2))) ** 2, "k = 2, beta = 1/2")],
        "its value at k = 2, gamma = 1/2",
    )
    for k in (1, 2, 3):
        for beta in (0.25, 0.5, 0.75):
            bounds = theory.profile_bounds(beta)
            printed = promised(k, beta, 64, 2, bounds)["c_minus"]
            macro = (1 - OFF_MASS) * bounds.lower
            better = 0.25 * macro**k * theory.balanced_constant(k, beta, 2, range(k, 65))
            gained = (macro / theory.macro_bounds(beta, bounds, OFF_MASS).a_minus) ** k
            text = f"k = {k}, beta = {beta}, tau_max = 2: the printed constant times the factor, over ours"
            evidence.agreement(factor * gained * printed / better, 1 + 1e-12, text)
            least = (2 / (1 - beta)) ** k
            evidence.agreement(least / gained, 1 + 1e-12, f"{text}; (2/gamma)^k over it")
            evidence.agreement(gained / least, 1 + 1e-12, f"{text}; and no more than (2/gamma)^k, at j up to 63")


@states(
    "ours:four-channels",
    "Selective retrieval with four channels",
    where="beside Theorem 12 and Remark K.27",
    says=r"""
    Theorem 12 holds for $D \ge 4$, with $8 + 2k$ blocks: signal, position and two channels for work that are used again
    and again; no block needs more than four a-slots or three gates.
    """,
    proof=r"""
    The channels are sig, pos and two for work, $a$ and $b$. All blocks but the first, the reset and the diffuse one of
    a macro-layer take a code of pos as forward query and key, so that a row has all but $\mu$ of its mass on its own
    token (Lemma K.2), which needs one a-slot. A channel is read exactly by two a-slots (Corollary K.5), and the
    constant 1 needs one.

    1. *Positions* (Corollary 4.11): adds $\lambda_t$ to pos, so large that its ranges are ordered, whatever the inputs
       of norm at most $R$ are.
    2. *Seed*: erases $a$ and $b$ with the gates $a$ and $b$ and the constant 1 as value, exactly, since rows sum to 1.
       It writes into $a$ the fall of Lemma K.6's window behind token 0, two ramps. So $a_0$ is nearly 1, and
       $|a_t| \le \epsilon$ for $t \ge 1$. Four a-slots (1, two ramps, pos), three gates.
    3. *Tail*: reads $a$, feeds it to uniform feedback with gain $\gamma = 1 - \beta$, and adds the states to $b = 0$:
       $b_t = \sum_k \Theta_{tk} f_k$, where $f_0 = a_0$ and $|f_k| \le \epsilon + \mu (a_0 + \epsilon)$ for $k \ge 1$.
       Rows of $\Theta$ sum to at most $1/\beta$, and
       $\gamma (t+1)^{-\beta} \le \Theta_{t0} \le \gamma 2^\beta (t+1)^{-\beta}$ for $t \ge 1$ (Lemma K.15). So if
       $\epsilon$ and $\mu$ are small against $\beta \gamma T^{-\beta}$, then
       $c_g^- (t+1)^{-\beta} \le b_t \le c_g^+ (t+1)^{-\beta}$ with constants of $\beta$ alone. Three a-slots.
    4. *Reset* (Lemma K.19): $a$ becomes 0.
    5. *Profile* (Lemma K.20, whose tail is $b$ and whose profile is $a$):
       $c_r^- (t+1)^\gamma \le a_t \le c_r^+ (t+1)^\gamma$. Three a-slots.
    6. *Window*, two blocks: the first erases $b$ and writes the rise of the window around $\tau_*$, the second adds its
       fall. By Lemmas K.6 and K.7 $b$ is then 1 at $\tau_*$ and 0 elsewhere, as nearly as one likes. Four and three
       a-slots, two gates and one.
    7. *Multiplier* (Lemma K.11): sig becomes $b$ times sig, as nearly as one likes. Four a-slots (1, two for $b$, pos),
       two gates.
    8. *$k$ macro-layers* (Lemma K.22), two blocks each, with $a$ as profile and $b$ as source: the first erases $b$ and
       writes $a$ times sig into it, with four a-slots and two gates; the second reads $b$, with two a-slots and one
       gate.

    That makes $8 + 2k$ blocks with at most four a-slots and three gates, and $a$ and pos are kept from 5 on. Blocks 1
    to 6 neither read nor change sig, so they pass a change of sig unaltered and change nothing else with it. In 7 and 8
    the kernels depend on pos and $a$, $b$ alone. That is all that Steps 5 to 8 of the proof of Theorem 12 use: the
    score is the product of the kernels, at least $c_{sig} (1+\ell)^\nu$ at $\tau_*$ (Lemma K.25, and single paths for
    $\ell < k$), and the competitors take at most half of it (Lemma K.26). Further channels of a wider token are carried
    along.
    """,
    trust="float64: three (k, beta), H up to 128, tau* up to 8, tokens that fill the ball; all blocks also in torch",
    not_higher="finitely many networks; the argument is Appendix K's, block by block",
    needs=(
        "thm:12",
        "rem:K.27",
        "cor:4.11",
        "lem:K.2",
        "cor:K.5",
        "lem:K.6",
        "lem:K.7",
        "lem:K.11",
        "lem:K.15",
        "lem:K.19",
        "lem:K.20",
        "lem:K.22",
        "lem:K.25",
        "lem:K.26",
    ),
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
