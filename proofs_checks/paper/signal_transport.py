"""Exact transport on a signal channel, and what does not disturb it (Definitions 11 to 13, Lemmas K.8 and K.9, Corollary K.10)."""

import numpy as np
import sympy

from proofs_checks.block_structure import ACTIVE, INTEGRATOR, SELECTOR, TAIL, departures
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.multiplier import local_multiplier, selector
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.profile import integrator, tail
from sessa_ref.constructions.transport import (
    kernel,
    linearity_defect,
    transparency_defect,
)
from sessa_ref.parameters import SessaParameters

NAMES = ("sig", "pos", "prof", "tail", "aux", "src", "tgt")


def setting(evidence: Evidence, T: int, width: int = 7, count: int = 2) -> tuple[Channels, OrderedCodes, np.ndarray]:
    """Channels (the axes at width 7, else random directions), codes, and tokens that fill the ball of radius 1."""
    channels = Channels(7, NAMES) if width == 7 else Channels.random(width, NAMES, evidence.rng)
    codes = OrderedCodes.written(T, 1.0)
    return channels, codes, codes.tokens(channels, count, 1.0, evidence.rng)


def ordinary_block(width: int = 7) -> Network:
    """A block with weights drawn at random: it does what blocks do."""
    channels = Channels(width, NAMES[:width])
    config = active_transport(channels, OrderedCodes.written(3, 1.0), 0.5).network.blocks[0].config
    return Network.of([("ordinary", SessaParameters.random(config, 3))])


@states(
    "def:11",
    "Signal-fibre saturation",
    where="Appendix K, Definition 11",
    says=r"""
    $\mathrm{Sat}_\delta(K) = \{u + z : u \in K,\ z_t = a_t e_{sig},\ \max_t |a_t| \le \delta\}$; compact where $K$ is.
    """,
    trust="exact: membership is read off two sequences",
    bends=(Bend("changes along prof are allowed", {"along": "prof"}),),
)
def saturation(evidence: Evidence, *, along: str = "sig") -> None:
    """Two sequences that differ along sig only, and two that do not."""
    channels, _, x = setting(evidence, 6, count=1)
    a = np.linspace(-0.5, 0.5, 6)[:, None]
    evidence.instance(
        "u + a_t e_sig with |a_t| at most 1/2", _in_fibre(channels, x[0], x[0] + a * channels[along], 0.5)
    )
    evidence.non_instance("|a_t| above delta", _in_fibre(channels, x[0], x[0] + a * channels["sig"], 0.4))
    evidence.non_instance("a change along pos", _in_fibre(channels, x[0], x[0] + a * channels["pos"], 0.5))


def _in_fibre(channels: Channels, u: np.ndarray, v: np.ndarray, delta: float) -> bool:
    along = channels.read("sig", v - u)
    rest = v - u - along[:, None] * channels["sig"]
    return bool(np.max(np.abs(along)) <= delta and np.max(np.abs(rest)) == 0)


@states(
    "def:12",
    "Exact signal transport",
    where="Appendix K, Definition 12",
    says=r"""
    A causal map $B$ on sequences has exact signal transport along $e_{sig}$ over a control subspace $E_{ctrl} \perp e_{sig}$ on
    $K$ if it preserves the control channels and $\langle B(u)_i, e_{sig}\rangle = \sum_{j \le i} T_u(i, j) \langle u_j,
    e_{sig}\rangle$ with a kernel $T_u$ that depends on the control stream of $u$ only.
    """,
    trust="float64; linearity and preservation to 1e-12, relative",
    bends=(Bend("any block will do", {"ordinary": True}),),
)
def exact_transport(evidence: Evidence, *, ordinary: bool = False) -> None:
    """A selector has it; an ordinary block has not."""
    channels, codes, x = setting(evidence, 8)
    chosen = ordinary_block() if ordinary else selector(channels, codes, 2, 0.1).network
    evidence.instance("the two-block selector over pos, prof, tail", _transports(chosen, channels, x[0], 1e-12))
    evidence.non_instance("a block with random weights", _transports(ordinary_block(), channels, x[0], 1e-6))


