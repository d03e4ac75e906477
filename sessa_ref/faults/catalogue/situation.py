"""Formulas that know where they are used, and caches that remember more, for faults that depend on either."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import Cache, Formulas, Trace


class Situated(Formulas):
    """Formulas that know the layer, its tokens and the cache that these follow.

    All are None outside the forward pass, `past` in a whole sequence as well. So `past is None` tells a sequence from a
    decoding step.
    """

    parameters: SessaParameters | None = None
    x: Array | None = None
    past: Cache | None = None

    def for_tokens(self, parameters: SessaParameters, x: Array, past: Cache | None) -> Formulas:
        """The same formulas, for these tokens."""
        here = copy(self)
        here.parameters, here.x, here.past = parameters, x, past
        return here

    @property
    def before(self) -> int:
        """Number of tokens before the first one."""
        return 0 if self.past is None else self.past.length

    @property
    def n(self) -> Array | None:
        """The normalised tokens."""
        return None if self.parameters is None or self.x is None else self.normalize(self.parameters, self.x)


@dataclass(frozen=True)
class NotedCache(Cache):
    """A cache with what only a faulty layer remembers."""

    notes: Mapping[str, Any] = field(default_factory=dict)


def noted(cache: Cache, **notes: Any) -> NotedCache:
    """The cache with further notes."""
    parts = {part.name: getattr(cache, part.name) for part in fields(Cache)}
    return NotedCache(**parts, notes={**notes_of(cache), **notes})


def notes_of(cache: Cache | None) -> Mapping[str, Any]:
    """The notes in a cache, if there are any."""
    return cache.notes if isinstance(cache, NotedCache) else {}


class RemembersPrompt(Situated):
    """Formulas that know how many tokens the prompt had."""

    def remember(self, past: Cache | None, steps: Trace) -> Cache:
        """The cache, with the prompt's length."""
        cache = super().remember(past, steps)
        return noted(cache, prompt=cache.length) if past is None else cache

    @property
    def prompt(self) -> int:
        """Number of tokens of the prefill; 0 where a cache does not say."""
        return notes_of(self.past).get("prompt", 0)


def with_last_token(cache: Cache, **arrays: Array) -> Cache:
    """The cache with other entries, (..., 1, width), for its last token."""
    entries = {
        name: np.concatenate([getattr(cache, name)[..., :-1, :], last], axis=-2) for name, last in arrays.items()
    }
    return replace(cache, **entries)
