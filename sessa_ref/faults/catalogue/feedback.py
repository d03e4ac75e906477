"""Faults of the feedback attention and of the gain."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sessa_ref.faults.catalogue.changes import WithDiagonal, always, projected, root, sigmoid, without
from sessa_ref.faults.catalogue.situation import Situated
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import Cache, Formulas, Trace, attention


def _queries_times(ratio: Callable[[SessaParameters], float]) -> type[Formulas]:
    """Feedback logits are multiplied by the root of a ratio."""

    def change(parameters: SessaParameters, z: Array) -> Array:
        q_fb, k_fb = np.split(z, 2, axis=-1)
        return np.concatenate([q_fb * root(ratio(parameters), z), k_fb], axis=-1)

    return projected("mixer.proj_fb", change)


def _swapped(parameters: SessaParameters, z: Array) -> Array:
    q_fb, k_fb = np.split(z, 2, axis=-1)
    return np.concatenate([k_fb, q_fb], axis=-1)


def _seen_and_dropped(visible: Callable[[int, int], Array]) -> type[Formulas]:
    """The feedback softmax is over visible(T, past), and of its weights those of the strict past are kept."""

    class SeenAndDropped(Formulas):
        def strictly_causal_mask(self, T: int, past: int) -> Array:
            return visible(T, past)

        def routing_matrix(self, gamma: Array, alpha: Array) -> Array:
            return np.tril(super().routing_matrix(gamma, alpha), k=alpha.shape[-1] - alpha.shape[-2] - 1)

    return SeenAndDropped


class _DiagonalSolved(WithDiagonal):
    def strictly_causal_mask(self, T: int, past: int) -> Array:
        return attention.causal_mask(T, past)


class _FirstTokenFed(Formulas):
    """s_0 = (1 + gamma_0) f_0."""

    def strictly_causal_mask(self, T: int, past: int) -> Array:
        visible = super().strictly_causal_mask(T, past).copy()
        if past == 0:
            visible[:1, :1] = True
        return visible

    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        if past is None or past.shape[-2] == 0:
            first = f[..., :1, :] + B[..., :1, :1] @ f[..., :1, :]
            f = np.concatenate([first, f[..., 1:, :]], axis=-2)
        return super().forward_substitution(B, f, past)


def _gain(change: Callable[[Array, float], Array]) -> type[Formulas]:
    """The gain is change(<u_t, w> + b, gamma_max)."""
    return always(gain=lambda u, weight, bias, gamma_max: change((u @ weight.T)[..., 0] + bias, gamma_max))


def _gain_arguments(change: Callable[..., tuple]) -> type[Formulas]:
    """The gain is computed from change(u, weight, bias, gamma_max)."""

    class GainArguments(Formulas):
        def gain(self, u: Array, weight: Array, bias: Array, gamma_max: float) -> Array:
            return super().gain(*change(u, weight, bias, gamma_max))

    return GainArguments


def _clipped(z: Array, bound: float) -> Array:
    return np.where(np.real(z) > bound, bound, np.where(np.real(z) < -bound, -bound, z))


class _Absolute(Formulas):
    def gain(self, u: Array, weight: Array, bias: Array, gamma_max: float) -> Array:
        gamma = super().gain(u, weight, bias, gamma_max)
        return np.where(np.real(gamma) < 0, -gamma, gamma)


class _FromNormalized(Situated):
    def gain_input(self, u: Array) -> Array:
        n = self.n
        return super().gain_input(u if n is None else n)


class _OfSource(Situated):
    """B_tj = gamma_j alpha_tj; the cache keeps gamma_j s_j, so that a step needs no other token's gain."""

    def routing_matrix(self, gamma: Array, alpha: Array) -> Array:
        if self.past is not None:
            return super().routing_matrix(1 + 0 * gamma, alpha)
        return gamma[..., None, :] * alpha

    def remember(self, past: Cache | None, steps: Trace) -> Cache:
        cache = super().remember(past, steps)
        before = 0 if past is None else past.length
        new = steps.gamma[..., None] * cache.s[..., before:, :]
        return replace(cache, s=np.concatenate([cache.s[..., :before, :], new], axis=-2))


