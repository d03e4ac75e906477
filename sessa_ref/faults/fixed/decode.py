"""Faults of decoding: the forward pass is right, but tokens decoded one by one come out differently."""

from collections.abc import Callable
from dataclasses import replace

from sessa_ref.faults.fault import Fault, Replacements, Wrapper, inside, replaced
from sessa_ref.faults.fixed.step import (
    FIRST_TOKEN_FED,
    Step,
    feedback_read,
    first_step_is_prefill,
    forward_read,
    noted,
    notes_of,
    read_with_itself,
    watched,
    with_last_token,
)
from sessa_ref.notation import Array
from sessa_ref.reference import attention, decode, layer


def _prompt(cache: decode.Cache) -> int:
    return notes_of(cache).get("prompt", 0)


def _remember_prompt(original: Callable) -> Callable:
    def prefill(parameters, x):
        y, cache = original(parameters, x)
        return y, noted(cache, prompt=cache.length)

    return prefill


def _position(change: Callable[[Array, decode.Cache], Array]) -> Replacements:
    """Decoded tokens are rotated by change(position, cache)."""

    def replacements(parameters, x_t, cache) -> Replacements:
        return {"rotary.angles": lambda original: lambda config, positions: original(config, change(positions, cache))}

    return {"decode.prefill": _remember_prompt, "decode.decode_step": inside(replacements)}


def _forgotten(*names: str) -> Replacements:
    """These entries of a decoded token are zero in the cache."""

    def wrap(original: Callable) -> Callable:
        def decode_step(parameters, x_t, cache):
            y, after = original(parameters, x_t, cache)
            zeros = {name: 0 * getattr(after, name)[..., -1:, :] for name in names}
            return y, with_last_token(after, **zeros)

        return decode_step

    return {"decode.decode_step": wrap}


def _leaves_unrotated_keys(original: Callable) -> Callable:
    def decode_step(parameters, x_t, cache):
        with watched() as step:
            y, after = original(parameters, x_t, cache)
        keys = attention.split_heads(step.seen["k_proj"], parameters.config.kv_heads)
        return y, with_last_token(after, k_rotated=keys)

    return decode_step


def _from_prompt_on(original: Callable) -> Callable:
    def decode_step(parameters, x_t, cache):
        start = _prompt(cache)
        reading: Replacements = {
            "attention.read": lambda read: lambda q, k, v: read(q, k[..., start:, :], v[..., start:, :])
        }
        with replaced(reading):
            return original(parameters, x_t, cache)

    return decode_step


def _feedback_sees_itself(original: Callable) -> Callable:
    def own_signal(read: Callable, step: Step, q: Array, k: Array, v: Array) -> Array:
        return read_with_itself(read, step, q, k, v, own=step.f)

    later = feedback_read(own_signal)(original)
    first = inside(lambda parameters, x_t, cache: FIRST_TOKEN_FED)(first_step_is_prefill(original))

    def decode_step(parameters, x_t, cache):
        return (later if cache.length > 0 else first)(parameters, x_t, cache)

    return decode_step


def _gain_one(parameters, x_t, cache) -> Replacements:
    return {"feedback.gain": lambda original: lambda *arguments: 1 + 0 * original(*arguments)}


def _leaves_signal(original: Callable) -> Callable:
    def decode_step(parameters, x_t, cache):
        with watched() as step:
            y, after = original(parameters, x_t, cache)
        return y, with_last_token(after, s=step.f)

    return decode_step


def _prefill_leaves_signal(original: Callable) -> Callable:
    def prefill(parameters, x):
        y, cache = original(parameters, x)
        return y, replace(cache, s=layer.trace(parameters, x).f)

    return prefill


def _step(wrapper: Wrapper) -> Replacements:
    return {"decode.decode_step": wrapper}


