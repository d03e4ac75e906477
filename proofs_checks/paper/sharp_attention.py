"""Rows of attention that are nearly one-hot, and what passes through them (Appendices I.3, I.4 and I.7)."""

from fractions import Fraction

import numpy as np
import sympy
from flint import arb

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref import reference
from sessa_ref.certified import layer as certified_layer
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Block, Channels
from sessa_ref.constructions.block import Form
from sessa_ref.parameters import SessaParameters, shapes
from sessa_ref.symbolic.routing import general
from sessa_ref.theory.sharp_attention import (
    mixture_error,
    moved_mass,
    nearest_turns,
    needed_gap,
    rotary_gap,
    rotary_scale,
)


@states(
    "lem:I.2",
    "A gap in the logits makes a row one-hot",
    where="Appendix I.3, Lemma I.2",
    says=r"""
    Let $v \in \mathbb{R}^n$ have a unique maximum $v_{i^*}$, let $\Delta$ be its distance to the second largest entry, and
    $p = \mathrm{softmax}(\sigma v)$ with $\sigma > 0$. If $\sigma\Delta \ge \log\frac{n-1}{\delta}$ with
    $\delta \in (0, 1)$, then $p_{i^*} \ge 1 - \delta$.
    """,
    trust="real arithmetic; every n, delta and v: p is least where all others are at the distance Delta",
    bends=(
        Bend("a gap less by log 2", {"share": 2.0}),
        Bend("a maximum that is attained twice: no gap", {"gap": False}),
    ),
)
def gap_concentrates(evidence: Evidence, *, share: float = 1.0, gap: bool = True) -> None:
    """With r_i = exp(-sigma (v* - v_i)): p* = 1 / (1 + sum r_i) and the sum of n - 1 of them is at most delta."""
    delta = sympy.Symbol("delta", positive=True)
    left = sympy.nsimplify(share) * delta if gap else delta * 0 + 1  # the largest sum of the r_i that is admitted
    slack = sympy.Integer(1) / (1 + left) - (1 - delta)
    evidence.identity(
        "the bound",
        slack - delta**2 / (1 + delta),
        "p* - (1 - delta) >= 1/(1 + delta) - (1 - delta) = delta^2/(1 + delta) > 0: n - 1 terms of at most delta/(n - 1)",
    )
    cases = []
    for n in (2, 3, 10, 1000):
        for d in (Fraction(1, 2), Fraction(1, 10), Fraction(1, 10**12)):
            odds = Fraction(n - 1) / d / Fraction(share) if gap else Fraction(1)  # exp(sigma Delta) at the threshold
            cases.append((1 - 1 / (1 + (n - 1) / odds), d, f"n = {n}, delta = {d}, all others equal"))
    evidence.exact(
        "the bound", cases, "1 - p* <= delta in exact rationals, where the others are as large as they may be"
    )
    evidence.exact(
        "the bound",
        [(d / (1 - d) * (1 - d), d, f"delta = {d}") for d in (Fraction(1, 2), Fraction(1, 100))],
        "the sharp threshold is exp(sigma Delta) = (n - 1)(1 - delta)/delta: there p* = 1 - delta exactly",
    )


@states(
    "cor:I.3",
    "One factor on queries and keys sharpens a row",
    where="Appendix I.3, Corollary I.3",
    says=r"""
    With the attention scale $\sigma_k$ fixed, queries and keys that are both multiplied by $c$ give the logits $c^2 v$: if
    $v$ has a unique maximum and the gap $\Delta$, then
    $\mathrm{softmax}(\sigma_k c^2 v)_{i^*} \ge 1 - \delta$ as soon as $\sigma_k c^2 \Delta \ge \log\frac{n-1}{\delta}$.
    """,
    trust="real arithmetic, every n; the rows of a layer are measured beside it, in float64 in reference and torch",
    needs=("lem:I.2",),
    bends=(Bend("queries alone are scaled by c", {"keys": False}), Bend("c smaller by a tenth", {"factor": 0.9})),
)
def scaling_sharpens(evidence: Evidence, *, keys: bool = True, factor: float = 1.0) -> None:
    """A layer whose queries and keys are scaled, its rows beside 1 - delta."""
    x = evidence.rng.standard_normal((8, 4))
    parameters = _random_block(evidence.rng)
    steps = reference.trace(parameters, x)
    rows = np.einsum("td,jd->tj", steps.q_rotated[0], steps.k_rotated[0])
    worst = 0.0
    for t in range(1, 8):
        ordered = np.sort(rows[t, : t + 1])
        gap, delta = ordered[-1] - ordered[-2], 1e-6
        c = factor * float(rotary_scale(gap, t, delta))
        scaled = _scaled(parameters, c, c if keys else 1.0)
        alpha = reference.trace(scaled, x).alpha_fwd[0, t]
        worst = max(worst, (1 - alpha[np.argmax(rows[t, : t + 1])]) / delta)
    evidence.constructed("the bound", worst, 1.0, "(1 - p*)/delta at c of the threshold in a layer, delta = 1e-6")
    outputs_agree(evidence, _scaled(parameters, factor * 3.0, factor * 3.0), x)
    c, v = sympy.symbols("c v")
    evidence.identity("the bound", (c * v) * (c * 1) - c**2 * v, "<c q, c k> = c^2 <q, k>; the rest is Lemma I.2")


