"""The profile channel of selective retrieval (Lemmas K.17 to K.20, Corollary K.21)."""

import numpy as np
import sympy
from flint import arb

from proofs_checks import retrieval_bounds
from proofs_checks.block_structure import INTEGRATOR, PROFILE, TAIL, departures
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, meets_claim
from proofs_checks.paper.signal_transport import setting
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import Built, Network
from sessa_ref.constructions.profile import integrator, profile, tail
from sessa_ref.constructions.reset import reset, zero_writer
from sessa_ref.reference import layer
from sessa_ref.theory import selective_retrieval as theory

BETAS = (0.25, 0.5, 0.75)


def _sizes(evidence: Evidence, beta: float) -> tuple[tuple[int, int], ...]:
    """(T, width); the longest for one beta."""
    small = ((8, 7), (16, 9))
    return small if evidence.quick else (*small, (128, 7) if beta == 0.5 else (48, 7))


@states(
    "lem:K.17",
    "A tail from token 0, whatever the tokens are",
    where="Appendix K, Lemma K.17",
    says=r"""
    With ordered positions and six orthonormal directions, a constant number of blocks preserves $e_{sig}$, $e_{pos}$ and carried
    channels and writes $g_t$ with $c_g^-(t+1)^{-\beta} \le g_t \le c_g^+(t+1)^{-\beta}$, $0 \le t \le L_H$, constants
    independent of $H$; it is signal-transparent over $(e_{pos}, e_{tail})$.

    Five blocks; $c_g^- = \gamma/8$ and $c_g^+ = \max(4, \frac52 \gamma 2^\beta + \frac18\gamma)$.
    """,
    trust="symbols for every t, T, beta, from the bounds of Lemmas K.12 and K.15; what the blocks read and write, by exact zeros; networks in "
    "float64 beside it, T up to 128, three beta, widths 7 and 9",
    needs=("lem:K.12", "rem:K.13", "lem:K.15", "rem:K.16"),
    bends=(Bend("feedback switched off", {"feedback": False}),),
)
def tail_channel(evidence: Evidence, *, feedback: bool = True) -> None:
    """The bounds in symbols; then networks for several T and beta."""
    retrieval_bounds.tail(evidence, "the tail")
    axes, codes, _ = setting(evidence, 8)
    evidence.identity(
        "it is transparent",
        departures(tail(axes, codes, 0.5).network, axes, TAIL),
        "no block reads or writes sig, or writes pos",
    )
    for beta in BETAS[1:2] if evidence.quick else BETAS:
        for T, width in _sizes(evidence, beta):
            channels, codes, x = setting(evidence, T, width)
            built = tail(channels, codes, beta)
            if not feedback:
                written = channels.read("tail", built.network.without_feedback()(x))
                least = theory.tail_bounds(beta).lower * T**-beta
                evidence.constructed("the tail", least, float(np.min(written[:, -1])), f"g at t = {T - 1}")
                continue
            meets_claim(evidence, "the tail", built, x, f"beta = {beta}, T = {T}, width {width}")
            if T == 16 and beta == 0.5:
                blocks_agree(evidence, built.network, x[0], (0, 4) if evidence.quick else range(5))


@states(
    "lem:K.18",
    "A channel is set to zero",
    where="Appendix K, Lemma K.18",
    says=r"""
    One block without feedback gives $u_t - \langle u_t, e_{zero}\rangle e_{zero}$: the channel becomes 0, all others stay, and it
    is signal-transparent.
    """,
    trust="symbols: any row of weights with sum 1; the layer in float64 to rounding, since its rows sum to 1 to rounding",
    not_higher="",
    bends=(Bend("rows that sum to 1 - 1/100", {"row_sum": 0.99}),),
)
def zero(evidence: Evidence, *, row_sum: float = 1.0) -> None:
    """z - (sum of weights) z = 0; then the block."""
    _erasing(evidence, "zero", row_sum)
    channels, _, x = setting(evidence, 12, 9)
    _agrees(evidence, zero_writer(channels, "prof"), x)


@states(
    "lem:K.19",
    "Several channels are set to zero at once",
    where="Appendix K, Lemma K.19",
    says=r"""
    One block without feedback sets $p$ orthonormal scratch channels to 0 and keeps $e_{sig}$ and every channel orthogonal to all
    of them; it is signal-transparent. It needs one a-slot and $p$ gates.
    """,
    trust="as Lemma K.18",
    needs=("lem:K.18",),
    bends=(Bend("rows that sum to 1 - 1/100", {"row_sum": 0.99}),),
)
def zeros(evidence: Evidence, *, row_sum: float = 1.0) -> None:
    """The same for each channel, with one constant a-slot."""
    _erasing(evidence, "zero", row_sum)
    for width in (7, 9):
        channels, _, x = setting(evidence, 12, width)
        built = reset(channels, ("aux", "src", "tgt"))
        _agrees(evidence, built, x)


