"""Variations of the gradient: a parameter, or what flows back through a value, gets only a share of its gradient.

A parameter's gradient is a sum over the batch and over tokens. Its share from some of them is what the linear map that
it belongs to adds to the tangent there.
"""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.graph import Change, Run
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.variation import Variation
from sessa_ref.notation import Array

_MAPS: tuple[tuple[str, str, str], ...] = (
    ("W_in", "W_in output", "n"),
    ("mixer.q_proj", "q", "q input"),
    ("mixer.k_proj", "k", "k input"),
    ("mixer.v_proj", "v", "v input"),
    ("mixer.out_proj", "f", "o"),
    ("mixer.gamma_ctx", "z", "gain input"),
    ("W_out", "branch", "gated"),
)
"""Linear maps, their outputs and inputs in the graph."""

Share = Callable[[tuple[int, ...]], Array | float]
"""Factors for an array of a shape, (batch, ..., tokens, width)."""

_SHARES: tuple[tuple[str, str, Share], ...] = (
    ("LastRow", "the last batch row only", lambda shape: _rows(shape, -1)),
    ("FirstRow", "the first batch row only", lambda shape: _rows(shape, 0)),
    ("NotLastRow", "all batch rows but the last", lambda shape: 1 - _rows(shape, -1)),
    ("NotFirstRow", "all batch rows but the first", lambda shape: 1 - _rows(shape, 0)),
    ("RowMean", "the mean over the batch instead of the sum", lambda shape: 1 / max(shape[0], 1)),
    ("LastToken", "the last token only", lambda shape: _tokens(shape, -1)),
    ("FirstToken", "the first token only", lambda shape: _tokens(shape, 0)),
    ("NotLastToken", "all tokens but the last", lambda shape: 1 - _tokens(shape, -1)),
    ("NotFirstToken", "all tokens but the first", lambda shape: 1 - _tokens(shape, 0)),
    ("TokenMean", "the mean over tokens instead of the sum", lambda shape: 1 / max(shape[-2], 1)),
    ("Mean", "the mean over batch and tokens instead of the sum", lambda shape: 1 / max(shape[0] * shape[-2], 1)),
)
_CAUSE = "A hand-written backward pass: a loop that ends early, an assignment for a sum, or a mean for a sum."
_FIX = "Sum the gradient over all rows of the batch and all tokens."


def variations() -> Iterator[Variation]:
    """Shares of every parameter's gradient, and of what flows back through every value."""
    for label, words, share in _SHARES:
        for word, names, changes in _parameters(share):
            yield Variation(
                f"Gradient{label}Of{word}", "gradient", f"The gradient of {names} is that of {words}.", _CAUSE, _FIX, changes
            )  # fmt: skip
        if label.endswith("Mean"):
            continue  # a factor, which there is a family for
        for place in PLACES:
            yield Variation(
                f"Gradient{label}Through{place.word}", "gradient",
                f"The gradient that flows back through {place.phrase.rstrip(',')} is that of {words}.", _CAUSE, _FIX,
                {name: _of_value(share) for name in place.names},
            )  # fmt: skip
    for place in PLACES:
        for label, words, change in (
            ("BatchMean", "averaged over the batch, for every row alike", lambda t: np.broadcast_to(t.mean(axis=0, keepdims=True), t.shape)),
            ("BatchSum", "summed over the batch, for every row alike", lambda t: np.broadcast_to(t.sum(axis=0, keepdims=True), t.shape)),
            ("RowsReversed", "that of the batch in reversed order", lambda t: t[::-1]),
            ("TokensReversed", "in reversed order of tokens", lambda t: t[..., ::-1, :]),
            ("NextToken", "that of the next token, zero for the last", lambda t: _moved(t, 1)),
            ("PreviousToken", "that of the previous token, zero for the first", lambda t: _moved(t, -1)),
        ):  # fmt: skip
            yield Variation(
                f"Gradient{label}Through{place.word}", "gradient",
                f"The gradient that flows back through {place.phrase.rstrip(',')} is {words}.", _CAUSE, _FIX,
                {name: _tangent(change) for name in place.names},
            )  # fmt: skip


