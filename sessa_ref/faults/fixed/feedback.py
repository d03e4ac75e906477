"""Faults of the feedback attention and of the gain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sessa_ref.faults.fault import Fault, Replacements, inside, replaced
from sessa_ref.faults.fixed.entry import always, projected, root, sigmoid, with_diagonal, without
from sessa_ref.faults.fixed.step import (
    FIRST_TOKEN_FED,
    Step,
    feedback_read,
    first_step_is_prefill,
    read_with_itself,
    solved_for_itself,
    watched,
    with_last_token,
)
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import layer


def _queries_times(ratio: Callable[[SessaParameters], float]) -> Replacements:
    """Feedback logits are multiplied by the root of a ratio."""

    def change(parameters: SessaParameters, z: Array) -> Array:
        q_fb, k_fb = np.split(z, 2, axis=-1)
        return np.concatenate([q_fb * root(ratio(parameters), z), k_fb], axis=-1)

    return projected("proj_fb", change)


def _swapped(parameters: SessaParameters, z: Array) -> Array:
    q_fb, k_fb = np.split(z, 2, axis=-1)
    return np.concatenate([k_fb, q_fb], axis=-1)


def _strictly_lower(original: Callable) -> Callable:
    return lambda gamma, alpha: np.tril(original(gamma, alpha), k=-1)


def _past_and_present(T: int) -> Array:
    return np.tri(T, dtype=bool)


def _seen_and_dropped(read: Callable, step: Step, q: Array, k: Array, v: Array) -> Array:
    return read_with_itself(read, step, q, k, v, own=0 * step.f)


def _seen_and_solved(read: Callable, step: Step, q: Array, k: Array, v: Array) -> Array:
    return solved_for_itself(step, q, k, v, sees_itself=True)


def _gain(change: Callable[[Array, float], Array]) -> Replacements:
    """The gain is change(<u_t, w> + b, gamma_max)."""
    return {
        "feedback.gain": always(lambda u, weight, bias, gamma_max: change((u @ weight.T)[..., 0] + bias, gamma_max))
    }


def _gain_arguments(change: Callable[..., tuple]) -> Replacements:
    """The gain is computed from change(u, weight, bias, gamma_max)."""
    return {
        "feedback.gain": lambda original: (
            lambda u, weight, bias, gamma_max: original(*change(u, weight, bias, gamma_max))
        )
    }


def _clipped(z: Array, bound: float) -> Array:
    return np.where(np.real(z) > bound, bound, np.where(np.real(z) < -bound, -bound, z))


def _absolute(original: Callable) -> Callable:
    def gain(u: Array, weight: Array, bias: Array, gamma_max: float) -> Array:
        gamma = original(u, weight, bias, gamma_max)
        return np.where(np.real(gamma) < 0, -gamma, gamma)

    return gain


def _gain_from_normalized() -> Replacements:
    def given_n(parameters: SessaParameters, x: Any, name: str, axes: str) -> Replacements:
        n = layer.before_mixer(parameters, layer.as_tokens(parameters.config, x, name, axes))[0]
        return _gain_arguments(lambda u, weight, bias, gamma_max: (n.reshape(u.shape), weight, bias, gamma_max))

    return {
        "layer.trace": inside(lambda parameters, x: given_n(parameters, x, "x", "T D")),
        "decode.decode_step": inside(lambda parameters, x_t, cache: given_n(parameters, x_t, "x_t", "D")),
    }


def _gain_of_source() -> Replacements:
    """B_tj = gamma_j alpha_tj; the decoding cache keeps gamma_j s_j, so that a step needs no other gain."""

    def prefill(original: Callable) -> Callable:
        def replacement(parameters, x):
            y, cache = original(parameters, x)
            return y, replace(cache, s=layer.trace(parameters, x).gamma[..., None] * cache.s)

        return replacement

    def decode_step(original: Callable) -> Callable:
        def replacement(parameters, x_t, cache):
            with watched() as step, replaced({"feedback.gain": _one}):
                y, after = original(parameters, x_t, cache)
            return y, with_last_token(after, s=step.gamma[..., None] * after.s[..., -1:, :])

        return replacement

    return {
        "feedback.routing_matrix": always(lambda gamma, alpha: gamma[..., None, :] * alpha),
        "decode.prefill": prefill,
        "decode.decode_step": decode_step,
    }


def _one(original: Callable) -> Callable:
    return lambda *arguments: 1 + 0 * original(*arguments)


FAULTS = (
    Fault(
        "FeedbackScaleHeadWidth",
        "feedback",
        departure="Feedback logits are divided by the root of the head width instead of the model width.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\n"
        "wrong: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(d), d = D/H",
        cause="The forward attention's scale is used for both attentions.",
        fix="The feedback attention has one head of width D: divide by sqrt(D).",
        replacements=_queries_times(
            lambda parameters: parameters.config.feedback_width / parameters.config.query_width
        ),
    ),
    Fault(
        "FeedbackScaleMissing",
        "feedback",
        departure="Feedback logits are not scaled.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\nwrong: logit_fb_tj = <q_fb_t, k_fb_j>",
        cause="The factor was forgotten in the hand-written feedback attention.",
        fix="Divide by the root of the feedback width, D in the published layer.",
        replacements=_queries_times(lambda parameters: parameters.config.feedback_width),
    ),
    Fault(
        "FeedbackSeesItself",
        "feedback",
        departure="The feedback softmax counts the token itself, and that weight is dropped: rows sum to less than 1.",
        formula="right: alpha_fb_tj = softmax over j < t\nwrong: alpha_fb_tj = softmax over j <= t, then j < t is kept",
        cause="The forward attention's mask before the softmax, a strictly lower triangle after it.",
        fix="Hide the diagonal before the softmax.",
        replacements={
            "attention.strict_past": always(_past_and_present),
            "feedback.routing_matrix": _strictly_lower,
            "decode.decode_step": feedback_read(_seen_and_dropped),
        },
    ),
    Fault(
        "FeedbackDiagonalSolved",
        "feedback",
        departure="The feedback softmax counts the token itself, and the solve has that diagonal too.",
        formula="right: s_t = f_t + sum over j < t of B_tj s_j, softmax over j < t\n"
        "wrong: s_t = f_t + sum over j <= t of B_tj s_j, softmax over j <= t",
        cause="The forward attention's mask is used for both attentions; a general solver takes any diagonal.",
        fix="Hide the diagonal before the softmax, and solve with a unit diagonal.",
        replacements={
            "attention.strict_past": always(_past_and_present),
            "solve.forward_substitution": with_diagonal,
            "decode.decode_step": lambda original: first_step_is_prefill(feedback_read(_seen_and_solved)(original)),
        },
    ),
    Fault(
        "FeedbackNotRenormalised",
        "feedback",
        departure="The feedback softmax runs over all tokens there are, and the weights of those not past are dropped.",
        formula="right: alpha_fb_tj = softmax over j < t\nwrong: alpha_fb_tj = softmax over all j, then j < t is kept",
        cause="The mask multiplies the weights instead of hiding logits.",
        fix="Hide all but the strict past before the softmax.",
        replacements={
            "attention.strict_past": always(lambda T: np.ones((T, T), dtype=bool)),
            "feedback.routing_matrix": _strictly_lower,
            "decode.decode_step": feedback_read(_seen_and_dropped),
        },
    ),
    Fault(
        "FeedbackQueriesKeysSwapped",
        "feedback",
        departure="The first half of proj_fb's output is taken for the keys, the second for the queries.",
        formula="right: (q_fb, k_fb) = W_fb u + b_fb\nwrong: (k_fb, q_fb) = W_fb u + b_fb",
        cause="The halves are unpacked in the other order.",
        fix="The first D outputs are queries, the last D are keys.",
        replacements=projected("proj_fb", _swapped),
    ),
    Fault(
        "FeedbackBiasMissing",
        "feedback",
        departure="Feedback queries and keys have no bias.",
        formula="right: (q_fb, k_fb) = W_fb u + b_fb\nwrong: (q_fb, k_fb) = W_fb u",
        cause="proj_fb is built with bias=False, or its bias is not loaded.",
        fix="Add mixer.proj_fb.bias.",
        replacements={"mixer.project": without("mixer.proj_fb.bias")},
    ),
    Fault(
        "FirstTokenFeedsItself",
        "feedback",
        departure="The first token, which has no past, gets feedback from its own forward signal.",
        formula="right: s_0 = f_0\nwrong: s_0 = (1 + gamma_0) f_0",
        cause="The mask of row 0 is opened to keep the softmax of an empty row from giving NaN.",
        fix="Set row 0 of the feedback weights to zero.",
        replacements={**FIRST_TOKEN_FED, "decode.decode_step": first_step_is_prefill},
    ),
    Fault(
        "GainUnclamped",
        "feedback",
        departure="The gain is a plain tanh, without gamma_max.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = tanh(<w, u_t> + b)",
        cause="The paper's (18) is taken literally; the published layer has the factor.",
        fix="Multiply by gamma_max.",
        replacements=_gain_arguments(lambda u, weight, bias, gamma_max: (u, weight, bias, 1.0)),
    ),
    Fault(
        "GainClampFixed",
        "feedback",
        departure="The gain's bound is 0.999 whatever the config says.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = 0.999 tanh(<w, u_t> + b)",
        cause="gamma_max is not passed on, or written as a constant.",
        fix="Use the config's gamma_max.",
        replacements=_gain_arguments(lambda u, weight, bias, gamma_max: (u, weight, bias, 0.999)),
    ),
    Fault(
        "GainSigmoid",
        "feedback",
        departure="The gain is a sigmoid, and never negative.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max sigmoid(<w, u_t> + b)",
        cause="The habit of gates between 0 and 1.",
        fix="Use tanh.",
        replacements=_gain(lambda z, gamma_max: gamma_max * sigmoid(z)),
    ),
    Fault(
        "GainHardClipped",
        "feedback",
        departure="The gain is clipped instead of saturating.",
        formula="right: gamma_t = gamma_max tanh(z_t), z_t = <w, u_t> + b\n"
        "wrong: gamma_t = min(max(z_t, -gamma_max), gamma_max)",
        cause="clamp stands in for tanh.",
        fix="Use gamma_max tanh(z).",
        replacements=_gain(_clipped),
    ),
    Fault(
        "GainTanhClipped",
        "feedback",
        departure="The gain is tanh clipped at gamma_max, instead of scaled by it.",
        formula="right: gamma_t = gamma_max tanh(z_t), z_t = <w, u_t> + b\n"
        "wrong: gamma_t = min(max(tanh(z_t), -gamma_max), gamma_max)",
        cause="gamma_max is read as a bound for clamp.",
        fix="Multiply tanh by gamma_max.",
        replacements=_gain(lambda z, gamma_max: _clipped(np.tanh(z), gamma_max)),
    ),
    Fault(
        "GainBiasMissing",
        "feedback",
        departure="The gain has no bias.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max tanh(<w, u_t>)",
        cause="gamma_bias, a parameter of its own, is not used or not loaded.",
        fix="Add mixer.gamma_bias before tanh.",
        replacements=_gain_arguments(lambda u, weight, bias, gamma_max: (u, weight, np.zeros_like(bias), gamma_max)),
    ),
    Fault(
        "GainContextMissing",
        "feedback",
        departure="The gain does not depend on the token.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max tanh(b)",
        cause="gamma_ctx is not used or not loaded.",
        fix="Add <gamma_ctx, u_t> before tanh.",
        replacements=_gain_arguments(lambda u, weight, bias, gamma_max: (u, np.zeros_like(weight), bias, gamma_max)),
    ),
    Fault(
        "GainOfSource",
        "feedback",
        departure="Feedback is multiplied by the gain of the token it comes from.",
        formula="right: B_tj = gamma_t alpha_fb_tj\nwrong: B_tj = gamma_j alpha_fb_tj",
        cause="The gain is broadcast along the rows of B instead of the columns.",
        fix="Multiply row t by gamma_t: gamma[..., :, None] * alpha.",
        replacements=_gain_of_source(),
    ),
    Fault(
        "GainFromNormalized",
        "feedback",
        departure="The gain reads the normalised tokens n instead of the mixer's input u.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max tanh(<w, n_t> + b)",
        cause="The gain is computed outside the mixer.",
        fix="Compute the gain from u = GELU(a).",
        replacements=_gain_from_normalized(),
    ),
    Fault(
        "GainAbsolute",
        "feedback",
        departure="The gain's sign is lost.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = |gamma_max tanh(<w, u_t> + b)|",
        cause="The gain is taken for a magnitude.",
        fix="Let the gain be negative.",
        replacements={"feedback.gain": _absolute},
    ),
)
"""Faults of the area "feedback"."""