def _erasing(evidence: Evidence, claim: str, row_sum: float) -> None:
    z = sympy.Symbol("z", real=True)
    alpha = [*sympy.symbols("alpha_0:3", positive=True)]
    rest = sympy.nsimplify(row_sum) - sum(alpha)
    evidence.identity(claim, z - (sum(alpha) + rest) * 1 * z, "z - (sum_j alpha_tj 1) z, with rows that sum to 1")
    g = sympy.Symbol("c", positive=True)
    gelu = g * (1 + sympy.erf(g / sympy.sqrt(2))) / 2
    low, high = gelu.subs(g, 1), gelu.subs(g, sympy.Rational(3, 2))
    evidence.exact(
        claim, [(low, sympy.Integer(1), "c = 1"), (sympy.Integer(1), high, "c = 3/2")], "GELU(c) = 1 in between"
    )


def _agrees(evidence: Evidence, built: Built, x: np.ndarray) -> None:
    for one in built.claim.measure(x):
        evidence.agreement(one.value, one.promised, f"the block: {one.about}")
    blocks_agree(evidence, built.network, x[0])


@states(
    "lem:K.20",
    "The damped integrator",
    where="Appendix K, Lemma K.20",
    says=r"""
    With ordered positions, $c_g^-(t+1)^{-\beta} \le g_t \le c_g^+(t+1)^{-\beta}$ on $e_{tail}$ and 0 on $e_{prof}$, one block writes
    $c_r^-(t+1)^\gamma \le r_t \le c_r^+(t+1)^\gamma$ on $e_{prof}$, constants independent of $H$, and is signal-transparent. Its
    gain is $1 - \frac{1}{4(L_H+1)}$, its feedback looks at the predecessor.

    For the ideal recursion the best constants are $e^{-1/4} c_g^-$ at least and $c_g^+/\gamma$:
    $1 \le (t+1)^{-\gamma} \sum_{m \le t} (m+1)^{-\beta} \le 1/\gamma$, both sharp.
    """,
    trust="symbols for every t, T and beta, and all rows as Lemmas K.1 and K.2 give them; what the block reads and writes, by exact zeros; the "
    "sums in balls beside it, and blocks in float64, T up to 128, three beta",
    not_higher="the sums are enclosed at t up to 63 beside the identities",
    needs=("lem:K.1", "lem:K.2", "cor:K.5", "lem:4.2"),
    bends=(
        Bend("a gain of 1 - 1/4 for every horizon", {"gain": 0.75}),
        Bend("the sum's lower constant 1.01", {"least": 1.01}),
    ),
)
def damped_integrator(evidence: Evidence, *, gain: float = 0.0, least: float = 1.0) -> None:
    """Sums and powers of the gain in symbols and balls; then blocks behind a tail."""
    _sums(evidence, least)
    retrieval_bounds.integrator(evidence, "the profile")
    axes, some, _ = setting(evidence, 8)
    found = departures(integrator(axes, some, 0.5).network, axes, INTEGRATOR)
    evidence.identity("it is transparent", found, "rows read pos, values tail; only prof is written")
    L = sympy.Symbol("L", positive=True)
    x = 1 / (4 * (L + 1))
    evidence.identity(
        "the powers", x / (1 - x) - 1 / (4 * L + 3), "-log(1-x) <= x/(1-x) = 1/(4L+3), and L/(4L+3) < 1/4"
    )
    for beta in BETAS[1:2] if evidence.quick else BETAS:
        for T, width in _sizes(evidence, beta):
            channels, codes, x_ = setting(evidence, T, width)
            before = zero_writer(channels, "prof").network.then(tail(channels, codes, beta).network)
            tokens = before(x_)
            built = integrator(channels, codes, beta)
            block = built.network.blocks[0]
            if gain:
                block = block.replace({"mixer.gamma_bias": np.asarray(np.arctanh(gain))})
            written, t = channels.read("prof", layer.forward(block, tokens)), np.arange(T) + 1.0
            c_g = float(np.min(channels.read("tail", tokens) * t**beta))
            evidence.constructed(
                "the profile",
                float(np.exp(-1 / 4)) / 2 * c_g,
                float(np.min(written / t ** (1 - beta))),
                f"c_r^- = exp(-1/4) c_g^-/2 with the c_g^- of these tokens, beta = {beta}, T = {T}",
            )
            if gain:
                continue
            meets_claim(evidence, "the profile", built, tokens, f"beta = {beta}, T = {T}, width {width}")
            if T == 16:
                blocks_agree(evidence, built.network, tokens[0])