def _parameters(share: Share) -> Iterator[tuple[str, str, dict[str, Change]]]:
    for word, parts in (("", ("weight", "bias")), ("Weight", ("weight",)), ("Bias", ("bias",))):
        for name, output, source in _MAPS:
            if name in ("mixer.out_proj", "mixer.gamma_ctx") and word:
                continue  # these have a weight alone
            parts_here = ("weight",) if name in ("mixer.out_proj", "mixer.gamma_ctx") else parts
            title = "".join(piece.capitalize() for piece in name.replace(".", "_").split("_"))
            yield f"{title}{word}", _words(name, parts_here), {output: _of_map(name, source, parts_here, share)}
        yield f"Norm{word}", _words("ln", parts), {"n": _of_norm(parts, share)}
        yield (
            f"Feedback{word}", _words("mixer.proj_fb", parts),
            {"q_fb": _of_feedback("q_fb", 0, parts, share), "k_fb": _of_feedback("k_fb", 1, parts, share)},
        )  # fmt: skip
    yield "GammaBias", "mixer.gamma_bias", {"z": _without(lambda run: _imag(run.values["mixer.gamma_bias"]), share)}


def _words(name: str, parts: tuple[str, ...]) -> str:
    return " and ".join(f"{name}.{part}" for part in parts)


def _of_map(name: str, source: str, parts: tuple[str, ...], share: Share) -> Change:
    def added(run: Run) -> Array:
        weight, bias = run.values.get(f"{name}.weight"), run.values.get(f"{name}.bias")
        if weight is None:
            return np.zeros(())
        return _added(run.values[source], weight, bias, parts)

    return _without(added, share)


def _of_feedback(output: str, half: int, parts: tuple[str, ...], share: Share) -> Change:
    def added(run: Run) -> Array:
        width = run.config.feedback_width
        rows = slice(half * width, (half + 1) * width)
        bias = run.values["mixer.proj_fb.bias"]
        weight = run.values["mixer.proj_fb.weight"][rows]
        return _added(run.values[f"{output} input"], weight, None if bias is None else bias[rows], parts)

    return _without(added, share)


def _of_norm(parts: tuple[str, ...], share: Share) -> Change:
    def added(run: Run) -> Array:
        if "standard" not in run.values:
            return np.zeros(())
        weight = np.real(run.values["standard"]) * _imag(run.values["ln.weight"])
        bias = _imag(run.values["ln.bias"])
        return sum((term for part, term in (("weight", weight), ("bias", bias)) if part in parts), np.zeros(()))

    return _without(added, share)


def _added(source: Array, weight: Array, bias: Array | None, parts: tuple[str, ...]) -> Array:
    """What a linear map's own tangents add to the tangent of its output."""
    result = np.zeros(())
    if "weight" in parts:
        result = result + np.real(source) @ _imag(weight).T
    if "bias" in parts and bias is not None:
        result = result + _imag(bias)
    return result


def _without(added: Callable[[Run], Array], share: Share) -> Change:
    """The value without a part of what its parameters add to its tangent."""

    def change(run: Run, value: Array) -> Array:
        return value - 1j * (1 - share(value.shape)) * added(run) if np.iscomplexobj(value) else value

    return change


def _of_value(share: Share) -> Change:
    return lambda run, value: (
        np.real(value) + 1j * np.imag(value) * share(value.shape) if np.iscomplexobj(value) else value
    )


def _tangent(change: Callable[[Array], Array]) -> Change:
    return lambda run, value: np.real(value) + 1j * change(np.imag(value)) if np.iscomplexobj(value) else value


def _imag(value: Array) -> Array:
    return np.imag(value)


def _rows(shape: tuple[int, ...], row: int) -> Array:
    chosen = np.arange(shape[0]) == (row % max(shape[0], 1))
    return chosen.reshape(-1, *(1 for _ in shape[1:])).astype(np.float64)


def _tokens(shape: tuple[int, ...], token: int) -> Array:
    return (np.arange(shape[-2]) == token % max(shape[-2], 1))[:, None].astype(np.float64)


def _moved(tangent: Array, by: int) -> Array:
    """Adjoint of a shift: what reaches a token is the gradient of the one `by` later."""
    moved = np.roll(tangent, by, axis=-2).copy()
    if moved.shape[-2]:
        moved[..., 0 if by > 0 else -1, :] = 0
    return moved