def _transports(network: Network, channels: Channels, x: np.ndarray, tolerance: float) -> bool:
    T_x = kernel(network, channels, x)
    y = network(x)
    kept = max(np.max(np.abs(channels.read(c, y - x))) for c in ("pos", "prof", "tail"))
    other = np.array(x) + np.linspace(-3, 3, len(x))[:, None] * channels["sig"]  # the same controls
    same = np.max(np.abs(kernel(network, channels, other) - T_x))
    return bool(max(linearity_defect(network, channels, x, T_x), kept, same) <= tolerance)


@states(
    "def:13",
    "Transparent preprocessing",
    where="Appendix K, Definition 13",
    says=r"""
    A causal map $R$ is signal-transparent along $e_{sig}$ over $E_{ctrl}$ on $K$ if
    $\Pi_{ctrl} R(u + a e_{sig} 1[\cdot = \tau]) = \Pi_{ctrl} R(u)$ and $\langle R(u + a e_{sig} 1[\cdot = \tau])_t, e_{sig}\rangle
    = \langle R(u)_t, e_{sig}\rangle + a 1[t = \tau]$ for $u \in K$, every $\tau$ and small $a$. Of channels outside $E_{ctrl}$ and
    $e_{sig}$ it says nothing.
    """,
    trust="float64; to 1e-12",
    bends=(Bend("the signal may be multiplied", {"multiplies": True}),),
)
def transparent(evidence: Evidence, *, multiplies: bool = False) -> None:
    """The tail network is transparent; a selector is not, nor an ordinary block."""
    channels, codes, x = setting(evidence, 8)
    quiet = selector(channels, codes, 2, 0.1).network if multiplies else tail(channels, codes, 0.5).network
    evidence.instance(
        "the tail network over pos, tail", transparency_defect(quiet, channels, x[0], 3, 0.7, ["pos", "tail"]) < 1e-12
    )
    copy = Network.of([("copy", active_transport(channels, codes, 0.5).network.blocks[0])])
    evidence.instance(
        "the copy of Lemma K.15 over pos, though src then holds the signal",
        transparency_defect(copy, channels, x[0], 3, 0.7, ["pos"]) < 1e-12,
    )
    chosen = selector(channels, codes, 2, 0.1).network
    evidence.non_instance(
        "the selector: it multiplies", transparency_defect(chosen, channels, x[0], 3, 0.7, ["pos"]) < 1e-6
    )
    evidence.non_instance(
        "a block with random weights", transparency_defect(ordinary_block(), channels, x[0], 3, 0.7, ["pos"]) < 1e-6
    )


@states(
    "lem:K.8",
    "The calculus of transport",
    where="Appendix K, Lemma K.8",
    says=r"""
    (i) If $B$ is $C^1$ near $\mathrm{Sat}_\delta(K)$, $\delta > 0$, with exact transport and kernel $T_u$ there, then
    $e_{sig}^\top \frac{\partial B(u)_i}{\partial u_j} e_{sig} = T_u(i, j)$ on $K$. (ii) The composition of two maps with exact
    transport that preserve the controls has exact transport, with the product of the kernels,
    $T_{B_2 B_1}(i, j) = \sum_{r=j}^{i} T_{B_2}(i, r)\,T_{B_1}(r, j)$.
    """,
    trust="symbols: any kernels that depend on the controls, T = 4; then networks in float64",
    needs=("def:11", "def:12"),
    bends=(
        Bend("the product in the other order", {"swapped": True}),
        Bend("a kernel that reads the signal", {"blind": False}),
    ),
)
def calculus(evidence: Evidence, *, swapped: bool = False, blind: bool = True) -> None:
    """Kernels as matrices of functions of the control; then the selector and a transport block."""
    T = 4
    x, c = sympy.symbols(f"x:{T}"), sympy.symbols(f"c:{T}")

    def matrix(name: str) -> sympy.Matrix:
        reads = c if blind else (*c, *x)
        return sympy.Matrix(T, T, lambda i, j: sympy.Function(f"{name}{i}{j}")(*reads) if j <= i else 0)

    first, second = matrix("K"), matrix("L")
    signal = sympy.Matrix(x)
    out = first * signal
    difference = [sympy.diff(out[i], x[j]) - first[i, j] for i in range(T) for j in range(T)]
    evidence.identity("(i)", difference, "d/dx_j of sum_r K(i, r) x_r, with K a function of the controls")
    product = first * second if swapped else second * first
    composed = second * (first * signal) - product * signal
    evidence.identity(
        "(ii)", [sympy.expand(entry) for entry in composed], "L (K x) = (L K) x: the controls are the same"
    )
    channels, codes, tokens = setting(evidence, 12, width=9, count=1)
    chosen, carried = selector(channels, codes, 2, 0.1).network, active_transport(channels, codes, 0.5).network
    one, two = kernel(chosen, channels, tokens[0]), kernel(carried, channels, chosen(tokens[0]))
    both = kernel(chosen.then(carried), channels, tokens[0])
    wrong = np.max(np.abs(both - (one @ two if swapped else two @ one)))
    evidence.agreement(float(wrong), 1e-11, "the Jacobian of two networks against the product of their kernels")


