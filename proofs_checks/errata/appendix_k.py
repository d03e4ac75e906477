"""Errata of Appendix K."""

import numpy as np
from flint import arb

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.certified import functions
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.focusing import predecessor_gap
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.selective_retrieval import NAMES, selective_retrieval
from sessa_ref.constructions.transport import kernel, transparency_defect
from sessa_ref.theory import selective_retrieval as theory
from sessa_ref.theory.scaled_gelu import RELU_GAP


@erratum(
    "K.1-scale",
    "lem:K.1",
    where="Appendix K, proof of Lemma K.1: the logits",
    kind=Kind.SLIP,
    printed="logits are q_t k_j, so T exp(-Lambda^2 m Delta) <= mu/(1 - mu) is enough",
    correct="the architecture divides logits by sqrt(d_k), as Lemma K.2 has it: Lambda^2 has to be sqrt(d_k) times larger",
    conclusion="survives: Lambda is free",
)
def predecessor_scale() -> Shown:
    """Three tokens, d_k = 2, two strict-past logits: the printed Lambda misses mu."""
    codes = OrderedCodes.of([10.0, 11.0, 12.0], [10.0, 11.0, 12.0])
    mu = 1e-6
    gap = predecessor_gap(codes)
    needed = np.log(2 * (1 - mu) / mu)
    mass = arb(-needed / 2**0.5).exp() / (1 + arb(-needed / 2**0.5).exp())
    return Shown(
        bool(mass > mu), f"gap {gap:.4g}, T = 2, mu = {mu:g}: the row leaves {float(mass.mid()):.3g} elsewhere"
    )


@erratum(
    "K.1-gap",
    "lem:K.1",
    where="Appendix K, proofs of Lemmas K.1 and K.2: m_* Delta and m_* delta",
    kind=Kind.LOOSE,
    printed="the logits' gap is at least Lambda^2 min_t m_t min_t Delta_t",
    correct="it is at least Lambda^2 min_t m_t (m_{t-1} - M_{t-2}), and m_t (m_t - M_{t-1}) in K.2; both are attained",
    conclusion="survives, with smaller weights",
)
def product_of_minima() -> Shown:
    """The codes that one block writes for 64 tokens."""
    codes = OrderedCodes.written(64, 1.0)
    low, high = codes.activated()
    printed = float(np.min(low) * np.min(low[1:-1] - high[:-2]))
    sharp = predecessor_gap(codes)
    return Shown(sharp > 2 * printed, f"T = 64: {printed:.5g} as printed, {sharp:.5g} in truth")


@erratum(
    "K.3-constant",
    "lem:K.3",
    where="Appendix K, Lemma K.3",
    kind=Kind.LOOSE,
    printed="sup |R_L(u) - u_+| <= 1/(L sqrt(2 pi)) = 0.39894/L",
    correct="the supremum is 0.1699712.../L, at L|u| = 0.7517915...",
    conclusion="survives; windows may be 2.3 times less steep",
)
def relu_gap() -> Shown:
    """The printed constant over the best one, in balls."""
    ratio = 1 / (2 * arb.pi()).sqrt() / arb(RELU_GAP)
    return Shown(bool(ratio > 2), f"printed/best = {float(ratio.mid()):.6g}")


@erratum(
    "K.4-hypothesis",
    "lem:K.4",
    where="Appendix K, Lemma K.4, and the words after it",
    kind=Kind.LOOSE,
    printed="assume the exact GELU; |Id_L(x) - x| = 0 <= 2/(L sqrt(2 pi))",
    correct="it holds for every x s(x) with s(x) + s(-x) = 1, such as SiLU; the bound behind 0 says nothing",
    conclusion="survives, for more activations",
)
def symmetric_gates() -> Shown:
    """SiLU, x/(1 + exp(-x))."""
    x = np.linspace(-20, 20, 401)
    wrong = float(np.max(np.abs(x / (1 + np.exp(-x)) - -x / (1 + np.exp(x)) - x)))
    return Shown(wrong < 1e-14, f"SiLU(x) - SiLU(-x) - x is at most {wrong:.1g} on [-20, 20]")


