"""What the oracle asks of an implementation: the adapter protocol, NumPy in and NumPy out."""

from typing import Protocol, runtime_checkable

import numpy as np

from sessa_ref.parameters import SessaParameters


class TargetError(Exception):
    """The candidate could not be run at all; the message is one line for its author."""


@runtime_checkable
class CandidateLayer(Protocol):
    """One layer with its parameters. All arrays have the dtype it was built for."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The output y for x, both of shape (batch, T, D)."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """A layer that also has gradients; optional."""

    def vjp(self, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Gradients of sum(dy * y): with respect to x, and to every parameter under its published name."""
        ...


@runtime_checkable
class Decoding(Protocol):
    """A layer that also decodes; optional."""

    def prefill(self, x: np.ndarray, capacity: int) -> np.ndarray:
        """Forget all tokens, make room for `capacity`, and return the output for the prompt x."""
        ...

    def decode_step(self, x_t: np.ndarray) -> np.ndarray:
        """The output for the next token, both of shape (batch, D)."""
        ...


@runtime_checkable
class Candidate(Protocol):
    """An implementation under test."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    def build(self, parameters: SessaParameters, dtype: str) -> CandidateLayer:
        """A layer of `parameters.config` with these parameters, computing in `dtype`.

        Raises:
            TargetError: the candidate cannot be built as a Sessa layer at all.
        """
        ...
