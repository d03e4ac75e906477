"""Sharp attention and windows for selective retrieval (Lemmas K.1 to K.7)."""

from itertools import pairwise

import flint
import numpy as np
import sympy
from flint import arb

from proofs_checks.block_structure import SELECTOR, departures
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, meets_claim
from proofs_checks.statement import Bend, states
from sessa_ref.certified import functions
from sessa_ref.certified import layer as certified_layer
from sessa_ref.constructions import Block, Channels, Network
from sessa_ref.constructions.focusing import (
    focus_on_itself,
    focus_on_predecessor,
    off_diagonal_mass,
    off_predecessor_mass,
)
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.window import Window, window_around, window_writer
from sessa_ref.reference import layer

PHI = (1 + sympy.erf(sympy.Symbol("v", real=True) / sympy.sqrt(2))) / 2
"""Phi(v)."""


def families(quick: bool) -> list[tuple[str, OrderedCodes]]:
    """Intervals of several kinds: those of the position writer, close ones, points."""
    T = 5 if quick else 8
    t = np.arange(T)
    return [
        ("written by one block", OrderedCodes.written(T, 1.0)),
        ("close", OrderedCodes.of(0.5 + t, 1.4 + t)),
        ("points, widening", OrderedCodes.of(0.1 * 2.0**t, 0.1 * 2.0**t)),
    ]


def _softmax(evidence: Evidence, claim: str) -> None:
    n, mu = sympy.symbols("n mu", positive=True)
    gap = sympy.log(n * (1 - mu) / mu)
    evidence.identity(
        claim, 1 / (1 + n * sympy.exp(-gap)) - (1 - mu), "n other logits lower by log(n (1-mu)/mu): mass 1 - mu is left"
    )


@states(
    "lem:K.1",
    "Ordered codes: feedback attention on the predecessor",
    where="Appendix K, Lemma K.1",
    says=r"""
    Let $I_0 < \dots < I_T$ be disjoint compact intervals in $(0, \infty)$ and $\mu \in (0, 1)$. With one a-slot
    $\xi_t = \mathrm{GELU}(c\,u_t)$ and feedback queries and keys $\Lambda \xi_t$, for $\Lambda$ large enough,
    $\alpha^b_{t,t-1} \ge 1 - \mu$ and $\sum_{j \le t-2} \alpha^b_{tj} \le \mu$ for every $t \ge 1$ and all $u_t \in I_t$.

    Enough is $\Lambda^2 \ge \sqrt{d_k} \log(T(1-\mu)/\mu) / \min_{t \ge 2} m_t (m_{t-1} - M_{t-2})$ with
    $[m_t, M_t] = \mathrm{GELU}(c I_t)$; the paper has $\min_t m_t$ in place of $m_t$ and leaves out $\sqrt{d_k}$.
    """,
    trust="balls at the worst corner of the box of codes, for families of intervals with T up to 8 and three mu; the corner by "
    "signs of derivatives",
    not_higher="the families of intervals are finite; for all of them there is the identity of the softmax alone",
    bends=(Bend("Lambda smaller by a quarter", {"share": 0.75}),),
)
def predecessor(evidence: Evidence, *, share: float = 1.0) -> None:
    """The layer in balls, row by row, with the codes at that row's worst corner."""
    _softmax(evidence, "the mass")
    x, y, z, scale = sympy.symbols("xi_t xi_p xi_j Lambda", positive=True)
    logit = scale * x * (z - y)
    signs = [sympy.diff(logit, z) - scale * x, sympy.diff(logit, y) + scale * x, sympy.diff(logit, x) - scale * (z - y)]
    evidence.identity(
        "the worst corner", signs, "d/d xi_j > 0, d/d xi_{t-1} < 0 and, for xi_j < xi_{t-1}, d/d xi_t < 0"
    )
    pairs = []
    for name, codes in families(evidence.quick):
        for mu in (0.5, 1e-3, 1e-9):
            block = Block(Channels(3, ["pos", "sig"]), "predecessor")
            focus_on_predecessor(block, codes, mu)
            block.arrays["mixer.proj_fb.weight"] *= share
            parameters = block.build()
            for t in range(1, codes.length):
                corner = codes.upper.copy()
                corner[t - 1 : t + 1] = codes.lower[t - 1 : t + 1]
                row = certified_layer.trace(parameters, _tokens(corner)).alpha_fb
                pairs.append((1 - row[t, t - 1], arb(mu), f"{name}, mu = {mu}, t = {t}"))
            steps = layer.trace(parameters, codes.tokens(block.channels, 1, 1.0, evidence.rng)[0])
            evidence.agreement(off_predecessor_mass(steps.alpha_fb), mu, "the definition at random codes")
    evidence.enclosed("in the layer", pairs, "1 - alpha_{t,t-1} of the whole layer in balls, at the row's worst corner")


