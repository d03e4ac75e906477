"""Sharper bounds than those of Section 4.1 and Appendix D: for T tokens, for the gate's entries, for LayerNorm."""

from fractions import Fraction
from itertools import product

import numpy as np
import sympy
import torch

from proofs_checks import wording
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, Statement, states
from proofs_checks.torch_layer import layer_of, outputs_agree
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound
from sessa_ref.influence.worst_inputs import worst_input
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import tokenwise
from sessa_ref.theory import stability


@states(
    "ours:bounded-solve",
    "The best constant of the solve for T tokens",
    where="sharper than Lemma 4.2",
    says=r"""
    Let $B \in \mathbb{R}^{T \times T}$ be strictly lower triangular with $\sum_j |B_{tj}| \le \rho$, $\rho \ge 0$, and
    $(I - B)s = f$. Then $\max_t \lVert s_t \rVert \le (1 + \rho + \dots + \rho^{T-1}) \max_t \lVert f_t \rVert$; for
    $\rho \ne 1$ the sum is $(1 - \rho^T)/(1 - \rho)$. It is attained where every token reads its predecessor alone. So
    $1/(1 - \rho)$ is the best constant for all $T$ at once, $\rho < 1$ is not needed for one $T$, and a layer attains
    both in the limit: sharp weights, or one token repeated without end.
    """,
    proof=r"""
    *The bound.* Let $F = \max_t \lVert f_t \rVert$ and $c_n = 1 + \rho + \dots + \rho^{n-1}$, which does not fall with
    $n$. We show $\lVert s_t \rVert \le c_{t+1} F$ by induction. At $t = 0$ it holds, because $s_0 = f_0$. If it holds
    before $t$, then $\lVert s_j \rVert \le c_t F$ for all $j < t$, and

    $$\lVert s_t \rVert \le \lVert f_t \rVert + \sum_{j<t} |B_{tj}| \lVert s_j \rVert \le F + \rho\, c_t F = c_{t+1} F .$$

    So all states are at most $c_T F$.

    *Attained.* Let $B_{t,t-1} = \rho$, all other entries 0, and all $f_t$ equal to $f$. Then
    $s_t = f + \rho s_{t-1} = c_{t+1} f$. For $\rho < 1$ the numbers $c_T$ rise to $1/(1 - \rho)$, so that no smaller
    constant serves all $T$.

    *In a layer.* Let the gain be a constant $\rho \in (0, 1)$, and let the values be the same $f \ne 0$ in every token,
    so that $f_t = f$. If the tokens have ordered codes, then by Lemma K.1 there are queries and keys with
    $\alpha_{t,t-1} \ge 1 - \mu$, for every $\mu > 0$. As $\mu \to 0$, $B$ tends to the matrix above, and $s$, which is
    continuous in $B$, to its states. If one token is repeated, then the feedback's logits in a row are equal, and
    $\alpha_{t,j} = 1/t$. The states are then $s_t = c_t f$ with the codes of `ours:position-gap`,
    $c_t = \frac{1 - \rho\, y_t}{1 - \rho}$ with the $y_t$ of Proposition 29. As $y_t \to 0$, they tend to
    $f/(1 - \rho)$.
    """,
    needs=("lem:4.2", "lem:K.1", "prop:29", "ours:position-gap"),
    trust="real arithmetic; every T, every rho >= 0, every norm; layers built with T up to 4096",
    not_higher="the bound and that it is attained are symbolic; that layers come near it is shown by building them",
    bends=(
        Bend("a constant smaller by a hundredth", {"constant": 0.99}),
        Bend("a power of rho less", {"missing": 1}),
        Bend("the columns of |B| sum to at most rho, not the rows", {"columns": True}),
    ),
)
def best_constant(evidence: Evidence, *, constant: float = 1.0, missing: int = 0, columns: bool = False) -> None:
    """Induction over T in symbols, the worst routing in exact rationals, and layers that attain it."""
    rho = sympy.Symbol("rho", positive=True)
    T = sympy.Symbol("T", positive=True, integer=True)
    claim, factor = "the bound", sympy.nsimplify(constant)

    def most(tokens: sympy.Expr) -> sympy.Expr:
        return factor * (1 - rho ** (tokens - missing)) / (1 - rho)

    # States of T tokens are at most c_T, which does not fall with T, so that the next is at most 1 + rho c_T.
    evidence.identity(claim, sympy.simplify(1 + rho * most(T) - most(T + 1)), "induction: 1 + rho c_T = c_(T + 1)")
    evidence.identity(claim, sympy.simplify(1 - most(sympy.Integer(1))), "T = 1: s = f")
    cases = [
        (_worst(T, r, columns), Fraction(constant) * sum(r**k for k in range(T - missing)), f"T = {T}, rho = {r}")
        for T in range(1, 6)
        for r in (Fraction(1, 2), Fraction(9, 10), Fraction(1), Fraction(3, 2))
    ]
    evidence.exact(claim, cases, "every extreme B, exact rationals; attained by predecessor routing")
    claim = "a layer attains it in the limit"
    tokens = 256 if evidence.quick else 4096
    for name, parameters, x, reached in (
        ("predecessor routing", *_predecessor_layer(), 0.999),
        ("one token repeated", *_repeating_layer(tokens), 0.97),
    ):
        steps = reference.trace(parameters, x)
        sizes, gain = np.linalg.norm(steps.s, axis=-1), float(np.abs(steps.gamma).max())
        attained = float(sizes.max() / np.linalg.norm(steps.f, axis=-1).max())
        limit = constant * stability.solve_factor(1 - gain, len(x) - missing)
        how = f"{name}, rho = {gain:.3g}, T = {len(x)}: |s| / |f| = {attained:.6g}"
        evidence.constructed(claim, attained, limit * (1 + 1e-12), how)
        evidence.constructed(claim, reached * limit, attained, f"{how}, at least {reached} of the bound")
        for dtype, relative in ((torch.float64, 1e-10), (torch.float32, 1e-3)):
            y = layer_of(parameters, dtype)(torch.as_tensor(x[None], dtype=dtype))[0].double().numpy()
            error = float(np.abs(y - steps.y).max() / np.abs(steps.y).max())
            evidence.agreement(error, relative, f"the torch layer in {dtype}, {name}")


