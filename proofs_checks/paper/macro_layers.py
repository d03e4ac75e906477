"""Macro-layers, path sums and the width (Lemmas K.22 to K.26, Remark K.27)."""

import numpy as np
import sympy

from proofs_checks import retrieval_bounds
from proofs_checks.block_structure import MACRO, departures
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, meets_claim
from proofs_checks.paper.signal_transport import setting
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.macro_layer import OFF_MASS, macro_layer
from sessa_ref.constructions.profile import profile
from sessa_ref.constructions.selective_retrieval import NAMES, selective_retrieval
from sessa_ref.constructions.transport import kernel, linearity_defect
from sessa_ref.theory import selective_retrieval as theory

BETAS = (0.25, 0.5, 0.75)


@states(
    "lem:K.22",
    "The profile-compensated macro-layer",
    where="Appendix K, Lemma K.22",
    says=r"""
    On a compact set with ordered positions and $c_r^-(t+1)^\gamma \le \langle u_t, e_{prof}\rangle \le c_r^+(t+1)^\gamma$, two blocks
    preserve $e_{pos}, e_{prof}$ and carried channels and give the signal the exact transport $D(i) 1[i=j] + K(i,j) 1[j<i]$ with
    $1 \le D \le d^+$ and $a^-(i+1)^{-\beta} \le K(i,j) \le a^+(i+1)^{-\beta}$, constants of $(\beta, c_r^\pm)$ only.

    $K(i, j) = m_j L(i, j)$ with $L(i,j) = \sum_{k=j}^i \Theta_{ik}/(k+1)$; $L(i,j)(j+1)^\gamma(i+1)^\beta$ is at least
    the least of three numbers below 1 in the proof, and at least 1 in truth (ours:macro-sums).
    """,
    trust="symbols for every i, j and beta, and all rows as Lemma K.2 gives them, the transport for T = 3; networks in float64 beside it, T up "
    "to 256, three beta: the kernel against its closed form, and between its bounds with the profile's constants as proved and as they are",
    needs=("lem:K.2", "cor:K.5", "lem:K.8", "lem:K.15"),
    bends=(
        Bend("feedback switched off", {"feedback": False}),
        Bend("a profile with the exponent gamma + 2", {"extra": 2.0}),
    ),
)
def macro(evidence: Evidence, *, feedback: bool = True, extra: float = 0.0) -> None:
    """The kernel and its bounds in symbols; then macro-layers behind the profile network."""
    retrieval_bounds.macro(evidence, "the kernel")
    _carried(evidence, "the transport")
    for beta in BETAS[1:2] if evidence.quick else BETAS:
        for T, width in ((8, 7), (16, 9)) if evidence.quick else ((8, 7), (16, 9), (256 if beta == 0.5 else 48, 7)):
            channels, codes, x = setting(evidence, T, width, 1)
            before = profile(channels, codes, beta).network(x)
            t = np.arange(T) + 1.0
            shape = channels.read("prof", before[0]) / t ** (1 - beta)
            own = theory.TailBounds(float(np.min(shape)), float(np.max(shape)))
            if extra:
                before += (channels.read("prof", before) * (t**extra - 1))[..., None] * channels["prof"]
            built = macro_layer(channels, codes, beta, theory.profile_bounds(beta))
            network = built.network if feedback else built.network.without_feedback()
            scaled = kernel(network, channels, before[0]) * t[:, None] ** beta
            off = scaled[np.tril_indices(T, -1)]
            what = f"with the c_r of these tokens, beta = {beta}, T = {T}"
            evidence.constructed(
                "the kernel", (1 - OFF_MASS) * own.lower, float(np.min(off)), f"(1 - mu) c_r^-, {what}"
            )
            most = theory.macro_bounds(beta, own, OFF_MASS).a_plus
            evidence.constructed("the kernel", float(np.max(off)), most, f"a^+, {what}")
            if not feedback or extra:
                continue
            meets_claim(evidence, "the kernel", built, before, f"beta = {beta}, T = {T}, width {width}")
            if T == 16:
                blocks_agree(evidence, built.network, before[0], range(2))