@states(
    "lem:K.2",
    "Ordered codes: rotary attention on the token itself",
    where="Appendix K, Lemma K.2",
    says=r"""
    Under the hypotheses of Lemma K.1, with forward queries and keys $\Lambda \xi_t e_1$ in one rotary plane and $\Lambda$ large
    enough, $\alpha^f_{tt} \ge 1 - \mu$ and $\sum_{j<t} \alpha^f_{tj} \le \mu$ for all $t$ and all $u_t \in I_t$.

    Enough is $\Lambda^2 \ge \sqrt{d_k} \log(T(1-\mu)/\mu) / \min_{t \ge 1} m_t (m_t - M_{t-1})$: the rotation multiplies by a
    cosine, which is 1 at the token itself.
    """,
    trust="as Lemma K.1; positions 0 to 7, angles t in balls",
    not_higher="the families of intervals are finite",
    needs=("lem:K.1",),
    bends=(Bend("Lambda smaller by a quarter, and no rotation to help", {"share": 0.75, "straight": True}),),
)
def itself(evidence: Evidence, *, share: float = 1.0, straight: bool = False) -> None:
    """The layer in balls; row t's worst corner has xi_t lowest and xi_j highest where its cosine is positive."""
    _softmax(evidence, "the mass")
    x, z, c = sympy.symbols("xi_t xi_j cosine", real=True)
    logit = x * (z * c - x)
    evidence.identity(
        "the worst corner",
        [sympy.diff(logit, z) - x * c, sympy.diff(logit, x) - (z * c - 2 * x)],
        "d/d xi_j has the cosine's sign, and d/d xi_t < 0 because xi_j < xi_t",
    )
    pairs = []
    for name, codes in families(evidence.quick):
        for mu in (0.5, 1e-3, 1e-9):
            block = Block(Channels(3, ["pos", "sig"]), "itself")
            focus_on_itself(block, codes, mu)
            for part in ("mixer.q_proj.weight", "mixer.k_proj.weight"):
                block.arrays[part] *= share
            parameters = block.build()
            for t in range(1, codes.length):
                positive = np.cos(t - np.arange(codes.length)) > 0
                corner = np.where(positive, codes.upper, codes.lower)
                corner[t] = codes.lower[t]
                with flint.ctx.workprec(256):
                    steps = certified_layer.trace(parameters, _tokens(corner))
                mass = 1 - steps.alpha_fwd[0][t, t]
                if straight:
                    u = [steps.u[j, 0] * arb(float(parameters["mixer.q_proj.weight"][0, 0])) for j in range(t + 1)]
                    others = sum(((u[t] * (u[j] - u[t]) / arb(2).sqrt()).exp() for j in range(t)), arb(0))
                    mass = others / (1 + others)
                pairs.append((mass, arb(mu), f"{name}, mu = {mu}, t = {t}"))
            drawn = layer.trace(parameters, codes.tokens(block.channels, 1, 1.0, evidence.rng)[0])
            evidence.agreement(off_diagonal_mass(drawn.alpha_fwd[0]), mu, "the definition at random codes")
    evidence.enclosed("in the layer", pairs, "1 - alpha_tt of the whole layer in balls, at the row's worst corner")