@states(
    "ours:bounded-gate",
    "The gate enters with its largest entry",
    where="sharper than Propositions 2 and 25 (52)",
    says=r"""
    In (52), $G_R$ may bound the entries $|g_{t,i}|$ instead of the norm $\lVert g_t \rVert$:
    $\lVert s \odot g \rVert_2 \le \lVert s \rVert_2 \max_i |g_i|$. That is smaller by a factor of up to $\sqrt{r}$ for
    $r$ channels. Together with the finite sum, for $T$ tokens $\lVert G(x) \rVert \le R + \lVert W_{out} \rVert F_R \,
    G^{entry}_R \, \frac{1 - \rho_R^T}{1 - \rho_R} + \lVert b_{out} \rVert$.
    """,
    proof=r"""
    Every term of $\lVert s \odot g \rVert_2^2 = \sum_i s_i^2 g_i^2$ is at most $s_i^2 \max_k g_k^2$, which gives the
    first inequality. Moreover $\max_i |g_i| \le \lVert g \rVert_2 \le \sqrt{r} \max_i |g_i|$, with equality on the
    right where all $|g_i|$ are equal. So the new factor is never larger than the old one, and smaller by up to
    $\sqrt{r}$.

    On the ball the sums $\sum_j |B_{tj}| = |\gamma_t|$ are at most $\rho_R$ and $\lVert f_t \rVert \le F_R$, so
    $\lVert s_t \rVert \le F_R \frac{1 - \rho_R^T}{1 - \rho_R}$ by `ours:bounded-solve`. The output is
    $x_t + (s_t \odot g_t) W_{out} + b_{out}$. Its three terms are at most $R$,
    $\lVert W_{out} \rVert\, G^{entry}_R F_R \frac{1 - \rho_R^T}{1 - \rho_R}$ and $\lVert b_{out} \rVert$.
    """,
    needs=("prop:25", "ours:bounded-solve"),
    trust="real arithmetic; every width, every T; layers attacked",
    bends=(
        Bend("the mean of |g_i| in place of the largest", {"mean": True}),
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
    ),
)
def gate_by_entries(evidence: Evidence, *, mean: bool = False, constant: float = 1.0) -> None:
    """Squares a channel at a time; then layers, whose outputs stay inside the sharper bound."""
    M, S, H, s, d = sympy.symbols("M S H s d", nonnegative=True)
    claim = "|s g| <= |s| max |g_i|"
    step = (M * (S + s**2)) - (H + s**2 * (M - d)) - (M * S - H) - s**2 * d  # g^2 = M - d
    evidence.identity(claim, sympy.expand(step), "max g_i^2 |s|^2 - |s g|^2 grows by s^2 d >= 0")
    pairs = []
    for s_entries, g_entries in product(product((0, 1, 2), repeat=3), product((-1, 0, 2), repeat=3)):
        sizes = [abs(entry) for entry in g_entries]
        most = Fraction(sum(sizes), 3) if mean else Fraction(max(sizes))
        squares = sum((a * b) ** 2 for a, b in zip(s_entries, g_entries, strict=True))
        pairs.append(
            (
                squares,
                (Fraction(constant) * most) ** 2 * sum(a * a for a in s_entries),
                f"s = {s_entries}, g = {g_entries}",
            )
        )
    evidence.exact(claim, pairs, "squares of integers, three channels; attained")
    # What is printed loses sqrt(r) where all |g_i| are equal: |g| = sqrt(r) max |g_i|.
    claim = "the bound for T tokens"
    R, W, F, G, b, rho, T = sympy.symbols("R W F G b rho T", positive=True)
    sharper = stability.block_bound(R, (1 - rho**T) / (1 - rho), F, G, W, b)
    evidence.identity(
        claim,
        sympy.simplify(R + W * F * G / (1 - rho) + b - sharper - W * F * G * rho**T / (1 - rho)),
        "(52) with G the largest entry is larger by W F G rho^T / (1 - rho) > 0",
    )
    for config in (SessaConfig.paper(3), SessaConfig.published(8, 4, 2)):
        parameters = SessaParameters.random(config, 4)
        found = worst_input(parameters, 1.0, 16, starts=2, steps=4)
        bound = ball_bound(parameters, 1.0, 16)
        evidence.constructed(
            claim,
            found.output,
            bound.sharper.output,
            f"a layer attacked; (52) is {bound.paper.output:.4g}",
            wording.layer(config),
        )
        outputs_agree(evidence, parameters, found.x)


