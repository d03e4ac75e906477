"""The blocks that multiply and carry a signal: multiplier, selector, active transport (Lemmas K.11 to K.16)."""

import flint
import numpy as np
import sympy
from flint import arb

from proofs_checks import retrieval_bounds
from proofs_checks.block_structure import ACTIVE, SELECTOR, departures
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, meets_claim
from proofs_checks.paper.selective_retrieval import blurred
from proofs_checks.paper.signal_transport import setting
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import Channels
from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.multiplier import local_multiplier, selector
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.transport import kernel, perturbed_kernel
from sessa_ref.reference import layer
from sessa_ref.theory import selective_retrieval as theory
from sessa_ref.theory.uniform_routing import uniform_influence


@states(
    "lem:K.11",
    "The local multiplier",
    where="Appendix K, Lemma K.11",
    says=r"""
    On a compact set with ordered positions and $|\langle u_t, e_{aux}\rangle| \le M$, $m \ge 4$, one block without feedback
    preserves all channels but $e_{sig}$ and multiplies that: $\langle y_t, e_{sig}\rangle = D(t) \langle u_t, e_{sig}\rangle$ with
    $|D(t) - \langle u_t, e_{aux}\rangle| \le \delta$, and $D$ depends on the controls only.
    """,
    trust="symbols, for every row of weights with $\\alpha_{tt} \\ge 1 - \\mu$, which Lemma K.2 gives; what the block reads and writes, by exact "
    "zeros; networks in float64 beside it, T up to 64, widths 4 and 9, M = 1",
    needs=("lem:K.2", "cor:K.5", "lem:K.8"),
    bends=(Bend("rows that do not look at the token itself", {"focus": 0.0}),),
)
def multiplier(evidence: Evidence, *, focus: float = 1.0) -> None:
    """The sums of one row in symbols; then blocks for several T and delta."""
    _multiplied(evidence)
    for T, delta, width in ((8, 0.1, 4), (16, 1e-3, 9), (16 if evidence.quick else 64, 1e-9, 9)):
        channels = Channels.random(width, ("sig", "pos", "aux"), evidence.rng)
        codes = OrderedCodes.written(T, 1.0)
        built = local_multiplier(channels, codes, 1.0, delta)
        x = codes.tokens(channels, 2, 1.0, evidence.rng)
        if focus != 1.0:
            gains = np.diagonal(kernel(blurred(built.network, focus), channels, x[0]))
            wrong = float(np.max(np.abs(gains - channels.read("aux", x[0]))))
            evidence.constructed("the multiplier", wrong, delta, "|D - factor|, rows blurred")
            continue
        meets_claim(evidence, "the multiplier", built, x, f"T = {T}, delta = {delta:g}, width {width}")
        blocks_agree(evidence, built.network, x[0])


def _multiplied(evidence: Evidence) -> None:
    """A row of four weights with sum 1: x - (sum of weights) x + (sum of weighted factors) x."""
    first, x, M = sympy.symbols("alpha_0:3"), sympy.Symbol("x"), sympy.Symbol("M", positive=True)
    factors = sympy.symbols("w_0:4")
    weights = (*first, 1 - sum(first))
    D = sum(a * w for a, w in zip(weights, factors, strict=True))
    evidence.identity("the multiplier", sympy.expand(x - sum(weights) * x + D * x - D * x), "the signal becomes D x")
    others = sum(a * (w - factors[-1]) for a, w in zip(first, factors[:-1], strict=True))
    evidence.identity(
        "the multiplier", sympy.expand(D - factors[-1] - others), "D(t) - w_t = sum over j < t of alpha_tj (w_j - w_t)"
    )
    delta = sympy.Symbol("delta", positive=True)
    room: sympy.Expr = delta - 2 * M * (delta / (2 * (1 + M)))
    evidence.nonnegative(
        "the multiplier",
        sympy.cancel(room),
        "so it is at most 2 M mu <= delta, here with mu = delta/(2 + 2 M)",
    )
    channels, codes, _ = setting(evidence, 8)
    block = local_multiplier(channels, codes, 1.0, 0.1).network
    found = departures(block, channels, {0: SELECTOR[1]})
    evidence.identity("what it reads", found, "rows read pos, values aux, gates sig; only sig is written: exact zeros")


