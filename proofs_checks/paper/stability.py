"""Bounded inputs give bounded outputs (Section 4.1, Appendix A)."""

from fractions import Fraction
from itertools import product

import numpy as np
import sympy

from proofs_checks import wording
from proofs_checks.evidence import Evidence
from proofs_checks.paper.attacked_layers import attacked_layers
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import solve, tokenwise
from sessa_ref.symbolic import series
from sessa_ref.theory import stability

RHOS = (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100))


@states(
    "rem:4.1",
    "LayerNorm",
    where="Section 4, Remark 4.1",
    says=r"""
    The statements on stability and Jacobians are for $\mathrm{Norm} = \mathrm{Id}$. With LayerNorm one assumes $\varepsilon > 0$ and uses the
    Lipschitz bound of $x \mapsto (x - \bar{x}) / \sqrt{\mathrm{var}(x) + \varepsilon}$. We compute its Lipschitz constant, $1/\sqrt{\varepsilon}$, which needs
    $\varepsilon > 0$, and the bound $\sqrt{D}$ on its values, which does not.
    """,
    trust="real arithmetic; every D, every eps > 0, every token; LayerNorm before its weight and bias",
    bends=(
        Bend("a Lipschitz constant smaller by a tenth", {"lipschitz": 0.9}),
        Bend("eps = 0", {"norm_eps": 0.0}),
        Bend("values of norm 0.99 sqrt(D)", {"largest": 0.99}),
    ),
)
def layer_norm(evidence: Evidence, *, lipschitz: float = 1.0, norm_eps: float = 1e-5, largest: float = 1.0) -> None:
    """The derivative is s = (r^2/D + eps)^(-1/2) across and eps s^3 along the centred token, of norm r."""
    r, D, eps = sympy.symbols("r D epsilon", positive=True)
    s = 1 / sympy.sqrt(r**2 / D + eps)
    claim = "the Lipschitz constant is 1/sqrt(eps)"
    evidence.identity(claim, sympy.diff(r * s, r) - eps * s**3, "the derivative along the token; it is at most s")
    evidence.identity(
        claim, 1 / eps - s**2 - r**2 / D * s**2 / eps, "1/eps - s^2 is a square over eps: s <= 1/sqrt(eps)"
    )
    used, given, factor = (Fraction(number) for number in (norm_eps, 1e-5, lipschitz))
    for radius in (Fraction(1, 10**k) for k in (1, 4, 12)):
        slope = 1 / (radius**2 / 4 + used)
        evidence.exact(claim, [(slope, factor**2 / given, f"D = 4, r = {radius}, eps = 1e-5")], "s^2 against 1/eps")
    claim = "its values have norm below sqrt(D)"
    evidence.identity(claim, D - (r * s) ** 2 - D * eps * s**2, "D - r^2 s^2 = D eps s^2 > 0")
    reached = Fraction(10**6) ** 2 / (Fraction(10**6) ** 2 / 4 + given)
    evidence.exact(claim, [(reached, 4 * Fraction(largest) ** 2, "D = 4, r = 10^6, eps = 1e-5")], "squares of both")
    tiny = np.array([1.0, -1.0, 1.0, -1.0]) * np.array([[0.0], [1e-9]])
    values = tokenwise.standardize(tiny, norm_eps or 1e-300)[0]
    slope = float(np.linalg.norm(values[1]) / np.linalg.norm(tiny[1]))
    evidence.constructed(
        "the Lipschitz constant is 1/sqrt(eps)",
        slope,
        lipschitz * stability.standardize_lipschitz(1e-5) * (1 + 1e-12),
        "the reference's LayerNorm on two tokens 2e-9 apart",
    )
    outputs_agree(evidence, *_layer(SessaConfig.published(4), 20))


