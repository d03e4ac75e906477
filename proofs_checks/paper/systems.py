"""Direct-read and feedback systems, and the finite Neumann series (Sections 2 and 3)."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref import reference
from sessa_ref.certified import exact
from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import solve
from sessa_ref.symbolic import paths, routing, series

Z = sympy.Symbol("z")
"""Stands in front of every routing coefficient: its power counts how often a value is read."""


@states(
    "def:1",
    "Direct-read variable-support system",
    where="Section 2.1, Definition 1 (1)",
    says=r"""
    $y_t = \sum_{\tau \in S_t} K_{t,\tau}(x_{0:t})\, u_\tau$ with $S_t \subseteq \{0, \dots, t\}$, formed by **one** read of
    the stream $u$, without repeated composition of the mixing (Remark 2.1). It is variable-support if $|S_t|$ varies
    with $t$, and bounded-support if $K_{t,\tau} = 0$ for $t - \tau \ge W$. We count reads: with every coefficient
    multiplied by $z$, a direct read is $z$ times itself, and a solve is a polynomial of higher degree.
    """,
    trust="exact rationals: the float64 weights of a real layer, taken as the numbers that they are; 5 tokens",
    bends=(Bend("attention upon attention counts as one read", {"layers": 2}),),
)
def direct_read(evidence: Evidence, *, layers: int = 1) -> None:
    """The forward attention of a layer is one; its solve is none."""
    parameters, x, steps = _layer(5)
    attention = sympy.Matrix(steps.alpha_fwd[0]).applyfunc(sympy.Rational)
    window = attention.copy()
    for t, tau in np.argwhere(np.subtract.outer(range(5), range(5)) >= 2).tolist():
        window[t, tau] = sympy.Integer(0)
    evidence.instance("the forward attention of a layer, read from its values", _is_one_read((Z * attention) ** layers))
    evidence.instance("the same in a window of two tokens: bounded support", _is_one_read((Z * window) ** layers))
    solved = series.inverse(Z * routing.checked(steps.B))
    evidence.non_instance("the solve of the same layer: its kernel has powers of z up to z^4", _is_one_read(solved))
    outputs_agree(evidence, parameters, x)


@states(
    "rem:2.1",
    "A kernel alone does not tell a direct read from feedback",
    where="Section 2.1, Remark 2.1",
    says=r"""
    On a finite horizon every causal linear map $u \mapsto y$ has a lower-triangular kernel,
    $y_t = \sum_{\tau \le t} K_{t,\tau} u_\tau$. So the solve has one, $K = (I - B)^{-1}$; and every lower-triangular $K$ with ones
    on the diagonal, also that of a direct read $y_t = u_t + \sum_{\tau < t} K_{t,\tau} u_\tau$, is the kernel of a solve, with
    $B = I - K^{-1}$.
    """,
    needs=("def:1", "def:2"),
    trust="symbolic: free entries for T <= 5, and for every T by the bordered step (T to T + 1)",
    bends=(
        Bend("a kernel with twos on the diagonal", {"diagonal": 2}),
        Bend("the row of a new token counts every path twice", {"times": 2}),
    ),
)
def kernel_form(evidence: Evidence, *, diagonal: int = 1, times: int = 1) -> None:
    """K from B and B from K, for symbols."""
    for T in range(1, 6):
        B = routing.general(T)
        K = series.inverse(B)
        above = [sympy.expand(K[t, tau]) for t in range(T) for tau in range(t + 1, T)]
        evidence.identity("the solve has a lower-triangular kernel", [*above, 0], f"above the diagonal, T = {T}")
        other = B + diagonal * sympy.eye(T)
        back = sympy.eye(T) - other.inv()
        upper = [sympy.expand(back[t, tau]) for t in range(T) for tau in range(t, T)]
        evidence.identity("a kernel is that of a solve", upper, f"B = I - K^(-1) is strictly lower, T = {T}")
    _bordered(evidence, "the solve has a lower-triangular kernel", times)
    # K = I - (-L) with L strictly lower triangular, so that K^(-1) is such a kernel itself, with ones on the diagonal.
    _bordered(evidence, "a kernel is that of a solve", times)


@states(
    "def:2",
    "Feedback system: state-space or operator form",
    where="Section 2.1, Definition 2 (2)",
    says=r"""
    $h_t = A_t h_{t-1} + B_t u_t$, $y_t = C_t h_t + D_t u_t$, $h_{-1} = 0$, with maps that may depend on $x_{0:t}$ and states in
    spaces $\mathcal{H}_t$ that may grow with $t$. The solve is one with $h_t = (s_0, \dots, s_t)$: $A_t$ appends the row $B_{t,\cdot}$,
    $B_t$ adds $f_t$ to the new state, $C_t$ reads it.
    """,
    trust="exact rationals: B of a real layer as the float64 numbers that it holds; 7 tokens",
    bends=(Bend("the state keeps the last s_t alone", {"kept": 1}),),
)
def feedback_system(evidence: Evidence, *, kept: int | None = None) -> None:
    """The recurrence (2) gives the solve's kernel; a kernel that looks ahead has no such form."""
    parameters, x, steps = _layer(7)
    B = routing.checked(steps.B)
    evidence.instance("the solve of a layer, its states all kept", _state_space_kernel(B, kept) == series.inverse(B))
    chain = routing.predecessor(7, sympy.Rational(1, 2))
    evidence.instance(
        "predecessor routing, one state kept: the chain of (7)", _state_space_kernel(chain, 1) == series.inverse(chain)
    )
    ahead = sympy.eye(7)
    ahead[0, 3] = sympy.Integer(1)
    evidence.non_instance(
        "a map in which y_0 reads u_3", all(ahead[t, j] == 0 for t in range(7) for j in range(t + 1, 7))
    )
    outputs_agree(evidence, parameters, x)