FAULTS = (
    Fault(
        "FeedbackScaleHeadWidth",
        "feedback",
        description="Feedback logits are divided by the root of the head width instead of the model width.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\n"
        "wrong: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(d), d = D/H",
        cause="The forward attention's scale is used for both attentions.",
        fix="The feedback attention has one head of width D: divide by sqrt(D).",
        formulas=_queries_times(lambda parameters: parameters.config.feedback_width / parameters.config.query_width),
    ),
    Fault(
        "FeedbackScaleMissing",
        "feedback",
        description="Feedback logits are not scaled.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\nwrong: logit_fb_tj = <q_fb_t, k_fb_j>",
        cause="The factor was forgotten in the hand-written feedback attention.",
        fix="Divide by the root of the feedback width, D in the published layer.",
        formulas=_queries_times(lambda parameters: parameters.config.feedback_width),
    ),
    Fault(
        "FeedbackSeesItself",
        "feedback",
        description="The feedback softmax counts the token itself, and that weight is dropped: rows sum to less than 1.",
        formula="right: alpha_fb_tj = softmax over j < t\nwrong: alpha_fb_tj = softmax over j <= t, then j < t is kept",
        cause="The forward attention's mask before the softmax, a strictly lower triangle after it.",
        fix="Hide the diagonal before the softmax.",
        formulas=_seen_and_dropped(attention.causal_mask),
    ),
    Fault(
        "FeedbackDiagonalSolved",
        "feedback",
        description="The feedback softmax counts the token itself, and the solve has that diagonal too.",
        formula="right: s_t = f_t + sum over j < t of B_tj s_j, softmax over j < t\n"
        "wrong: s_t = f_t + sum over j <= t of B_tj s_j, softmax over j <= t",
        cause="The forward attention's mask is used for both attentions; a general solver takes any diagonal.",
        fix="Hide the diagonal before the softmax, and solve with a unit diagonal.",
        formulas=_DiagonalSolved,
    ),
    Fault(
        "FeedbackNotRenormalised",
        "feedback",
        description="The feedback softmax runs over all tokens, and weights outside the strict past are dropped.",
        formula="right: alpha_fb_tj = softmax over j < t\nwrong: alpha_fb_tj = softmax over all j, then j < t is kept",
        cause="The mask multiplies the weights instead of hiding logits.",
        fix="Hide all but the strict past before the softmax.",
        formulas=_seen_and_dropped(lambda T, past: np.ones((T, past + T), dtype=bool)),
    ),
    Fault(
        "FeedbackQueriesKeysSwapped",
        "feedback",
        description="The first half of proj_fb's output is taken for the keys, the second for the queries.",
        formula="right: (q_fb, k_fb) = W_fb u + b_fb\nwrong: (k_fb, q_fb) = W_fb u + b_fb",
        cause="The halves are unpacked in the other order.",
        fix="The first D outputs are queries, the last D are keys.",
        formulas=projected("mixer.proj_fb", _swapped),
    ),
    Fault(
        "FeedbackBiasMissing",
        "feedback",
        description="Feedback queries and keys have no bias.",
        formula="right: (q_fb, k_fb) = W_fb u + b_fb\nwrong: (q_fb, k_fb) = W_fb u",
        cause="proj_fb is built with bias=False, or its bias is not loaded.",
        fix="Add mixer.proj_fb.bias.",
        formulas=without("mixer.proj_fb.bias"),
    ),
    Fault(
        "FirstTokenFeedsItself",
        "feedback",
        description="The first token, which has no past, gets feedback from its own forward signal.",
        formula="right: s_0 = f_0\nwrong: s_0 = (1 + gamma_0) f_0",
        cause="The mask of row 0 is opened to keep the softmax of an empty row from giving NaN.",
        fix="Set row 0 of the feedback weights to zero.",
        formulas=_FirstTokenFed,
    ),
    Fault(
        "GainUnclamped",
        "feedback",
        description="The gain is a plain tanh, without gamma_max.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = tanh(<w, u_t> + b)",
        cause="The paper's (18) is taken literally; the published layer has the factor.",
        fix="Multiply by gamma_max.",
        formulas=_gain_arguments(lambda u, weight, bias, gamma_max: (u, weight, bias, 1.0)),
    ),
    Fault(
        "GainClampFixed",
        "feedback",
        description="The gain's bound is 0.999 whatever the config says.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = 0.999 tanh(<w, u_t> + b)",
        cause="gamma_max is not passed on, or written as a constant.",
        fix="Use the config's gamma_max.",
        formulas=_gain_arguments(lambda u, weight, bias, gamma_max: (u, weight, bias, 0.999)),
    ),
    Fault(
        "GainSigmoid",
        "feedback",
        description="The gain is a sigmoid, and never negative.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max sigmoid(<w, u_t> + b)",
        cause="Gates usually lie between 0 and 1.",
        fix="Use tanh.",
        formulas=_gain(lambda z, gamma_max: gamma_max * sigmoid(z)),
    ),
    Fault(
        "GainHardClipped",
        "feedback",
        description="The gain is clipped instead of saturating.",
        formula="right: gamma_t = gamma_max tanh(z_t), z_t = <w, u_t> + b\n"
        "wrong: gamma_t = min(max(z_t, -gamma_max), gamma_max)",
        cause="clamp stands in for tanh.",
        fix="Use gamma_max tanh(z).",
        formulas=_gain(_clipped),
    ),
    Fault(
        "GainTanhClipped",
        "feedback",
        description="The gain is tanh clipped at gamma_max, instead of scaled by it.",
        formula="right: gamma_t = gamma_max tanh(z_t), z_t = <w, u_t> + b\n"
        "wrong: gamma_t = min(max(tanh(z_t), -gamma_max), gamma_max)",
        cause="gamma_max is read as a bound for clamp.",
        fix="Multiply tanh by gamma_max.",
        formulas=_gain(lambda z, gamma_max: _clipped(np.tanh(z), gamma_max)),
    ),
    Fault(
        "GainBiasMissing",
        "feedback",
        description="The gain has no bias.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max tanh(<w, u_t>)",
        cause="gamma_bias, a parameter of its own, is not used or not loaded.",
        fix="Add mixer.gamma_bias before tanh.",
        formulas=_gain_arguments(lambda u, weight, bias, gamma_max: (u, weight, np.zeros_like(bias), gamma_max)),
    ),
    Fault(
        "GainContextMissing",
        "feedback",
        description="The gain does not depend on the token.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max tanh(b)",
        cause="gamma_ctx is not used or not loaded.",
        fix="Add <gamma_ctx, u_t> before tanh.",
        formulas=_gain_arguments(lambda u, weight, bias, gamma_max: (u, np.zeros_like(weight), bias, gamma_max)),
    ),
    Fault(
        "GainOfSource",
        "feedback",
        description="Feedback is multiplied by the gain of the token it comes from.",
        formula="right: B_tj = gamma_t alpha_fb_tj\nwrong: B_tj = gamma_j alpha_fb_tj",
        cause="The gain is broadcast along the rows of B instead of the columns.",
        fix="Multiply row t by gamma_t: gamma[..., :, None] * alpha.",
        formulas=_OfSource,
    ),
    Fault(
        "GainFromNormalized",
        "feedback",
        description="The gain reads the normalised tokens n instead of the mixer's input u.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = gamma_max tanh(<w, n_t> + b)",
        cause="The gain is computed outside the mixer.",
        fix="Compute the gain from u = GELU(a).",
        formulas=_FromNormalized,
    ),
    Fault(
        "GainAbsolute",
        "feedback",
        description="The gain's sign is lost.",
        formula="right: gamma_t = gamma_max tanh(<w, u_t> + b)\nwrong: gamma_t = |gamma_max tanh(<w, u_t> + b)|",
        cause="The gain is taken for a magnitude.",
        fix="Let the gain be negative.",
        formulas=_Absolute,
    ),
)
"""Faults of the area "feedback"."""
