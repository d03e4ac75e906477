"""Errata of Section 4."""

import math
from fractions import Fraction

import numpy as np

from proofs_checks.diffuse_layer import diffuse_layer
from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from proofs_checks.worst_routing import worst_influence
from sessa_ref.reference import layer
from sessa_ref.reference.tokenwise import standardize
from sessa_ref.theory.causal_attention import routing_variation, routing_variation_bound
from sessa_ref.theory.diffuse_routing import best_tail_constant, row_sum_tail_exponent, tail_constant
from sessa_ref.theory.selective_ssm import memory_factor, slowest_average_step
from sessa_ref.theory.uniform_routing import uniform_influence


@erratum(
    "4.2-horizon",
    "def:4",
    where="Section 4.2.2, Definition 4 and the sentence after it",
    kind=Kind.HYPOTHESIS,
    printed="""
    The regime is defined "on a horizon T" by "some finite Delta", and gives alpha = Theta(1/|W_t|).
    """,
    correct="""
    On one horizon with bounded tokens every continuous attention has a finite Delta, sharp ones too. For Theta(1/|W_t|) to say
    anything, Delta must be the same for all horizons.
    """,
    conclusion="survives with one Delta for all T, as the later statements use it",
)
def horizon() -> Shown:
    """One logit 10, 15 logits 0: diffuse by the letter."""
    n, spread = 16, 10.0
    weight = math.exp(spread) / (math.exp(spread) + n - 1)
    return Shown(weight > 0.999, f"{n} logits of spread {spread:.0f}: one weight is {weight:.4f}, sixteen times 1/n")


@erratum(
    "4.3-factor",
    "lem:4.3",
    where="Section 4.2.2, Lemma 4.3",
    kind=Kind.LOOSE,
    printed="The total variation of the row is at most 2 alpha |d logit|.",
    correct="It is 2 alpha (1 - alpha) |d logit|, an equality; the proof has it and drops the factor.",
    conclusion="survives",
)
def variation_factor() -> Shown:
    """Two tokens of equal weight."""
    half = Fraction(1, 2)
    exactly, printed = routing_variation(half, 1), routing_variation_bound(half, 1)
    return Shown(exactly < printed, f"weight 1/2: {exactly} exactly, {printed} by the lemma")


@erratum(
    "4.3-positions",
    "lem:4.3",
    where="Section 4.2.2, Lemma 4.3",
    kind=Kind.LOOSE,
    printed="Logits are <q(x_t), k(x_j)> with token-wise maps q and k.",
    correct="""
    True as stated, and more widely: the proof only uses that logit (t, j) depends on no token but x_t and x_j. So it covers the layer's
    forward logits too, which depend on the positions as well (rotary embedding) and do not fall under the lemma by the letter.
    """,
    conclusion="survives, also for q_t(x_t) and k_j(x_j)",
)
def positions() -> Shown:
    """Equal tokens have different keys."""
    x = np.ones((3, 8))
    keys = layer.trace(diffuse_layer(), x).k_rotated[0]
    moved = float(np.max(np.abs(keys[2] - keys[1])))
    return Shown(moved > 1e-3, f"three equal tokens: the keys of tokens 1 and 2 differ by {moved:.3f}")


@erratum(
    "8-constant",
    "thm:8",
    where="Section 4.2.6, Theorem 8",
    kind=Kind.LOOSE,
    printed="C = (1 - beta_tail) e^(1 - beta_tail), which is eta e^eta.",
    correct="C = 1/Gamma(eta) is the best constant that depends on eta alone.",
    conclusion="survives",
)
def constant() -> Shown:
    """At eta = 1/2."""
    best, printed = best_tail_constant(0.5), tail_constant(0.5)
    return Shown(best < printed, f"eta = 1/2: {best:.5f} against {printed:.5f}")