@states(
    "lem:K.12",
    "A selector of two blocks",
    where="Appendix K, Lemma K.12",
    says=r"""
    On a compact set with ordered positions, $m \ge 6$, $\varepsilon \in (0, 1)$, two blocks without feedback preserve $e_{pos}$ and
    all carried channels and multiply the signal by $D(t)$: $\frac12 \le D(\tau_*) \le 2$ and $|D(t)| \le \varepsilon$ for
    $t \ne \tau_*$; $D$ depends on the controls only.
    """,
    trust="the sum of the two lemmas' errors in symbols; networks in float64 beside it, T up to 128, widths 6 and 9, epsilon down to 1e-9",
    needs=("lem:K.7", "lem:K.11"),
    bends=(Bend("the window around the next token", {"shift": 1}),),
)
def two_block_selector(evidence: Evidence, *, shift: int = 0) -> None:
    """Selectors for several T, targets and accuracies; the gain at the target is even within epsilon/2 of 1."""
    written, multiplied, epsilon = sympy.symbols("a D epsilon", positive=True)
    evidence.identity(
        "the gains",
        [
            sympy.expand((multiplied - 1) - (multiplied - written) - (written - 1)),
            epsilon / 4 + epsilon / 4 - epsilon / 2,
        ],
        "D - 1 = (D - a) + (a - 1), each at most epsilon/4; and D = (D - a) + a elsewhere",
    )
    axes, some, _ = setting(evidence, 8)
    found = departures(selector(axes, some, 2, 0.1).network, axes, SELECTOR)
    evidence.identity(
        "what it reads", found, "the window reads and keeps pos, the multiplier reads what was written: exact zeros"
    )
    for T, target, accuracy, width in ((8, 0, 0.5, 6), (16, 5, 1e-3, 9), (16 if evidence.quick else 128, 8, 1e-9, 9)):
        channels = Channels.random(width, ("sig", "pos", "aux", "prof"), evidence.rng)
        codes = OrderedCodes.written(T, 1.0)
        built = selector(channels, codes, target, accuracy)
        x = codes.tokens(channels, 2, 1.0, evidence.rng)
        if shift:
            other = selector(channels, codes, target + shift, accuracy).network
            gains = np.diagonal(kernel(other, channels, x[0]))
            evidence.constructed("the gains", 0.5, float(gains[target]), "the gain at the target")
            continue
        meets_claim(evidence, "the gains", built, x, f"T = {T}, target {target}, epsilon = {accuracy:g}, width {width}")
        blocks_agree(evidence, built.network, x[0])


@states(
    "rem:K.13",
    "The selector depends on positions only",
    where="Appendix K, Remark K.13",
    says=r"""
    $D^{sel}(t)$ of Lemma K.12's construction is a function of the positional stream alone: of neither the signal nor the
    carried channels, nor of what $e_{aux}$ held before.
    """,
    trust="exact zeros of the weights: rows and the window read pos alone, and aux is erased before it is written; in float64, tokens "
    "replaced altogether but for their positions",
    needs=("lem:K.12",),
    bends=(Bend("positions shrunk by a tenth", {"stretch": 0.9}),),
)
def selector_reads_positions(evidence: Evidence, *, stretch: float = 1.0) -> None:
    """What the blocks can read; then gains at tokens that have only their positions in common."""
    axes, some, _ = setting(evidence, 8)
    found = departures(selector(axes, some, 3, 0.5).network, axes, SELECTOR)
    evidence.identity(
        "the same gains", found, "rows and values of the writer read pos, those of the multiplier pos and aux"
    )
    z, row = sympy.Symbol("aux"), sympy.symbols("alpha_0:3")
    evidence.identity(
        "the same gains", sympy.expand(z - (sum(row) + 1 - sum(row)) * z), "what aux held is erased: rows sum to 1"
    )
    channels, codes, x = setting(evidence, 16, width=9, count=1)
    chosen = selector(channels, codes, 3, 0.5).network
    other = codes.tokens(channels, 1, 50.0, evidence.rng)[0]
    other += (stretch * channels.read("pos", x[0]) - channels.read("pos", other))[:, None] * channels["pos"]
    gains = [np.diagonal(kernel(chosen, channels, tokens)) for tokens in (x[0], other)]
    evidence.constructed(
        "the same gains", float(np.max(np.abs(gains[0] - gains[1]))), 1e-11, "random tokens, same positions"
    )