def _sums(evidence: Evidence, least: float) -> None:
    t, b = sympy.Symbol("t", positive=True), sympy.Symbol("beta", positive=True)
    low, high = (t + 1) ** (1 - b), ((t + 1) ** (1 - b)) / (1 - b)
    evidence.identity("the sums", sympy.simplify((t + 1) * (t + 1) ** -b - low), "t+1 terms of at least (t+1)^-beta")
    evidence.identity(
        "the sums", sympy.simplify(sympy.diff(high, t) - (t + 1) ** -b), "and at most the integral from 0"
    )
    whole = ((t + 2) ** (1 - b) - 1) / (1 - b) / (t + 1) ** (1 - b)  # the integral from 1 to t + 2 is below the sum
    ends = [
        sympy.limit(whole.subs(b, sympy.Rational(p, 4)), t, sympy.oo) * (1 - sympy.Rational(p, 4)) - 1
        for p in (1, 2, 3)
    ]
    evidence.identity(
        "1/gamma is best", ends, "the sum is at least an integral that, over (t+1)^gamma, tends to 1/gamma; three beta"
    )
    pairs = []
    for beta in (arb(1) / 4, arb(1) / 2, arb(3) / 4):
        total = arb(0)
        for s in range(64):
            total += (arb(s) + 1) ** -beta
            scaled = total / (arb(s) + 1) ** (1 - beta)
            if s:  # at t = 0 it is 1 exactly
                pairs.append((arb(1), scaled, f"t = {s}, beta = {beta.mid()}"))
            pairs.append((scaled, 1 / (1 - beta), f"t = {s}"))
    evidence.enclosed("the sums in numbers", pairs, "t up to 63, three beta; for every t by the two identities")
    evidence.exact(
        "the sums at t = 0", [(sympy.nsimplify(least), sympy.Integer(1), "t = 0")], "the sum is 1 there: sharp"
    )


@states(
    "cor:K.21",
    "A power profile, whatever the tokens are",
    where="Appendix K, Corollary K.21",
    says=r"""
    With ordered positions and five more directions, a constant number of blocks preserves $e_{sig}$ and $e_{pos}$, writes
    $c_r^-(t+1)^\gamma \le \langle Q(u)_t, e_{prof}\rangle \le c_r^+(t+1)^\gamma$ with constants independent of $H$, and is
    signal-transparent over $(e_{pos}, e_{prof})$. Eight blocks.
    """,
    trust="Lemmas K.17 to K.20 one after the other: that each leaves what the next needs, by exact zeros of the weights; networks in float64, "
    "T up to 128, three beta, widths 7 and 9; all eight blocks also in torch",
    needs=("lem:K.17", "lem:K.18", "lem:K.19", "lem:K.20"),
    bends=(Bend("feedback switched off", {"feedback": False}),),
)
def power_profile(evidence: Evidence, *, feedback: bool = True) -> None:
    """Networks as printed, and with the seed moved and little damping, where the profile is a quotient of Gammas."""
    axes, some, _ = setting(evidence, 8)
    found = departures(profile(axes, some, 0.5).network, axes, PROFILE)
    how = "no block reads or writes sig or writes pos, prof stays 0 up to the last, and nothing writes tail after the fifth"
    for claim in ("the profile", "it is transparent"):
        evidence.identity(claim, found, how)
    for beta in BETAS[1:2] if evidence.quick else BETAS:
        for T, width in _sizes(evidence, beta):
            channels, codes, x = setting(evidence, T, width)
            built = profile(channels, codes, beta)
            if not feedback:
                _flat(evidence, built.network, channels.read, x, beta, T)
                continue
            meets_claim(evidence, "the profile", built, x, f"beta = {beta}, T = {T}, width {width}")
            truer = profile(channels, codes, beta, 1024.0, keep=False)
            meets_claim(evidence, "the profile", truer, x, f"seed moved, beta = {beta}, T = {T}")
            quotient = np.cumsum(np.concatenate([[1.0], theory.resolvent(T, beta)[1:, 0]]))
            wrong = np.max(np.abs(channels.read("prof", truer.network(x)) / quotient - 1))
            evidence.agreement(float(wrong), 1e-3, f"a quotient of Gammas, S_t, within 1/1000, beta = {beta}, T = {T}")
            if T == 16 and beta == 0.5:
                blocks_agree(evidence, built.network, x[0], (2, 7) if evidence.quick else range(8))


def _flat(evidence, network: Network, read, x: np.ndarray, beta: float, T: int) -> None:
    written = read("prof", network.without_feedback()(x))
    least = theory.profile_bounds(beta).lower * T ** (1 - beta)
    evidence.constructed("the profile", least, float(np.min(written[:, -1])), f"r at t = {T - 1}")


ROWS = (tail_channel, zero, zeros, damped_integrator, power_profile)