@states(
    "lem:K.9",
    "Transparent preprocessing does not change Jacobians",
    where="Appendix K, Lemma K.9",
    says=r"""
    Let $R$ be signal-transparent over $E_{ctrl}$ on $K$ and $B$ have exact transport on $\mathrm{Sat}_\delta(R(K))$ with kernel
    $T_v$, both $C^1$. Then $e_{sig}^\top \frac{\partial (B \circ R)(u)_i}{\partial u_j} e_{sig} = T_{R(u)}(i, j)$ on $K$.

    As printed this is false where there are channels beside $e_{sig}$ and $E_{ctrl}$, as in Theorem 12. Definition 13 lets $R$ copy
    the signal into such a channel, and then $R(u + a e_{sig})$ need not lie in $\mathrm{Sat}_\delta(R(K))$, where alone $B$ is known.
    True, and what Theorem 12 needs: the same for $R$ with $R(u + a e_{sig} 1[\cdot = \tau]) = R(u) + a e_{sig} 1[\cdot = \tau]$.
    """,
    trust="the counterexample: two linear maps of one token with three channels, exact. What is true instead: symbols at T = 4 for every "
    "R and B of the kind, B free to read further channels; then networks in float64",
    needs=("lem:K.8", "def:13"),
    bends=(
        Bend("a preprocessing that doubles the signal", {"factor": 2}),
        Bend("a preprocessing that copies the signal into a further channel, which B reads", {"copied": 1}),
    ),
)
def behind_preprocessing(evidence: Evidence, *, factor: int = 1, copied: int = 0) -> None:
    """R(u) has the signal x + offset, and the other channels as they were; so the chain rule gives the kernel."""
    _copied_signal(evidence)
    T = 4
    x, c, offset = sympy.symbols(f"x:{T}"), sympy.symbols(f"c:{T}"), sympy.symbols(f"o:{T}")
    K = sympy.Matrix(T, T, lambda i, j: sympy.Function(f"K{i}{j}")(*c) if j <= i else 0)
    further = sympy.Matrix(
        T, T, lambda i, j: sympy.Function(f"W{i}{j}")(*c) if j <= i else 0
    )  # 0 on the fibres of R(K)
    after = K * sympy.Matrix([factor * x[t] + offset[t] for t in range(T)]) + further * sympy.Matrix(x) * copied
    evidence.identity(
        "what is true instead",
        [sympy.diff(after[i], x[j]) - K[i, j] for i in range(T) for j in range(T)],
        "the chain rule",
    )
    channels, codes, tokens = setting(evidence, 12, width=9, count=1)
    before, carried = tail(channels, codes, 0.5).network, active_transport(channels, codes, 0.25).network
    alone = kernel(carried, channels, before(tokens[0]))
    wrong = np.max(np.abs(kernel(before.then(carried), channels, tokens[0]) - alone))
    evidence.agreement(float(wrong), 1e-11, "the tail network before a transport: the kernel is the transport's")
    evidence.agreement(
        passes_alone(before, tokens[0], channels["sig"]), 1e-12, "the tail network changes no other channel either"
    )