@erratum(
    "4.5-essential",
    "rem:4.5",
    where="Section 4.2.6, Remark 4.5",
    kind=Kind.LOOSE,
    printed="""
    "The strict subcriticality condition gamma_max c2 < 1 is essential in every use of Theorem 8"; a polynomial tail always means this
    regime.
    """,
    correct="""
    Right of Theorem 8 and its exponent; decay itself needs less. With the row sums of at most 1 that (31) assumes, and the proof never uses, every gamma_max < 1 gives a polynomial tail, with
    the exponent b that solves b + gamma_max c2^b = 1.
    """,
    conclusion="survives; decay without subcriticality is an addition",
)
def essential() -> Shown:
    """gamma_max = 9/10, c2 = 2."""
    b = row_sum_tail_exponent(0.9, 2.0)
    y = worst_influence(41, Fraction(9, 10), Fraction(2))
    bounded = all(float(value) <= 2 * lag**-b for lag, value in enumerate(y) if lag)
    return Shown(
        b > 0 and bounded,
        f"gamma_max c2 = 1.8: the largest influence is {float(y[1]):.3f} at lag 1, {float(y[40]):.3f} at lag 40, below 2 lag^-{b:.5f}",
    )


@erratum(
    "4.5-sharp",
    "rem:4.5",
    where="Section 4.2.6, after Remark 4.5",
    kind=Kind.LOOSE,
    printed="The exponent beta_tail = 1 - gamma_max c2 is sharp, by uniform routing.",
    correct="""
    Uniform routing has c2 = 1. For c2 <= 1 the exponent is sharp; for c2 > 1 rows cannot be c2/t throughout, because they sum to at most
    1, and the exponent b of b + gamma_max c2^b = 1 is strictly larger.
    """,
    conclusion="survives for c2 <= 1",
)
def sharp_exponent() -> Shown:
    """gamma_max = 2/5, c2 = 2."""
    b = row_sum_tail_exponent(0.4, 2.0)
    return Shown(b > 0.2, f"gamma_max = 0.4, c2 = 2: every routing decays with {b:.4f}, the theorem says {1 - 0.8:.1f}")


@erratum(
    "4.2.6-slower",
    "thm:8",
    where="Section 4.2.6, Connection to attention dilution",
    kind=Kind.HYPOTHESIS,
    printed="""
    Under the assumptions of Theorem 8 Sessa yields a tail O(lag^-beta_tail), "which is asymptotically slower than 1/lag".
    """,
    correct="""
    It is the envelope that is slower. An upper bound alone does not preclude faster decay, as Appendix F says itself: under the same
    assumptions a constant negative gain gives lag^(-1-|gamma|), faster than 1/lag. The tail is that slow in the regime of Proposition 29
    and Corollary F.2, uniform routing with a constant gain in (0, 1).
    """,
    conclusion="survives in the regime of Appendix F, to which the paper refers for sharpness",
)
def slower() -> Shown:
    """gamma = -1/2, uniform routing."""
    scaled = [abs(float(uniform_influence(0, lag, -0.5))) * lag for lag in (1, 100, 10**6)]
    return Shown(
        scaled[-1] < 1e-3, "gamma = -1/2: |y| lag is " + ", ".join(f"{s:.3g}" for s in scaled) + " at lags 1, 100, 10^6"
    )


@erratum(
    "14-affine",
    "thm:14",
    where="Section 4.4, the sentence before Definition 6",
    kind=Kind.SLIP,
    printed="Tokenwise linear adapters D -> m -> D.",
    correct="The proof's are affine, as in Appendix I.2: its Embed sets a constant coordinate to 1.",
    conclusion="survives; since nothing has to read that coordinate (`14-const`), linear adapters do suffice",
)
def affine() -> Shown:
    """Embed of a token and of its double, D = 1, T = 3, m = (T + 1) D + 2."""

    def embed(token: float) -> np.ndarray:
        return np.array([token, 0, 0, token, 1, 0])  # source slice, lags 1 and 2, output slice, constant, position

    return Shown(
        not np.array_equal(embed(2.0), 2 * embed(1.0)), "Embed(2 x) differs from 2 Embed(x) in the constant coordinate"
    )


@erratum(
    "14-horizon",
    "thm:14",
    where="Section 4.4, Theorem 14; Appendix I.1",
    kind=Kind.HYPOTHESIS,
    printed="The theorem is for every T; the appendix fixes T >= 3.",
    correct="""
    T = 1 and T = 2 follow from T = 3: extend the map by outputs 0 at the further tokens, and cut the network's outputs off, which causality
    allows.
    """,
    conclusion="survives",
)
def short_horizons() -> Shown:
    """A layer's first two outputs do not see the third token."""
    x = np.random.default_rng(0).normal(size=(3, 8))
    difference = float(np.max(np.abs(layer.forward(diffuse_layer(), x)[:2] - layer.forward(diffuse_layer(), x[:2]))))
    return Shown(
        difference < 1e-14, f"the outputs of two tokens, with and without a third: they differ by {difference:.1g}"
    )


