"""How one request to a Python implementation is carried out, in the process of the implementation."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.padding import padded_outputs
from sessa_ref.oracle.implementation.protocol import (
    Adapter,
    Decoding,
    Differentiable,
    ImplementationError,
    Layer,
    Selective,
    Sequences,
    TargetError,
    Tracing,
    Trainable,
    UnsupportedError,
    Values,
    describe,
    first_line,
)
from sessa_ref.oracle.implementation.uses import GRADIENT, Label, Use
from sessa_ref.precision import PRECISIONS


def perform(adapter: Adapter, operation: str, case: Case, dtype: str) -> Values:
    """Build the layer and perform one operation with it.

    Raises:
        UnsupportedError: the layer does not implement the operation, or the adapter does not offer the config.
        ImplementationError: it returns something other than NumPy arrays, or raises an error that it must not raise.
    """
    carrier = PRECISIONS[dtype].carrier
    try:
        layer = adapter.build(case.parameters, dtype)
    except TargetError as error:  # for this config; the smoke test finds out if it is so for all
        raise ImplementationError(str(error)) from error
    if operation in _NEEDED:
        needed, lacking = _NEEDED[operation]
        if not isinstance(layer, needed):
            raise UnsupportedError(lacking)
    elif not isinstance(layer, Layer):
        raise ImplementationError(f"build made {describe(layer)}, which has no forward")
    with np.errstate(all="ignore"):  # the implementation may have turned warnings into errors
        x, dy = case.x.astype(carrier), case.dy.astype(carrier)
    try:
        values = OPERATIONS[operation](layer, case, x, dy)
    except (TargetError, UnsupportedError) as error:  # the implementation's own
        raise ImplementationError(first_line(error)) from error
    return {
        label.key if isinstance(label, Label) else label: _array(str(label), value) for label, value in values.items()
    }


Returned = dict[Any, Any]
"""What the implementation gave, by quantity, or by `Label` where it was used in several ways."""


def _array(name: str, value: Any) -> np.ndarray:
    if not hasattr(value, "__array__") and not isinstance(value, float):
        raise ImplementationError(f"{name} is {describe(value)}; expected a NumPy array")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ImplementationError(f"{name} has dtype {array.dtype}; expected real numbers")
    return array


def _gradients(case: Case, result: Any) -> Returned:
    """The gradients by quantity, of what `vjp` or `partial_vjp` returned."""
    if isinstance(result, tuple | list) and len(result) == 2 and isinstance(result[1], Mapping):
        of_input, of_parameters = result
        named = {} if of_input is None else case.level.of_inputs(case.parameters.config, of_input)
        return named | {f"grad.{name}": gradient for name, gradient in of_parameters.items()}
    raise ImplementationError(f"its vjp returns {describe(result)}; expected (dx, a dict of gradients by name)")


def _forward(layer: Layer, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    return {case.level.output: layer.forward(x)}


def _vjp(layer: Differentiable, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    return _gradients(case, layer.vjp(x, dy))


def _decode(layer: Decoding, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    outputs = [_array("the output of prefill", layer.prefill(x[:, : case.split], x.shape[1]))]
    token = np.empty_like(x[:, 0]) if x.shape[1] else x  # the same memory for all tokens, as in a server
    for t in range(case.split, x.shape[1]):
        token[...] = x[:, t]
        outputs.append(_array("the output of decode_step", layer.decode_step(token))[:, None].copy())
    return {"y": np.concatenate(outputs, axis=1)}


def _calls(layer: Layer, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    """Uses that must make no difference: what a layer computed before, how x lies in memory, the mode."""
    values: Returned = {}
    output = case.level.output

    def use(how: Use, forward: Callable[[], Any]) -> None:
        with _naming(Label(output, how)):
            values[Label(output, how)] = forward()

    # Start with other parameters and fewer rows and tokens: whatever the layer keeps must be replaced and must grow.
    if isinstance(layer, Trainable):
        layer.load(case.with_parameters({name: array / 2 for name, array in case.parameters.items()}).parameters)
    layer.forward(x[:1, : x.shape[1] // 2].copy())
    if isinstance(layer, Trainable):
        layer.load(case.parameters)
    layer.forward(case.level.another(case.parameters.config, x))
    given = x.copy()
    values[Label(output, Use.AFTER_ANOTHER_INPUT)] = layer.forward(given)
    values[Label("x", Use.INPUT_AFTERWARDS)] = given
    kept = layer.forward(x)
    layer.forward(case.level.another(case.parameters.config, x))
    values[Label(output, Use.KEPT)] = np.array(_array(str(Label(output, Use.KEPT)), kept))
    use(Use.SLICE, lambda: layer.forward(np.concatenate([x[:1], x])[1:]))
    use(Use.STRIDED_INPUT, lambda: layer.forward(_strided(x)))
    use(Use.FIRST_ROW, lambda: layer.forward(x[:1]))
    layer.forward(x)
    use(Use.FIRST_HALF, lambda: layer.forward(x[:, : x.shape[1] // 2].copy()))
    use(Use.AFTER_A_SHORTER_INPUT, lambda: layer.forward(x))
    if isinstance(layer, Decoding):
        values |= _after_decoding(layer, case, x)
    if isinstance(layer, Differentiable):
        values |= _around_gradients(layer, case, x, dy)
    if isinstance(layer, Sequences):
        use(Use.SEQUENCES_IN_TURN, lambda: _in_turn(layer, case, x))
    if isinstance(layer, Trainable):
        values |= _training(layer, case, x, dy)
    if isinstance(layer, Selective):
        for name in case.level.inputs(case.parameters.config):
            label = Label(f"d{name}", Use.NOTHING_ELSE)
            with _naming(label):
                values[label] = layer.vjp_of(name, x, dy)
    return values


def _after_decoding(layer: Any, case: Case, x: np.ndarray) -> Returned:
    """The output after two prefills."""
    label = Label(case.level.output, Use.AFTER_DECODING)
    layer.prefill(x, x.shape[1])
    with _naming(label):
        layer.prefill(x[:, :1].copy(), x.shape[1])
        return {label: layer.forward(x)}


def _around_gradients(layer: Any, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    """The output after a gradient, and gradients for cotangents that lie differently in memory."""
    layer.vjp(x, dy)
    label = Label(case.level.output, Use.AFTER_A_GRADIENT)
    with _naming(label):
        values: Returned = {label: layer.forward(x)}
    values |= _gradient(case, Use.SECOND_GRADIENT, lambda: layer.vjp(x, dy))
    values |= _gradient(case, Use.STRIDED_COTANGENT, lambda: layer.vjp(x, _strided(dy)))
    if len(dy) and np.array_equal(dy, np.broadcast_to(dy[:1], dy.shape)):
        stored_once = np.broadcast_to(dy[:1], dy.shape)
        values |= _gradient(case, Use.COTANGENT_STORED_ONCE, lambda: layer.vjp(x, stored_once))
    return values


def _training(layer: Trainable, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    """Training: the mode changes, and not all gradients are wanted."""
    values = _gradient(case, Use.ONLY_X, lambda: layer.partial_vjp(x, dy, "x"))
    values |= _gradient(case, Use.ONLY_PARAMETERS, lambda: layer.partial_vjp(x, dy, "parameters"))
    layer.train()
    label = Label(case.level.output, Use.TRAINING)
    with _naming(label):
        values[label] = layer.forward(x)
    return values | _gradient(case, Use.TRAINING, lambda: layer.vjp(x, dy))


def _gradient(case: Case, use: Use, vjp: Callable[[], Any]) -> Returned:
    """What `vjp` or `partial_vjp` returns in some use, by label."""
    with _naming(Label(GRADIENT, use)):
        gradients = _gradients(case, vjp())
    return {Label(name, use): value for name, value in gradients.items()}


@contextmanager
def _naming(label: Label) -> Iterator[None]:
    """Name the use in which the implementation raised an error."""
    try:
        yield
    except Exception as error:
        told = str(error) if isinstance(error, ImplementationError) else first_line(error)
        raise ImplementationError(f"{label}: {told}", label) from error


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


def _strided(array: np.ndarray) -> np.ndarray:
    """A copy, (batch, T, D), with its axes in reverse order in memory and with gaps."""
    batch, T, D = array.shape
    copy = np.zeros((D, T, 2 * batch), dtype=array.dtype).T[::2]
    copy[...] = array
    return copy


def _lengths(layer: Layer, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    """The first tokens alone, for every number of them."""
    output, tried = case.level.output, case.lengths or range(1, x.shape[1] + 1)
    return {Label(output, Use.FIRST_TOKENS, T): layer.forward(x[:, :T].copy()) for T in tried}


def _padded(layer: Layer, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    """The same tokens with padding between them."""
    return dict(padded_outputs(layer, case, x))


def _trace(layer: Tracing, case: Case, x: np.ndarray, dy: np.ndarray) -> Returned:
    return dict(layer.trace(x))


OPERATIONS: dict[str, Callable[[Any, Case, np.ndarray, np.ndarray], Returned]] = {
    "forward": _forward,
    "vjp": _vjp,
    "decode": _decode,
    "calls": _calls,
    "lengths": _lengths,
    "padded": _padded,
    "trace": _trace,
}
"""Every operation by name. Commands implement the first three; the others need a Python object."""

_NEEDED: dict[str, tuple[Any, str]] = {
    "vjp": (Differentiable, "it has no vjp"),
    "decode": (Decoding, "it has no prefill and decode_step"),
    "trace": (Tracing, "it shows no intermediates"),
}
"""What a layer must have for the operations that it may decline."""