@states(
    "lem:K.14",
    "The selector preserves signal fibres",
    where="Appendix K, Lemma K.14",
    says=r"""
    For $u' = u + \sum_t a_t e_{sig} 1[\cdot = t]$, $|a_t| \le \delta$: $S(u')_i = S(u)_i + D^{sel}_u(i) a_i e_{sig}$; so
    $S(\mathrm{Sat}_\delta(K)) \subset \mathrm{Sat}_{2\delta}(S(K))$.
    """,
    trust="exact zeros of the weights: sig reaches gates of the multiplier only, and sig alone is written there; in float64, delta = 1 and 100",
    needs=("lem:K.12", "rem:K.13"),
    bends=(Bend("half of the gain", {"share": 0.5}),),
)
def selector_keeps_fibres(evidence: Evidence, *, share: float = 1.0) -> None:
    """D(x + a) = D x + D a, and nothing else reads x; then outputs at two tokens of one fibre."""
    axes, some, _ = setting(evidence, 8)
    found = departures(selector(axes, some, 3, 0.5).network, axes, SELECTOR)
    evidence.identity("the image", found, "only the multiplier's gates read sig, and they write sig")
    D, x_t, a_t = sympy.symbols("D x a")
    evidence.identity("the image", sympy.expand(D * (x_t + a_t) - D * x_t - D * a_t), "and they multiply it")
    evidence.identity(
        "the radius", sympy.Rational(2) - (1 + sympy.Rational(1, 2)) - sympy.Rational(1, 2), "|D| <= 3/2 < 2"
    )
    channels, codes, x = setting(evidence, 16, width=9, count=1)
    chosen = selector(channels, codes, 3, 0.5).network
    gains = share * np.diagonal(kernel(chosen, channels, x[0]))
    for delta in (1.0, 100.0):
        a = delta * evidence.rng.uniform(-1, 1, 16)
        moved = chosen(x[0] + a[:, None] * channels["sig"]) - chosen(x[0]) - (gains * a)[:, None] * channels["sig"]
        evidence.constructed("the image", float(np.max(np.abs(moved))) / delta, 1e-11, f"delta = {delta:g}, relative")
        evidence.constructed("the radius", float(np.max(np.abs(gains))), 2.0, "delta' = delta max |D|")


@states(
    "lem:K.15",
    "Active diffusive transport",
    where="Appendix K, Lemma K.15",
    says=r"""
    On a compact set with ordered positions, two blocks (a copy; uniform feedback with gain $\gamma = 1 - \beta$) give the signal
    the exact transport $D(i) 1[i = j] + K(i, j) 1[j < i]$ with $\frac32 \le D \le 2$ and
    $a^- (j+1)^{-\gamma}(i+1)^{-\beta} \le K(i, j) \le a^+ (j+1)^{-\gamma}(i+1)^{-\beta}$, constants of $\beta$ only.

    The resolvent's best constants are $c_\Theta^- = \gamma$ and $c_\Theta^+ = \gamma 2^\beta$; $a^- = \gamma/2$ and
    $a^+ = \frac54 \gamma 2^\beta$.
    """,
    trust="symbols for every i, j and beta, and all rows as Lemma K.2 gives them: the resolvent's constants by Bernoulli's inequality and Lemma "
    "F.1, the kernel's from them and Lemma 4.2; that gamma is best, in balls at 10^9; networks in float64 beside it, T up to 256, three beta",
    not_higher="the best constant's limit is enclosed far out for five gamma",
    needs=("lem:K.2", "cor:K.5", "lem:K.8", "lem:4.2", "prop:29", "lem:F.1"),
    bends=(
        Bend("c_Theta^+ smaller by a tenth", {"upper": 0.9}),
        Bend("feedback switched off", {"feedback": False}),
    ),
)
def active(evidence: Evidence, *, upper: float = 1.0, feedback: bool = True) -> None:
    """Bernoulli's inequality makes both factors of the resolvent fall to 1; the kernel's bounds; then networks."""
    retrieval_bounds.active(evidence, "the kernel")
    axes, some, _ = setting(evidence, 8)
    found = departures(active_transport(axes, some, 0.5).network, axes, ACTIVE)
    evidence.identity(
        "what it reads", found, "forward rows read pos, feedback rows and gain nothing, values the copy: exact zeros"
    )
    g, n = sympy.symbols("gamma n", positive=True)
    source = sympy.gamma(n + 1) * (n + 1) ** g / sympy.gamma(n + 1 + g)
    target = sympy.gamma(n + g) * (n + 1) ** (1 - g) / sympy.gamma(n + 1)
    quotients = [
        sympy.gammasimp(source.subs(n, n + 1) / source) - (n + 1) / (n + 1 + g) * ((n + 2) / (n + 1)) ** g,
        sympy.gammasimp(target.subs(n, n + 1) / target) - (n + g) / (n + 1) * ((n + 2) / (n + 1)) ** (1 - g),
    ]
    evidence.identity(
        "both fall",
        [sympy.simplify(q) for q in quotients],
        "(1 + 1/(n+1))^g <= 1 + g/(n+1), and (1 - b/(n+1))(1 + 1/(n+1))^b <= 1 - (b/(n+1))^2 < 1 with b = 1 - g",
    )
    pairs, far = [], arb(10) ** 9
    for percent in (1, 25, 50, 75, 99):
        with flint.ctx.workprec(256):
            factors = [factor(far, arb(percent) / 100) for factor in (_source, _target)]
        for factor in factors:
            pairs += [(arb(1), factor, f"gamma = {percent}/100"), (factor, 1 + arb(10) ** -8, f"gamma = {percent}/100")]
    evidence.enclosed(
        "c_Theta^-", pairs, "both factors at 10^9: they fall to 1, and are at least 1 by Lemma F.1, so gamma is best"
    )
    largest = (source.subs(n, 0) * target.subs(n, 1) * g).simplify()
    evidence.identity(
        "c_Theta^+", largest - sympy.nsimplify(upper) * g * 2 ** (1 - g), "at i = 1, j = 0, where both are largest"
    )
    for beta in (0.25, 0.5, 0.75):
        for T, width in ((16, 7), (16 if evidence.quick else 256, 7), (12, 9)):
            channels, codes, x = setting(evidence, T, width, 1)
            built = active_transport(channels, codes, beta)
            if not feedback:
                off = kernel(built.network.without_feedback(), channels, x[0])
                low = (1 - beta) / 2 * theory.resolvent_bounds(beta)[0] * T**-beta * 2 ** (beta - 1)
                evidence.constructed("the kernel", float(low), float(off[-1, 1]), "K(T-1, 1)")
                continue
            meets_claim(evidence, "the kernel", built, x, f"beta = {beta}, T = {T}, width {width}")
        if feedback and beta == 0.5:
            blocks_agree(evidence, built.network, x[0])


