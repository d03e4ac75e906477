"""Faults of decoding: the forward pass is right, but tokens decoded one by one come out differently."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.faults.catalogue.situation import RemembersPrompt, Situated, with_last_token
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array
from sessa_ref.reference import Cache, Formulas, Trace, attention


def _position(change: Callable[[Array, RemembersPrompt], Array]) -> type[Formulas]:
    """Decoded tokens are rotated by change(position, formulas)."""

    class Position(RemembersPrompt):
        def angles(self, config: SessaConfig, positions: Array) -> Array:
            return super().angles(config, positions if self.past is None else change(positions, self))

    return Position


def _forgotten(*names: str) -> type[Formulas]:
    """These entries of a decoded token are zero in the cache."""

    class Forgotten(Formulas):
        def remember(self, past: Cache | None, steps: Trace) -> Cache:
            after = super().remember(past, steps)
            if past is None:
                return after
            return with_last_token(after, **{name: 0 * getattr(after, name)[..., -1:, :] for name in names})

    return Forgotten


class _KeysUnrotated(Formulas):
    def remember(self, past: Cache | None, steps: Trace) -> Cache:
        after = super().remember(past, steps)
        return after if past is None else with_last_token(after, k_rotated=steps.k)


class _ForgetsPrompt(RemembersPrompt):
    def causal_mask(self, T: int, past: int) -> Array:
        return self._from_prompt_on(super().causal_mask(T, past))

    def strictly_causal_mask(self, T: int, past: int) -> Array:
        return self._from_prompt_on(super().strictly_causal_mask(T, past))

    def _from_prompt_on(self, visible: Array) -> Array:
        visible = visible.copy()
        visible[..., : self.prompt] = False
        return visible


class _ForgetsItself(Situated):
    def causal_mask(self, T: int, past: int) -> Array:
        visible = super().causal_mask(T, past)
        return visible if self.past is None else visible & attention.strictly_causal_mask(T, past)


class _FeedbackSeesItself(Situated):
    def strictly_causal_mask(self, T: int, past: int) -> Array:
        visible = super().strictly_causal_mask(T, past)
        return visible if self.past is None else visible | np.eye(T, past + T, k=past, dtype=bool)

    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        # The token itself, with f for its state, is one more of the past.
        return super().forward_substitution(B, f, None if past is None else np.concatenate([past, f], axis=-2))


class _GainMissing(Situated):
    def gain(self, u: Array, weight: Array, bias: Array, gamma_max: float) -> Array:
        gamma = super().gain(u, weight, bias, gamma_max)
        return gamma if self.past is None else 1 + 0 * gamma


class _FeedbackMissing(Formulas):
    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        return super().forward_substitution(B, f) if past is None else f


class _StepRemembersSignal(Formulas):
    def remember(self, past: Cache | None, steps: Trace) -> Cache:
        after = super().remember(past, steps)
        return after if past is None else with_last_token(after, s=steps.f)


class _PrefillRemembersSignal(Formulas):
    def remember(self, past: Cache | None, steps: Trace) -> Cache:
        after = super().remember(past, steps)
        return replace(after, s=steps.f) if past is None else after


FAULTS = (
    Fault(
        "DecodePositionStuck",
        "decode",
        description="Every decoded token is rotated by the position of the first decoded one.",
        formula="right: theta_t = t base^(-2r/d)\nwrong: theta_t = t_0 base^(-2r/d), t_0 the length of the prompt",
        cause="The position is taken from the prefill and not advanced.",
        fix="Take the position from the number of tokens in the cache.",
        formulas=_position(lambda positions, at: positions - (at.before - at.prompt)),
    ),
    Fault(
        "DecodePositionZero",
        "decode",
        description="Every decoded token is rotated by position 0.",
        formula="right: theta_t = t base^(-2r/d)\nwrong: theta_t = 0",
        cause="The step calls the rotation for a sequence of length one without an offset.",
        fix="Take the position from the number of tokens in the cache.",
        formulas=_position(lambda positions, at: 0 * positions),
    ),
    Fault(
        "DecodePositionShifted",
        "decode",
        description="Decoded tokens are rotated by the position after their own.",
        formula="right: theta_t = t base^(-2r/d)\nwrong: theta_t = (t + 1) base^(-2r/d)",
        cause="The position is read from the cache after it was advanced, or counted from 1.",
        fix="The first token has position 0; a new token's position is the number of tokens before it.",
        formulas=_position(lambda positions, at: positions + 1),
    ),
    Fault(
        "DecodeStatesStale",
        "decode",
        description="The states of decoded tokens are not remembered: the cache holds zeros for them.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: s_j = 0 in that sum where token j was decoded",
        cause="The new state is written to a copy of the cache, or not at all.",
        fix="Append s_t to the cache in every step.",
        formulas=_forgotten("s"),
    ),
    Fault(
        "DecodeFeedbackKeysStale",
        "decode",
        description="The feedback keys of decoded tokens are not remembered: the cache holds zeros for them.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\nwrong: logit_fb_tj = 0 where token j was decoded",
        cause="The new feedback key is written to a copy of the cache, or not at all.",
        fix="Append k_fb_t to the cache in every step.",
        formulas=_forgotten("k_fb"),
    ),
    Fault(
        "DecodeKeysStale",
        "decode",
        description="Forward keys and values of decoded tokens are not remembered: the cache holds zeros for them.",
        formula="right: o_t = sum over j <= t of alpha_tj v_j\n"
        "wrong: k_j = 0 and v_j = 0 where token j < t was decoded",
        cause="New keys and values are written to a copy of the cache, or not at all.",
        fix="Append k_t and v_t to the cache in every step.",
        formulas=_forgotten("k_rotated", "v"),
    ),
    Fault(
        "DecodeKeysUnrotated",
        "decode",
        description="Keys of decoded tokens enter the cache without rotation, so later tokens read them unrotated.",
        formula="right: logit_tj = <R(t) q_t, R(j) k_j> / sqrt(d)\n"
        "wrong: logit_tj = <R(t) q_t, k_j> / sqrt(d) where token j < t was decoded",
        cause="The step caches the key before it rotates it.",
        fix="Rotate the new key by its position before it enters the cache.",
        formulas=_KeysUnrotated,
    ),
    Fault(
        "DecodeForgetsPrompt",
        "decode",
        description="Decoded tokens attend, in both attentions, to decoded tokens only.",
        formula="right: sums over j from 0\nwrong: sums over j from t_0, the length of the prompt",
        cause="The prefill does not fill the cache, or the first step starts a new one.",
        fix="Keep keys, values, feedback keys and states of the prompt in the cache.",
        formulas=_ForgetsPrompt,
    ),
    Fault(
        "DecodeForgetsItself",
        "decode",
        description="The forward attention of a decoded token does not see that token.",
        formula="right: o_t = sum over j <= t of alpha_tj v_j\nwrong: o_t = sum over j < t of alpha_tj v_j",
        cause="The cache is read before the new key and value are appended.",
        fix="Append the new key and value first, and then attend.",
        formulas=_ForgetsItself,
    ),
    Fault(
        "DecodeFeedbackSeesItself",
        "decode",
        description="The feedback softmax of a decoded token counts its own key, with its f as the value.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: s_t = f_t + gamma_t (sum over j < t of alpha_fb_tj s_j + alpha_fb_tt f_t), softmax over j <= t",
        cause="The new feedback key is appended to the cache before the feedback attention reads it.",
        fix="Read the feedback attention first, and then append k_fb_t and s_t.",
        formulas=_FeedbackSeesItself,
    ),
    Fault(
        "DecodeGainMissing",
        "decode",
        description="In decoding steps feedback is not multiplied by the gain.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: s_t = f_t + sum over j < t of alpha_fb_tj s_j",
        cause="The step has its own formula for the feedback, without the gain.",
        fix="Multiply the feedback by gamma_t.",
        formulas=_GainMissing,
    ),
    Fault(
        "DecodeFeedbackMissing",
        "decode",
        description="Decoding steps have no feedback.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\nwrong: s_t = f_t",
        cause="The step stops after the forward attention.",
        fix="Add the feedback from the cached states.",
        formulas=_FeedbackMissing,
    ),
    Fault(
        "DecodeRemembersSignal",
        "decode",
        description="Decoded tokens leave their forward signal f in the cache instead of their state s.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: f_j instead of s_j in that sum where token j was decoded",
        cause="The variable from before the feedback is cached.",
        fix="Append s_t, after the feedback was added.",
        formulas=_StepRemembersSignal,
    ),
    Fault(
        "PrefillRemembersSignal",
        "decode",
        description="The prefill leaves the forward signals f in the cache instead of the states s.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: f_j instead of s_j in that sum where token j is in the prompt",
        cause="The variable from before the solve is cached.",
        fix="Cache the solution s of the prefill's solve.",
        formulas=_PrefillRemembersSignal,
    ),
)
"""Faults of the area "decode"."""