@states(
    "rem:2.2",
    "One-hop and multi-hop routing",
    where="Section 2.1, Remark 2.2 (3)-(5)",
    says=r"""
    A strictly lower-triangular $B \in \mathbb{R}^{T \times T}$ is nilpotent, $B^T = 0$; so $(I - B)^{-1} = \sum_{k=0}^{T-1} B^k$, and
    $(B^k)_{t,\tau} = \sum_{\tau = i_0 < \dots < i_k = t} \prod_{r=1}^{k} B_{i_r, i_{r-1}}$ for $k \ge 1$: a sum over all paths of $k$ hops.
    """,
    trust="symbolic: free entries for T <= 6, and for every T by the bordered step (T to T + 1)",
    bends=(
        Bend("an entry on the diagonal", {"diagonal": sympy.Symbol("d")}),
        Bend("the series ends one power early", {"missing": 1}),
        Bend("the row of a new token counts every path twice", {"times": 2}),
    ),
)
def multi_hop(evidence: Evidence, *, diagonal: sympy.Expr | int = 0, missing: int = 0, times: int = 1) -> None:
    """Powers, series and path sums of free entries."""
    for T in range(1, 5 if evidence.quick else 7):
        B = routing.general(T)
        if T > 1:
            B[1, 1] = diagonal
        powers = [sympy.eye(T)]
        for _ in range(T):
            powers.append((powers[-1] * B).applyfunc(sympy.expand))
        evidence.identity("nilpotency", list(powers[T]), f"B^T = 0, T = {T}")
        total = sympy.zeros(T, T)
        for power in powers[: T - missing]:
            total += power
        for product in ((sympy.eye(T) - B) * total, total * (sympy.eye(T) - B)):
            evidence.identity(
                "finite Neumann series (4)", list((product - sympy.eye(T)).applyfunc(sympy.expand)), f"T = {T}"
            )
        sums = [
            powers[k][t, tau] - sympy.Add(*(path.weight(B) for path in paths.enumerate_paths(tau, t, k)))
            for k in range(1, T)
            for t in range(T)
            for tau in range(t + 1)
        ]
        evidence.identity("sum over paths (5)", [*sums, 0], f"every k, tau and t, T = {T}")
    # The new row of B'^k is b B^(k - 1): paths of k - 1 hops, and the last hop to the new token. This is (5) once more.
    for claim in ("nilpotency", "finite Neumann series (4)", "sum over paths (5)"):
        _bordered(evidence, claim, times)