def _source(n: arb, g: arb) -> arb:
    """Gamma(n+1)(n+1)^g/Gamma(n+1+g)."""
    return ((n + 1).lgamma() - (n + 1 + g).lgamma() + g * (n + 1).log()).exp()


def _target(n: arb, g: arb) -> arb:
    """Gamma(n+g)(n+1)^(1-g)/Gamma(n+1)."""
    return ((n + g).lgamma() - (n + 1).lgamma() + (1 - g) * (n + 1).log()).exp()


@states(
    "rem:K.16",
    "Active transport depends on positions only",
    where="Appendix K, Remark K.16",
    says=r"""
    $D^{act}$ and $K^{act}$ of Lemma K.15's construction depend on the positional stream alone. The resolvent part is the
    closed form $\gamma \frac{\Gamma(j+1)}{\Gamma(j+1+\gamma)} \frac{\Gamma(i+\gamma)}{\Gamma(i+1)}$.
    """,
    trust="that rows read pos alone: exact zeros of the weights; the closed form in float64, T = 16; tokens replaced altogether but for "
    "their positions",
    not_higher="the closed form is compared for one network; in symbols it is Proposition 29's",
    needs=("lem:K.15", "prop:29"),
    bends=(Bend("positions shrunk by 99 %", {"stretch": 0.01}),),
)
def active_reads_positions(evidence: Evidence, *, stretch: float = 1.0) -> None:
    """What the blocks can read; then kernels at tokens that have only their positions in common."""
    axes, some, _ = setting(evidence, 8)
    found = departures(active_transport(axes, some, 0.5).network, axes, ACTIVE)
    evidence.identity(
        "the same kernel", found, "forward rows read pos, feedback rows and gain nothing, values the copy"
    )
    channels, codes, x = setting(evidence, 16, width=9, count=1)
    carried = active_transport(channels, codes, 0.5).network
    other = codes.tokens(channels, 1, 50.0, evidence.rng)[0]
    other += (stretch * channels.read("pos", x[0]) - channels.read("pos", other))[:, None] * channels["pos"]
    kernels = [kernel(carried, channels, tokens) for tokens in (x[0], other)]
    evidence.constructed("the same kernel", float(np.max(np.abs(kernels[0] - kernels[1]))), 1e-11, "same positions")
    i, j = np.tril_indices(16, -1)
    alpha = layer.trace(carried.blocks[1], layer.forward(carried.blocks[0], x[0])).alpha_fwd[0]
    resolvent = np.eye(16)
    resolvent[i, j] = uniform_influence(j, i, 0.5)
    wrong = np.max(np.abs(kernels[0] - np.eye(16) - resolvent @ alpha))
    evidence.constructed("the closed form", float(wrong), 1e-11, "1 + Theta alpha, Theta in closed form")
    moved = perturbed_kernel(carried, channels, x[0], [0, 5], 10.0)
    evidence.agreement(float(np.max(np.abs(moved - kernels[0][:, [0, 5]]))), 1e-11, "a change of 10 in the signal")


ROWS = (
    multiplier,
    two_block_selector,
    selector_reads_positions,
    selector_keeps_fibres,
    active,
    active_reads_positions,
)