@erratum(
    "5-relevant",
    "prop:5",
    where="Sections 2.3 and 4.2.4, Proposition 5; Corollary 4.6, Propositions 9 (ii) and 10 (ii)",
    kind=Kind.HYPOTHESIS,
    printed="""
    Failed freeze time, "the model cannot sustain a long interval with $\\Delta_t \\approx 0$", is
    $\\sum_{r=\\tau+1}^{t} \\Delta_r \\ge c_\\Delta (t - \\tau)$ "for every relevant pair"; Proposition 10 asks it of every
    $\\tau < t$.
    """,
    correct="""
    Which pairs are relevant must be said. If neighbours count, the condition says $\\Delta_r \\ge c_\\Delta$ for every
    single step, so that one frozen step violates it. With pairs of lag at least $L$ alone, frozen corridors shorter than
    $L$ are allowed, and for all pairs $\\Pi \\le e^{\\lambda c_\\Delta L} e^{-\\lambda c_\\Delta \\ell}$.
    """,
    conclusion="survives, with the factor $e^{\\lambda c_\\Delta L}$",
)
def one_frozen_step() -> Shown:
    """Every second of 12 steps is frozen; rate 1."""
    step = np.array([1.0, 0.0] * 6)
    every, distant = slowest_average_step(step), slowest_average_step(step, shortest_lag=3)
    lag = np.subtract.outer(np.arange(12), np.arange(12))
    pairs = lag > 0
    factor = memory_factor(np.ones(1), step)[pairs] / np.exp(-distant * lag[pairs])
    text = (
        f"steps 1, 0, 1, 0, ...: c = {every:g} over all pairs, {distant:.3g} over lags from 3 on; "
        f"Pi e^(c lag) is at most {factor.max():.3f} over all pairs, above 1 and below e^(3 c) = {np.exp(3 * distant):.3f}"
    )
    return Shown(bool(every == 0 and 1 < factor.max() <= np.exp(3 * distant)), text)


@erratum(
    "2.3-rates",
    "prop:5",
    where="Section 2.3, before failed freeze time",
    kind=Kind.HYPOTHESIS,
    printed="""
    Long-range memory is preserved only when the model can create a long corridor of steps with $\\Delta_r \\approx 0$.
    """,
    correct="""
    So it is for a fixed rate and lags far above $1 / (\\lambda_n \\Delta)$. In general memory is preserved where
    $\\lambda_n \\sum_r \\Delta_r$ stays small, with small steps or with a small rate; comparisons over growing horizons need a
    lower bound on $\\lambda$ that does not depend on the horizon.
    """,
    conclusion="survives for fixed rates, which Propositions 4 and 5 state as $a_n \\ge \\lambda > 0$",
)
def slow_rates_remember() -> Shown:
    """Rate 1/1000, all steps 1, lag 100."""
    factor = float(memory_factor(np.array([1e-3]), np.ones(101))[100, 0])
    return Shown(factor > 0.9, f"rate 0.001, every step 1, c_Delta = 1: the memory factor at lag 100 is {factor:.4f}")


@erratum(
    "4.4-discretisation",
    "lem:4.4",
    where="Section 4.2.4, Proposition 4 and Lemma 4.4",
    kind=Kind.LOOSE,
    printed="The input factor is that of zero-order hold, $(1 - e^{-a \\Delta_t}) / a$; the paper says so in both statements.",
    correct="""
    Not an error but a limit of scope that matters: with Euler's input factor $\\Delta_t$, which implementations use as well beside
    the transition $e^{-a \\Delta_t}$, the bound is $|h_t| \\le M (\\Delta_{\\max} + 1 / a_{\\min})$, because
    $x / (1 - e^{-x}) \\le 1 + x$: it needs a largest step, and Proposition 4's constants change with it.
    """,
    conclusion="survives as stated; with bounded steps it extends to Euler's factor",
)
def euler_overshoots() -> Shown:
    """One step of 5, a = b = 1."""
    held, euler = 1 - float(np.exp(-5.0)), 5.0
    return Shown(
        held <= 1 < euler <= 5 + 1, f"a = b = 1, Delta = 5: h_0 = {held:.4f} held, {euler:g} by Euler; M / a = 1"
    )