@states(
    "asm:1",
    "Uniform row contraction on the feedback margin",
    where="Section 4.1, Assumption 1 (24), (25)",
    says=r"""
    For every $R \ge 0$ there is $\rho(R) < 1$ with $\sup_t |\gamma_t(x)| \le \rho(R)$ whenever $\max_t \lVert x_t \rVert \le R$; so rows of $|B|$ sum to at
    most $\rho(R)$, because the weights of a row sum to 1.
    """,
    needs=("def:7",),
    trust="layers built; rho(R) from their weights (Remark D.1); tokens along the direction that the gain reads",
    bends=(Bend("a margin 1 - rho(R) that is 20 times as wide", {"margin": 20.0}),),
)
def row_contraction(evidence: Evidence, *, margin: float = 1.0) -> None:
    """A layer's gains against its rho(R); a gain that grows with the position has none."""
    for name, config in (("the paper's block", SessaConfig.paper(4)), ("a published layer", SessaConfig.published(4))):
        parameters = SessaParameters.random(config, 2)
        for R in (1.0,) if evidence.quick else (0.1, 1.0, 10.0):
            x = extreme_tokens(parameters, R, 40)
            steps, least = reference.trace(parameters, x), margin * ball_bound(parameters, R, 40).paper.margin
            rows = np.abs(steps.B).sum(-1)
            held = 0 < least <= 1 - max(np.abs(steps.gamma).max(), rows[1:].max()) + 1e-15
            evidence.instance(f"{name}, R = {R:g}: 1 - |gamma_t| >= {least:.3g}", held)
            outputs_agree(evidence, parameters, x)
            grown = reference.trace(parameters, x, formulas=GainGrowsWithPosition())
            held = least <= 1 - np.abs(grown.gamma).max()
            evidence.non_instance(f"{name}, R = {R:g}, with tanh(. + t) for the gain", held)


class GainGrowsWithPosition(reference.Formulas):
    """A gain that no ball of inputs keeps away from 1."""

    def gain(self, u: Array, weight: Array, bias: Array, gamma_max: float) -> Array:
        """Tanh of what it was, plus t."""
        return np.tanh((u @ weight.T)[..., 0] + bias + np.arange(u.shape[-2]))


@states(
    "lem:4.2",
    "The causal solve is bounded on l-infinity",
    where="Section 4.1, Lemma 4.2; Appendix D.4 (50)",
    says=r"""
    Let $B$ be strictly lower triangular, possibly infinite, with $\sum_j |B_{tj}| \le \rho < 1$ in every row $t$. For every bounded $f$,
    $f_t \in \mathbb{R}^r$, there is exactly one $s$ with $(I - B)s = f$, and $\max_t \lVert s_t \rVert \le \frac{1}{1 - \rho} \max_t \lVert f_t \rVert$.
    """,
    trust="real arithmetic; every T and T infinite, every B that the hypothesis admits, every norm",
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("a row may have the sum (1 + rho) / 2", {"excess": 0.5}),
        Bend("the inverse counts every path of a new token twice", {"times": 2}),
    ),
)
def solve_is_bounded(evidence: Evidence, *, constant: float = 1.0, excess: float = 0.0, times: int = 1) -> None:
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
            (
                stability.largest_state(T, r + Fraction(excess) * (1 - r)),
                Fraction(factor.p, factor.q) / (1 - r),
                f"T = {T}, rho = {r}",
            )
            for T in range(1, 6)
            for r in RHOS
        ],
        "the largest |s_t| over all extreme B and f in {-1, 1}^T, exact rationals",
    )
    # Row t of (I - B) s = f names s_t once and earlier states: a token more has one state more, and no other changes.
    parts = series.bordering_step(lambda b, N: times * b * N)
    evidence.identity(
        "one solution", [int(not part) for part in parts.values()], "the inverse for T + 1 from that for T"
    )
    for config in (SessaConfig.paper(3), SessaConfig.published(4, 2)):
        parameters, x = _layer(config, 20 if evidence.quick else 100)
        steps = reference.trace(parameters, x)
        rho_here = float(np.abs(steps.B).sum(-1).max())
        most = constant * stability.solve_factor(1 - rho_here) * _largest(steps.f)
        evidence.constructed(
            "the bound", _largest(steps.s), most * (1 + 1e-12), "a layer's s and f", wording.layer(config)
        )
        outputs_agree(evidence, parameters, x)