@states(
    "lem:K.3",
    "A scaled GELU is nearly a ReLU",
    where="Appendix K, Lemma K.3",
    says=r"""
    For $L > 0$ and $R_L(u) = \mathrm{GELU}(Lu)/L$: $\sup_u |R_L(u) - \max(u, 0)| \le \frac{1}{L\sqrt{2\pi}}$.
    """,
    trust="real arithmetic; every L and u",
    bends=(Bend("the constant 0.42/sqrt(2 pi)", {"constant": 0.42}),),
)
def scaled_gelu(evidence: Evidence, *, constant: float = 1.0) -> None:
    """With v = L|u|: L |R_L(u) - u_+| = v (1 - Phi(v)) <= phi(v), since phi - v (1 - Phi) falls to 0."""
    v, L = sympy.Symbol("v", positive=True), sympy.Symbol("L", positive=True)
    density = sympy.exp(-(v**2) / 2) / sympy.sqrt(2 * sympy.pi)
    cdf = (1 + sympy.erf(v / sympy.sqrt(2))) / 2
    rest = density - v * (1 - cdf)

    def scaled(u: sympy.Expr) -> sympy.Expr:
        return u * (1 + sympy.erf(L * u / sympy.sqrt(2))) / 2

    evidence.identity(
        "reduction",
        [L * (v / L - scaled(v / L)) - v * (1 - cdf), -L * scaled(-v / L) - v * (1 - cdf)],
        "u = v/L and u = -v/L: the gap is v (1 - Phi(v))/L on both sides",
    )
    evidence.identity("Mills", sympy.diff(rest, v) + (1 - cdf), "d/dv (phi - v (1 - Phi)) = -(1 - Phi) < 0")
    evidence.identity("Mills", sympy.limit(rest, v, sympy.oo), "and phi - v (1 - Phi) tends to 0, so it is positive")
    claimed = sympy.nsimplify(constant) / sympy.sqrt(2 * sympy.pi)
    evidence.identity("Mills", sympy.diff(density, v) + v * density, "and phi falls: v (1 - Phi(v)) < phi(v) < phi(0)")
    points = [sympy.Rational(n, 4) for n in range(1, 13)]
    evidence.exact(
        "the bound",
        [(sympy.simplify((p * (1 - cdf)).subs(v, p)), claimed, f"L u = {p}") for p in points],
        "v (1 - Phi(v)) itself at quarters from 1/4 to 3, exact",
    )
    evidence.exact("the bound", [(density.subs(v, 0), claimed, "phi(0)")], "phi(0) = 1/sqrt(2 pi), for every L and u")


@states(
    "lem:K.4",
    "A scaled GELU made symmetric is the identity",
    where="Appendix K, Lemma K.4",
    says=r"""
    $R_L(x) - R_L(-x) = x$ for every $L > 0$ and every $x$; so the error is 0 and below the stated $\frac{2}{L\sqrt{2\pi}}$.
    It holds for every activation $x\,\sigma(x)$ with $\sigma(x) + \sigma(-x) = 1$.
    """,
    trust="real arithmetic; every L and x",
    bends=(Bend("a distribution function that is not symmetric", {"shift": 0.1}),),
)
def symmetric_gelu(evidence: Evidence, *, shift: float = 0.0) -> None:
    """Symbols."""
    x, L = sympy.Symbol("x", real=True), sympy.Symbol("L", positive=True)
    offset = sympy.nsimplify(shift)

    def scaled(u: sympy.Expr) -> sympy.Expr:
        return u * (1 + sympy.erf((L * u + offset) / sympy.sqrt(2))) / 2

    evidence.identity("the identity", scaled(x) - scaled(-x) - x, "exact GELU, x Phi(x)")
    sigma = sympy.Function("sigma")
    plus, minus = x * sigma(L * x), -x * (1 - sigma(L * x))
    evidence.identity("any symmetric gate", plus - minus - x, "with sigma(-z) = 1 - sigma(z)")


@states(
    "cor:K.5",
    "A channel is read exactly from two a-slots",
    where="Appendix K, Corollary K.5",
    says=r"""
    Two a-slots $\pm L\langle u_t, e\rangle$ give $\frac{1}{L}(\bar a^{(+)} - \bar a^{(-)}) = \langle u_t, e\rangle$ behind the
    activation, for every unit $e$ and $L > 0$: any channel can be a value.
    """,
    trust="real arithmetic; every L, e, u; a layer's values beside it for three L, in float64 in reference and torch",
    needs=("lem:K.4",),
    bends=(Bend("the second slot not negated", {"sign": 1}),),
)
def exact_read(evidence: Evidence, *, sign: int = -1) -> None:
    """Symbols; then the values of a layer."""
    x, L = sympy.Symbol("x", real=True), sympy.Symbol("L", positive=True)

    def gelu(a: sympy.Expr) -> sympy.Expr:
        return a * (1 + sympy.erf(a / sympy.sqrt(2))) / 2

    evidence.identity("the read", (gelu(L * x) - gelu(sign * L * x)) / L - x, "L x and -L x through the exact GELU")
    for L_number in (0.5, 1.0, 64.0):
        channels = Channels.random(5, ["sig", "aux"], evidence.rng)
        block = Block(channels, "read", read_scale=L_number)
        block.track("copy", value=block.channel("aux"), gate={"1": 1.0}, to={"sig": 1.0})
        block.attend_forward({}, {})
        parameters, tokens = block.build(), evidence.rng.standard_normal((4, 5))
        value = layer.trace(parameters, tokens).v[0, :, 0]
        wrong = float(np.max(np.abs(value - channels.read("aux", tokens))))
        evidence.agreement(wrong, 1e-14 * (1 + L_number), f"the layer's value at L = {L_number}")
        blocks_agree(evidence, Network.of([("read", parameters)]), tokens)


