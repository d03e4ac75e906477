"""Channels by name: orthonormal directions of the model's space, which the proofs call sig, pos, prof, ..."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array

ONE = "1"
"""The name of the constant in an affine form {channel: coefficient, ONE: constant}."""


class Channels:
    """Named orthonormal directions of R^width.

    Args:
        width: D, the dimension of the space.
        names: one name for each direction that is used, at most D of them.
        directions: the directions as rows, (names, D), orthonormal; by default the first coordinate axes.

    Raises:
        ValueError: there are more names than D, a name comes twice, or the directions are not orthonormal.
    """

    def __init__(self, width: int, names: Sequence[str], directions: Any = None) -> None:
        self.width, self.names = width, tuple(names)
        if len(self.names) > width:
            raise ValueError(f"{len(self.names)} channels need a width of as many, got width={width}: {self.names}")
        if len(set(self.names)) < len(self.names) or ONE in self.names:
            raise ValueError(f"channels must have different names, none of them {ONE!r}, got {self.names}")
        rows = np.eye(width)[: len(self.names)] if directions is None else np.asarray(directions, dtype=np.float64)
        if rows.shape != (len(self.names), width):
            raise ValueError(f"directions must have shape ({len(self.names)}, {width}), got {rows.shape}")
        if not np.allclose(rows @ rows.T, np.eye(len(rows)), rtol=0, atol=1e-12):
            raise ValueError("directions must be orthonormal")
        self._directions = dict(zip(self.names, rows, strict=True))

    @classmethod
    def random(cls, width: int, names: Sequence[str], seed: int | np.random.Generator = 0) -> "Channels":
        """Channels along random orthonormal directions."""
        square = np.random.default_rng(seed).standard_normal((width, width))
        return cls(width, names, np.linalg.qr(square)[0].T[: len(names)])

    def __contains__(self, name: str) -> bool:
        return name in self._directions

    def __repr__(self) -> str:
        return f"Channels({self.width}, {self.names})"

    def __getitem__(self, name: str) -> Float64[Array, " D"]:
        """The unit vector e_name.

        Raises:
            KeyError: there is no channel of that name.
        """
        if name not in self._directions:
            raise KeyError(f"there is no channel {name!r}; there are {self.names}")
        return self._directions[name]

    def read(self, name: str, x: Any) -> Array:
        """<x_t, e_name> of tokens x, (..., D)."""
        return np.asarray(x) @ self[name]

    def affine(self, form: Mapping[str, float]) -> tuple[Float64[Array, " D"], float]:
        """(w, b) with <w, x> + b = sum of coefficient * channel, and b the coefficient of `ONE`."""
        weight = sum((c * self[name] for name, c in form.items() if name != ONE), np.zeros(self.width))
        return np.asarray(weight), float(form.get(ONE, 0.0))