@states(
    "prop:2",
    "One-block stability bound",
    where="Section 4.1, Proposition 2",
    says=r"""
    If on every ball $\max_t \lVert x_t \rVert \le R$ a block has $\lVert f_t \rVert \le F_R$, $\lVert g_t \rVert \le G_R$ and $|\gamma_t| \le \rho(R) < 1$, with finite output
    projection and biases, then there is $C_R < \infty$ with $\max_t \lVert G(x)_t \rVert \le C_R$ on the ball, for any number of tokens: the block is
    BIBO-stable. One may take $C_R = R + \lVert W_{out} \rVert F_R G_R / (1 - \rho(R)) + \lVert b_{out} \rVert$ (Proposition 25).
    """,
    needs=("asm:1", "lem:4.2", "def:8", "prop:25"),
    trust="real arithmetic; every T, every F, G, rho < 1; beside it two layers attacked, in the definition and in torch",
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("gains may come as near to 1 as they like", {"excess": 1.0}),
    ),
)
def one_block_is_stable(evidence: Evidence, *, constant: float = 1.0, excess: float = 0.0) -> None:
    """What is left of C_R under the worst routing is positive and tends to 0."""
    R, W, F, G, b, rho = sympy.symbols("R W F G b rho", positive=True)
    kept = rho + sympy.nsimplify(excess) * (1 - rho)
    chain = sympy.Symbol("c")  # the worst |s_t| / F for t + 1 tokens; one token more gives 1 + rho c
    left = 1 / (1 - rho) * sympy.nsimplify(constant) - (1 + kept * chain)
    claim = "C_R exists"
    evidence.identity(
        claim,
        [
            sympy.expand(left - rho * (1 / (1 - rho) - chain)).simplify(),
            stability.block_bound(R, 1 / (1 - rho), F, G, W, b) - (R + W * F * G / (1 - rho) + b),
        ],
        "1/(1 - rho) - |s_t|/F shrinks by rho with each token and stays positive",
    )
    pairs = []
    for r in RHOS:
        row = r + Fraction(excess) * (1 - r)
        worst = sum(
            row**k for k in range(400)
        )  # one channel: x, f, g, W, b = 1, 2, 3, 5, 7 and routing to the predecessor
        most = stability.block_bound(1, Fraction(constant) / (1 - r), 2, 3, 5, 7)
        pairs.append((1 + 5 * 2 * 3 * worst + 7, most, f"rho = {r}, T = 400"))
    evidence.exact(claim, pairs, "a block of one channel, attained but for rho^T, exact rationals")
    for case in attacked_layers(quick=True):
        tolerance = 1 + 1e-12
        how = "a layer on the worst input that a search found, against C_R from its weights"
        evidence.constructed(claim, case.output, constant * case.bound.paper.output * tolerance, how, case.name)
        outputs_agree(evidence, case.parameters, case.x)