@erratum(
    "K.7-upper",
    "lem:K.7",
    where="Appendix K, proof of Lemma K.7: target time",
    kind=Kind.STEP,
    printed="a at the target is at most (1 - eta)(1 + eta) + eta^2, which is 1",
    correct="the self weight can be 1, as it is at token 0: a is at most 1 + eta",
    conclusion="survives: |a - 1| <= 2 eta needs no more than 1 + eta",
)
def self_weight_one() -> Shown:
    """eta = 1/10, the window 0, 1, 3, 4 with L = 15.96: W exceeds 1 at a point of the plateau, and token 0 sees only itself."""
    L, x = arb(1596) / 100, arb(1) + arb(75) / 1596
    value = arb(0)
    for corner, sign in ((0, 1), (1, -1), (3, -1), (4, 1)):
        value += sign * functions.gelu(L * (x - corner)) / L
    return Shown(bool(value > 1) and bool(value < 1.1), f"W = {float(value.mid()):.6g} > 1 at x = {float(x.mid()):.5g}")


@erratum(
    "K.9-channels",
    "lem:K.9",
    where="Appendix K, Lemma K.9 and Definition 13; Step 5 of the proof of Theorem 12",
    kind=Kind.FALSE,
    printed="R is signal-transparent over E_ctrl, so that R(u + a e_sig) lies in the fibre Sat(R(K)), where B's kernel is known",
    correct="""Definition 13 fixes e_sig and E_ctrl alone. With channels beside these, as in Theorem 12, R may copy the signal into one of
    them, and B may read it. R has to leave every other channel alone: R(u + a e_sig 1[. = tau]) = R(u) + a e_sig 1[. = tau].""",
    conclusion="false as printed, true with this hypothesis; Theorem 12 survives, because its P_H and Q_H meet it",
)
def copied_signal() -> Shown:
    """The two blocks of Lemma K.15, a transparent copy and a transport, at a sequence whose signal is 0."""
    channels, codes = Channels(7, NAMES), OrderedCodes.written(4, 1.0)
    x = codes.tokens(channels, 1, 1.0)[0]
    x[:, 0] = 0.0
    copy, transport = (Network.of([("one", block)]) for block in active_transport(channels, codes, 0.5).network.blocks)
    transparent = transparency_defect(copy, channels, x, 1, 1.0, ["pos"])
    own, both = (kernel(network, channels, y) for network, y in ((transport, copy(x)), (copy.then(transport), x)))
    return Shown(
        transparent < 1e-14 and float(np.max(np.abs(own - np.eye(4)))) < 1e-14 and both[0, 0] > 1.5,
        f"B's kernel at R(u) is the identity, {own[1, 1]:.3g} at token 1, and the Jacobian of B R there is {both[1, 1]:.3g}",
    )


@erratum(
    "K.15-constants",
    "lem:K.15",
    where="Appendix K, (82) and (83)",
    kind=Kind.LOOSE,
    printed="constants c_Theta^-, c_Theta^+, C_Sigma of beta exist",
    correct="the best ones are gamma, gamma 2^beta (at i = 1, j = 0) and 1/beta",
    conclusion="survives, explicit",
)
def resolvent_constants() -> Shown:
    """The resolvent for 400 tokens, beta = 1/2."""
    T, beta = 400, 0.5
    i, j = np.tril_indices(T, -1)
    scaled = theory.resolvent(T, beta)[i, j] * (j + 1.0) ** (1 - beta) * (i + 1.0) ** beta
    low, high = theory.resolvent_bounds(beta)
    rows = float(np.max(np.sum(theory.resolvent(T, beta), axis=1)))
    shows = low <= np.min(scaled) < 1.01 * low and abs(np.max(scaled) - high) < 1e-12 and rows <= 1 / beta
    return Shown(
        bool(shows), f"from {np.min(scaled):.5g} to {np.max(scaled):.5g}; gamma = {low}, gamma 2^beta = {high:.5g}"
    )


@erratum(
    "K.20-damping",
    "lem:K.20",
    where="Appendix K, Lemma K.20: the gain 1 - 1/(4 (L_H + 1))",
    kind=Kind.LOOSE,
    printed="the two-sided bound holds with constants independent of H",
    correct="""true, but towards the end of every horizon r_t/(t+1)^gamma falls by a factor that no longer horizon brings closer to 1,
    0.855 at beta = 1/2 and never below exp(-1/4), and so it does in every macro-layer that reads it. With 1 - 1/(1024 (L_H + 1)) r_t is
    the sum of its inputs within 1/1000.""",
    conclusion="survives; with the printed gain the margin's local exponent stays below nu at late lags for every H",
)
def damped_profile() -> Shown:
    """The ideal recursion on a sum of powers, beta = 1/2, at the end of two horizons."""
    ends = []
    for T in (512, 8192):
        gain, total = 1 - 1 / (4 * T), 0.0
        for t in range(T):
            total = (t + 1) ** -0.5 + gain * total
        ends.append(total / np.sum((np.arange(T) + 1.0) ** -0.5))
    return Shown(
        max(ends) < 0.86 and abs(ends[0] - ends[1]) < 5e-3, f"damped/undamped at the end: {ends[0]:.4f}, {ends[1]:.4f}"
    )