@states(
    "ours:layer-norm-ball",
    "With LayerNorm one constant serves all radii",
    where="beyond Remark 4.1 and Assumption 24",
    says=r"""
    For $\lVert x \rVert \le R$ and $\varepsilon > 0$ the standardised token has norm at most
    $R \sqrt{D} / \sqrt{R^2 + D \varepsilon} < \sqrt{D}$, attained for $D \ge 2$ by tokens of mean 0 and norm $R$. With
    LayerNorm (48) and (51) hold with this in place of $\lVert x \rVert$, $W \mathrm{diag}(w)$ in place of $W$ and
    $W b_{ln} + b$ in place of $b$: so $\rho$, $F$, $G$ have bounds for all $R$ at once, and
    $\lVert G(x) \rVert \le R + \mathrm{const}$.
    """,
    proof=r"""
    Let $m$ be the mean of the entries of $x$, and $r = \lVert x - m \mathbf{1} \rVert$. Then
    $r^2 = \lVert x \rVert^2 - D m^2 \le R^2$. The variance is $r^2/D$, and the square of the standardised token's norm
    is

    $$\frac{r^2}{r^2/D + \varepsilon} = \frac{D r^2}{r^2 + D \varepsilon} .$$

    This rises with $r$, so it is at most its value at $r = R$, which is
    $D - \frac{D^2 \varepsilon}{R^2 + D \varepsilon} < D$. There is equality for $m = 0$ and $\lVert x \rVert = R$, as
    for $x = \frac{R}{\sqrt2} (1, -1, 0, \dots, 0)$ if $D \ge 2$.

    Let $z$ be the standardised token. LayerNorm's weight and bias and then the block's affine map make of it
    $W (w \odot z + b_{ln}) + b = W \mathrm{diag}(w)\, z + (W b_{ln} + b)$. So $f$, $g$ and the argument $u$ of the gain
    are the same functions of $z$, with these weights and biases, as they are of $x$ in a block without normalisation.
    (48) and (51) hold with $\lVert z \rVert$ in place of $\lVert x \rVert$. Since $\lVert z \rVert < \sqrt{D}$ whatever
    $R$ is, $\rho = \tanh(c_\gamma + L_{\gamma,pre} \sqrt{D}) < 1$, $F = c_f + L_f \sqrt{D}$ and
    $G = c_g + L_g \sqrt{D}$ serve all $R$. Only the residual grows with $R$:
    $\lVert G(x) \rVert \le R + \lVert W_{out} \rVert \frac{F G}{1 - \rho} + \lVert b_{out} \rVert$, as in the proof of
    Proposition 25.
    """,
    needs=("rem:4.1", "prop:25"),
    trust="real arithmetic; every D, eps > 0, R > 0; published layers attacked up to R = 10^6",
    bends=(
        Bend("a constant smaller by a hundredth", {"constant": 0.99}),
        Bend("the deviation from the mean is not taken: root mean square of the mean as well", {"mean": 1.0}),
    ),
)
def layer_norm_ball(evidence: Evidence, *, constant: float = 1.0, mean: float = 0.0) -> None:
    """r / sqrt(r^2/D + eps) grows with r <= R; then layers with LayerNorm on balls of growing radius."""
    r, D, eps, m, Q = sympy.symbols("r D epsilon m Q", positive=True)
    claim = "the standardised token"
    value = r**2 / (r**2 / D + eps)
    evidence.identity(
        claim, sympy.simplify(sympy.diff(value, r) - 2 * r * eps / (r**2 / D + eps) ** 2), "it grows with r"
    )
    centred = Q - 2 * m * (D * m) + D * m**2  # the sum of (x_i - m)^2 with sum x_i = D m, sum x_i^2 = Q
    evidence.identity(
        claim, sympy.expand(centred + (1 - sympy.nsimplify(mean)) * D * m**2 - Q), "the deviations' norm is at most |x|"
    )
    evidence.identity(claim, sympy.simplify(D - value - D**2 * eps / (r**2 + D * eps)), "it is below sqrt(D)")
    rows = []
    for x in ((3, -3), (1, -1), (2, 0), (1, 1)):
        radius, average = sum(a * a for a in x), Fraction(sum(x), 2)
        deviation = sum((a - average) ** 2 for a in x)
        reached = deviation / (deviation / 2 + Fraction(1, 10))
        rows.append(
            (reached, Fraction(constant) ** 2 * 2 * radius / (radius + Fraction(2, 10)), f"x = {x}, eps = 1/10")
        )
    evidence.exact(claim, rows, "squares, D = 2; attained where the mean is 0")
    claim = "the block"
    block, weights = sympy.symbols("factor F G W b"), sympy.symbols("W0 W1 w0 w1 z0 z1 l0 l1 h")
    W0, W1, w0, w1, z0, z1, l0, l1, h = weights
    folded = W0 * (w0 * z0 + l0) + W1 * (w1 * z1 + l1) + h - (W0 * w0 * z0 + W1 * w1 * z1 + (W0 * l0 + W1 * l1 + h))
    evidence.identity(claim, sympy.expand(folded), "LayerNorm's weight and bias go into the affine map that follows")
    evidence.identity(claim, sympy.diff(stability.block_bound(r, *block), r) - 1, "only the residual grows with R")
    config = SessaConfig.published(8, 4, 2)
    parameters = SessaParameters.random(config, 6)
    beyond = []
    for R in (0.01, 1.0, 100.0) if evidence.quick else (0.01, 1.0, 100.0, 1e6):
        found = worst_input(parameters, R, 16, starts=2, steps=4)
        bound = ball_bound(parameters, R, 16)
        beyond.append(bound.paper.output - R)
        evidence.constructed(
            claim,
            found.output,
            constant * bound.paper.output,
            f"a layer attacked, |x_t| <= {R:g}",
            wording.layer(config),
        )
        if R == 1:
            outputs_agree(evidence, parameters, found.x)
    size = float(np.sqrt(config.width))
    most = ball_bound(parameters, 1e9, 16)
    evidence.constructed(
        claim,
        max(beyond),
        most.paper.output - 1e9 + 1e-3,
        f"bound minus R, against its limit at size sqrt(D) = {size:.4g}",
    )