@states(
    "lem:I.4",
    "A mixture that is nearly one-hot is nearly its main term",
    where="Appendix I.3, Lemma I.4",
    says=r"""
    Let $p_j \ge 0$, $\sum_j p_j = 1$ and $p_{j^*} \ge 1 - \delta$. Then
    $\lVert \sum_j p_j w_j - w_{j^*} \rVert \le 2\delta \max_j \lVert w_j \rVert$.
    """,
    trust="real arithmetic; every number of vectors, every norm",
    bends=(
        Bend("the factor 1.9", {"constant": 1.9}),
        Bend("weights that sum to 1.1", {"total": 1.1}),
    ),
)
def mixture_is_near(evidence: Evidence, *, constant: float = 2.0, total: float = 1.0) -> None:
    """The difference is sum of p_j (w_j - w*) over the others; its extreme is attained by two opposite vectors."""
    for n in (2, 3, 5):
        p, w = sympy.symbols(f"p1:{n}"), sympy.symbols(f"w0:{n}")
        first = sympy.nsimplify(total) - sum(p)
        difference = first * w[0] + sum(pj * wj for pj, wj in zip(p, w[1:], strict=True)) - w[0]
        others = sum(pj * (wj - w[0]) for pj, wj in zip(p, w[1:], strict=True))
        evidence.identity("the bound", difference - others, "the difference: p_j (w_j - w*), each at most p_j 2 V_max")
    pairs = []
    for delta in (Fraction(1, 10), Fraction(1, 3), Fraction(1)):
        attained = abs((1 - delta) * 1 + delta * -1 - 1)
        pairs.append(
            (attained, Fraction(constant) / 2 * mixture_error(delta, Fraction(1)), f"w = +-1, delta = {delta}")
        )
    evidence.exact("the bound", pairs, "attained for every delta by w_j = -w*, so 2 is the best constant")


@states(
    "lem:I.5",
    "Rotary angles alone make rows diagonal",
    where="Appendix I.4, Lemma I.5",
    says=r"""
    For $T \ge 2$, even $d_k$ and $\delta \in (0, 1)$: constant queries and keys $c(1, 0, \dots, 0)$ give, after rotary
    embedding, the logits $\sigma_k c^2 \cos(t - j)$, and if
    $\sigma_k c^2 \Delta_T \ge \log\frac{T-1}{\delta}$ with $\Delta_T = 1 - \max_{1 \le s < T}\cos s > 0$, then
    $\alpha^{fwd}_{tt} \ge 1 - \delta$ for every $t < T$.
    """,
    trust="balls for every t < T at eleven T up to 1024, and blocks in balls, $d_k = 2$ (further pairs are zero); for all T it is "
    "Corollary I.3, with $\\Delta_T > 0$ since pi is irrational",
    needs=("cor:I.3",),
    not_higher="each T is enclosed by itself; for all T at once the gap has no closed form, only its sign",
    bends=(
        Bend("the scale of T = 6 at T = 45", {"gap_at": 6}),
        Bend("without rotary embedding", {"rope": False}),
    ),
)
def rotary_diagonal(evidence: Evidence, *, gap_at: int | None = None, rope: bool = True) -> None:
    """Row sums in balls, for the c of the lemma; then the rows of real blocks."""
    turns = nearest_turns(1024)
    pairs = []
    for T in (2, 6, 45) if evidence.quick else (2, 3, 6, 7, 20, 26, 45, 128, 334, 711, 1024):
        for delta in (arb(1) / 2, arb(10) ** -12):
            logit = needed_gap(T - 1, delta) / rotary_gap(gap_at or T, ball=True)
            rest = arb(0)
            for s in range(1, T):  # row t has the terms s = 1 .. t: the last row has all of them
                cosine = arb(s).cos() if rope else arb(1)
                rest += (logit * (cosine - 1)).exp()
            pairs.append(
                (
                    rest / (1 + rest),
                    delta,
                    f"T = {T}, delta = {float(delta.mid()):.0e}, s = {max(s for s in turns if s < T)}",
                )
            )
    evidence.enclosed(
        "the rows", pairs, "1 - alpha_tt in balls at the c of the lemma; it rises with t, so that the last row decides"
    )
    steps = [s for s in range(1, 1024) if s in turns]
    evidence.enclosed(
        "the gap",
        [(arb(s).cos(), 1, f"s = {s}") for s in steps] + [(arb(0), rotary_gap(1024, ball=True), "T = 1024")],
        "cos(s) < 1 at every s < 1024 that is nearer to a multiple of 2 pi than all before; then for the others too",
    )
    for T in (6,) if evidence.quick else (6, 45):
        block = _diagonal_block(float(rotary_scale(rotary_gap(gap_at or T), T - 1, 1e-6)))
        x = evidence.rng.standard_normal((T, 2))
        rows = certified_layer.trace(block, x).alpha_fwd[0]
        evidence.enclosed(
            "the rows",
            [(1 - rows[t, t], arb(10) ** -6, f"t = {t}, T = {T}") for t in range(T)],
            "1 - alpha_tt of a real block, enclosed in balls, at delta = 1e-6",
        )
        outputs_agree(evidence, block, x)


