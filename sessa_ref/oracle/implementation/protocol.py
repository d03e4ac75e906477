"""What the oracle asks of an implementation.

An implementation in Python is an `Adapter`: NumPy in, NumPy out. The oracle itself only ever sees a
`Implementation`, which answers requests; it may run in another process, and in any language.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.uses import Label
from sessa_ref.parameters import SessaParameters

Values = dict[str, np.ndarray]
"""Arrays by quantity, as in `sessa_ref.oracle.levels`; or under keys of labels, see `uses`."""


class TargetError(Exception):
    """The implementation could not be run at all; the message is one line for its author."""


class ImplementationError(Exception):
    """The implementation failed at one request: it raised, crashed, or went beyond a limit.

    Args:
        message: one line for its author.
        label: what was being computed, where one request computes several things.
    """

    def __init__(self, message: str, label: Label | None = None) -> None:
        super().__init__(message)
        self.label = label


class UnsupportedError(Exception):
    """The implementation declines an optional part; the message says which.

    A function that builds layers raises it for a config that it does not offer. Anywhere else in an implementation it is
    an error like any other.
    """


class OracleError(Exception):
    """The oracle itself could not work; the message is one line."""


def first_line(error: BaseException) -> str:
    """Type and first line of an error that an implementation raised, whatever its `__str__` does."""
    try:
        message = str(error)
    except (Exception, SystemExit):
        message = "its message cannot be read"
    line = next(iter(message.strip().splitlines()), "")
    return f"{type(error).__name__}: {line}"[:_LONGEST_MESSAGE] if line else type(error).__name__


def describe(value: object) -> str:
    """What an implementation returned in place of an array, in words."""
    if value is None:
        return "None"
    kind = type(value).__name__
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)}"
    if isinstance(value, Mapping):
        return f"a {kind} with {', '.join(map(repr, list(value)[:5])) or 'nothing in it'}"
    return f"an object of type {kind}"


def about(adapter: object) -> dict[str, str]:
    """What an implementation runs on and with which settings, as far as it tells; see `Telling`."""
    with suppress(Exception):
        told = adapter.about() if isinstance(adapter, Telling) else {}
        return {str(name): str(value) for name, value in told.items()}
    return {}


MAYBE_TF32 = "float32 products may be in TF32"
"""What torch implementations tell under "settings" where torch may compute products of float32 in TF32."""

_LONGEST_MESSAGE = 1000


@runtime_checkable
class Layer(Protocol):
    """One layer, or part of one, with its parameters. All arrays have the dtype it was built for; for bfloat16, float32."""

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
class Padding(Protocol):
    """A layer that takes a mask of real tokens; optional.

    Padding attends to nothing and nothing attends to it, wherever it stands. Positions count real tokens alone.
    """

    def forward_padded(self, x: np.ndarray, attention_mask: np.ndarray) -> np.ndarray | None:
        """The output for x where the mask, (batch, T), is True, and anything elsewhere; None if it takes no mask."""
        ...


@runtime_checkable
class PaddedDecoding(Decoding, Protocol):
    """A decoding layer that also takes such a mask for the prompt; optional."""

    def prefill_padded(self, x: np.ndarray, attention_mask: np.ndarray, capacity: int) -> np.ndarray | None:
        """As `prefill`, for prompts with padding on the left; None if it takes no mask. Decoding continues each row separately."""
        ...


@runtime_checkable
class Sequences(Decoding, Protocol):
    """A decoding layer on which sequences can take turns; optional."""

    def suspend(self) -> Any:
        """The state after `prefill` or `decode_step`, for `resume`."""
        ...

    def resume(self, state: Any) -> None:
        """Continue the sequence for which `suspend` returned this state. Others may have been decoded since."""
        ...


@runtime_checkable
class Trainable(Differentiable, Layer, Protocol):
    """A layer that can be trained; optional."""

    def train(self) -> None:
        """Switch to training mode, which must not change any value."""
        ...

    def load(self, parameters: SessaParameters) -> None:
        """Take other parameters, as after an optimiser's step."""
        ...

    def partial_vjp(
        self, x: np.ndarray, dy: np.ndarray, of: Literal["x", "parameters"]
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """As `vjp`, but with only x, or only the parameters, to differentiate; the rest is None or left out."""
        ...


@runtime_checkable
class Selective(Differentiable, Protocol):
    """A function of several inputs whose gradients can be had one by one; optional."""

    def vjp_of(self, name: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """The gradient of one input where no other is wanted."""
        ...


@runtime_checkable
class Tracing(Protocol):
    """A layer that also shows intermediates; optional, used to say where an error begins."""

    def trace(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Some of the quantities of `sessa_ref.notation.SYMBOLS`, under those names and with those axes."""
        ...


@runtime_checkable
class Telling(Protocol):
    """An implementation or adapter that tells what it runs on; optional."""

    def about(self) -> dict[str, str]:
        """Sentences for reports under "device", "libraries" and "settings", as things are at the moment."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """An implementation in Python."""

    def build(self, parameters: SessaParameters, dtype: str) -> Layer:
        """A layer of `parameters.config` with these parameters, computing in `dtype`.

        Raises:
            TargetError: the implementation cannot be built as a Sessa layer at all.
        """
        ...


@runtime_checkable
class Implementation(Protocol):
    """An implementation under test, as the oracle sees it."""

    @property
    def name(self) -> str:
        """Its name in reports."""
        ...

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation on a case that is already rounded to `dtype`.

        Raises:
            ImplementationError: the implementation failed at this request.
            UnsupportedError: it does not implement the operation.
            TargetError: it cannot be run at all.
        """
        ...
