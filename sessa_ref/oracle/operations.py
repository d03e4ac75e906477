"""What a Python candidate is made to do for one request, next to the candidate itself."""

from collections.abc import Callable

import numpy as np

from sessa_ref.oracle.candidate import (
    Adapter,
    CandidateLayer,
    Decoding,
    Differentiable,
    Tracing,
    UnsupportedError,
    Values,
)
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.precision import PRECISIONS


def perform(adapter: Adapter, operation: str, case: Case, dtype: str) -> Values:
    """Build the layer and perform one operation with it.

    Raises:
        UnsupportedError: the layer does not implement the operation.
    """
    carrier = PRECISIONS[dtype].carrier
    layer = adapter.build(case.parameters, dtype)
    return OPERATIONS[operation](layer, case, case.x.astype(carrier), case.dy.astype(carrier))


def _forward(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    return {"y": layer.forward(x)}


def _vjp(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    if not isinstance(layer, Differentiable):
        raise UnsupportedError("it has no vjp")
    dx, gradients = layer.vjp(x, dy)
    return {"dx": dx} | {f"grad.{name}": gradient for name, gradient in gradients.items()}


def _decode(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    if not isinstance(layer, Decoding):
        raise UnsupportedError("it has no prefill and decode_step")
    outputs = [layer.prefill(x[:, : case.split], x.shape[1])]
    outputs += [layer.decode_step(x[:, t])[:, None] for t in range(case.split, x.shape[1])]
    return {"y": np.concatenate(outputs, axis=1)}


def _calls(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    """Uses that must make no difference: what a layer computed before, how x lies in memory, the mode."""
    values: Values = {}
    layer.forward(-2 * np.roll(x, 1, axis=-1))
    given = x.copy()
    values["y after another input"] = layer.forward(given)
    values["x after the call"] = given
    values["y again"] = layer.forward(x)
    layer.forward(x[:, : x.shape[1] // 2])
    values["y after a shorter input"] = layer.forward(x)
    strided = np.zeros((x.shape[2], x.shape[1], 2 * x.shape[0]), dtype=x.dtype).T[::2]
    strided[...] = x
    values["y of a strided input"] = layer.forward(strided)
    values["y of the first row alone"] = layer.forward(x[:1])
    if isinstance(layer, Decoding):
        layer.prefill(x, x.shape[1])
        layer.prefill(x[:, :1], x.shape[1])
        values["y after decoding"] = layer.forward(x)
    if isinstance(layer, Differentiable):
        layer.vjp(x, dy)
        values["y after a gradient"] = layer.forward(x)
        dx, gradients = layer.vjp(x, dy)
        values["dx again"] = dx
        values |= {f"grad.{name} again": gradient for name, gradient in gradients.items()}
    train = getattr(layer, "train", None)
    if callable(train):
        train()
        values["y in training mode"] = layer.forward(x)
    return values


def _trace(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    if not isinstance(layer, Tracing):
        raise UnsupportedError("it shows no intermediates")
    return layer.trace(x)


OPERATIONS: dict[str, Callable[[CandidateLayer, Case, np.ndarray, np.ndarray], Values]] = {
    "forward": _forward,
    "vjp": _vjp,
    "decode": _decode,
    "calls": _calls,
    "trace": _trace,
}
"""Every operation by name. Commands implement the first three; the others need a Python object."""
