"""Errata of Sections 2 and 3."""

import numpy as np
import sympy

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from sessa_ref.symbolic import routing


@erratum(
    "1-window",
    "def:1",
    where="Section 2.1, Definition 1",
    kind=Kind.SLIP,
    printed=r"$K_{t,\tau} = 0$ whenever $t - \tau \ge W$ is called equivalent to $S_t \subseteq \{\max(0, t - W + 1), \dots, t\}$.",
    correct=r"The second implies the first. The first leaves $S_t$ free where the kernel is 0; $S_t$ can be *chosen* so.",
    conclusion="survives: with the smallest visible sets both are the same",
)
def window() -> Shown:
    """W = 1, T = 2: a diagonal kernel, read through S_1 = {0, 1}."""
    K, S, W = [[1, 0], [0, 1]], [{0}, {0, 1}], 1
    first = all(K[t][tau] == 0 for t in range(2) for tau in range(t + 1) if t - tau >= W)
    second = all(S[t] <= set(range(max(0, t - W + 1), t + 1)) for t in range(2))
    return Shown(
        first and not second, "W = 1, S_1 = {0, 1}, K_(1,0) = 0: the kernel has the window, the visible set has not"
    )


@erratum(
    "2-direct-read",
    "def:2",
    where="Section 2.1, Definition 2",
    kind=Kind.LOOSE,
    printed=r"""A feedback system is what has the form $h_t = A_t h_{t-1} + B_t u_t$, $y_t = C_t h_t + D_t u_t$ with state spaces
    $\mathcal{H}_t$ that may vary with $t$.""",
    correct=r"""The form is wider than its name: with spaces that may grow every direct read has it too, $h_t = (u_0, \dots, u_t)$, where $A_t$
    and $B_t$ append $u_t$ and $C_t$ is the row of weights. A dimension that is bounded in $t$, or a count of reads, tells the two apart.""",
    conclusion="survives: the paper does not use (2) to tell them apart, but the computation graph (Remark 2.1)",
)
def direct_read_is_feedback() -> Shown:
    """Attention over four tokens as the recurrence (2), in exact rationals."""
    parameters = SessaParameters.random(SessaConfig.paper(2), 0)
    steps = reference.trace(parameters, np.random.default_rng(0).normal(size=(4, 2)))
    alpha = sympy.Matrix(steps.alpha_fwd[0]).applyfunc(sympy.Rational)
    state, rows = sympy.zeros(0, 4), []
    for t in range(4):
        append = sympy.Matrix(1, 4, lambda _, j, t=t: int(j == t))  # u_t as a combination of u_0 .. u_3
        state = sympy.Matrix.vstack(state, append)
        rows.append(alpha[t, : t + 1] * state)
    same = sympy.Matrix.vstack(*rows) == alpha
    return Shown(same, "a layer's causal attention on 4 tokens meets (2) exactly, with h_t = (u_0, ..., u_t)")


@erratum(
    "2.3-empty",
    "lem:2.3",
    where="Section 2.2, (6) and Lemma 2.3",
    kind=Kind.HYPOTHESIS,
    printed=r"$\mathcal{W}_t \subseteq \{0, \dots, t\}$ is any visible set.",
    correct=r"""$\mathcal{W}_t$ has to be non-empty: the softmax of nothing is $0/0$. Attention over the strict past has $\mathcal{W}_0 = \emptyset$ and needs
    the convention $\alpha_{0,j} = 0$, which (17) makes for the feedback; then the weights of that row do not sum to 1.""",
    conclusion="survives for non-empty visible sets",
)
def empty_visible_set() -> Shown:
    """The first row of the feedback attention."""
    parameters = SessaParameters.random(SessaConfig.paper(2), 0)
    sums = reference.trace(parameters, np.ones((3, 2))).alpha_fb.sum(-1)
    return Shown(
        bool(sums[0] == 0 and abs(sums[1] - 1) < 1e-15),
        f"row sums of the feedback weights: {', '.join(f'{s:g}' for s in sums)}",
    )


@erratum(
    "3.2-even-width",
    "rem:3.1",
    where="Section 3.2, (14), (15)",
    kind=Kind.HYPOTHESIS,
    printed=r"RoPE is applied to $q^f_t, k^f_t \in \mathbb{R}^{d_k}$ for an internal width $d_k$.",
    correct=r"$d_k$ has to be even, because RoPE turns pairs of coordinates.",
    conclusion="survives for even widths, which Theorem 14 asks for; the paper's own constructions have $d_k = 2$",
)
def odd_width() -> Shown:
    """A config with three coordinates for each query."""
    try:
        SessaConfig(width=3, query_width=3, rope=True)
    except ValueError as error:
        return Shown(
            "even" in str(error), "a layer with d_k = 3 is refused, because rotary embedding turns pairs of coordinates"
        )
    return Shown(False, "accepted")


@erratum(
    "2.2-powers",
    "rem:2.2",
    where="Section 2.1, Remark 2.2; Section 3.2, Remark 3.1",
    kind=Kind.LOOSE,
    printed=r"$B^T = 0$, so the series has $T$ terms.",
    correct=r"""It has one term more than the longest path has hops. $B^T = 0$ is sharp exactly if no $B_{t,t-1}$ is 0; with gains that
    vanish at $m$ tokens $t \ge 1$ at least $m$ further powers are 0.""",
    conclusion="survives",
)
def fewer_powers() -> Shown:
    """T = 4 with gain 0 at token 2: B^3 = 0 already."""
    B = routing.general(4)
    B[2, :] = sympy.zeros(1, 4)
    full = routing.numbers(routing.general(4), {}) ** 3
    return Shown(
        (B**3).is_zero_matrix and not full.is_zero_matrix, "T = 4, gain 0 at token 2: B^3 = 0; with all gains B^3 != 0"
    )


ERRATA: tuple[Erratum, ...] = (window, direct_read_is_feedback, empty_visible_set, fewer_powers, odd_width)
