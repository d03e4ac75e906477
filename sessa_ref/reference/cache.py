"""The cache: what the tokens so far leave behind for later ones."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real


@dataclass(frozen=True)
class Cache:
    """What later tokens need of the tokens so far. A step returns a new cache and leaves the old one as it is."""

    k_rotated: Real[Array, "*batch G t d_k"]
    v: Real[Array, "*batch G t d_v"]
    k_fb: Real[Array, "*batch t d_b"]
    s: Real[Array, "*batch t D"]
    real: Bool[Array, "*batch t"] | None = None
    """Which tokens are real, not padding; None where all are real."""

    @property
    def length(self) -> int:
        """Number of tokens seen, padding included."""
        return self.s.shape[-2]

    def append(self, k_rotated: Array, v: Array, k_fb: Array, s: Array) -> "Cache":
        """The cache after one or more further real tokens, given with their token axis."""
        return replace(
            self,
            k_rotated=np.concatenate([self.k_rotated, k_rotated], axis=-2),
            v=np.concatenate([self.v, v], axis=-2),
            k_fb=np.concatenate([self.k_fb, k_fb], axis=-2),
            s=np.concatenate([self.s, s], axis=-2),
            real=None if self.real is None else np.concatenate([self.real, np.ones(s.shape[:-1], dtype=bool)], axis=-1),
        )