@states(
    "lem:I.6",
    "What diagonal rows do to values",
    where="Appendix I.4, Lemma I.6",
    says=r"""
    If $\lVert v_j \rVert \le V_{\max}$ and $\alpha^{fwd}_{tt} \ge 1 - \delta$ for all $t < T$, then
    $\lVert f_t - v_t \rVert \le 2\delta V_{\max}$ and $\lVert f - v \rVert_F \le 2\delta V_{\max}\sqrt{T}$.
    """,
    trust="real arithmetic; every T and every norm of rows; row 0 is exact, so that sqrt(T - 1) is the best factor",
    needs=("lem:I.4",),
    bends=(Bend("a factor sqrt(T - 2)", {"rows": 2}), Bend("the factor 1.7", {"constant": 1.7})),
)
def diagonal_rows_pass_values(evidence: Evidence, *, rows: int = 0, constant: float = 2.0) -> None:
    """The worst values alternate: v_t is opposite to what row t mixes in."""
    pairs, sharp = [], []
    for T in (3, 4, 5):
        for delta in (Fraction(1, 10), Fraction(1, 2)):
            # v_0 = 1 and v_t = -1 afterwards, and row t >= 1 gives its delta to token 0
            v = [Fraction(1)] + [Fraction(-1)] * (T - 1)
            f = [v[0]] + [(1 - delta) * v[t] + delta * v[0] for t in range(1, T)]
            square = sum((a - b) ** 2 for a, b in zip(f, v, strict=True))
            claimed = (Fraction(constant) * delta) ** 2
            pairs.append((square, claimed * (T - rows), f"T = {T}, delta = {delta}"))
            sharp.append(square - (2 * delta) ** 2 * (T - 1))
    evidence.exact(
        "the bound", pairs, "the square of the Frobenius norm for the worst values of Lemma I.4 in every row"
    )
    d, V, T = sympy.symbols("delta V T", positive=True)
    evidence.identity(
        "the bound", (2 * d * V) ** 2 * T - (2 * d * V * sympy.sqrt(T)) ** 2, "T rows of Lemma I.4's bound"
    )
    evidence.identity("the bound", sharp, "attained with sqrt(T - 1): row 0 reads itself alone")