@states(
    "ours:half-gelu",
    "GELU is half its argument and an even rest",
    where="sharper than Remarks D.1 and D.4",
    says=r"""
    $\mathrm{GELU}(a) = a/2 + h(a)$ with $h(a) = h(-a)$ and $0 \le h(a) \le |a|/2$. So for $|x| \le R$,
    $A = \lVert W \rVert R + \lVert b \rVert$, $\lVert V \mathrm{GELU}(Wx + b) + c \rVert \le \tfrac12 \lVert V W \rVert
    R + \lVert \tfrac12 V b + c \rVert + \tfrac12 \lVert V \rVert A$, at most the composed bound
    $\lVert V \rVert A + \lVert c \rVert$; and for one row $w$, $\langle w, \mathrm{GELU}(Wx + b) \rangle \le \tfrac12
    \langle w, b \rangle + \tfrac12 \lVert w W \rVert R + \tfrac12 \lVert w_+ \rVert A$ with the positive entries $w_+$.
    So $\rho(R)$ and $F_R$ become no larger; the check shows by how much for two layers.
    """,
    proof=r"""
    *The split.* $\mathrm{GELU}(a) = a \Phi(a) = \frac{a}{2} + h(a)$ with $h(a) = \frac{a}{2}\, \mathrm{erf}(a/\sqrt2)$.
    This is even, as the product of two odd functions. On $[0, \infty)$ the error function rises from 0 to 1, so
    $0 \le h(a) \le |a|/2$. No smaller share of $|a|$ is enough, because $h(a)/|a| \to \frac12$.

    *A map.* Let $a = W x + b$, so that $\lVert a \rVert \le A$. Then

    $$V\, \mathrm{GELU}(a) + c = \tfrac12 V W x + \bigl(\tfrac12 V b + c\bigr) + V h(a),$$

    where $h$ acts on every entry, and $\lVert h(a) \rVert \le \frac12 \lVert a \rVert \le \frac12 A$. The three terms
    give the bound. It is at most the composed one, because $\lVert V W \rVert \le \lVert V \rVert \lVert W \rVert$ and
    $\lVert \frac12 V b + c \rVert \le \frac12 \lVert V \rVert \lVert b \rVert + \lVert c \rVert$ make it at most
    $\frac12 \lVert V \rVert (\lVert W \rVert R + \lVert b \rVert) + \lVert c \rVert + \frac12 \lVert V \rVert A =
    \lVert V \rVert A + \lVert c \rVert$.

    *A row.* In the same way $\langle w, \mathrm{GELU}(a) \rangle = \frac12 \langle w, b \rangle + \frac12 \langle w W,
    x \rangle + \langle w, h(a) \rangle$. Since no entry of $h(a)$ is negative, negative entries of $w$ only lower the
    last term: $\langle w, h(a) \rangle \le \langle w_+, h(a) \rangle \le \frac12 \lVert w_+ \rVert A$.

    *The constants.* $F_R$ is the bound of a map with $V = W_V$, $c = b_V$. The gain's argument is
    $u = b_\gamma + \langle w_\gamma, \mathrm{GELU}(a) \rangle$, and $|u|$ is bounded by the larger of the row bounds of
    $u$ and of $-u$, whose rows are $w_\gamma$ and $-w_\gamma$. Each is at most $|b_\gamma| + \lVert w_\gamma \rVert A$,
    the argument in Remark D.1. As $\tanh$ rises, $\rho(R)$ does not become larger.
    """,
    needs=("rem:D.1", "rem:D.4"),
    trust="real arithmetic; every width, every R; layers on tokens along the gain's direction",
    bends=(
        Bend("L smaller by a tenth", {"slope": 0.9}),
        Bend("h vanishes", {"rest": 0}),
        Bend("h is at most |a|/3", {"share": Fraction(1, 3)}),
    ),
)
def half_gelu(evidence: Evidence, *, slope: float = 1.0, rest: int = 1, share: Fraction = Fraction(1, 2)) -> None:
    """The split in symbols, its two bounds, and layers against the constants that follow."""
    a, VW, V, W, R, b, half = sympy.symbols("a VW V W R b half", positive=True)
    h = rest * a * sympy.erf(a / sympy.sqrt(2)) / 2
    gelu = a * (1 + sympy.erf(a / sympy.sqrt(2))) / 2
    claim = "the split"
    evidence.identity(
        claim, [sympy.expand(gelu - a / 2 - h), h.subs(a, -a) - h], "GELU(a) - a/2 = a erf(a / sqrt 2)/2, even"
    )
    # erf rises from 0 at 0 to 1 at infinity, so that 0 <= h(a) <= |a|/2, and no smaller share of |a| is enough.
    rises = sympy.diff(sympy.erf(a), a) - 2 * sympy.exp(-(a**2)) / sympy.sqrt(sympy.pi)
    evidence.identity(claim, [rises, sympy.limit(sympy.erf(a), a, sympy.oo) - 1, sympy.erf(0)], "erf rises from 0 to 1")
    share_at_infinity = sympy.limit(sympy.erf(a) / 2, a, sympy.oo)
    evidence.exact(
        claim, [(share_at_infinity, share, "a to infinity")], "the supremum of h(a)/|a|, and what is claimed"
    )
    claim = "the bounds that follow"
    # With a = W x + b, V GELU(a) + c = V W x / 2 + (V b / 2 + c) + V h(a): three norms, of which the last is at most |V| |a| / 2.
    p, q, c = sympy.symbols("p q c", positive=True)
    part = p / (p + q)  # h(a_i) as a share of |a_i| / 2
    evidence.nonnegative(
        claim,
        [a**2 / 4 - (part * a / 2) ** 2, V * a / 2 - V * part * a / 2, V * part * a / 2],
        "|h(a)| <= |a|/2 an entry at a time; of one row, w_i h(a_i) is at most w_i |a_i|/2 for w_i > 0 and at most 0 for w_i < 0",
    )
    # |V W| <= |V| |W| and |V b / 2 + c| <= |V| |b| / 2 + |c|: the sharper bound is below the composed one by what these lose.
    sharper = VW * R / 2 + half + V * (W * R + b) / 2
    composed = V * (W * R + b) + c
    lost = composed - sharper - ((V * W - VW) * R / 2 + (V * b / 2 + c - half))
    evidence.identity(
        claim, sympy.expand(lost), "composed minus sharper: (|V||W| - |VW|) R/2 + |V||b|/2 + |c| - |Vb/2 + c| >= 0"
    )
    for name, config in (
        ("the paper's block", SessaConfig.paper(4)),
        ("a published layer", SessaConfig.published(8, 4, 2)),
    ):
        parameters = SessaParameters.random(config, 2)
        x = np.random.default_rng(1).normal(size=(40, config.width))
        x[:2] = np.array([[1.0], [-1.0]]) * (
            parameters["mixer.gamma_ctx.weight"] @ parameters["W_in.weight"][: config.width]
        )
        x *= 3.0 / np.linalg.norm(x, axis=-1, keepdims=True)
        steps, bound = reference.trace(parameters, x), ball_bound(parameters, 3.0, 40)
        sizes = float(np.linalg.norm(steps.f, axis=-1).max()), float(np.abs(steps.gamma).max())
        evidence.constructed(claim, sizes[0], bound.sharper.F, f"{name}: |f_t|; composed {bound.paper.F:.3g}")
        evidence.constructed(
            claim, sizes[1], 1 - bound.sharper.margin, f"{name}: |gamma_t|; composed {1 - bound.paper.margin:.4g}"
        )
        if config.norm == "layernorm":
            outputs_agree(evidence, parameters, x)
    weight, token = np.array([[2.0]]), 3.0
    constant, growth = stability.gelu_growth(weight, np.zeros(1), np.array([[5.0]]), np.zeros(1), one_sided=True)
    reached = float(5 * tokenwise.gelu(weight @ np.array([token]))[0])
    evidence.constructed(
        claim, reached, constant + slope * growth * token, "5 GELU(2 x), |x| <= 3: attained but for 1 - Phi(6)"
    )