@states(
    "cor:K.23",
    "Macro-layers on saturations",
    where="Appendix K, Corollary K.23",
    says=r"""
    On $\mathrm{Sat}_\delta(K)$, every $\delta \ge 0$, the macro-layer has the same exact transport with the same kernel:
    $\pi_{sig}(M(v)_i) = \sum_j T_u(i, j)\,\pi_{sig}(v_j)$ for $v = u + \sum_t a_t e_{sig} 1[\cdot = t]$.
    """,
    trust="symbols for T = 3, and exact zeros of the weights, the same for every T: where the signal can go; in float64 delta up to 1000, "
    "relative error 1e-11",
    needs=("lem:K.22", "def:11"),
    bends=(Bend("a change along prof", {"along": "prof"}),),
)
def macro_on_saturations(evidence: Evidence, *, along: str = "sig") -> None:
    """The two blocks in symbols; then outputs at changed tokens against the kernel at the unchanged ones."""
    _carried(evidence, "the transport")
    for beta in BETAS:
        channels, codes, x = setting(evidence, 16, 9, 1)
        u = profile(channels, codes, beta).network(x)[0]
        network = macro_layer(channels, codes, beta, theory.profile_bounds(beta)).network
        K = kernel(network, channels, u)
        for delta in (1.0, 1e3):
            v = u + delta * evidence.rng.uniform(-1, 1, (16, 1)) * channels[along]
            evidence.constructed(
                "the transport", linearity_defect(network, channels, v, K), 1e-11, f"beta = {beta}, delta = {delta:g}"
            )


def _carried(evidence: Evidence, claim: str) -> None:
    """src_j - (row sum) src_j + m_j x_j, then x_i + sum_k Theta_ik sum_j x'_j/(k+1), with m and Theta free of signal and src."""
    T = 3
    x, a, src, m = (sympy.symbols(f"{name}:{T}") for name in ("x", "a", "src", "m"))
    theta = sympy.Matrix(T, T, lambda i, k: sympy.Symbol(f"Theta{i}{k}") if k <= i else 0)
    uniform = sympy.Matrix(T, T, lambda k, j: sympy.Rational(1, k + 1) if j <= k else 0)
    weights = sympy.symbols("alpha_0:2")
    row_sum = sum(weights) + 1 - sum(weights)

    def layer_of_two(signal: list, scratch: tuple) -> sympy.Matrix:
        written = sympy.Matrix(
            [s - row_sum * s + factor * one for s, factor, one in zip(scratch, m, signal, strict=True)]
        )
        return sympy.Matrix(signal) + theta * uniform * written

    moved = [one + change for one, change in zip(x, a, strict=True)]
    K = sympy.eye(T) + theta * uniform * sympy.diag(*m)
    difference = layer_of_two(moved, src) - K * sympy.Matrix(moved)
    evidence.identity(
        claim, [sympy.expand(one) for one in difference], "M(v) = K (x + a) for every a, and src does not enter"
    )
    axes, codes, _ = setting(evidence, 8)
    found = departures(macro_layer(axes, codes, 0.5, theory.profile_bounds(0.5)).network, axes, MACRO)
    evidence.identity(
        claim, found, "rows read pos, values prof and then src, gates src and sig; src and sig alone are written"
    )


@states(
    "lem:K.24",
    "The macro-layer behind a projection",
    where="Appendix K, Lemma K.24",
    says=r"""
    With $\Pi_{src}$ the projection that kills $e_{src}$ and $\bar M = \Pi_{src} M$: (i) $M = M \Pi_{src}$; (ii) $\bar M$ preserves
    $e_{pos}, e_{prof}$ and carried channels; (iii) it has the same kernel as $M$; (iv) $\bar M(u') = \bar M(u) + \sum_j T(i, j) a_j
    e_{sig}$ on a fibre, so that fibres go into fibres; (v) the same on saturations.
    """,
    trust="symbols for T = 3, and exact zeros of the weights, the same for every T; in float64 three beta, relative error 1e-12",
    needs=("lem:K.22", "cor:K.23"),
    bends=(Bend("the source writer without its erasing track", {"erase": False}),),
)
def projected(evidence: Evidence, *, erase: bool = True) -> None:
    """Each item, in symbols and by zeros of the weights, then on macro-layers behind the profile network."""
    for item in ("(i)", "(ii)", "(iii), (iv)", "(v)"):
        _carried(evidence, item)
    for beta in BETAS:
        channels, codes, x = setting(evidence, 16, 9, 1)
        u = profile(channels, codes, beta).network(x)[0]
        network = macro_layer(channels, codes, beta, theory.profile_bounds(beta)).network
        if not erase:
            weight = np.array(network.blocks[0]["W_out.weight"])
            weight[:, 0] = 0
            network = Network.of(
                [("writer", network.blocks[0].replace({"W_out.weight": weight})), ("d", network.blocks[1])]
            )
        src = channels["src"]
        noisy = u + 5 * evidence.rng.standard_normal((16, 1)) * src
        size = float(np.max(np.abs(network(u))))

        def bar(v: np.ndarray, network: Network = network, src: np.ndarray = src) -> np.ndarray:
            y = network(v)
            return y - (y @ src)[:, None] * src

        blind = np.max(np.abs(network(noisy) - network(noisy - (noisy @ src)[:, None] * src)))
        evidence.constructed("(i)", float(blind) / size, 1e-12, f"src is not read, beta = {beta}")
        kept = max(np.max(np.abs(channels.read(c, bar(u) - u))) for c in ("pos", "prof", "tail"))
        evidence.constructed("(ii)", float(kept) / size, 1e-12, f"pos, prof, tail, beta = {beta}")
        K = kernel(network, channels, u)
        a = evidence.rng.uniform(-2, 2, 16)
        moved = u + a[:, None] * channels["sig"]
        wrong = bar(moved) - bar(u) - (K @ a)[:, None] * channels["sig"]
        evidence.constructed("(iii), (iv)", float(np.max(np.abs(wrong))) / size, 1e-12, f"a fibre, beta = {beta}")
        same = np.max(np.abs(channels.read("sig", bar(moved)) - K @ channels.read("sig", moved)))
        evidence.constructed("(v)", float(same) / size, 1e-12, f"on the saturation, beta = {beta}")
        if beta == 0.5:
            blocks_agree(evidence, network, u, range(2))


