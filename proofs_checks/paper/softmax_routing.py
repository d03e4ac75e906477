"""Softmax rows: their size and their derivative (Section 4.2, Appendices B and C), and Remark C.3 on local windows."""

import numpy as np
import sympy

from proofs_checks.diffuse_layer import (
    RADIUS,
    diffuse_layer,
    growing_tokens,
    logit_spread_bound,
    spread,
    tokens,
    trace,
)
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from proofs_checks.windows import window_example
from sessa_ref.notation import Array
from sessa_ref.reference import layer
from sessa_ref.theory.causal_attention import routing_variation, routing_variation_bound


@states(
    "def:4",
    "Diffuse attention regime",
    where="Section 4.2.2, Definition 4",
    says=r"""
    Attention is diffuse on a horizon if its logits over each visible set have a bounded spread,
    $\max_{j \in W_t} \beth_{t,j} - \min_{j \in W_t} \beth_{t,j} \le \Delta$ for each $t$, with one finite $\Delta$ for all inputs under
    consideration. The decay statements need the same $\Delta$ for all horizons.
    """,
    needs=("lem:C.1",),
    trust=(
        f"float64; a layer whose Delta follows from its weights for tokens of norm <= {RADIUS:g}, at every length; seen up to T = 256; "
        "torch and reference agree"
    ),
    bends=(Bend("Delta a thousandth of the one from the weights", {"factor": 0.001}),),
)
def logits_are_close(evidence: Evidence, *, factor: float = 1.0) -> None:
    """Both attentions of a layer on bounded tokens, and on tokens that grow with their position."""
    forward, feedback = (factor * logit_spread_bound(branch) for branch in ("forward", "feedback"))

    def holds(x: Array) -> bool:
        steps = trace(x)
        return spread(steps.alpha_fwd[0]) <= forward and spread(steps.alpha_fb) <= feedback

    for T in (1, 16, 256):
        evidence.instance(
            f"bounded tokens, T = {T}: spreads <= {forward:.3g} and {feedback:.3g}", holds(tokens(T, evidence.rng))
        )
    evidence.non_instance(
        "tokens that grow with their position, T = 64: the spread grows with t", holds(growing_tokens(64))
    )
    outputs_agree(evidence, diffuse_layer(), tokens(32, evidence.rng))


def _row() -> tuple[sympy.Symbol, sympy.Expr, sympy.Expr, sympy.Expr]:
    """A logit b, its weight, the weight of another token and the weight of all others together.

    With R the sum of the exponentials of the other logits, and r <= R one of them, this is a row of any length.
    """
    b = sympy.Symbol("b", real=True)
    other, rest = sympy.symbols("r R", positive=True)
    total = sympy.exp(b) + rest
    return b, sympy.exp(b) / total, other / total, rest / total


def prove_variation(evidence: Evidence, claim: str, constant: float) -> None:
    """One logit moves: the sum over j of |d alpha_j / d logit| is exactly 2 alpha (1 - alpha) <= 2 alpha, for any row length."""
    b, own, other, rest = _row()
    evidence.identity(
        claim,
        [
            sympy.simplify(sympy.diff(own, b) - own * (1 - own)),
            sympy.simplify(sympy.diff(other, b) + own * other),
            sympy.simplify(sympy.diff(own, b) - sympy.diff(rest, b) - routing_variation(own, 1)),
        ],
        "the softmax derivative; the moved weight gains alpha (1 - alpha), all others together lose as much",
    )
    a, rest_mass = sympy.symbols("alpha r", positive=True)
    weight = a / (a + rest_mass)
    evidence.nonnegative(
        claim,
        sympy.nsimplify(constant) / 2 * routing_variation_bound(weight, 1) - routing_variation(weight, 1),
        "2 alpha - 2 alpha (1 - alpha) >= 0 for every alpha in (0, 1); a constant below 2 fails for small alpha",
    )