FAULTS = (
    Fault(
        "DecodePositionStuck",
        "decode",
        departure="Every decoded token is rotated by the position of the first decoded one.",
        formula="right: theta_t = t base^(-2r/d)\nwrong: theta_t = t_0 base^(-2r/d), t_0 the length of the prompt",
        cause="The position is taken from the prefill and not advanced.",
        fix="Take the position from the number of tokens in the cache.",
        replacements=_position(lambda positions, cache: positions - (cache.length - _prompt(cache))),
    ),
    Fault(
        "DecodePositionZero",
        "decode",
        departure="Every decoded token is rotated by position 0.",
        formula="right: theta_t = t base^(-2r/d)\nwrong: theta_t = 0",
        cause="The step calls the rotation for a sequence of length one without an offset.",
        fix="Take the position from the number of tokens in the cache.",
        replacements=_position(lambda positions, cache: 0 * positions),
    ),
    Fault(
        "DecodePositionShifted",
        "decode",
        departure="Decoded tokens are rotated by the position after their own.",
        formula="right: theta_t = t base^(-2r/d)\nwrong: theta_t = (t + 1) base^(-2r/d)",
        cause="The position is read from the cache after it was advanced, or counted from 1.",
        fix="The first token has position 0; a new token's position is the number of tokens before it.",
        replacements=_position(lambda positions, cache: positions + 1),
    ),
    Fault(
        "DecodeStatesStale",
        "decode",
        departure="The states of decoded tokens are not remembered: the cache holds zeros for them.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: s_j = 0 in that sum where token j was decoded",
        cause="The new state is written to a copy of the cache, or not at all.",
        fix="Append s_t to the cache in every step.",
        replacements=_forgotten("s"),
    ),
    Fault(
        "DecodeFeedbackKeysStale",
        "decode",
        departure="The feedback keys of decoded tokens are not remembered: the cache holds zeros for them.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\nwrong: logit_fb_tj = 0 where token j was decoded",
        cause="The new feedback key is written to a copy of the cache, or not at all.",
        fix="Append k_fb_t to the cache in every step.",
        replacements=_forgotten("k_fb"),
    ),
    Fault(
        "DecodeKeysStale",
        "decode",
        departure="Forward keys and values of decoded tokens are not remembered: the cache holds zeros for them.",
        formula="right: o_t = sum over j <= t of alpha_tj v_j\n"
        "wrong: k_j = 0 and v_j = 0 where token j < t was decoded",
        cause="New keys and values are written to a copy of the cache, or not at all.",
        fix="Append k_t and v_t to the cache in every step.",
        replacements=_forgotten("k_rotated", "v"),
    ),
    Fault(
        "DecodeKeysUnrotated",
        "decode",
        departure="Keys of decoded tokens enter the cache without rotation, so later tokens read them unrotated.",
        formula="right: logit_tj = <R(t) q_t, R(j) k_j> / sqrt(d)\n"
        "wrong: logit_tj = <R(t) q_t, k_j> / sqrt(d) where token j < t was decoded",
        cause="The step caches the key before it rotates it.",
        fix="Rotate the new key by its position before it enters the cache.",
        replacements=_step(_leaves_unrotated_keys),
    ),
    Fault(
        "DecodeForgetsPrompt",
        "decode",
        departure="Decoded tokens attend, in both attentions, to decoded tokens only.",
        formula="right: sums over j from 0\nwrong: sums over j from t_0, the length of the prompt",
        cause="The prefill does not fill the cache, or the first step starts a new one.",
        fix="Keep keys, values, feedback keys and states of the prompt in the cache.",
        replacements={"decode.prefill": _remember_prompt, "decode.decode_step": _from_prompt_on},
    ),
    Fault(
        "DecodeForgetsItself",
        "decode",
        departure="The forward attention of a decoded token does not see that token.",
        formula="right: o_t = sum over j <= t of alpha_tj v_j\nwrong: o_t = sum over j < t of alpha_tj v_j",
        cause="The cache is read before the new key and value are appended.",
        fix="Append the new key and value first, and then attend.",
        replacements=_step(forward_read(lambda read, q, k, v: read(q, k[..., :-1, :], v[..., :-1, :]))),
    ),
    Fault(
        "DecodeFeedbackSeesItself",
        "decode",
        departure="The feedback softmax of a decoded token counts its own key, with its f as the value.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: s_t = f_t + gamma_t (sum over j < t of alpha_fb_tj s_j + alpha_fb_tt f_t), softmax over j <= t",
        cause="The new feedback key is appended to the cache before the feedback attention reads it.",
        fix="Read the feedback attention first, and then append k_fb_t and s_t.",
        replacements=_step(_feedback_sees_itself),
    ),
    Fault(
        "DecodeGainMissing",
        "decode",
        departure="In decoding steps feedback is not multiplied by the gain.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: s_t = f_t + sum over j < t of alpha_fb_tj s_j",
        cause="The step has its own formula for the feedback, without the gain.",
        fix="Multiply the feedback by gamma_t.",
        replacements=_step(inside(_gain_one)),
    ),
    Fault(
        "DecodeFeedbackMissing",
        "decode",
        departure="Decoding steps have no feedback.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\nwrong: s_t = f_t",
        cause="The step stops after the forward attention.",
        fix="Add the feedback from the cached states.",
        replacements=_step(feedback_read(lambda read, step, q, k, v: 0 * read(q, k, v))),
    ),
    Fault(
        "DecodeRemembersSignal",
        "decode",
        departure="Decoded tokens leave their forward signal f in the cache instead of their state s.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: f_j instead of s_j in that sum where token j was decoded",
        cause="The variable from before the feedback is cached.",
        fix="Append s_t, after the feedback was added.",
        replacements=_step(_leaves_signal),
    ),
    Fault(
        "PrefillRemembersSignal",
        "decode",
        departure="The prefill leaves the forward signals f in the cache instead of the states s.",
        formula="right: s_t = f_t + gamma_t sum over j < t of alpha_fb_tj s_j\n"
        "wrong: f_j instead of s_j in that sum where token j is in the prompt",
        cause="The variable from before the solve is cached.",
        fix="Cache the solution s of the prefill's solve.",
        replacements={"decode.prefill": _prefill_leaves_signal},
    ),
)
"""Faults of the area "decode"."""
