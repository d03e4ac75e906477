"""Positional codes from feedback (Section 4.3, Appendix I.5)."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy
from flint import arb

from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, meets_claim
from proofs_checks.statement import Bend, states
from sessa_ref.certified import layer as certified_layer
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.positions import intervals, positions, read_form, read_position
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.positions import position_scale, position_step
from sessa_ref.theory.uniform_routing import position_code


@states(
    "lem:4.10",
    "One block writes ordered, separated positions",
    where="Section 4.3, Lemma 4.10",
    says=r"""
    For $T \ge 2$ and every width $m$ there are one block $G$ and vectors $p_t \in \mathbb{R}^m$ with
    $G(h)_t = h_t + p_t$ for all $h \in \mathbb{R}^{T \times m}$. For every compact set of $h$ the $p_t$ can be chosen so that,
    along a unit direction $u$, $\langle h_t + p_t, u \rangle$ lies in compact intervals
    $J_0 < J_1 < \dots < J_{T-1} \subset (0, \infty)$.

    With gain $\gamma \in (0, 1)$ and uniform rows $p_t = \lambda c_t u$, where
    $c_{t+1} - c_t = \frac{\gamma^2\,\Gamma(t+\gamma)}{\Gamma(1+\gamma)\,\Gamma(t+2)} > 0$.
    """,
    trust="the code and its scale in symbols for every T and gain in (0, 1); blocks in balls for one h and T up to 24, and W_in = 0, so "
    "that they write the same for every h; d_k = 2, width 4",
    needs=("cor:I.8", "prop:29"),
    bends=(
        Bend("a scale smaller by a thousandth", {"share": 0.999}),
        Bend("feedback switched off", {"gain": 0.0}),
        Bend("a step of the code with Gamma(t + 1) for Gamma(t + 2)", {"shift": 1}),
    ),
)
def feedback_writes_positions(evidence: Evidence, *, share: float = 1.0, gain: float = 0.5, shift: int = 2) -> None:
    """The solve in symbols, the intervals in exact rationals, the block in balls; 0 < J_0 needs nothing more."""
    _code_solves(evidence, "the code", shift)
    _scale_separates(evidence, "intervals", share)
    # lambda c_0 = lambda > R, because the steps are at most c_1 - c_0 = gamma < 1: no shift is needed.
    g, R, step = sympy.symbols("gamma R step", positive=True)
    evidence.identity(
        "positive", (2 * R / step - R) - R * (2 - step) / step, "lambda - R = R (2 - step)/step > 0, step < 1"
    )
    evidence.identity("positive", sympy.gammasimp(position_step(0, g)) - g, "the largest step is c_1 - c_0 = gamma")
    _block_writes(evidence, "G(h) = h + p", gain, T=6 if evidence.quick else 24)


@states(
    "cor:4.11",
    "The positional writer touches one direction",
    where="Section 4.3, Corollary 4.11",
    says=r"""
    The block of Lemma 4.10 can be chosen with $G(h)_t = h_t + \lambda_t e_{pos}$ for a unit direction $e_{pos}$ and scalars
    $\lambda_0 < \dots < \lambda_{T-1}$, for all $h$; on every compact set of $h$ the coordinates
    $\langle G(h)_t, e_{pos} \rangle$ then lie in disjoint compact intervals $J_0 < \dots < J_{T-1} \subset (0, \infty)$.
    """,
    trust="the intervals in exact rationals for every radius; $G(h) = h + \\lambda_t e_{pos}$ in balls for one h: the branch does "
    "not read h; any direction, measured in float64 in reference and torch",
    needs=("lem:4.10",),
    bends=(Bend("feedback switched off", {"gain": 0.0}), Bend("a scale smaller by a thousandth", {"share": 0.999})),
)
def writer_touches_one_direction(evidence: Evidence, *, gain: float = 0.9, share: float = 1.0) -> None:
    """Networks for several T along random directions, their intervals at the least scale."""
    _scale_separates(evidence, "intervals", share)
    _block_writes(evidence, "one direction", gain, T=6 if evidence.quick else 24)
    for T in (2, 16) if evidence.quick else (2, 16, 64, 256):
        built = positions(T, width=4, gamma=max(gain, 0.5))
        meets_claim(evidence, "one direction", built, evidence.rng.uniform(-0.5, 0.5, (4, T, 4)), f"T = {T}")
    network = positions(16, width=4, gamma=max(gain, 0.5)).network
    blocks_agree(evidence, network, evidence.rng.uniform(-0.5, 0.5, (16, 4)))


@states(
    "cor:4.12",
    "The positional writer lets signals through",
    where="Section 4.3, Corollary 4.12",
    says=r"""
    For a unit $e_{sig} \perp e_{pos}$, every $h$, source $\tau$ and scalar $a$:
    $G(h + a e_{sig} 1[\cdot = \tau])_t = G(h)_t + a e_{sig} 1[t = \tau]$, and the coordinate along $e_{pos}$ stays the same.
    """,
    trust="real arithmetic, every h, source and a: W_in is exactly 0, so that the block adds the same to every h; one h in balls beside it",
    needs=("cor:4.11",),
    bends=(
        Bend("a signal direction that is not orthogonal to e_pos", {"angle": 0.1}),
        Bend("a block that reads what it is given", {"reads": 0.01}),
    ),
)
def writer_is_transparent(evidence: Evidence, *, angle: float = 0.0, reads: float = 0.0) -> None:
    """In balls: the branch for two inputs is the same, so that the difference of the outputs is that of the inputs."""
    T = 6
    built = positions(T, width=3, channels=Channels(3, ("pos", "sig")))
    block = _reading(built.network.blocks[0], reads)
    signal = np.array([np.sin(angle), np.cos(angle), 0.0])
    h = evidence.rng.uniform(-0.5, 0.5, (T, 3))
    pairs = []
    for source in range(T):
        moved = h.copy()
        moved[source] += 2.0 * signal
        branches = [certified_layer.trace(block, x) for x in (h, moved)]
        for t in range(T):
            for at in range(3):
                one, two = (steps.y[t, at] - steps.x[t, at] for steps in branches)
                pairs.append((abs(one - two), arb(10) ** -12, f"source {source}, t = {t}, coordinate {at}"))
    evidence.enclosed("in balls", pairs, "G(h + a e_sig) - G(h) - a e_sig for one h and every source")
    evidence.identity("the output", _reads(block), "W_in is exactly 0: what the block adds is the same for every h")
    a, lam, h0 = sympy.symbols("a lambda h")
    evidence.identity(
        "the output", (h0 + a + lam) - ((h0 + lam) + a), "h -> h + lambda_t e_pos commutes with any shift"
    )
    evidence.enclosed(
        "the position",
        [(abs(arb(float(signal[0]))), arb(10) ** -15, "")],
        "<a e_sig, e_pos>/a, which is what e_pos sees",
    )
    blocks_agree(evidence, Network.of([("positions", block)]), h)


@states(
    "cor:4.13",
    "A continuous map reads the position",
    where="Section 4.3, Corollary 4.13",
    says=r"""
    For the block of Corollary 4.11 and a compact set of $h$ there is a continuous $\psi : \mathbb{R}^m \to \mathbb{R}$ with
    $\psi(G(h)_t) = t$ for all $h$ of the set and all $t$: piecewise linear in $\langle z, e_{pos} \rangle$, with the value $t$
    on $J_t$.
    """,
    trust="psi in symbols for any ordered disjoint intervals; exact rationals at every T up to 12, at a thousandth above the scale where "
    "intervals touch; the same read-out by GELU units is measured in float64",
    needs=("cor:4.11",),
    bends=(
        Bend("a scale smaller by a thousandth", {"share": 0.999}),
        Bend("feedback switched off", {"gain": 0.0}),
    ),
)
def position_is_readable(evidence: Evidence, *, share: float = 1.001, gain: float = 0.5) -> None:
    """The ends of the intervals, read in exact rationals; then networks, and units that read them in one more block."""
    pairs = []
    for T in range(2, 13):
        steps = _rational_codes(T, Fraction(gain))
        least = min(b - a for a, b in pairwise(steps))
        scale = Fraction(share) * 2 / least if least else Fraction(1000)
        ends = [(scale * c - 1, scale * c + 1) for c in steps]
        for t, (low, high) in enumerate(ends):
            for z in (low, (low + high) / 2, high):
                pairs.append((abs(_read(z, ends) - t), Fraction(0), f"T = {T}, t = {t}"))
    evidence.exact(
        "psi(G(h)_t) = t", pairs, "psi at the ends and in the middle of every interval; it is linear between them"
    )
    t, end, start, z = sympy.symbols("t b_t a_(t+1) z")
    rise = t + (z - end) / (start - end)
    evidence.identity(
        "it is continuous",
        [rise.subs(z, end) - t, rise.subs(z, start) - (t + 1)],
        "psi on a gap meets its neighbours, any b_t < a_(t+1)",
    )
    T = 16
    built = positions(T, width=3, gamma=max(gain, 0.5))
    meets_claim(evidence, "psi(G(h)_t) = t", built, evidence.rng.uniform(-0.5, 0.5, (4, T, 3)), f"T = {T}")
    scale = built.network.notes["scale"]
    where = intervals(T, max(gain, 0.5), scale, 1.0)
    z = np.linspace(where[:, 0], where[:, 1], 33)
    units = read_form(where)
    by_units = sum(weight * gelu(slope * z + offset) for slope, offset, weight in units)
    error = float(np.abs(by_units - np.arange(T)).max())
    evidence.constructed(
        "psi(G(h)_t) = t", error, 1e-9, f"the same by {len(units)} GELU units at T = {T}, on the intervals"
    )
    evidence.agreement(float(np.abs(read_position(z, where) - np.arange(T)).max()), 1e-9, "the program's own read-out")


@states(
    "cor:I.8",
    "One block writes separated codes, whatever the normalisation",
    where="Appendix I.5, Corollary I.8",
    says=r"""
    For every token-wise normalisation, even $d_k \ge 2$ and width $m$ there is one block with (i) $G(h)_t = h_t + p_t$ for
    all $h$; (ii) $p_t = \lambda c_t u$ for any prescribed unit $u$ and pairwise distinct $c_t$, so that on a compact set of
    radius $R$ the sets $\{\langle h_t + p_t, u\rangle\}$ are disjoint for $\lambda > 2R/\min_{s \ne t}|c_s - c_t|$.

    The least distance is the last step, $c_{T-1} - c_{T-2} = \frac{\gamma^2\Gamma(T-2+\gamma)}{\Gamma(1+\gamma)\Gamma(T)}$, so
    that $\lambda$ grows like $2R\,\Gamma(\gamma)\gamma^{-1}T^{2-\gamma}$; the threshold is sharp.
    """,
    trust="real arithmetic; every T and every gain in (0, 1) in symbols; blocks with Norm = Id and LayerNorm in balls",
    needs=("lem:I.7",),
    bends=(
        Bend("a scale smaller by a thousandth", {"share": 0.999}),
        Bend("the gain 0: all codes are equal", {"gain": 0.0}),
        Bend("codes that solve another recursion", {"shift": 1}),
    ),
)
def block_writes_codes(evidence: Evidence, *, share: float = 1.0, gain: float = 0.5, shift: int = 2) -> None:
    """Symbols for the code, exact rationals for the scale, balls for the block with each normalisation."""
    _code_solves(evidence, "distinct", shift)
    _scale_separates(evidence, "disjoint", share)
    for norm in ("identity", "layernorm"):
        _block_writes(evidence, "G(h) = h + p", gain, T=5 if evidence.quick else 16, norm=norm)


def _code_solves(evidence: Evidence, claim: str, shift: int) -> None:
    """c_t with these steps solves c_t = 1 + gamma/t (c_0 + ... + c_(t-1)) for every t, and the steps are positive."""
    t, g = sympy.symbols("t gamma", positive=True)
    step = g**2 * sympy.gamma(t + g) / (sympy.gamma(1 + g) * sympy.gamma(t + shift))
    evidence.identity(claim, sympy.simplify(step / position_step(t, g) - 1), "the step in its closed form")
    # With d_t = c_t - c_(t-1): t (c_t - 1) - (t - 1)(c_(t-1) - 1) = gamma c_(t-1), so (t + 1) d_(t+1) = (t - 1 + gamma) d_t.
    ratio = sympy.gammasimp(step / step.subs(t, t - 1))
    evidence.identity(claim, (t + 1) * ratio - (t - 1 + g), "difference of the recursion at t + 1 and t, for every t")
    evidence.identity(
        claim, sympy.gammasimp(step.subs(t, 0)) - g, "its start: c_1 - c_0 = gamma; every step is then > 0"
    )
    recursion = _rational_codes(9, Fraction(2, 7))
    closed = [sympy.sympify(position_code(n, sympy.Rational(2, 7))) for n in range(9)]
    evidence.identity(
        claim, [sympy.simplify(a - b) for a, b in zip(closed, recursion, strict=True)], "the code itself, gamma = 2/7"
    )


def _scale_separates(evidence: Evidence, claim: str, share: float) -> None:
    """At the least scale neighbours touch: 2 R = lambda (c_(t+1) - c_t) for the last two, and less for all others."""
    pairs = []
    for gain in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        for T in (2, 3, 10, 64):
            found = _rational_codes(T, gain)
            steps = [b - a for a, b in pairwise(found)]
            scale = Fraction(share) * 2 / steps[-1]
            pairs += [(Fraction(2), scale * step, f"gamma = {gain}, T = {T}, t = {t}") for t, step in enumerate(steps)]
    evidence.exact(
        claim, pairs, "2 R <= lambda (c_(t+1) - c_t) for all neighbours at the threshold, R = 1, exact rationals"
    )
    t, g = sympy.symbols("t gamma", positive=True)
    quotient = sympy.gammasimp(position_step(t + 1, g) / position_step(t, g))
    room = sympy.simplify(sympy.Integer(1) - quotient - (2 - g) / (t + 2))  # type: ignore[operator]
    evidence.identity(
        claim,
        room,
        "1 - (step t + 1)/(step t) = (2 - gamma)/(t + 2) > 0: the last step is the least, every T and gamma",
    )
    for gain in (0.5, 0.9):
        closed = float(position_scale(64, gain, 1.0))
        found = _rational_codes(64, Fraction(gain))
        evidence.agreement(abs(closed * float(found[-1] - found[-2]) / 2 - 1), 1e-12, "the closed form of the scale")


def _block_writes(evidence: Evidence, claim: str, gain: float, T: int, norm: str = "identity") -> None:
    """A real block in balls: its states are c_t, for the gain that its float64 bias gives."""
    built = positions(T, width=4, gamma=gain or 0.5, channels=Channels(4, ("pos", "sig")))
    block = built.network.blocks[0]
    config = SessaConfig.paper(4, norm=norm)  # type: ignore[arg-type]
    arrays = dict(block) | ({"ln.weight": np.ones(4), "ln.bias": np.zeros(4)} if norm == "layernorm" else {})
    if gain == 0:
        arrays["mixer.gamma_bias"] = np.asarray(0.0)
    block = SessaParameters(config, arrays)
    h = evidence.rng.uniform(-0.5, 0.5, (T, 4))
    steps = certified_layer.trace(block, h)
    scale = arb(float(block["W_out.weight"][0, 0]))
    gamma = arb(built.network.notes["gamma"])
    pairs = [
        (
            abs(steps.y[t, 0] - steps.x[t, 0] - scale * position_code(t, gamma)) / scale,
            arb(10) ** -11,
            f"t = {t}, T = {T}",
        )
        for t in range(T)
    ] + [
        (abs(steps.y[t, at] - steps.x[t, at]), arb(10) ** -11, f"t = {t}, elsewhere")
        for t in range(T)
        for at in (1, 2, 3)
    ]
    evidence.enclosed(
        claim, pairs, f"|y_t - h_t - lambda c_t u| in balls, Norm = {norm}; W_in = 0, so that it holds for all h"
    )
    evidence.identity(
        "it reads nothing", _reads(block), "W_in is exactly 0, so that the block writes the same for every h"
    )
    blocks_agree(evidence, Network.of([("positions", block)]), h)


def _reads(block: SessaParameters) -> list[int]:
    """The number of weights by which a block reads its tokens."""
    return [int(np.count_nonzero(block["W_in.weight"]))]


def _rational_codes(T: int, gain: Fraction) -> list[Fraction]:
    found = [Fraction(1)]
    for t in range(1, T):
        found.append(1 + gain / t * sum(found))
    return found


def _read(z: Fraction, ends: list[tuple[Fraction, Fraction]]) -> Fraction:
    """psi as the proof has it; where intervals overlap the first that holds z decides."""
    for t, (low, high) in enumerate(ends):
        if z <= high:
            before = ends[t - 1][1] if t else low
            return Fraction(t) if z >= low or not t else t - 1 + (z - before) / (low - before)
    return Fraction(len(ends) - 1)


def _reading(block: SessaParameters, weight: float) -> SessaParameters:
    """The block, with its value made to depend on the token."""
    arrays = dict(block)
    arrays["W_in.weight"] = arrays["W_in.weight"] + weight
    return SessaParameters(block.config, arrays)


ROWS = (
    feedback_writes_positions,
    writer_touches_one_direction,
    writer_is_transparent,
    position_is_readable,
    block_writes_codes,
)