@states(
    "lem:4.3",
    "Smooth routing of causal attention",
    where="Section 4.2.2, Lemma 4.3; proof in Appendix C.1",
    says=r"""
    Let $\alpha_{t,\cdot} = \mathrm{softmax}(\beth_{t,0}, \dots, \beth_{t,t})$ with $\beth_{t,j} = \langle q(x_t), k(x_j) \rangle$ and
    token-wise $q$, $k$. For $\tau < t$:
    $\sum_{j \le t} \bigl\lVert \frac{\partial \alpha_{t,j}}{\partial x_\tau} \bigr\rVert \le
    2 \alpha_{t,\tau} \bigl\lVert \frac{\partial\,\beth_{t,\tau}}{\partial x_\tau} \bigr\rVert$, hence at most
    $2 L \alpha_{t,\tau} = O(1/|W_t|)$ in the diffuse regime if the last norm is at most $L$.
    """,
    needs=("def:4", "lem:C.1"),
    trust="real arithmetic; rows of every length, every logit; a layer's forward attention in float64 by complex steps",
    bends=(
        Bend("1.9 in place of 2", {"constant": 1.9}),
        Bend("the token itself, tau = t, whose query moves all logits", {"source_is_target": True}),
    ),
)
def one_key_moves_one_logit(evidence: Evidence, *, constant: float = 2.0, source_is_target: bool = False) -> None:
    """The identity for any row; and the layer's forward weights, whose derivative is the identity's to rounding."""
    prove_variation(evidence, "total variation", constant)
    T = 12
    x = tokens(T, evidence.rng) * 4
    for source in (1, 5):
        target = source if source_is_target else T - 1
        total, alpha, logit = _layer_variation(x, source, target)
        where = f"a layer's forward row {target}, token {source}"
        evidence.agreement(total / (constant * alpha * logit), 1.0, f"{where}: the sum over 2 alpha |d logit|")
        if not source_is_target:
            exactly = routing_variation(alpha, logit)
            evidence.agreement(abs(total / exactly - 1), 1e-9, f"{where}: the sum is 2 alpha (1 - alpha) |d logit|")
    d, m, L = sympy.symbols("d m L", positive=True)
    E, n = 1 + d, 1 + m  # e^Delta, and the size of the visible set
    evidence.nonnegative(
        "O(1/n)",
        2 * L * E - n * (2 * L * E / (E + n - 1)),
        "n times the bound is at most 2 L e^Delta: the largest weight at spread Delta is E/(E + n - 1) <= E/n (Lemma C.1)",
    )
    outputs_agree(evidence, diffuse_layer(), x)


def _layer_variation(x: Array, source: int, target: int) -> tuple[float, float, float]:
    """Of a layer's forward row: the sum of |d alpha_tj / dx_tau|, alpha_{t, tau}, |d logit_{t, tau} / dx_tau|; by complex steps."""
    D = x.shape[1]
    shifted = np.repeat(x.astype(np.complex128)[None], D, axis=0)
    shifted[np.arange(D), source, np.arange(D)] += 1e-100j
    steps = layer.trace(diffuse_layer(), shifted)
    rows = steps.alpha_fwd[:, 0, target, : target + 1]
    products = np.sum(steps.q_rotated[:, 0, target] * steps.k_rotated[:, 0, source], axis=-1)
    logit = np.imag(products) / 1e-100 / np.sqrt(steps.q_rotated.shape[-1])
    total = np.sum(np.linalg.norm(np.imag(rows) / 1e-100, axis=0))
    return float(total), float(np.real(rows[0, source])), float(np.linalg.norm(logit))