@erratum(
    "4.4-start",
    "lem:4.4",
    where="Section 4.2.4, Lemma 4.4; Remark C.2",
    kind=Kind.SLIP,
    printed="The recurrence is given with $h_{-1} = 0$, and then a bound with $|h_{-1}|$; Remark C.2 has none.",
    correct="$h_{-1}$ is arbitrary in the general bound, and 0 in the first bound and in Remark C.2.",
    conclusion="survives",
)
def arbitrary_start() -> Shown:
    """h_-1 = 5, frozen steps."""
    h = Fraction(5)  # Delta = 0 holds it, b = a = 1
    return Shown(h > 1, f"h_-1 = {h}, Delta = 0, a = b = 1: h_t = {h} > 1 = M / a, and at most max(5, 1)")


@erratum(
    "9-horizon",
    "prop:9",
    where="Section 4.2.6, Propositions 9 and 10: fix a horizon T",
    kind=Kind.HYPOTHESIS,
    printed="""
    For a fixed horizon $T$ the Jacobians are $\\Theta(1/\\ell)$, at most $c \\, e^{-\\lambda c_\\Delta \\ell}$,
    $\\Theta_\\tau(\\ell^{-\\beta})$; Definition 4 is uniform over inputs on one horizon as well.
    """,
    correct="""
    On one horizon every positive kernel is $\\Theta$ of every other. The constants must not depend on $T$: $\\Delta$, $c_\\Delta$,
    $c_2$, $\\gamma_{\\max}$ are to be uniform over horizons, as Theorem 35 and Section 4.2.7 ask for deep networks; then those of the proofs are.
    """,
    conclusion="survives: all constants in the proofs are explicit and free of T",
)
def everything_is_theta_of_everything() -> Shown:
    """2^(-lag) between two multiples of 1 / lag, on 50 tokens."""
    ratios = [Fraction(lag, 2**lag) for lag in range(1, 50)]
    shows = all(min(ratios) <= one <= max(ratios) for one in ratios) and min(ratios) > 0
    text = f"T = 50: {float(min(ratios)):.2g} / lag <= 2^(-lag) <= {float(max(ratios)):.2g} / lag, though 2^(-lag) is no Theta(1/lag)"
    return Shown(shows, text)


@erratum(
    "14-norm",
    "thm:14",
    where="Section 4.4, Theorem 14",
    kind=Kind.HYPOTHESIS,
    printed="""
    The main text speaks of concrete Sessa networks, whose block (9) has a layer norm; Remark 4.1 restricts only the stability and
    Jacobian statements to Norm = Id.
    """,
    correct="The appendix proves the theorem for Norm = Id. Its constructions do not work through a layer norm as they stand.",
    conclusion="survives: Corollary J.3 has the layer norm with a positive epsilon",
)
def norm() -> Shown:
    """A token of width 1, or of equal entries, is 0 after a layer norm."""
    tokens = np.array([[5.0, 5.0], [-3.0, -3.0]])
    normed = standardize(tokens, 1e-5)[0]
    return Shown(
        bool(np.all(normed == 0)),
        "tokens (5, 5) and (-3, -3) are both (0, 0) after a layer norm: a block cannot tell them apart",
    )


@erratum(
    "14-strict",
    "thm:14",
    where="Appendix I.10, proof of Theorem 14, Step 6",
    kind=Kind.SLIP,
    printed="From an error of at most eps/sqrt(T) at each token, the total error is below eps.",
    correct="It is at most eps. Run the proof with a smaller eps.",
    conclusion="survives",
)
def strict() -> Shown:
    """Four tokens, each off by half."""
    total = sum(Fraction(1, 2) ** 2 for _ in range(4))
    return Shown(total == 1, "eps = 1, T = 4: four errors of 1/2 have the Frobenius norm 1, which is not below 1")


ERRATA: tuple[Erratum, ...] = (
    horizon,
    variation_factor,
    positions,
    constant,
    essential,
    sharp_exponent,
    slower,
    norm,
    affine,
    strict,
    short_horizons,
    one_frozen_step,
    slow_rates_remember,
    euler_overshoots,
    arbitrary_start,
    everything_is_theta_of_everything,
)