@states(
    "lem:2.3",
    "Self-attention is a direct-read system in its values",
    where="Section 2.2, Lemma 2.3 (6)",
    says=r"""
    For every non-empty visible set $\mathcal{W}_t \subseteq \{0, \dots, t\}$, $y_t = \sum_{j \in \mathcal{W}_t} \alpha_{t,j} v_j$ with softmax weights that do not
    depend on the values: $y_t$ is linear in $v$, reads each visible $v_j$ once and no other.
    """,
    needs=("def:1",),
    trust="symbolic: free logits and values; every visible set of T <= 5 tokens, and any number of tokens, one against the rest together",
    bends=(
        Bend("the visible set may be empty", {"smallest": 0}),
        Bend("the weights carry twice the softmax", {"factor": 2}),
    ),
)
def attention_is_a_direct_read(evidence: Evidence, *, smallest: int = 1, factor: int = 1) -> None:
    """The derivative of a row by its values is the softmax, for every visible set."""
    e, v = sympy.symbols("e0:5", positive=True), sympy.symbols("v0:5")  # e_j = exp(logit)
    for t in range(5):
        differences = []
        for size in range(smallest, t + 2):
            for visible in combinations(range(t + 1), size):
                total = sympy.Add(*(e[j] for j in visible)) or sympy.Integer(1)
                y = sympy.Add(*(factor * e[j] * v[j] / total for j in visible))
                weights = [sympy.diff(y, value) for value in v]
                differences.append(sympy.cancel(sympy.Add(*weights) - 1))
                differences += [sympy.diff(weight, value) for weight in weights for value in v if weight.has(value)]
                differences += [weights[j] for j in range(5) if j not in visible]
        evidence.identity("one read of the visible values", differences, f"t = {t}, every visible set")
    own, value, rest, others = sympy.symbols("e v R V", positive=True)  # the rest: sums of its e_j and of its e_j v_j
    y = factor * (own * value + others) / (own + rest)
    weight = sympy.diff(y, value)
    evidence.identity(
        "one read of the visible values",
        [
            sympy.cancel(weight - own / (own + rest)),
            sympy.cancel(y - weight * value - others / (own + rest)),
            sympy.cancel(weight + rest / (own + rest) - 1),
        ],
        "any size: one value is read once, with its softmax weight, beside what does not depend on it; the weights sum to 1",
    )
    parameters, x, steps = _layer(30, heads=2)
    kernel = np.einsum("htj,hjd->thd", steps.alpha_fwd, steps.v).reshape(30, -1)
    error = float(np.max(np.abs(kernel @ parameters["mixer.out_proj.weight"].T - steps.f)))
    scale = float(np.max(np.abs(steps.v)) * np.abs(parameters["mixer.out_proj.weight"]).sum(1).max())
    evidence.agreement(error, 2.0**-52 * 40 * scale, "f of a layer with two heads is K v, one K for each head")
    outputs_agree(evidence, parameters, x)


