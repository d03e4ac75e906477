"""The inside of a decoding step, for faults that change a part of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from sessa_ref.faults.fault import Replacements, Wrapper, replaced
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, decode


@dataclass(frozen=True)
class NotedCache(decode.Cache):
    """A cache with what only a faulty layer remembers."""

    notes: Mapping[str, Any] = field(default_factory=dict)

    def append(self, k_rotated: Array, v: Array, k_fb: Array, s: Array) -> decode.Cache:
        """The cache after one or more further tokens; the notes stay what they are."""
        return noted(super().append(k_rotated, v, k_fb, s), **self.notes)


def noted(cache: decode.Cache, **notes: Any) -> NotedCache:
    """The cache with further notes."""
    together = {**notes_of(cache), **notes}
    return NotedCache(cache.k_rotated, cache.v, cache.k_fb, cache.s, notes=together)


def notes_of(cache: decode.Cache) -> Mapping[str, Any]:
    """The notes in a cache, if there are any."""
    return cache.notes if isinstance(cache, NotedCache) else {}


class Step:
    """What a decoding step has computed so far; arrays keep their token axis of length 1."""

    def __init__(self) -> None:
        self.seen: dict[str, Array] = {}

    def remember(self, name: str, original: Callable, *arguments: Any) -> Array:
        """Call a function of the reference and keep what it gives."""
        self.seen[name] = original(*arguments)
        return self.seen[name]

    def project(self, original: Callable, parameters: SessaParameters, name: str, u: Array) -> Array:
        """The same for the linear map `name`."""
        return self.remember(name, original, parameters, name, u)

    @property
    def f(self) -> Array:
        """The forward signal, (..., 1, D)."""
        return self.seen["out_proj" if "out_proj" in self.seen else "o"]

    @property
    def k_fb(self) -> Array:
        """The token's feedback key, (..., 1, d_b)."""
        return np.split(self.seen["proj_fb"], 2, axis=-1)[1]

    @property
    def gamma(self) -> Array:
        """The gain, (..., 1)."""
        return self.seen["gamma"]


@contextmanager
def watched() -> Iterator[Step]:
    """Watch the decoding step that runs while the context is open."""
    step = Step()
    watchers: Replacements = {
        "mixer.project": lambda original: partial(step.project, original),
        "attention.merge_heads": lambda original: partial(step.remember, "o", original),
        "feedback.gain": lambda original: partial(step.remember, "gamma", original),
    }
    with replaced(watchers):
        yield step


def forward_read(change: Callable[..., Array]) -> Wrapper:
    """For decode_step: the forward attention reads its cache by change(read, q, k, v)."""

    def wrap(original: Callable) -> Callable:
        def decode_step(parameters, x_t, cache):
            # Lambdas: functions that are defined in every step would be slow under a run-time type checker.
            reading: Replacements = {
                "attention.read": lambda read: (
                    lambda q, k, v: change(read, q, k, v) if _has_heads(q, x_t) else read(q, k, v)
                )
            }
            with replaced(reading):
                return original(parameters, x_t, cache)

        return decode_step

    return wrap


def feedback_read(change: Callable[..., Array]) -> Wrapper:
    """For decode_step: the feedback attention reads its cache by change(read, step, q, k, v)."""

    def wrap(original: Callable) -> Callable:
        def decode_step(parameters, x_t, cache):
            reading: Replacements = {
                "attention.read": lambda read: (
                    lambda q, k, v: read(q, k, v) if _has_heads(q, x_t) else change(read, step, q, k, v)
                )
            }
            with watched() as step, replaced(reading):
                return original(parameters, x_t, cache)

        return decode_step

    return wrap


def read_with_itself(read: Callable, step: Step, q: Array, k: Array, v: Array, own: Array) -> Array:
    """Feedback of a token that sees its own feedback key as well, with `own` as its value."""
    return read(q, np.concatenate([k, step.k_fb], axis=-2), np.concatenate([v, own], axis=-2))


def solved_for_itself(step: Step, q: Array, k: Array, v: Array, sees_itself: bool) -> Array:
    """Feedback of a token whose own state s is among the values, visible or, if the mask leaks, hidden."""
    visible = np.arange(k.shape[-2] + 1)[None, :] < k.shape[-2] + sees_itself
    alpha = attention.attention_weights(q, np.concatenate([k, step.k_fb], axis=-2), visible)
    # s = f + gamma (r + a s), with a the token's own weight, is f + gamma (r + a f) / (1 - gamma a).
    return alpha @ np.concatenate([v, step.f], axis=-2) / (1 - step.gamma[..., None] * alpha[..., -1:])


def first_step_is_prefill(original: Callable) -> Callable:
    """For decode_step: an empty cache's first token is a sequence of length one."""

    def decode_step(parameters, x_t, cache):
        if cache.length > 0:
            return original(parameters, x_t, cache)
        y, after = decode.prefill(parameters, np.asanyarray(x_t)[..., None, :])
        return y[..., 0, :], after

    return decode_step


def _first_sees_itself(original: Callable) -> Callable:
    def strict_past(T: int) -> Array:
        visible = original(T).copy()
        visible[:1, :1] = True
        return visible

    return strict_past


def _first_fed(original: Callable) -> Callable:
    def forward_substitution(B: Array, f: Array) -> Array:
        first = f[..., :1, :] + B[..., :1, :1] @ f[..., :1, :]
        return original(B, np.concatenate([first, f[..., 1:, :]], axis=-2))

    return forward_substitution


FIRST_TOKEN_FED: Replacements = {
    "attention.strict_past": _first_sees_itself,
    "solve.forward_substitution": _first_fed,
}
"""In a sequence, the first token gets feedback from its own forward signal: s_0 = (1 + gamma_0) f_0."""


def with_last_token(cache: decode.Cache, **arrays: Array) -> decode.Cache:
    """The cache with other entries, (..., 1, width), for its last token."""
    entries = {
        name: np.concatenate([getattr(cache, name)[..., :-1, :], last], axis=-2) for name, last in arrays.items()
    }
    return replace(cache, **entries)


def _has_heads(q: Array, x_t: Array) -> bool:
    return q.ndim == np.ndim(x_t) + 2  # x_t is (*batch, D); q is (*batch, H, 1, d_k) or (*batch, 1, d_b)