@states(
    "lem:K.25",
    "Balanced paths",
    where="Appendix K, Lemma K.25",
    says=r"""
    For $\beta \in (0,1)$, $k \ge 1$, $0 \le \tau_* \le \tau_{max}$, $\ell \ge k$, $t = \tau_* + \ell$: the sum of
    $\prod_{r=1}^k (i_r + 1)^{-\beta}$ over $\tau_* = i_0 < \dots < i_k = t$ with $\frac{\ell}{2k} \le i_r - i_{r-1} \le
    \frac{2\ell}{k}$ is at least $c\,(1+\ell)^{k(1-\beta)-1}$ with $c > 0$ of $k, \beta, \tau_{max}$.

    Explicit: $c = (1 + \tau_{max})^{-k\beta} \min_\ell N_k(\ell)/(1+\ell)^{k-1}$, with $N_k(\ell)$ the number of balanced paths;
    the minimum is $1, \frac13, \frac3{64}$ for $k = 1, 2, 3$, at $\ell = 1, 2, 7$, and at least $(4k^2)^{-(k-1)}$ for every $k$.
    """,
    trust="every lag, beta, tau, k. The minima for k up to 3: the count is a polynomial on each residue class mod 2k (Ehrhart), "
    "interpolated and compared at further lags",
    bends=(Bend("a constant larger by a hundredth", {"constant": 1.01}),),
)
def balanced(evidence: Evidence, *, constant: float = 1.0) -> None:
    """The count of balanced paths against a power of the lag, for every lag; then the sum itself in numbers."""
    least = {k: sympy.nsimplify(constant) * c for k, c in _LEAST_COUNTS.items()}
    q = sympy.Symbol("q")
    for k, c in least.items():
        short = [
            (c * (1 + lag) ** (k - 1), sympy.Integer(_paths(k, lag)), f"k = {k}, l = {lag}") for lag in range(k, 6 * k)
        ]
        evidence.exact("the number of paths", short, f"N_k(l) >= c (1+l)^(k-1), counted below l = {6 * k}")
        period = 2 * k
        for residue in range(period):
            first = 6 * k + residue
            values = [_paths(k, first + period * n) for n in range(k + 4)]
            polynomial = sympy.expand(sympy.interpolate(list(zip(range(k), values[:k], strict=True)), q))
            further = [polynomial.subs(q, n) - values[n] for n in range(k, k + 4)]
            evidence.identity("the number of paths", further, "the polynomial of the class gives further counts")
            slack = sympy.Poly(sympy.expand(polynomial - c * (1 + first + period * q) ** (k - 1)), q)
            signs = [(sympy.Integer(0), a, f"k = {k}, l = {first} + {period} q") for a in slack.all_coeffs()]
            evidence.exact("the number of paths", signs, "no coefficient of N_k - c (1+l)^(k-1) in q is negative")
    k_ = sympy.Symbol("k", positive=True)
    near = 1 / (2 * k_**2)  # the first k - 1 jumps within l near of l/k: the last is balanced as well
    evidence.identity(
        "every k",
        [
            sympy.simplify((1 / k_ - near) - 1 / (2 * k_) - (k_ - 1) / (2 * k_**2)),
            sympy.simplify((1 / k_ - (k_ - 1) * near) - 1 / (2 * k_) - near),
            sympy.simplify(2 / k_ - (1 / k_ + (k_ - 1) * near) - (k_ + 1) / (2 * k_**2)),
        ],
        "jumps, over l: an interval of l/k^2 holds at least l/(2 k^2) whole numbers from l = 2 k^2 on, and below it one "
        "path is enough: N_k(l) >= (l/(2 k^2))^(k-1)",
    )
    t, lag = sympy.symbols("tau lag", nonnegative=True)
    evidence.identity(
        "each product", sympy.expand((1 + t) * (1 + lag) - (t + lag + 1) - t * lag), "i_r + 1 <= (1+tau)(1+l)"
    )
    worst = max(
        (1 + tau) ** (-k * beta)
        * float(c)
        * (1 + one) ** theory.exponent(k, beta)
        / theory.balanced_sum(k, beta, tau, one)
        for k, c in least.items()
        for beta in BETAS
        for tau in (0, 2, 8)
        for one in (k, k + 1, 7, 16, 33, 64 if evidence.quick else 512)
        if one >= k
    )
    evidence.agreement(worst, 1 + 1e-12, "the explicit bound over the sum itself, by convolution")