@erratum(
    "K.22-lower",
    "lem:K.22",
    where="Appendix K, Lemma K.22, Step 6",
    kind=Kind.LOOSE,
    printed="L(i, j) >= min(c_Theta^-, c_L^(1), 2^-gamma) (j+1)^-gamma (i+1)^-beta, by three cases",
    correct="L(i, j)(j+1)^gamma (i+1)^beta is at least 1, in one line, and 1 is its infimum (ours:macro-sums)",
    conclusion="survives; with beta = 1/2 and k = 2 the theorem's constant grows by more than an order of magnitude",
)
def macro_sums() -> Shown:
    """400 tokens, three beta; the proof is the row ours:macro-sums."""
    least = []
    for beta in (0.25, 0.5, 0.75):
        T = 400
        i, j = np.tril_indices(T, -1)
        least.append(float(np.min(theory.macro_sums(T, beta)[i, j] * (j + 1.0) ** (1 - beta) * (i + 1.0) ** beta)))
    return Shown(
        all(1 <= value < 1.01 for value in least), f"the least over j < i < 400: {', '.join(f'{v:.6f}' for v in least)}"
    )


@erratum(
    "K.26-constant",
    "lem:K.26",
    where="Appendix K, proof of Lemma K.26: a path's weight",
    kind=Kind.SLIP,
    printed="C_0 depends only on k and d_mac^+",
    correct="each jump brings a factor a_mac^+ as well, which the display leaves out: C_0 depends on a_mac^+",
    conclusion="survives: a_mac^+ does not depend on H; C_comp = (d^+ + a^+)^k (1 + tau_max)^(k (1 - beta))",
)
def missing_jump_factor() -> Shown:
    """k = 1, d+ = 1: the weight of one jump grows with a+, and C_0 of k and d+ cannot."""
    a_plus, i = 1e6, 2
    weight, claimed = a_plus * (i + 1) ** -0.5, (i + 1) ** -0.5
    return Shown(
        weight > 1e5 * claimed, f"a+ = {a_plus:g}: one jump weighs {weight:.4g}, the product alone {claimed:.4g}"
    )


@erratum(
    "K.27-spare",
    "rem:K.27",
    where="Appendix K, Remark K.27; Theorem 12 (D >= 7)",
    kind=Kind.LOOSE,
    printed="seven channels, D >= 7",
    correct="tgt is never read, and written by zeros alone: six channels and D >= 6 are enough",
    conclusion="survives for D = 6; with other blocks for D = 4 (ours:four-channels)",
)
def six_channels() -> Shown:
    """The network at D = 6, k = 2, beta = 1/2, H = 16."""
    six = Channels(6, [name for name in NAMES if name != "tgt"])
    built = selective_retrieval(2, 0.5, 16, target=1, channels=six)
    measured = built.claim.measure(np.random.default_rng(0).uniform(-0.3, 0.3, (1, 18, 6)))
    return Shown(all(one.holds for one in measured), "; ".join(map(str, measured[:2])))


@erratum(
    "12-constant",
    "thm:12",
    where="Theorem 12 and its proof, Steps 6 to 9",
    kind=Kind.LOOSE,
    printed="c_- depends on (k, beta, tau_max, R)",
    correct="nothing in the construction's scores depends on R; and at H = 64 the c_- of the proof is 10^3 (k = 1) to 10^12 (k = 3) times below what is measured",
    conclusion="survives",
)
def constants_apart() -> Shown:
    """k = 2, beta = 1/2, tau* = 2, H = 64, for balls of radius 1 and 100."""
    least = []
    for radius in (1.0, 100.0):
        built = selective_retrieval(2, 0.5, 64, target=2, radius=radius)
        x = radius * np.random.default_rng(0).uniform(-0.3, 0.3, (1, 67, 7))
        least.append(built.claim.measure(x)[0])
    same = abs(least[0].value - least[1].value) < 1e-9
    text = (
        f"promised {least[0].promised:.3g}, measured {least[0].value:.6g} at R = 1 and {least[1].value:.6g} at R = 100"
    )
    return Shown(same and least[0].value > 1e5 * least[0].promised, text)


ERRATA: tuple[Erratum, ...] = (
    predecessor_scale,
    product_of_minima,
    relu_gap,
    symmetric_gates,
    self_weight_one,
    copied_signal,
    resolvent_constants,
    damped_profile,
    macro_sums,
    missing_jump_factor,
    six_channels,
    constants_apart,
)