@states(
    "def:7",
    "Sup-l2 norm and balls",
    where="Appendix A.1, Definition 7 (35)",
    says=r"""
    $\lVert x \rVert_{\infty,2} = \max_t \lVert x_t \rVert_2$ and $\mathcal{X}_R = \{x : \lVert x \rVert_{\infty,2} \le R\}$; for $X \in \mathbb{R}^{T \times D}$,
    $\lVert X \rVert_{\infty,2} \le \lVert X \rVert_F \le \sqrt{T} \lVert X \rVert_{\infty,2}$, both sides attained.
    """,
    trust="(35) in symbols for every T and D by induction over tokens; instances on the outputs of a layer",
    bends=(
        Bend("sqrt(T - 1) in place of sqrt(T)", {"fewer": 1}),
        Bend("the ball is of the Frobenius norm", {"power": 1}),
    ),
)
def sup_norm(evidence: Evidence, *, fewer: int = 0, power: int = 2) -> None:
    """(35) in squares; a layer's outputs are in the ball of their largest token and in no smaller one."""
    T, M, total, gap = sympy.symbols("T M S g", nonnegative=True)
    # A token of squared norm M - g, g >= 0, added to T tokens of squared norms at most M that sum to S.
    step = ((T + 1) * M - (total + M - gap)) - (T * M - total) - gap
    evidence.identity("(35)", sympy.expand(step), "T M - |X|_F^2 grows by g >= 0 with each token")
    evidence.nonnegative("(35)", (M + total) - M, "|X|_F^2 is the largest token's square M and those of all others")
    pairs = []
    for rows in product(((3, 4), (5, 0), (0, 1)), repeat=3):
        squares = [a * a + b * b for a, b in rows]
        text = f"tokens {wording.listed(rows)}"
        pairs += [(max(squares), sum(squares), text), (sum(squares), (3 - fewer) * max(squares), text)]
    evidence.exact("(35)", pairs, "squares of integers, T = 3, D = 2; equality where all tokens are of one size")
    parameters, x = _layer(SessaConfig.published(4), 50)
    y = reference.forward(parameters, x)
    R = float(np.sum(np.linalg.norm(y, axis=-1) ** 2) ** 0.5) if power == 1 else _largest(y)
    evidence.instance("the outputs of a layer lie in the ball of their largest token", _largest(y) <= R)
    evidence.non_instance("and not in a ball smaller by a millionth", _largest(y) <= R * (1 - 1e-6))
    growing = np.arange(1000.0)[:, None]
    evidence.non_instance("x_t = t lies in no ball: 999 is left by T = 1001", _largest(growing + 1) <= 999)
    outputs_agree(evidence, parameters, x)


@states(
    "def:8",
    "BIBO stability on l-infinity",
    where="Appendix A.2, Definition 8",
    says=r"""
    A map of bounded sequences is BIBO-stable if for every $B \ge 0$ there is $C_B < \infty$ such that $\lVert x \rVert_{\infty,2} \le B$ implies
    $\lVert \mathcal{N}(x) \rVert_{\infty,2} \le C_B$; $C_B$ does not depend on the number of tokens.
    """,
    needs=("def:7",),
    trust="layers built, with C_B from their weights; inputs found by a search; up to 2000 tokens",
    bends=(Bend("gains of exactly 1 are allowed", {"gain": 1.0}),),
)
def bibo(evidence: Evidence, *, gain: float = 0.5) -> None:
    """A layer has such constants; predecessor routing with gain 1 has none."""
    for case in attacked_layers(quick=True):
        evidence.instance(f"{case.name}: C_B = {case.bound.paper.output:.4g}", case.output <= case.bound.paper.output)
        outputs_agree(evidence, case.parameters, case.x)
    for rho, note in ((gain, evidence.instance), (1.0, evidence.non_instance)):
        sizes = [
            float(solve.forward_substitution(rho * np.eye(T, k=-1), np.ones((T, 1))).max()) for T in (20, 200, 2000)
        ]
        text = f"predecessor routing with gain {rho:g}: largest s is {wording.listed(sizes)} for 20, 200, 2000 tokens"
        note(text, max(sizes) <= sizes[0] * (1 + 1e-5))


def extreme_tokens(parameters: SessaParameters, R: float, T: int) -> Array:
    """Tokens of norm R: along the direction that most moves the gain's argument, against it, and others."""
    config = parameters.config
    weight = parameters["mixer.gamma_ctx.weight"] @ parameters["W_in.weight"][: config.width]
    tokens = np.random.default_rng(T).normal(size=(T, config.width))
    tokens[0], tokens[1] = weight[0], -weight[0]
    return R * tokens / np.linalg.norm(tokens, axis=-1, keepdims=True)


def _layer(config: SessaConfig, T: int) -> tuple[SessaParameters, Array]:
    return SessaParameters.random(config, 1), np.random.default_rng(T).normal(size=(T, config.width))


def _largest(tokens: Array) -> float:
    return float(np.linalg.norm(tokens, axis=-1).max())


ROWS = (layer_norm, row_contraction, solve_is_bounded, one_block_is_stable, sup_norm, bibo)