@states(
    "lem:I.7",
    "The feedback matrix is nilpotent",
    where="Appendix I.4, Lemma I.7",
    says=r"""
    For every input, $B$ is strictly lower triangular, so $B^T = 0$ (the T-th power) and
    $(I - B)^{-1} = \sum_{k=0}^{T-1} B^k$.
    """,
    trust="all strictly lower triangular B, in symbols for T <= 6; then $(B^k)_{tj} = 0$ for t - j < k by induction",
    bends=(Bend("one hop fewer", {"hops": 1}), Bend("a diagonal entry", {"diagonal": True})),
)
def feedback_is_nilpotent(evidence: Evidence, *, hops: int = 0, diagonal: bool = False) -> None:
    """Powers of a matrix of symbols; then the matrix of a real layer, where B^T is 0 exactly."""
    for T in (2, 3) if evidence.quick else (2, 3, 4, 5, 6):
        B = general(T)
        if diagonal:
            B = B + sympy.diag(sympy.Symbol("b"), *[0] * (T - 1))
        power, total = sympy.eye(T), sympy.zeros(T, T)
        for k in range(T):
            if k:
                near = [power[t, j] for t in range(T) for j in range(T) if t - j < k]
                evidence.identity("powers", near, f"(B^{k})_tj = 0 for t - j < {k}")
            if k < T - hops:
                total += power
            power = (power * B).expand()
        evidence.identity("nilpotent", list(power), f"B^{T} = 0, entries are symbols")
        residual = ((sympy.eye(T) - B) * total - sympy.eye(T)).expand()
        evidence.identity("the sum", list(residual), f"(I - B)(I + B + ... ) = I at T = {T}")
    x = evidence.rng.standard_normal((8, 4))
    parameters = _random_block(evidence.rng)
    B = reference.trace(parameters, x).B
    evidence.agreement(float(np.abs(np.linalg.matrix_power(B, 8)).max()), 0.0, "B^8 of a layer at T = 8 is 0 exactly")
    outputs_agree(evidence, parameters, x)


@states(
    "lem:I.12",
    "Attention depends continuously on queries, keys and values",
    where="Appendix I.7, Lemma I.12",
    says=r"""
    Fix T, heads, widths, the scale $\sigma_k$ and $W^O$. For token-wise continuous queries, keys and values on a compact set
    and every $\varepsilon > 0$ there is an $\eta > 0$ such that causal rotary attention moves by at most $\varepsilon$ in the
    Frobenius norm when queries, keys and values move by at most $\eta$ at every token.

    Explicitly, per row and head: if no logit moves by more than $e$, the mass of no set of tokens moves by more than
    $\tanh(e/2)$, so that the row's output moves by at most $\eta + 2\tanh(e/2)\max\lVert v \rVert$, where
    $e = \sigma_k(\eta\lVert k \rVert + \eta\lVert q \rVert + \eta^2)$.
    """,
    trust="real arithmetic; every T, head count and width; the modulus is explicit and tanh(e/2) is attained",
    bends=(
        Bend("tanh(e/2) smaller by a tenth", {"constant": 0.9}),
        Bend("logits may move by half as much again", {"moves": 1.5}),
    ),
)
def attention_is_stable(evidence: Evidence, *, constant: float = 1.0, moves: float = 1.0) -> None:
    """A set of mass p goes to at most p e^(2e) / (1 - p + p e^(2e)); the largest change over p is tanh(e/2)."""
    e, p = sympy.symbols("e p", positive=True)
    odds = sympy.exp(2 * sympy.nsimplify(moves) * e)  # up on the set, down off it
    moved = p * odds / (1 - p + p * odds) - p
    at = 1 / (1 + sympy.exp(e))
    claimed = sympy.nsimplify(constant) * (sympy.exp(e) - 1) / (sympy.exp(e) + 1)
    evidence.identity(
        "the modulus", sympy.simplify(moved.subs(p, at) - claimed), "the change at p = 1/(1 + exp(e)) is tanh(e/2)"
    )
    slope: sympy.Expr = sympy.diff(moved, p).subs(p, at)  # type: ignore[assignment]
    evidence.identity("the modulus", slope, "and there its slope is 0")
    curve = sympy.simplify(sympy.diff(moved, p, 2) + 2 * odds * (odds - 1) / (1 + (odds - 1) * p) ** 3)
    evidence.identity("the modulus", curve, "the change is concave in p, so that this is its maximum")
    dq, dk, q, k = sympy.symbols("dq dk q k")
    evidence.identity(
        "logits",
        sympy.expand((q + dq) * (k + dk) - q * k - (dq * k + q * dk + dq * dk)),
        "what a logit moves by, over sigma",
    )
    a, b = sympy.symbols("alpha1:4"), sympy.symbols("beta1:4")
    v, w = sympy.symbols("v1:4"), sympy.symbols("w1:4")
    rows = list(zip(a, b, v, w, strict=True))
    moves = sum(p * x - q * y - ((p - q) * x + q * (x - y)) for p, q, x, y in rows)
    evidence.identity(
        "the output",
        sympy.expand(moves),
        "alpha v - beta w = (alpha - beta) v + beta (v - w): twice the moved mass times max |v|, and eta",
    )
    pairs = [
        (_worst_move(p, e), float(constant) * moved_mass(arb(e)), f"p = {p}, e = {e}")
        for e in (0.01, 0.3, 2.0)
        for p in (0.01, 0.1, 0.6)
    ]
    evidence.enclosed(
        "the modulus", pairs, "the extreme two-token rows in balls: logits moved up on a set, down off it"
    )