def _worst(T: int, rho: Fraction, columns: bool) -> Fraction:
    """The largest |s_t| for f = 1 and rows of |B| that sum to at most rho; or columns: a last row full of rho."""
    return 1 + (T - 1) * rho if columns else stability.largest_state(T, rho)


def _repeating_layer(T: int) -> tuple[SessaParameters, Array]:
    """A layer with gain 1/2 on one token: all weights are equal, and states rise to |f| / (1 - 1/2) as 1 - c / sqrt(t)."""
    return _layer(gain=0.5, code=0.0), np.tile([[1.0, 0.0]], (T, 1))


def _predecessor_layer(T: int = 48) -> tuple[SessaParameters, Array]:
    """A layer with gain 0.9 whose tokens carry a growing code, and whose feedback reads the largest code alone."""
    return _layer(gain=0.9, code=1.0), np.stack([np.zeros(T), np.linspace(0, 1, T)], axis=-1)


def _layer(gain: float, code: float) -> SessaParameters:
    """Two channels: a constant, which is f and the feedback's query, and the code, which is the feedback's key; s is y - x."""
    parameters = SessaParameters.random(SessaConfig.paper(2))
    zero = {name: np.zeros_like(array) for name, array in parameters.items()}
    one = np.array([[1.0, 0.0], [0.0, 0.0]])
    changed = {
        "W_in.weight": np.array([[0, 0], [0, code], [0, 0], [0, 0]], dtype=float),
        "W_in.bias": np.array([10.0, 10.0, 1.0, 1.0]),
        "mixer.v_proj.weight": 0.1 * one,
        "mixer.proj_fb.weight": np.array([[100.0, 0], [0, 0], [0, code], [0, 0]]),
        "mixer.gamma_bias": np.array(np.arctanh(gain)),
        "W_out.weight": np.eye(2),
    }
    return parameters.replace(zero | changed)


ROWS: tuple[Statement, ...] = (best_constant, gate_by_entries, layer_norm_ball, half_gelu)