def passes_alone(network: Network, x: np.ndarray, direction: np.ndarray) -> float:
    """The largest entry of R(x + a e 1[. = tau]) - R(x) - a e 1[. = tau], over all channels, a = 1 and two tau."""
    moved = np.stack([x, x])
    sources = (0, len(x) // 2)
    moved[[0, 1], list(sources)] += direction
    difference = network(moved) - network(x)
    difference[[0, 1], list(sources)] -= direction
    return float(np.max(np.abs(difference)))


def _copied_signal(evidence: Evidence) -> None:
    """One token, channels sig, control, w; K = {0}. R copies sig into w, B adds w to sig; on the fibre of R(K), w is 0."""
    R, B = sympy.eye(3), sympy.eye(3)
    R[2, 0], B[0, 2] = 1, 1
    a = sympy.Symbol("a")
    along = sympy.Matrix([a, 0, 0])
    evidence.identity(
        "as printed",
        [*(R * along - along)[:2, 0], *(B * along - along)],
        "the hypotheses: R(a e_sig) has the signal a and unchanged control, and B is the identity on the fibre, with kernel 1",
    )
    evidence.refuted(
        "as printed",
        (B * R)[0, 0],
        1,
        "e_sig^T d(B R)/du e_sig, where the kernel is 1",
        "T = 0, K = {0}, R(u) = u + <u, e_sig> w, B(v) = v + <v, w> e_sig, w orthogonal to e_sig and E_ctrl: the derivative is 2",
    )
    channels, codes, x = setting(evidence, 6, count=1)
    silent = x[0] - np.outer(channels.read("sig", x[0]), channels["sig"])  # the signal is 0, and so is its copy
    copy, transport = (Network.of([("one", block)]) for block in active_transport(channels, codes, 0.5).network.blocks)
    both = kernel(copy.then(transport), channels, silent)
    own = kernel(transport, channels, copy(silent))
    evidence.agreement(float(np.max(np.abs(own - np.eye(6)))), 1e-12, "Lemma K.15's second block at signal 0: kernel 1")
    evidence.agreement(1.5, float(np.min(np.diagonal(both))), "behind its first block, which is transparent: about 2")


@states(
    "cor:K.10",
    "The control-driven blocks on saturations",
    where="Appendix K, Corollary K.10",
    says=r"""
    In Lemmas K.11, K.12, K.15, K.17 and K.20 the base set $K$ may be replaced by $\mathrm{Sat}_\delta(K)$, any $\delta \ge 0$: the
    same block satisfies the same conclusion with the same constants, for its hypotheses are about channels orthogonal to
    $e_{sig}$.
    """,
    trust="exact zeros of the weights, which are the same for every T and beta: where the signal can go; in float64 delta up to 1e6, kernels "
    "equal to 1e-10, and what is written on pos, prof, tail and aux to 1e-10 of delta",
    needs=("lem:K.11", "lem:K.12", "lem:K.15", "lem:K.17", "lem:K.20"),
    bends=(Bend("a change along pos instead of sig", {"along": "pos"}),),
)
def on_saturations(evidence: Evidence, *, along: str = "sig") -> None:
    """Kernels at tokens that differ by a large signal."""
    channels, codes, x = setting(evidence, 12, width=9, count=1)

    def networks(channels: Channels, codes: OrderedCodes) -> dict[str, tuple[Network, dict]]:
        return {
            "local multiplier": (local_multiplier(channels, codes, 1.0, 0.1).network, {0: SELECTOR[1]}),
            "selector": (selector(channels, codes, 3, 0.1).network, SELECTOR),
            "active transport": (active_transport(channels, codes, 0.5).network, ACTIVE),
            "tail": (tail(channels, codes, 0.5).network, TAIL),
            "integrator": (integrator(channels, codes, 0.5).network, INTEGRATOR),
        }

    axes, some, _ = setting(evidence, 8)
    for name, (network, parts) in networks(axes, some).items():
        found = departures(network, axes, parts)
        how = f"{name}: sig reaches gates of sig or src alone, or nothing, and src values alone: exact zeros, so every delta"
        evidence.identity("the same kernel", found, how)
        evidence.identity("the other channels", found, f"{name}: what is written on them is free of sig")
    for name, (network, _) in networks(channels, codes).items():
        for delta in (1e3,) if evidence.quick else (1.0, 1e3, 1e6):
            moved = x[0] + delta * evidence.rng.uniform(-1, 1, (12, 1)) * channels[along]
            wrong = np.max(np.abs(kernel(network, channels, moved) - kernel(network, channels, x[0])))
            evidence.constructed("the same kernel", float(wrong), 1e-10, f"{name}, delta = {delta:g}")
            change = network(moved) - network(x[0])
            rest = max(float(np.max(np.abs(channels.read(one, change)))) for one in ("pos", "prof", "tail", "aux"))
            evidence.constructed("the other channels", rest / delta, 1e-10, f"{name}, delta = {delta:g}")


ROWS = (
    saturation,
    exact_transport,
    calculus,
    transparent,
    behind_preprocessing,
    on_saturations,
)