@states(
    "lem:K.6",
    "A plateau window from four scaled GELUs",
    where="Appendix K, Lemma K.6",
    says=r"""
    Let $I_0 < \dots < I_T \subset (0, \infty)$ be disjoint compact intervals, $\tau_*$ one of them, $\eta \in (0, 1)$. With
    $a_- < a_+ \le \inf I_{\tau_*} \le \sup I_{\tau_*} \le b_- < b_+$ in the gaps and
    $L \ge \frac{2}{\eta\sqrt{2\pi}}\big(\frac{1}{a_+ - a_-} + \frac{1}{b_+ - b_-}\big)$ the function
    $W(x) = \frac{R_L(x - a_-) - R_L(x - a_+)}{a_+ - a_-} - \frac{R_L(x - b_-) - R_L(x - b_+)}{b_+ - b_-}$ has
    $|W - 1| \le \eta$ on $I_{\tau_*}$, $|W| \le \eta$ on the others, $|W| \le 1 + \eta$ everywhere.
    """,
    trust="symbols for every window, by Lemma K.3; balls that cover three families of intervals",
    needs=("lem:K.3",),
    not_higher="covering by balls is for finitely many windows; the general bound is the triangle inequality in symbols",
    bends=(Bend("L smaller by a factor of 16", {"share": 1 / 16}),),
)
def plateau_window(evidence: Evidence, *, share: float = 1.0) -> None:
    """The error is a sum of four of Lemma K.3's; then windows, with the intervals and the line covered by balls."""
    rise, fall, L, gap = sympy.symbols("rise fall L gap", positive=True)
    four = 2 * gap / L / rise + 2 * gap / L / fall
    evidence.identity(
        "the sum", four - 2 * gap / L * (1 / rise + 1 / fall), "each ramp is within gap/L: |W - w| <= the sum"
    )
    needed = 2 / (sympy.Symbol("eta") * sympy.sqrt(2 * sympy.pi)) * (1 / rise + 1 / fall)
    evidence.identity(
        "the sum", four.subs(L, needed).subs(gap, 1 / sympy.sqrt(2 * sympy.pi)) - sympy.Symbol("eta"), "at the stated L"
    )
    pairs = []
    for name, codes in families(evidence.quick):
        for target, eta in ((0, 0.3), (1, 0.1), (codes.length - 1, 0.2 if evidence.quick else 0.02)):
            tight = _touching(codes, target, eta, share)
            pairs += _covered(tight, codes, target, eta, f"{name}, target {target}, eta = {eta}", evidence.quick)
    evidence.enclosed(
        "three bounds",
        pairs,
        "W on balls that cover every interval, and the line from its first corner to its last; beyond, w = 0 and the sum bounds W",
    )