@states(
    "lem:B.4",
    "Total variation of a softmax row's derivative",
    where="Appendix B.3, Lemma B.4",
    says=r"""
    Let $\alpha = \mathrm{softmax}(\beth) \in \mathbb{R}^n$ with logits that depend on a parameter $z$. Then
    $\sum_j \bigl\lVert \frac{\partial \alpha_j}{\partial z} \bigr\rVert \le
    2 \sum_i \alpha_i \bigl\lVert \frac{\partial\,\beth_i}{\partial z} \bigr\rVert$.
    """,
    trust="real arithmetic; every n, every norm: the left side is convex in the logits' derivatives, one logit at a time is worst",
    bends=(Bend("1.9 in place of 2", {"constant": 1.9}),),
)
def row_variation(evidence: Evidence, *, constant: float = 2.0) -> None:
    """The triangle inequality over logits, each of them by the identity of Lemma 4.3; 2 is approached, never attained."""
    prove_variation(evidence, "total variation", constant)
    small = [sympy.Rational(1, 10**k) for k in (1, 3, 6)]
    evidence.exact(
        "total variation",
        [(routing_variation(a, 1), sympy.nsimplify(constant) * a, f"one logit moves, of weight {a}") for a in small],
        "rows with one moving logit of small weight: the ratio is 2 (1 - alpha), so no constant below 2 serves",
    )


@states(
    "lem:C.1",
    "Bounded logit spread gives near-uniform weights",
    where="Appendix C, Lemma C.1, (41)",
    says=r"""
    Let $\alpha$ be the softmax of $n$ logits of spread at most $\Delta_0$. Then $e^{-\Delta_0}/n \le \alpha_j \le e^{\Delta_0}/n$ and
    $e^{-\Delta_0} \le \alpha_i/\alpha_j \le e^{\Delta_0}$ for all $i$, $j$. (The two are no equivalents: the second implies the first.)
    """,
    trust="real arithmetic; every n >= 1 and every Delta_0 >= 0, in symbols E = e^Delta_0 = 1 + d, n = 1 + m",
    bends=(
        Bend("an upper factor smaller by a tenth", {"factor": 0.9}),
        Bend("n + 1 in place of n", {"more": 1}),
        Bend("half the spread", {"exponent": 0.5}),
    ),
)
def spread_bounds_weights(evidence: Evidence, *, factor: float = 1.0, more: int = 0, exponent: float = 1.0) -> None:
    """The extreme rows: one logit at the top and all others at the bottom, and the reverse. A weight rises with its logit alone."""
    d, m, w, R = sympy.symbols("d m w R", positive=True)
    E, n = 1 + d, 1 + m
    evidence.nonnegative(
        "upper",
        [sympy.diff(w / (w + R), w), -sympy.diff(w / (w + R), R)],
        "alpha = w/(w + R) rises with its own exponential and falls with the others: extremes are at the ends 1 and E",
    )
    largest, smallest = E / (E + n - 1), 1 / (1 + (n - 1) * E)
    c = sympy.nsimplify(factor)
    for size in (1, 2, 5):
        for spread_factor in (1, 2, 10):
            at = {d: sympy.Integer(spread_factor - 1), m: sympy.Integer(size - 1)}
            claimed = c * sympy.Integer(spread_factor) ** sympy.nsimplify(exponent) / (size + more)
            name = f"n = {size}, e^Delta = {spread_factor}"
            evidence.exact("upper", [(largest.subs(at), claimed, name)], "the largest weight for small n")
    evidence.nonnegative("upper", c * E / (n + more) - largest, "E/n - E/(E + n - 1), n = 1 + m, E = 1 + d")
    evidence.nonnegative("lower", smallest - 1 / (n * E), "1/(1 + (n - 1) E) - 1/(n E)")
    u, v = sympy.symbols("u v", positive=True)  # positions of two exponentials between 1 and E
    evidence.nonnegative(
        "ratio", E - (1 + d * u / (u + v)), "w_i / w_j <= E/1, because exponentials lie between 1 and E"
    )