@states(
    "rem:3.1",
    "The multi-hop view of the solve is exact on finite horizons",
    where="Section 3.2, Remark 3.1",
    says=r"""
    The mixer's state is $s = \sum_{k=0}^{T-1} B^k f$ exactly, $B_{t,j} = \gamma_t \alpha_{t,j}$; the term $B^k f$ collects what has gone through
    $k$ steps of the feedback.
    """,
    needs=("rem:2.2",),
    trust="symbolic: free gains, weights and f for T <= 5, every T by the bordered step; exact rationals for a real layer",
    bends=(
        Bend("the last power is left out", {"missing": 1}),
        Bend("the row of a new token counts every path twice", {"times": 2}),
    ),
)
def solve_is_a_finite_series(evidence: Evidence, *, missing: int = 0, times: int = 1) -> None:
    """The recurrence (22) against the sum of powers."""
    claim = "s is the finite series"
    for T in range(2, 5 if evidence.quick else 6):
        B = routing.gain_times_weights(T)
        f = sympy.Matrix(sympy.symbols(f"f0:{T}"))
        s = sympy.zeros(T, 1)
        for t in range(T):  # (21), (22)
            s[t] = f[t] + sympy.Add(*(B[t, j] * s[j] for j in range(t)))
        total = series.neumann_series(B, T - 1 - missing) * f
        evidence.identity(claim, [sympy.expand(d) for d in s - total], f"recurrence minus series, T = {T}")
    _bordered(evidence, claim, times)
    parameters, x, steps = _layer(12)
    solved, summed = (
        exact.solve(steps.B, steps.f),
        exact.neumann_series(steps.B, 11 - missing) * exact.rational(steps.f),
    )
    evidence.identity(claim, (solved - summed).entries(), "B and f of a real layer, T = 12, in exact rationals")
    by_powers = solve.neumann_series(steps.B, steps.f)
    scale = float(np.max(solve.forward_substitution(np.abs(steps.B), np.abs(steps.f))))
    evidence.agreement(float(np.max(np.abs(by_powers - steps.s))), 2.0**-52 * 12**2 * scale, "the same in float64")
    outputs_agree(evidence, parameters, x)


def _bordered(evidence: Evidence, claim: str, times: int) -> None:
    """The step from T to T + 1 with matrix symbols; together with T = 1, where B = 0, it is the claim for every T."""
    parts = series.bordering_step(lambda b, N: times * b * N)
    how = f"a token more, every T: {'; '.join(parts)}"
    evidence.identity(claim, [int(not holds) for holds in parts.values()], how)


def _layer(T: int, heads: int = 1) -> tuple[SessaParameters, Array, reference.Trace]:
    """A layer, tokens for it, and all that it computes."""
    parameters = SessaParameters.random(SessaConfig.published(4, heads), 3)
    x = np.random.default_rng(T).normal(size=(T, 4))
    return parameters, x, reference.trace(parameters, x)


def _is_one_read(K: sympy.Matrix) -> bool:
    """Whether the kernel, with z at every coefficient, is causal and z times what it is at z = 1."""
    once = (K - Z * K.subs(Z, 1)).applyfunc(sympy.expand)
    return once.is_zero_matrix and all(K[t, j] == 0 for t in range(K.rows) for j in range(t + 1, K.cols))


def _state_space_kernel(B: sympy.Matrix, kept: int | None) -> sympy.Matrix:
    """The kernel of the recurrence (2) whose state holds the last `kept` states s_j, all of them where it is None."""
    T = B.rows
    history: list[sympy.Matrix] = []
    rows = []
    for t in range(T):
        oldest = 0 if kept is None else max(0, t - kept)
        new = sympy.zeros(1, T)
        new[t] = sympy.Integer(1)
        for j, state in zip(range(oldest, t), _last(history, kept), strict=True):
            new += B[t, j] * state
        history.append(new)
        rows.append(new.applyfunc(sympy.expand))
    return sympy.Matrix.vstack(*rows)


def _last(history: list[sympy.Matrix], kept: int | None) -> Iterable[sympy.Matrix]:
    return history if kept is None else history[-kept:]


ROWS = (direct_read, kernel_form, feedback_system, multi_hop, attention_is_a_direct_read, solve_is_a_finite_series)