@states(
    "lem:K.7",
    "A window is written into a channel",
    where="Appendix K, Lemma K.7",
    says=r"""
    Let $\langle u_t, e_{pos}\rangle \in I_t$, ordered, for $u$ in a compact set, $\varepsilon \in (0, 1)$, $m \ge 6$. One block
    without feedback preserves $e_{pos}, e_{sig}$ and every carried channel and overwrites $e_{aux}$ by $a_t$ with
    $|a_{\tau_*} - 1| \le \varepsilon$, $|a_t| \le \varepsilon$ for $t \ne \tau_*$, $|a_t| \le 2$.
    """,
    trust="symbols, for every row of weights with $\\alpha_{tt} \\ge 1 - \\eta$ and every window, which Lemmas K.2 and K.6 give; networks in "
    "float64 beside it, to rounding; tokens in a ball, positions at ends of their intervals; T up to 64",
    needs=("lem:K.2", "lem:K.6"),
    bends=(Bend("rows that do not look at the token itself", {"focus": 0.0}),),
)
def written_window(evidence: Evidence, *, focus: float = 1.0) -> None:
    """One row in symbols; then blocks for several T, targets and accuracies, at width 6 and along random directions at width 9."""
    eta, theta, z = sympy.symbols("eta theta z", positive=True)  # theta = 1 - alpha_tt <= eta; z is what aux held
    evidence.identity(
        "the window",
        [
            sympy.expand((1 - theta) * eta + theta * (1 + eta) - (eta + theta)),
            sympy.expand(z - ((1 - theta) + theta) * z),
        ],
        "both errors are at most alpha_tt eta + (1 - alpha_tt)(1 + eta) = eta + theta <= 2 eta: |W - 1| at other tokens, as |W|, is "
        "at most 1 + eta; and what aux held is erased",
    )
    axes, some = Channels(7, ("sig", "pos", "aux", "prof", "tail", "src", "tgt")), OrderedCodes.written(6, 1.0)
    found = departures(window_writer(axes, some, 2, 0.1).network, axes, {0: SELECTOR[0]})
    evidence.identity("what it reads", found, "rows and values read pos, gates aux; only aux is written: exact zeros")
    for T, target, accuracy in ((6, 0, 0.5), (16, 5, 1e-3), (16 if evidence.quick else 64, 8, 1e-9)):
        for width in (6, 9):
            channels = Channels.random(width, ("sig", "pos", "aux", "prof"), evidence.rng)
            codes = OrderedCodes.written(T, 1.0)
            built = window_writer(channels, codes, target, accuracy)
            x = codes.tokens(channels, 4, 1.0, evidence.rng)
            if focus != 1.0:
                written = channels.read("aux", blurred(built.network, focus)(x))[:, target]
                evidence.constructed("the window", float(np.max(np.abs(written - 1))), accuracy, "rows blurred")
                continue
            meets_claim(
                evidence, "the window", built, x, f"T = {T}, target {target}, epsilon = {accuracy}, width {width}"
            )
    blocks_agree(evidence, built.network, x[0])


def _tokens(codes: np.ndarray) -> np.ndarray:
    return np.stack([codes, np.ones_like(codes), np.zeros_like(codes)], axis=1)


def _touching(codes: OrderedCodes, target: int, eta: float, share: float) -> Window:
    """The window whose ramps fill the gaps, at the stated L."""
    wide = window_around(codes, target, eta)
    before = float(codes.upper[target - 1]) if target else wide.rise[0]
    rise_length = float(codes.lower[target]) - before
    after = float(codes.lower[target + 1]) if target + 1 < codes.length else float(codes.upper[target]) + rise_length
    rise, fall = (before, float(codes.lower[target])), (float(codes.upper[target]), after)
    L = 2 / (eta * (2 * np.pi) ** 0.5) * (1 / (rise[1] - rise[0]) + 1 / (fall[1] - fall[0]))
    return Window(rise, fall, float(L) * share)


def _covered(
    window: Window, codes: OrderedCodes, target: int, eta: float, where: str, quick: bool
) -> list[tuple[arb, arb, str]]:
    pairs = []
    for t in range(codes.length):
        wanted = arb(int(t == target))
        for piece in _pieces(float(codes.lower[t]), float(codes.upper[t]), 8 if quick else 48, window.L):
            pairs.append((abs(_window(window, piece) - wanted), arb(eta), f"{where}, I_{t}"))
    first, last = window.rise[0], window.fall[1]
    for piece in _pieces(first, last, 24 if quick else 200, window.L):
        pairs.append((abs(_window(window, piece)), 1 + arb(eta), f"{where}, everywhere"))
    return pairs


def _pieces(low: float, high: float, least: int, L: float) -> list[arb]:
    """Balls that cover [low, high], no longer than 1/(4 L) where that is affordable."""
    n = max(least, min(4000, int(2 * L * (high - low)) + 1)) if high > low else 1
    ends = [arb(low) + (arb(high) - arb(low)) * i / n for i in range(n + 1)]
    return [one.union(two) for one, two in pairwise(ends)]


def _window(window: Window, x: arb) -> arb:
    """W on a ball by the mean value form: W(middle) + W'(ball) (ball - middle)."""
    L, middle = arb(window.L), arb(x.mid())
    value = slope = arb(0)
    for corner, coefficient in window.corners:
        value += arb(coefficient) * functions.gelu(L * (middle - arb(corner))) / L
        slope += arb(coefficient) * functions.gelu_derivative(L * (x - arb(corner)))
    return value + slope * (x - middle)


def blurred(network: Network, focus: float) -> Network:
    """The first block alone, with forward queries and keys `focus` times what they are."""
    block = network.blocks[0]
    return Network.of(
        [("blurred", block.replace({f"mixer.{p}_proj.weight": focus * block[f"mixer.{p}_proj.weight"] for p in "qk"}))]
    )


ROWS = (predecessor, itself, scaled_gelu, symmetric_gelu, exact_read, plateau_window, written_window)