@states(
    "rem:C.3",
    "Local windows",
    where="Appendix C.6, Remark C.3",
    says=r"""
    Let the coefficients $A_t, \tilde B_t, C_t, u_t$ of Proposition 4 depend on a window $x_{t-K:t}$. Then, for $t > \tau + K$,
    $\bigl\lVert \frac{\partial y_t}{\partial x_\tau} \bigr\rVert \le
    C \exp\bigl(-\lambda \sum_{r=\tau+K+1}^{t} \Delta_r\bigr)$, where $L_A$, $L_B$, $L_u$ bound the derivatives by each token of the
    window. The paper writes $C(R)$ for the constant; the proof gives $C = (K+1)\, C(R)$ with the $C(R)$ of Proposition 4,
    and $K + 1$ is the best factor, so that $C(R)$ itself is too small for every $K \ge 1$.
    """,
    needs=("prop:4", "lem:4.4"),
    trust="real arithmetic; the recursion for K = 2 and T = 7 in free symbols, all T and K alike; the best factor as a limit in symbols; "
    "channels near it, K = 1, 2, 3, in balls",
    not_higher="that C(R) is too small is shown on channels with transcendental numbers, which balls enclose",
    bends=(
        Bend("the factor K in place of K + 1", {"more": 0}),
        Bend("the window ends one token earlier", {"window": 1}),
    ),
)
def local_windows(evidence: Evidence, *, more: int = 1, window: int = 2) -> None:
    """A token enters K + 1 steps, and each entry is a source term of Proposition 4; after that only transitions act."""
    T, K, tau = 7, 2, 1
    x = sympy.symbols(f"x0:{T}")
    seen = [sympy.Add(*x[max(t - K, 0) : t + 1]) for t in range(T)]
    A = [sympy.Function(f"A{t}")(seen[t]) for t in range(T)]
    b = [sympy.Function(f"b{t}")(seen[t]) for t in range(T)]
    h: list[sympy.Expr] = [b[0]]
    for t in range(1, T):
        h.append(A[t] * h[-1] + b[t])
    derivative = sympy.diff(h[-1], x[tau])
    entries = [
        sympy.Mul(*A[r + 1 :]) * (sympy.diff(A[r], x[tau]) * h[r - 1] + sympy.diff(b[r], x[tau]))
        for r in range(tau, tau + window + 1)
    ]
    evidence.identity(
        "(K + 1) C(R)",
        sympy.expand(derivative - sympy.Add(*entries)),
        "dh_t/dx_tau is the sum of K + 1 source terms, each times the transitions after it; all contain those after tau + K",
    )
    examples = {size: window_example(size) for size in (1, 2, 3)}
    evidence.enclosed(
        "(K + 1) C(R)",
        [(attained, (size + more) * printed, f"K = {size}") for size, (attained, printed) in examples.items()],
        "channels that come as near to (K + 1) C(R) as one likes",
    )
    evidence.enclosed(
        "C(R) alone is too small",
        [
            (size * printed, attained, f"K = {size}: more than {size} C(R)")
            for size, (attained, printed) in examples.items()
        ],
        "a channel of one mode, rate 1, u_t = x_t, Delta_t = (1 + sin(N^2 (x_t + ... + x_(t-K)))) / N with N^2 = 2 pi 10^4, tokens 1 up to "
        "tau - 1 and -1 from tau on, t = tau + K + 1: one channel for each K is all that the claim needs",
    )
    # The same channel after infinitely many tokens 1: h = 2 A^s - 1 after s steps, A = exp(-1/N), and K + 1 entries -2 N A^(s + 1).
    N, k = sympy.symbols("N K", positive=True)
    A = sympy.exp(-1 / N)
    ratio = (2 * (k + 1) * N * A ** (k + 1) - A**k * (1 - A)) / (2 * N + 1)
    evidence.identity(
        "K + 1 is the best factor",
        sympy.limit(ratio, N, sympy.oo) - (k + 1),
        "their ratio to C(R) tends to K + 1 as N grows",
    )


ROWS = (logits_are_close, one_key_moves_one_logit, row_variation, spread_bounds_weights, local_windows)
