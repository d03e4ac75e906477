"""Families of one setting of the layer: an epsilon, a base, a bound, a bias."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.families.changes import clamped, set_to, times
from sessa_ref.faults.variations.families.numbers import BASES, COUNTS, EPS, FACTORS, SMALL
from sessa_ref.faults.variations.graph import Changes, Run
from sessa_ref.faults.variations.variation import Amount, Family, one
from sessa_ref.notation import Array
from sessa_ref.reference import tokenwise


def families() -> Iterator[Family]:
    """Families of this part."""
    yield Family(
        "NormEpsilon", "token-wise", "The norm's epsilon is {number} instead of {right}.",
        "The norm is built with another library's default.", "Pass the config's ln_eps to the norm.",
        set_to("eps"), EPS, right="the config's (1e-05 by default)",
    )  # fmt: skip
    yield Family(
        "NormEpsilonOutside", "token-wise", "The norm adds {number} to the standard deviation, and nothing to the variance.",
        "A hand-written norm.", "Add the config's ln_eps to the variance.",
        lambda amount: one("deviation", lambda run, d: np.sqrt(run.values["variance"]) + amount(run)), EPS,
    )  # fmt: skip
    yield Family(
        "RotaryBase", "rotary", "The base of the rotary frequencies is {number} instead of {right}.",
        "The base of another model.", "Use the config's base, 10000 in the published layer.",
        set_to("base"), BASES, right="the config's (10000 in the published layer)",
    )  # fmt: skip
    for name, value, words in (
        ("RotaryPositionScale", "positions", "Positions are multiplied by {number} before the rotation."),
        ("RotaryExponentScale", "exponents", "The exponents of the rotary frequencies are multiplied by {number}."),
        ("RotaryQueryScale", "query theta", "The angles of queries are multiplied by {number}."),
        ("RotaryKeyScale", "key theta", "The angles of keys are multiplied by {number}."),
    ):
        yield Family(
            name, "rotary", words, "A scale of positions or frequencies taken over from a long-context model.",
            "theta_tr = t base^(-2r/d).", times(value), (2.0, 0.5, 0.25, 4.0, 0.125, 8.0, 0.1, 10.0, 2 * np.pi, 0.0),
        )  # fmt: skip
    for name, theta, words in (
        ("RotaryKeyOffset", "key theta", "Keys are rotated by their position plus {number}."),
        ("RotaryQueryOffset", "query theta", "Queries are rotated by their position plus {number}."),
    ):
        yield Family(
            name, "rotary", words, "Queries and keys count positions from different starts.", "Count both from 0.",
            lambda amount, theta=theta: one(theta, lambda run, w: w + amount(run) * run.values["frequencies"]),
            (1, -1, 2, -2, 3, 4, 8, 16),
        )  # fmt: skip
    for name, rule, words in (
        ("RotaryPositionsWrap", lambda p, m: p % m, "Positions start again at 0 after every {number} tokens."),
        ("RotaryPositionsStop", lambda p, m: np.minimum(p, m - 1), "All positions from {number} - 1 on are the same."),
        (
            "RotaryPositionsInterpolated",
            lambda p, m: p * np.minimum(1.0, m / max(len(p), 1)),
            "For more than {number} tokens T, positions are multiplied by {number}/T.",
        ),
        ("RotaryPositionsStride", lambda p, m: p // m, "{number} tokens in a row share a position."),
    ):
        yield Family(
            name, "rotary", words, "A table of angles with a limited number of rows, or positions within a block.",
            "Every token has its own position.",
            lambda amount, rule=rule: one("positions", lambda run, p: rule(p, amount(run))), COUNTS,
        )  # fmt: skip
    for name, first, words in (
        ("RotaryPartial", True, "Only the first {number} pairs of coordinates are rotated."),
        ("RotaryPartialEnd", False, "The first {number} pairs of coordinates are not rotated."),
    ):
        yield Family(
            name, "rotary", words, "Partial rotary embedding taken over from another model.", "Rotate every pair.",
            lambda amount, first=first: one(
                "theta", lambda run, w: w * ((np.arange(w.shape[-1]) < amount(run)) == first)
            ),
            tuple(range(0, 17)),
        )  # fmt: skip
    yield Family(
        "RotaryPartialShare", "rotary", "Only a share of {number} of the pairs is rotated.",
        "Partial rotary embedding taken over from another model.", "Rotate every pair.",
        lambda amount: one("theta", lambda run, w: w * (np.arange(w.shape[-1]) < int(amount(run) * w.shape[-1]))),
        (0.5, 0.25, 0.75),
    )  # fmt: skip
    yield Family(
        "RotaryPartialOfShorter", "rotary", "Only the first {number} of the pairs, as a share, are rotated, by the frequencies of a head of that width.",
        "Partial rotary embedding taken over from another model.", "Rotate every pair.", _shorter_rotation, (0.5, 0.25, 0.75),
    )  # fmt: skip
    yield Family(
        "GainBound", "feedback", "The gain's bound is {number} instead of {right}.",
        "gamma_max is not passed on, or written as a constant.", "Use the config's gamma_max.",
        set_to("gamma_max"), (0.9, 0.99, 0.999, 0.9999, 0.95, 0.5, 1.0, 0.8, 2.0), right="the config's gamma_max (0.999 by default)",
    )  # fmt: skip
    yield Family(
        "GainCut", "feedback", "The gain is tanh cut off at +-{number} instead of gamma_max tanh.",
        "A clamp in place of the factor gamma_max.", "Use gamma_max tanh(z).",
        lambda amount: one("gamma", lambda run, v: clamped(np.tanh(run.values["z"]), -abs(amount(run)), abs(amount(run)))),
        (0.9, 0.99, 0.95, 0.8, 0.5, 0.999),
    )  # fmt: skip
    for name, words, function in (
        ("GainArgumentCut", "tanh of its argument cut off at +-{number}", lambda z, c: np.tanh(clamped(z, -abs(c), abs(c)))),
        ("GainSaturates", "+-gamma_max where |z| > {number}", lambda z, c: np.where(np.abs(np.real(z)) > abs(c), np.sign(np.real(z)), np.tanh(z))),
        ("GainLine", "its argument times {number}, cut off at +-1, in place of tanh", lambda z, c: clamped(c * z, -1, 1)),
        ("GainThreshold", "0 where |z| < {number}", lambda z, c: np.where(np.abs(np.real(z)) < abs(c), 0, np.tanh(z))),
    ):  # fmt: skip
        yield Family(
            name, "feedback", f"The gain is another: {words}.", "A fast or a guarded form of tanh.", "Use gamma_max tanh(z).",
            lambda amount, function=function: one("gamma", lambda run, v: run.values["gamma_max"] * function(run.values["z"], amount(run))),
            (1.0, 2.0, 3.0, 0.5, 4.0, 5.0, 0.1, 1.5, 0.25), spread="z:size",
        )  # fmt: skip
    yield Family(
        "GainTemperature", "feedback", "The gain's argument is multiplied by {number}.",
        "A temperature in tanh.", "gamma_t = gamma_max tanh(<w, u_t> + b).", times("z"), FACTORS,
    )  # fmt: skip
    yield Family(
        "GainContextScale", "feedback", "The gain's context <w, u> is multiplied by {number}, its bias is not.",
        "A scale that belongs to attention.", "gamma_t = gamma_max tanh(<w, u_t> + b).",
        times("mixer.gamma_ctx.weight"), FACTORS,
    )  # fmt: skip
    for name, weight in (
        ("NormWeightScale", "ln.weight"), ("NormBiasScale", "ln.bias"), ("InputBiasScale", "W_in.bias"),
        ("OutputBiasScale", "W_out.bias"), ("QueryBiasScale", "mixer.q_proj.bias"), ("KeyBiasScale", "mixer.k_proj.bias"),
        ("ValueBiasScale", "mixer.v_proj.bias"), ("FeedbackBiasScale", "mixer.proj_fb.bias"),
        ("GainBiasScale", "mixer.gamma_bias"),
    ):  # fmt: skip
        yield Family(
            name, "token-wise", f"{weight} is multiplied by {{number}}.", "A scale that belongs elsewhere.",
            f"Use {weight} as it is given.",
            lambda amount, weight=weight: one(weight, lambda run, w: None if w is None else w * amount(run)), FACTORS,
        )  # fmt: skip
    for name, weight in (("NormWeightOffset", "ln.weight"), ("GainBiasOffset", "mixer.gamma_bias")):
        yield Family(
            name, "token-wise", f"{{number}} is added to {weight}.", "An initial value is added.",
            f"Use {weight} as it is given.",
            lambda amount, weight=weight: one(weight, lambda run, w: None if w is None else w + amount(run)), SMALL,
        )  # fmt: skip
    yield Family(
        "GeluScale", "token-wise", "The activation is a sigmoid(c a) with c = {number}.",
        "A swish in place of GELU.", "Use the exact GELU.",
        lambda amount: one("u", lambda run, u: run.values["a"] * (1 + np.tanh(amount(run) * run.values["a"] / 2)) / 2),
        (1.0, 1.702, 1.5, 2.0, 0.5),
    )  # fmt: skip
    yield Family(
        "GeluSlope", "token-wise", "The activation is a leaky ReLU of slope {number}.",
        "Another activation in place of GELU.", "Use the exact GELU.",
        lambda amount: one("u", lambda run, u: np.where(np.real(run.values["a"]) > 0, 1, amount(run)) * run.values["a"]),
        (0.01, 0.1, 0.2, 0.3, 0.5, 0.0),
    )  # fmt: skip
    for name, words, function, starts in (
        ("GeluErfScale", "a (1 + erf(a / {number})) / 2", lambda a, c: a * (1 + special.erf(a / c)) / 2, (1.414, np.sqrt(2), 1.4142, 1.4, 1.0, 2.0)),
        ("GeluTanhRoot", "its tanh form with {number} in place of sqrt(2/pi)", lambda a, c: a * (1 + np.tanh(c * (a + 0.044715 * a**3))) / 2, (np.sqrt(2 / np.pi), 0.8, 1.0, 0.5)),
        ("GeluTanhCubic", "its tanh form with {number} in place of 0.044715", lambda a, c: a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + c * a**3))) / 2, (0.044715, 0.0, 0.04, 0.1)),
        ("GeluSaturates", "a above {number}, 0 below the same number negated, and GELU between", lambda a, c: np.where(np.abs(np.real(a)) > c, np.where(np.real(a) > 0, a, 0), tokenwise.gelu(a)), (3.0, 4.0, 5.0, 6.0, 2.0, 1.0, 8.0, 2.5, 3.5, 7.0)),
        ("GeluSaturatesAbove", "a above {number}, and GELU below", lambda a, c: np.where(np.real(a) > c, a, tokenwise.gelu(a)), (3.0, 4.0, 5.0, 6.0, 2.0, 1.0)),
        ("GeluZeroBelow", "0 below {number}, and GELU above", lambda a, c: np.where(np.real(a) < c, 0, tokenwise.gelu(a)), (-3.0, -4.0, -5.0, -6.0, -2.0, -1.0)),
        ("GeluErfCut", "GELU with the argument of its normal distribution function cut off at +-{number}", lambda a, c: a * tokenwise.gelu(clamped(a, -c, c)) / np.where(a == 0, 1, clamped(a, -c, c)), (3.0, 4.0, 5.0, 6.0, 2.0, 1.0)),
    ):  # fmt: skip
        yield Family(
            name, "token-wise", f"The activation is {words}.", "An approximation of GELU, or a rounded constant.", "Use the exact GELU.",
            lambda amount, function=function: one("u", lambda run, u: function(run.values["a"], amount(run))), starts,
        )  # fmt: skip


def _shorter_rotation(amount: Amount) -> Changes:
    def rotated(heads: str) -> Callable[[Run, Array], Array]:
        def change(run: Run, z: Array) -> Array:
            width = int(amount(run) * z.shape[-1]) // 2 * 2
            if not run.config.rope or not width:
                return z
            frequencies = run.config.rope_base ** (-2.0 * np.arange(width // 2) / width)
            theta = run.values["positions"][:, None] * frequencies
            plain = run.values[heads]
            return np.concatenate([graph.rotate(plain[..., :width], theta), plain[..., width:]], axis=-1)

        return change

    return {"q_rotated": rotated("q_heads"), "k_rotated": rotated("k_heads")}