_LEAST_COUNTS = {1: sympy.Integer(1), 2: sympy.Rational(1, 3), 3: sympy.Rational(3, 64)}


def _paths(k: int, lag: int) -> int:
    """The number of balanced paths: compositions of the lag into k parts between l/(2k) and 2l/k."""
    low, high = max(-(-lag // (2 * k)), 1), 2 * lag // k
    step = np.zeros(lag + 1, dtype=np.int64)
    step[low : high + 1] = 1
    counts = np.eye(1, lag + 1, dtype=np.int64)[0]
    for _ in range(k):
        counts = np.convolve(counts, step)[: lag + 1]
    return int(counts[lag])


@states(
    "lem:K.26",
    "Competitors are suppressed",
    where="Appendix K, Lemma K.26",
    says=r"""
    A selector with $\frac12 \le D(\tau_*) \le 2$, $|D(\tau)| \le \varepsilon_H$ elsewhere, followed by $k$ macro-layers with
    $1 \le D \le d^+$ and $0 \le K(i,j) \le a^+(i+1)^{-\beta}$: $\sum_{\tau < t, \tau \ne \tau_*} |T(t, \tau)| \le C_{comp}\,
    \varepsilon_H (1 + \ell)^{k(1-\beta)}$, $t = \tau_* + \ell$, and at most $\frac12 c_{sig}(1+\ell)^{k(1-\beta)-1}$ for
    $\varepsilon_H \le c_0/(H+1)$ with $c_0$ small.

    Explicit: $C_{comp} = (d^+ + a^+)^k (1 + \tau_{max})^{k(1-\beta)}$.
    """,
    trust="symbols: every k, beta, T, d+, a+, by induction over the layers; the worst kernel and networks in float64 beside it",
    needs=("lem:K.8", "lem:K.22"),
    bends=(Bend("the exponent k (1 - beta) - 1/2", {"lower": 0.5}), Bend("the constant (d+)^k", {"jumps": 0.0})),
)
def suppressed(evidence: Evidence, *, lower: float = 0.0, jumps: float = 1.0) -> None:
    """Row sums: if those of r layers are at most c (i+1)^(r gamma), those of r + 1 are at most (d+ + a+) c (i+1)^((r+1) gamma)."""
    d, a, c, n, b, p = sympy.symbols("d a c n beta p", positive=True)  # n = i + 1, p = r gamma
    more = a * n**-b * (n * c * n**p)  # fewer than n sources, each row sum at most c n^p
    stays = d * c * n**p * n ** (1 - b)  # at least d c n^p
    step = (d + sympy.nsimplify(jumps) * a) * c * n ** (p + 1 - b - sympy.nsimplify(lower))
    evidence.identity(
        "induction", sympy.simplify(stays + more - step), "jumps and stays, n = i + 1 >= 1, p = r (1 - beta)"
    )
    t, lag, nu = sympy.symbols("tau lag nu", nonnegative=True)
    evidence.identity(
        "the lag", sympy.expand((1 + t) * (1 + lag) - (t + lag + 1) - t * lag), "1 + t <= (1+tau_max)(1+l)"
    )
    c0 = sympy.Symbol("c_0", positive=True)
    last = sympy.simplify(c0 / (lag + 1) * (1 + lag) ** (nu + 1) - c0 * (1 + lag) ** nu)
    evidence.identity("in particular", last, "epsilon <= c_0/(H+1) <= c_0/(1+l)")
    worst = max(
        _worst_row_sum(k, beta, d_plus, a_plus, 128 if evidence.quick else 1024, lower, jumps)
        for k in (1, 2, 3)
        for beta in BETAS
        for d_plus, a_plus in ((1.0, 1.0), (2.0, 0.5), (5.0, 4.0))
    )
    evidence.agreement(worst, 1.0, "row sums of the worst kernel over the bound")
    for k, beta in ((1, 0.5), (2, 0.5), (3, 0.75)):
        built = selective_retrieval(k, beta, 16, target=2)
        measured = built.claim.measure(evidence.rng.uniform(-0.3, 0.3, (1, 19, 7)))
        share = next(one for one in measured if "share" in one.about)
        evidence.agreement(share.value, share.promised, f"{share.about}, network of k = {k}, beta = {beta}")


def _worst_row_sum(k: int, beta: float, d_plus: float, a_plus: float, T: int, lower: float, jumps: float) -> float:
    n = np.arange(T) + 1.0
    sums = np.ones(T)  # the kernel applied to ones: row sums, as all entries are positive
    for _ in range(k):
        sums = d_plus * sums + a_plus * n**-beta * np.concatenate([[0.0], np.cumsum(sums)[:-1]])
    return float(np.max(sums / ((d_plus + jumps * a_plus) ** k * n ** (k * (1 - beta - lower)))))


@states(
    "rem:K.27",
    "Seven channels suffice",
    where="Appendix K, Remark K.27",
    says=r"""
    The seven directions pos, sig, prof, tail, aux, src, tgt are all that the construction uses, and no block needs more than six
    a-slots or three gates: the window writer 6 and 2, the local multiplier and the source writer 4 and 2, the diffuse transport 2 and 1,
    the integrator 3 and 1, the reset 1 and 3. So $D \ge 7$ is enough. (tgt is never used: six channels are enough, and the network of Theorem 12
    runs at $D = 6$.)
    """,
    trust="exact: slots are counted while the blocks are put together, and what does not fit is refused",
    not_higher="built for k up to 3",
    needs=("lem:K.7", "lem:K.12", "lem:K.22"),
    bends=(Bend("a width of five", {"width": 5}),),
)
def width(evidence: Evidence, *, width: int = 7) -> None:
    """Counts from the parameters of every block; then the network at width 6."""
    most_a, most_g = 0, 0
    names = NAMES[: min(width, 7)]
    for k in (1, 2, 3):
        try:
            network = selective_retrieval(k, 0.5, 8, target=1, channels=Channels(width, names)).network
        except (ValueError, KeyError) as refusal:
            evidence.constructed("slots", 1.0, 0.0, "the network fits", str(refusal))
            return
        for name, block in zip(network.names, network.blocks, strict=True):
            slots = [int(np.sum(_active(block, part))) for part in (slice(0, width), slice(width, None))]
            most_a, most_g = max(most_a, slots[0]), max(most_g, slots[1])
            if name in _SLOTS:
                how = f"a-slots and gates of '{name}', k = {k}, as the remark counts them"
                evidence.identity("slots of each block", [n - m for n, m in zip(slots, _SLOTS[name], strict=True)], how)
    evidence.constructed("slots", most_a, 6, "the most a-slots of a block that are not constantly 0")
    evidence.constructed("slots", most_g, 3, "the most gates of a block that are not constantly 0")
    six = Channels(6, [name for name in NAMES if name != "tgt"])
    built = selective_retrieval(2, 0.5, 16, target=1, channels=six)
    for one in built.claim.measure(evidence.rng.uniform(-0.3, 0.3, (1, 18, 6))):
        attained, bound = (one.promised, one.value) if one.least else (one.value, one.promised)
        evidence.constructed("six channels", attained, bound, f"D = 6: {one.about}")


_SLOTS = {
    "window at 1": (6, 2),
    "sig times aux": (4, 2),
    "source writer": (4, 2),
    "diffuse sig": (2, 1),
    "integrate tail": (3, 1),
    "clear aux, src, tgt": (1, 3),
}
"""(a-slots, gates) of blocks, as Remark K.27 counts them."""


def _active(block, rows: slice) -> np.ndarray:
    weight, bias = block["W_in.weight"][rows], block["W_in.bias"][rows]
    return np.any(weight != 0, axis=-1) | (bias != 0)


ROWS = (macro, macro_on_saturations, projected, balanced, suppressed, width)