def _worst_move(p: float, e: float) -> arb:
    """What a set of mass p gains when its logits move up by e and all others down by e."""
    up = arb(p) * (2 * arb(e)).exp()
    return up / (1 - arb(p) + up) - arb(p)


@states(
    "lem:I.13",
    "Nearly diagonal attention transports values",
    where="Appendix I.7, Lemma I.13",
    says=r"""
    If $\alpha_{tt} \ge 1 - \delta$ for all $t$, $\lVert v - \phi \rVert \le \eta$ and $\lVert \phi \rVert \le M_\phi$ on all
    tokens, then $f_t = \sum_{j \le t}\alpha_{tj} v(u_j)$ satisfies
    $\lVert f_t - \phi(u_t) \rVert \le 2\delta(M_\phi + \eta) + \eta$.

    The sharp bound is $\eta + 2\delta M_\phi$.
    """,
    trust="real arithmetic; every T, width and norm; the sharp form is attained",
    needs=("lem:I.4",),
    bends=(
        Bend("the sharp form smaller by a tenth", {"constant": 0.9}),
        Bend("the sharp form without its eta", {"eta_counts": False}),
    ),
)
def diagonal_attention_transports(evidence: Evidence, *, constant: float = 1.0, eta_counts: bool = True) -> None:
    """Split at phi: sum of alpha (v - phi) is at most eta, the rest is Lemma I.4 for phi."""
    n = 4
    a, v, phi = sympy.symbols(f"a1:{n}"), sympy.symbols(f"v0:{n}"), sympy.symbols(f"phi0:{n}")
    weights = (1 - sum(a), *a)
    f = sum(w * x for w, x in zip(weights, v, strict=True))
    split = sum(w * (x - y) for w, x, y in zip(weights, v, phi, strict=True))
    rest = sum(w * (y - phi[0]) for w, y in zip(weights, phi, strict=True))
    evidence.identity(
        "the bound", sympy.expand(f - phi[0] - split - rest), "f - phi_t = sum a (v - phi) + sum a (phi - phi_t)"
    )
    pairs = []
    for eta in (Fraction(0), Fraction(1, 100), Fraction(1, 2)):
        for delta in (Fraction(1, 10), Fraction(1, 2)):
            attained = abs((1 - delta) * (1 + eta) + delta * (-1 + eta) - 1)  # phi_t = 1, phi_0 = -1, v = phi + eta
            worst = max(attained, abs((1 - delta) * (1 - eta) + delta * (-1 - eta) - 1))
            sharp = Fraction(constant) * (2 * delta + (eta if eta_counts else 0))
            pairs.append((worst, sharp, f"eta = {eta}, delta = {delta}"))
            pairs.append((2 * delta + eta, 2 * delta * (1 + eta) + eta, f"sharp against printed, eta = {eta}"))
    evidence.exact("the bound", pairs, "two tokens with phi = +-1 and v = phi +- eta attain eta + 2 delta M_phi")


def _random_block(rng: np.random.Generator) -> SessaParameters:
    """A paper block of width 4 with random entries."""
    config = SessaConfig.paper(4)
    return SessaParameters(config, {name: rng.standard_normal(shape) for name, shape in shapes(config).items()})


def _scaled(parameters: SessaParameters, queries: float, keys: float) -> SessaParameters:
    arrays = dict(parameters)
    arrays["mixer.q_proj.weight"] = queries * arrays["mixer.q_proj.weight"]
    arrays["mixer.k_proj.weight"] = keys * arrays["mixer.k_proj.weight"]
    return SessaParameters(parameters.config, arrays)


def _diagonal_block(c: float) -> SessaParameters:
    """Width 2: constant queries and keys of length c, and token 0's channel as value."""
    block = Block(Channels(2, ("x", "out")), "diagonal")
    one: Form = block.one()
    length: Form = {name: c * value for name, value in one.items()}
    block.attend_forward(length, length)
    block.track("copy", value=one, gate={"x": 1.0}, to={"out": 1.0})
    return block.build()


ROWS = (
    gap_concentrates,
    scaling_sharpens,
    mixture_is_near,
    rotary_diagonal,
    diagonal_rows_pass_values,
    feedback_is_nilpotent,
    attention_is_stable,
    diagonal_attention_transports,
)
