"""What a Python candidate is made to do for one request, next to the candidate itself."""

from collections.abc import Callable

import numpy as np

from sessa_ref.oracle.candidate import (
    Adapter,
    CandidateError,
    CandidateLayer,
    Decoding,
    Differentiable,
    Sequences,
    TargetError,
    Tracing,
    Trainable,
    UnsupportedError,
    Values,
)
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.padding import padded_outputs
from sessa_ref.oracle.precision import PRECISIONS


def perform(adapter: Adapter, operation: str, case: Case, dtype: str) -> Values:
    """Build the layer and perform one operation with it.

    Raises:
        UnsupportedError: the layer does not implement the operation.
    """
    carrier = PRECISIONS[dtype].carrier
    try:
        layer = adapter.build(case.parameters, dtype)
    except TargetError as error:
        if case.parameters.config.is_published:
            raise
        raise CandidateError(str(error)) from error
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
    token = np.empty_like(x[:, 0]) if x.shape[1] else x  # one piece of memory for all tokens, as servers have it
    for t in range(case.split, x.shape[1]):
        token[...] = x[:, t]
        outputs.append(layer.decode_step(token)[:, None].copy())
    return {"y": np.concatenate(outputs, axis=1)}


def _calls(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    """Uses that must make no difference: what a layer computed before, how x lies in memory, the mode."""
    values: Values = {}
    # First of all, other parameters, fewer rows and tokens, so that whatever it keeps has to be renewed and to grow.
    if isinstance(layer, Trainable):
        layer.load(case.parameters.replace({name: array / 2 for name, array in case.parameters.items()}))
    layer.forward(x[:1, : x.shape[1] // 2])
    if isinstance(layer, Trainable):
        layer.load(case.parameters)
    layer.forward(-2 * np.roll(x, 1, axis=-1))
    given = x.copy()
    values["y after another input"] = layer.forward(given)
    values["x after the call"] = given
    values["y again"] = layer.forward(x)
    layer.forward(-2 * np.roll(x, 1, axis=-1))
    values["y again"] = values["y again"].copy()  # what became of it
    values["y of a slice"] = layer.forward(np.concatenate([x[:1], x])[1:])
    values["y of a strided input"] = layer.forward(_strided(x))
    values["y of the first row alone"] = layer.forward(x[:1])
    if isinstance(layer, Decoding):
        layer.prefill(x, x.shape[1])
        layer.prefill(x[:, :1], x.shape[1])
        values["y after decoding"] = layer.forward(x)
    if isinstance(layer, Differentiable):
        layer.vjp(x, dy)
        values["y after a gradient"] = layer.forward(x)
        values |= _labelled(layer.vjp(x, dy), "again")
        values |= _labelled(layer.vjp(x, _strided(dy)), "of a strided cotangent")
        if len(dy) and np.array_equal(dy, np.broadcast_to(dy[:1], dy.shape)):
            values |= _labelled(layer.vjp(x, np.broadcast_to(dy[:1], dy.shape)), "of a cotangent stored once")
    if isinstance(layer, Sequences):
        values["y of two sequences in turn"] = _in_turn(layer, case, x)
    if isinstance(layer, Trainable):
        values |= _training(layer, case, x, dy)
    return values


def _training(layer: Trainable, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    """Training: the mode changes, and not all gradients are wanted."""
    values: Values = {}
    for of in ("x", "parameters"):
        values |= _labelled(layer.partial_vjp(x, dy, of), f"with only {of} to differentiate")
    layer.train()
    values["y in training mode"] = layer.forward(x)
    values |= _labelled(layer.vjp(x, dy), "in training mode")
    return values


def _in_turn(layer: Sequences, case: Case, x: np.ndarray) -> np.ndarray:
    """The outputs for x, while another sequence is decoded between its tokens."""
    sequences = {"x": x, "other": np.roll(x, 1, axis=-1)}
    outputs, states = {}, {}
    for name, tokens in sequences.items():
        outputs[name] = [layer.prefill(tokens[:, : case.split], x.shape[1])]
        states[name] = layer.suspend()
    for t in range(case.split, x.shape[1]):
        for name, tokens in sequences.items():
            layer.resume(states[name])
            outputs[name].append(layer.decode_step(tokens[:, t])[:, None])
            states[name] = layer.suspend()
    return np.concatenate(outputs["x"], axis=1)


def _labelled(gradient: tuple[np.ndarray | None, dict[str, np.ndarray]], label: str) -> Values:
    dx, gradients = gradient
    values = {} if dx is None else {f"dx {label}": dx}
    return values | {f"grad.{name} {label}": value for name, value in gradients.items()}


def _strided(array: np.ndarray) -> np.ndarray:
    """A copy, (batch, T, D), whose axes lie in memory the other way round and with gaps."""
    batch, T, D = array.shape
    copy = np.zeros((D, T, 2 * batch), dtype=array.dtype).T[::2]
    copy[...] = array
    return copy


def _lengths(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    """The first tokens alone, for every number of them."""
    return {f"y of {T} tokens": layer.forward(x[:, :T].copy()) for T in range(1, x.shape[1] + 1)}


def _padded(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    """The same tokens with padding between them."""
    return padded_outputs(layer, case, x)


def _trace(layer: CandidateLayer, case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    if not isinstance(layer, Tracing):
        raise UnsupportedError("it shows no intermediates")
    return layer.trace(x)


OPERATIONS: dict[str, Callable[[CandidateLayer, Case, np.ndarray, np.ndarray], Values]] = {
    "forward": _forward,
    "vjp": _vjp,
    "decode": _decode,
    "calls": _calls,
    "lengths": _lengths,
    "padded": _padded,
    "trace": _trace,
}
"""Every operation by name. Commands implement the first three; the others need a Python object."""
