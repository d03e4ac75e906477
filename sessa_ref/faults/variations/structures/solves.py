"""Other algorithms and other matrices in place of the triangular solve."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.modes import absolute, rounded_to
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array

_SOLVE = "Another algorithm or another matrix in place of the triangular solve."


def _tril(B: Array) -> Array:
    return np.tril(B, k=-1)


def _neumann(B: Array, f: Array, hops: int) -> Array:
    term = total = f
    for _ in range(hops):
        term = B @ term
        total = total + term
    return total


SOLVES: dict[str, tuple[str, Callable[[Run, Array, Array], Array]]] = {
    "Nothing": ("s is the forward signal f: there is no feedback", lambda run, B, f: f),
    "OneHop": ("feedback is added once, from f: s = f + B f", lambda run, B, f: f + B @ f),
    "OnlyFeedback": ("s lacks f: s = (I - B)^(-1) f - f", lambda run, B, f: graph.solve(B, f) - f),
    "SignalAgain": ("f is added once more: s = f + (I - B)^(-1) f", lambda run, B, f: graph.solve(B, f) + f),
    "Product": ("the matrix multiplies instead of being solved: s = (I - B) f", lambda run, B, f: f - B @ f),
    "JustB": ("s = B f", lambda run, B, f: B @ f),
    "OneHopNegative": ("s = f - B f", lambda run, B, f: f - B @ f),
    "HalfSecondOrder": ("s = f + B f + B^2 f / 2", lambda run, B, f: f + B @ f + B @ (B @ f) / 2),
    "Exponential": ("s is the exponential of B applied to f", lambda run, B, f: _exponential(B, f)),
    "SignFlipped": ("feedback is subtracted: (I + B) s = f", lambda run, B, f: graph.solve(-B, f)),
    "Transposed": ("the transposed system is solved", lambda run, B, f: graph.solve(np.swapaxes(B, -1, -2), f)),
    "Backwards": (
        "the solve runs from the last token to the first",
        lambda run, B, f: graph.solve(_tril(B[..., ::-1, ::-1]), f[..., ::-1, :])[..., ::-1, :],
    ),
    "Doubling": ("the series is made by doubling and one factor is missing", lambda run, B, f: _doubled(B, f)),
    "DoublingRoundedDown": (
        "the series is made by doubling, (I + B)(I + B^2)(I + B^4)..., with as many factors as log2 T, rounded down",
        lambda run, B, f: _neumann(B, f, 2 ** int(np.log2(max(f.shape[-2], 1))) - 1),
    ),
    "RoundedUpHalf": (
        "the series is cut after T/2 hops, rounded up",
        lambda run, B, f: _neumann(B, f, -(-f.shape[-2] // 2)),
    ),
    "Twice": ("the solve is applied twice", lambda run, B, f: graph.solve(B, graph.solve(B, f))),
    "WithoutGain": (
        "the feedback lacks the gain",
        lambda run, B, f: graph.solve(run.values["alpha_fb"] + 0 * B, f),
    ),
    "GainOnWhole": (
        "the gain multiplies the solved feedback once, not every hop: s = f + gamma ((I - A)^(-1) f - f)",
        lambda run, B, f: f + run.values["gamma"] * (graph.solve(0.999 * run.values["alpha_fb"], f) - f),
    ),
    "GainOnState": ("the gain multiplies the state", lambda run, B, f: run.values["gamma"] * graph.solve(B, f)),
    "GainOnSignal": ("the gain multiplies f as well", lambda run, B, f: graph.solve(B, run.values["gamma"] * f)),
    "OneMinusGain": (
        "f is weighted by 1 - gamma: s = (1 - gamma) f + B s",
        lambda run, B, f: graph.solve(B, (1 - run.values["gamma"]) * f),
    ),
    "GainSquared": ("the gain is applied twice", lambda run, B, f: graph.solve(run.values["gamma"] * B, f)),
    "GainOfSource": (
        "the gain is that of the token that is read",
        lambda run, B, f: graph.solve(run.values["alpha_fb"] * np.swapaxes(run.values["gamma"], -1, -2), f),
    ),
    "GainRoots": (
        "the gain is shared between reader and token that is read, by roots of its size",
        lambda run, B, f: graph.solve(
            np.sqrt(absolute(run.values["gamma"])) * run.values["alpha_fb"] * np.sqrt(absolute(np.swapaxes(run.values["gamma"], -1, -2))), f
        ),
    ),
    "PreviousOnly": (
        "only the state of the previous token is fed back, with the gain: s_t = f_t + gamma_t s_(t-1)",
        lambda run, B, f: graph.solve(run.values["gamma"] * np.eye(f.shape[-2], k=-1), f),
    ),
    "PreviousWeighted": (
        "only the state of the previous token is fed back, with its weight",
        lambda run, B, f: graph.solve(B * np.eye(f.shape[-2], k=-1), f),
    ),
    "RowsNormalized": (
        "rows of B are scaled to a sum of sizes of at most 1",
        lambda run, B, f: graph.solve(B / np.maximum(np.sum(np.abs(B), axis=-1, keepdims=True), 1), f),
    ),
    "OfAverage": ("the state is the mean of f and s", lambda run, B, f: (f + graph.solve(B, f)) / 2),
    "FeedbackOfValues": (
        "values are fed back instead of states: s = f + B v",
        lambda run, B, f: f + B @ run.values["all values"],
    ),
    "FeedbackOfU": ("u is fed back instead of states: s = f + B u", lambda run, B, f: f + B @ run.values["u"]),
    "FeedbackOfO": ("o is fed back instead of states: s = f + B o", lambda run, B, f: f + B @ run.values["o"]),
    "FeedbackOfN": ("n is fed back instead of states: s = f + B n", lambda run, B, f: f + B @ run.values["n"]),
    "FeedbackOfX": ("x is fed back instead of states: s = f + B x", lambda run, B, f: f + B @ run.values["x"]),
    "FeedbackGated": (
        "gated states are fed back",
        lambda run, B, f: _recurrence(B, f, lambda s, t: s * run.values["g"][..., t, :]),
    ),
    "FeedbackThroughTanh": ("states go through tanh before they are fed back", lambda run, B, f: _recurrence(B, f, lambda s, t: np.tanh(s))),
    "StateThroughTanh": ("every state goes through tanh", lambda run, B, f: _recurrence(B, f, lambda s, t: s, np.tanh)),
    "FeedbackDelayed": (
        "feedback reads states one token late: s_t = f_t + sum B_tj s_(j-1)",
        lambda run, B, f: _recurrence_shifted(B, f),
    ),
    "InFloat32": (
        "B and f are rounded to float32 for the solve",
        lambda run, B, f: rounded_to(graph.solve(rounded_to(B, "float32"), rounded_to(f, "float32")), "float32"),
    ),
    "InBfloat16": (
        "B and f are rounded to bfloat16 for the solve",
        lambda run, B, f: graph.solve(rounded_to(B, "bfloat16"), rounded_to(f, "bfloat16")),
    ),
    "InFloat16": (
        "B and f are rounded to float16 for the solve",
        lambda run, B, f: graph.solve(rounded_to(B, "float16"), rounded_to(f, "float16")),
    ),
    "LastTokenMissing": (
        "the last token gets no feedback",
        lambda run, B, f: graph.solve(B * (np.arange(f.shape[-2]) < f.shape[-2] - 1)[:, None], f),
    ),
    "SecondTokenMissing": (
        "the second token gets no feedback",
        lambda run, B, f: graph.solve(B * (np.arange(f.shape[-2]) != 1)[:, None], f),
    ),
    "Symmetric": ("B + B^T takes the place of B", lambda run, B, f: graph.solve(B + np.swapaxes(B, -1, -2), f)),
    "DiagonalOfGain": (
        "the gain stands on the diagonal as well",
        lambda run, B, f: graph.solve(B + run.values["gamma"] * np.eye(f.shape[-2]), f),
    ),
    "FromForwardWeights": (
        "the forward weights of the strict past, averaged over heads, take the place of the feedback weights",
        lambda run, B, f: graph.solve(run.values["gamma"] * _tril(run.values["alpha"].mean(axis=-3)), f),
    ),
    "FromFirstForwardHead": (
        "the first head's forward weights of the strict past take the place of the feedback weights",
        lambda run, B, f: graph.solve(run.values["gamma"] * _tril(run.values["alpha"][..., 0, :, :]), f),
    ),
}  # fmt: skip
"""s from B and f, in words."""


def _exponential(B: Array, f: Array) -> Array:
    term = total = f
    for order in range(1, 40):
        term = B @ term / order
        total = total + term
    return total


def _doubled(B: Array, f: Array) -> Array:
    return f + B @ f + B @ (B @ (f + B @ f))


def _recurrence(
    B: Array, f: Array, read: Callable[[Array, int], Array], write: Callable[[Array], Array] = lambda s: s
) -> Array:
    s = np.zeros_like(f)
    fed = np.zeros_like(f)
    for t in range(f.shape[-2]):
        s[..., t, :] = write(f[..., t, :] + np.einsum("...j,...jd->...d", B[..., t, :t], fed[..., :t, :]))
        fed[..., t, :] = read(s[..., t, :], t)
    return s


def _recurrence_shifted(B: Array, f: Array) -> Array:
    late = np.zeros_like(B)
    late[..., :, :-1] = B[..., :, 1:]
    return graph.solve(_tril(late), f)


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for label, (words, function) in SOLVES.items():
        yield Variation(
            f"Solve{label}", "solve", f"The solve is another: {words}.", _SOLVE, "Solve (I - B) s = f.",
            one("s", _solving(function)),
        )  # fmt: skip
    tf32 = partial(rounded_to, dtype="tfloat32")
    factors = {name: lambda run, value: tf32(value) for name in ("q_fb", "k_fb")}
    yield Variation(
        "SolveFactorsInTfloat32", "solve", "The factors of q k^T and of B s are rounded to TF32.",
        "Tensor cores with TF32 switched on.", "Switch TF32 off, or compare in that precision.",
        {**factors, **one("s", _solving(lambda run, B, f: _recurrence(tf32(B), f, lambda s, t: tf32(s))))},
    )  # fmt: skip


def _solving(function: Callable[[Run, Array, Array], Array]) -> Callable[[Run, Array], Array]:
    def change(run: Run, s: Array) -> Array:
        if run.past:  # a decoding step has no whole B; the sequence is solved at once instead
            return s
        return function(run, run.values["B"], run.values["f"])

    return change
