"""Variations that belong to one place: other masks, softmaxes, solves, gains, rotations and norms."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.oracle.faults import graph
from sessa_ref.oracle.faults.entry import sigmoid
from sessa_ref.oracle.faults.fault import Area
from sessa_ref.oracle.faults.graph import Changes, Run
from sessa_ref.oracle.faults.modes import ACTIVATIONS, camel, positive, rounded_to
from sessa_ref.oracle.faults.variation import Variation, one, together

_MASK = "A triangle with another diagonal, or a mask made for another purpose."
_SOFTMAX = "Another normalisation of the weights."
_SOLVE = "Another algorithm or another matrix in place of the triangular solve."


def variations() -> Iterator[Variation]:
    """All of them, area by area."""
    yield from _activations()
    yield from _masks()
    yield from _softmaxes()
    yield from _solves()
    yield from _gains()
    yield from _rotations()
    yield from _norms()
    yield from _joins()


def _make(name: str, area: str, departure: str, cause: str, fix: str, changes: Changes) -> Variation:
    return Variation(name, area, departure, cause, fix, changes)


def _activations() -> Iterator[Variation]:
    for name, function in ACTIVATIONS.items():
        if name != "exact GELU":
            yield _make(
                f"{camel(name)}ForGelu", "token-wise", f"The activation is another than GELU: {name}.",
                "A default activation of a block that was reused.", "Use the exact GELU.",
                one("u", lambda run, u, function=function: function(run.values["a"])),
            )  # fmt: skip


def _sees(run: Run, rule: Callable[[Array, Array], Array]) -> Array:
    return rule(run.values["rows"], run.values["columns"])


MASKS: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "Present": ("past tokens and itself", lambda t, j: j <= t),
    "StrictPast": ("earlier tokens only, not itself", lambda t, j: j < t),
    "StrictPastFirstItself": ("earlier tokens only, the first itself", lambda t, j: (j < t) | ((t == 0) & (j == 0))),
    "Next": ("also the next token", lambda t, j: j <= t + 1),
    "Everything": ("all tokens, later ones too", lambda t, j: (j >= 0) & (t >= 0)),
    "Future": ("itself and later tokens", lambda t, j: j >= t),
    "Itself": ("itself alone", lambda t, j: j == t),
    "Previous": ("the previous token alone", lambda t, j: j == t - 1),
    "PreviousAndItself": ("itself and the previous token alone", lambda t, j: (j == t) | (j == t - 1)),
    "First": ("the first token alone", lambda t, j: (j == 0) & (t >= 0)),
    "FirstInPast": ("the first token alone, if that is earlier", lambda t, j: (j == 0) & (t > 0)),
    "FirstAndItself": ("itself and the first token alone", lambda t, j: (j == 0) | (j == t)),
    "NotFirst": ("no longer the first token, except itself", lambda t, j: (j <= t) & ((j > 0) | (t == 0))),
    "NotFirstInPast": ("no longer the first token", lambda t, j: (j < t) & (j > 0)),
    "NotPrevious": ("not the previous token", lambda t, j: (j <= t) & (j != t - 1)),
    "TwoBack": ("tokens at least two back", lambda t, j: j < t - 1),
    "EverySecond": ("every second token back from itself", lambda t, j: (j <= t) & ((t - j) % 2 == 0)),
    "EverySecondBack": ("every second token back from the previous", lambda t, j: (j < t) & ((t - j) % 2 == 1)),
    "EvenTokens": ("tokens of even number only, and itself", lambda t, j: (j <= t) & ((j % 2 == 0) | (j == t))),
    "EvenPast": ("earlier tokens of even number only", lambda t, j: (j < t) & (j % 2 == 0)),
    "LastSeesNothingNew": ("for the last token not itself", lambda t, j: (j <= t) & ((j < t) | (t < t.max(initial=0)))),
}
"""What a token sees, in words, from its number and those of the others."""


def _masks() -> Iterator[Variation]:
    for label, (words, rule) in MASKS.items():
        hidden = one("visible", lambda run, v, rule=rule: _sees(run, rule))
        if label != "Present":
            yield _make(
                f"AttentionSees{label}", "attention", f"In the forward attention a token sees {words}.", _MASK,
                "Let it see j <= t.", hidden,
            )  # fmt: skip
        if label == "StrictPast":
            continue
        fed = one("visible_fb", lambda run, v, rule=rule: _sees(run, rule))
        fix = "Let it see j < t."
        what = f"In the feedback attention a token sees {words}"
        yield _make(f"FeedbackSees{label}", "feedback", f"{what}, and the solve does too.", _MASK, fix, fed)
        lower = one("alpha_fb", lambda run, alpha: np.where(_sees(run, MASKS["StrictPast"][1]), alpha, 0))
        yield _make(
            f"FeedbackSees{label}Dropped", "feedback", f"{what}; weights outside the strict past are dropped afterwards.",
            _MASK, fix, together(fed, lower),
        )  # fmt: skip


def _softmaxes() -> Iterator[Variation]:
    for place, logits, visible, area, phrase in (
        ("alpha", "logits", "visible", "attention", "forward"),
        ("alpha_fb", "logits_fb", "visible_fb", "feedback", "feedback"),
    ):
        for label, (words, function) in SOFTMAXES.items():
            yield _make(
                f"{phrase.capitalize()}Weights{label}", area, f"The {phrase} weights are {words}.", _SOFTMAX,
                "Take the softmax over the visible logits of a row.",
                one(place, _weights(logits, visible, function)),
            )  # fmt: skip

    for label, (words, function) in SOFTMAXES.items():
        yield _make(
            f"BothWeights{label}", "attention", f"The weights of both attentions are {words}.", _SOFTMAX,
            "Take the softmax over the visible logits of a row.",
            {"alpha": _weights("logits", "visible", function), "alpha_fb": _weights("logits_fb", "visible_fb", function)},
        )  # fmt: skip
    yield _make(
        "BothScalesExchanged", "attention", "The scales of the two attentions are exchanged.", _SOFTMAX,
        "Divide forward logits by sqrt(d) and feedback logits by sqrt(D).",
        {
            "scale": lambda run, c: 1 / np.sqrt(run.config.feedback_width),
            "scale_fb": lambda run, c: 1 / np.sqrt(run.config.query_width),
        },
    )  # fmt: skip


def _weights(logits: str, visible: str, function: Callable) -> Callable[[Run, Array], Array]:
    return lambda run, alpha: function(run.values[logits], run.values[visible])


def _over(axis: int) -> Callable[[Array, Array], Array]:
    def weights(logits: Array, visible: Array) -> Array:
        if logits.ndim + axis < 1:
            return graph.softmax(logits, visible)
        hidden = np.where(visible, logits, -np.inf)
        highest = np.max(np.real(hidden), axis=axis, keepdims=True, initial=-np.inf)
        exponentials = np.where(visible, np.exp(hidden - np.where(np.isfinite(highest), highest, 0)), 0)
        total = np.sum(exponentials, axis=axis, keepdims=True)
        return exponentials / np.where(np.real(total) == 0, 1, total)

    return weights


def _count(visible: Array) -> Array:
    return np.maximum(visible.sum(axis=-1, keepdims=True), 1)


def _normalized(z: Array) -> Array:
    total = np.sum(z, axis=-1, keepdims=True)
    return z / np.where(np.real(total) == 0, 1, total)


SOFTMAXES: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "Uniform": ("uniform over the visible tokens", lambda logits, seen: (seen + 0 * logits) / _count(seen)),
    "Linear": ("the logits themselves, without a softmax", lambda logits, seen: np.where(seen, logits, 0)),
    "LinearMean": ("the logits over the number of tokens", lambda logits, seen: np.where(seen, logits, 0) / _count(seen)),
    "Sigmoid": ("sigmoids of the logits, without a sum of 1", lambda logits, seen: np.where(seen, sigmoid(logits), 0)),
    "SigmoidNormalized": (
        "sigmoids of the logits over their sum",
        lambda logits, seen: _normalized(np.where(seen, sigmoid(logits), 0)),
    ),
    "Tanh": ("tanh of the logits", lambda logits, seen: np.where(seen, np.tanh(logits), 0)),
    "ReLU": ("ReLU of the logits", lambda logits, seen: np.where(seen & positive(logits), logits, 0)),
    "ReLUMean": ("ReLU of the logits over the number of tokens", lambda logits, seen: np.where(seen & positive(logits), logits, 0) / _count(seen)),
    "SquaredReLU": ("squared ReLU of the logits", lambda logits, seen: np.where(seen & positive(logits), logits**2, 0)),
    "SquaredNormalized": ("squared logits over their sum", lambda logits, seen: _normalized(np.where(seen, logits**2, 0))),
    "Exponential": ("exp of the logits without a denominator", lambda logits, seen: np.where(seen, np.exp(np.where(seen, logits, 0)), 0)),
    "ExponentialMean": (
        "exp of the logits over the number of tokens",
        lambda logits, seen: np.where(seen, np.exp(np.where(seen, logits, 0)), 0) / _count(seen),
    ),
    "HardMax": (
        "one at the largest logit and zero elsewhere",
        lambda logits, seen: np.where(
            seen & (np.real(logits) == np.max(np.where(seen, np.real(logits), -np.inf), axis=-1, keepdims=True, initial=-np.inf)),
            1 + 0 * logits,
            0,
        ),
    ),
    "MaskedAfter": (
        "a softmax over all tokens, of which the invisible ones are dropped",
        lambda logits, seen: np.where(seen, graph.softmax(logits, np.ones_like(seen)), 0),
    ),
    "MaskedAfterNormalized": (
        "masked by zeros instead of minus infinity before the softmax",
        lambda logits, seen: graph.softmax(np.where(seen, logits, 0), np.ones_like(seen)),
    ),
    "OverQueries": ("normalised over queries", _over(-2)),
    "OverHeads": ("normalised over heads", _over(-3)),
    "Twice": ("put through a second softmax", lambda logits, seen: graph.softmax(graph.softmax(logits, seen), seen)),
    "Log": ("logarithms of the softmax", lambda logits, seen: np.where(seen, np.log(np.where(seen, graph.softmax(logits, seen), 1)), 0)),
    "Base2": ("powers of 2 instead of e", lambda logits, seen: graph.softmax(logits * np.log(2), seen)),
    "Base10": ("powers of 10 instead of e", lambda logits, seen: graph.softmax(logits * np.log(10), seen)),
    "Negative": ("a softmax of the negated logits", lambda logits, seen: graph.softmax(-logits, seen)),
    "Transposed": (
        "those of the transposed logits",
        lambda logits, seen: graph.softmax(np.swapaxes(logits, -1, -2), seen) if logits.shape[-1] == logits.shape[-2] else graph.softmax(logits, seen),
    ),
    "LogitsInFloat32": ("made of logits rounded to float32", lambda logits, seen: graph.softmax(rounded_to(logits, "float32"), seen)),
    "LogitsAndAllInFloat32": (
        "rounded to float32 and made of rounded logits",
        lambda logits, seen: rounded_to(graph.softmax(rounded_to(logits, "float32"), seen), "float32"),
    ),
    "ComputedInFloat16": (
        "rounded to float16 and made of rounded logits",
        lambda logits, seen: rounded_to(graph.softmax(rounded_to(logits, "float16"), seen), "float16"),
    ),
    "ComputedInBfloat16": (
        "rounded to bfloat16 and made of rounded logits",
        lambda logits, seen: rounded_to(graph.softmax(rounded_to(logits, "bfloat16"), seen), "bfloat16"),
    ),
    "Centred": ("a softmax less its row's mean", lambda logits, seen: np.where(seen, graph.softmax(logits, seen) - 1 / _count(seen), 0)),
}  # fmt: skip
"""Weights from logits and from what is visible, in words."""


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
            np.sqrt(np.abs(run.values["gamma"])) * run.values["alpha_fb"] * np.sqrt(np.abs(np.swapaxes(run.values["gamma"], -1, -2))), f
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


def _solves() -> Iterator[Variation]:
    for label, (words, function) in SOLVES.items():
        yield _make(
            f"Solve{label}", "solve", f"The solve is another: {words}.", _SOLVE, "Solve (I - B) s = f.",
            one("s", _solving(function)),
        )  # fmt: skip


def _solving(function: Callable[[Run, Array, Array], Array]) -> Callable[[Run, Array], Array]:
    def change(run: Run, s: Array) -> Array:
        if run.past:  # a decoding step has no whole B; the sequence is solved at once instead
            return s
        return function(run, run.values["B"], run.values["f"])

    return change


def _gains() -> Iterator[Variation]:
    for name, function in ACTIVATIONS.items():
        if name == "tanh":
            continue
        for label, words, bounded in (
            ("", "gamma_max times another function than tanh", True),
            ("Unbounded", "another function than gamma_max tanh", False),
        ):

            def change(run: Run, gamma: Array, function=function, bounded=bounded) -> Array:
                z = function(run.values["z"])
                return run.values["gamma_max"] * z if bounded else z

            yield _make(
                f"Gain{camel(name)}{label}", "feedback", f"The gain is {words}: {name}.", "The habit of other gates.",
                "Use gamma_max tanh(z).", one("gamma", change),
            )  # fmt: skip
    for label, (words, function) in GAINS.items():
        yield _make(
            f"Gain{label}", "feedback", f"The gain is another: {words}.", "Another formula for the gain.",
            "Use gamma_t = gamma_max tanh(<w, u_t> + b).", one("gamma", lambda run, v, function=function: function(run)),
        )  # fmt: skip


def _context(run: Run) -> Array:
    return run.values["z"] - run.values["mixer.gamma_bias"]


GAINS: dict[str, tuple[str, Callable[[Run], Array]]] = {
    "BiasOutside": (
        "the bias is added after tanh",
        lambda run: run.values["gamma_max"] * np.tanh(_context(run)) + run.values["mixer.gamma_bias"],
    ),
    "BiasTimes": (
        "the bias multiplies instead of being added",
        lambda run: run.values["gamma_max"] * np.tanh(_context(run) * run.values["mixer.gamma_bias"]),
    ),
    "BiasSubtracted": (
        "the bias is subtracted",
        lambda run: run.values["gamma_max"] * np.tanh(_context(run) - run.values["mixer.gamma_bias"]),
    ),
    "BoundInside": ("gamma_max is inside tanh", lambda run: np.tanh(run.values["gamma_max"] * run.values["z"])),
    "BoundTwice": ("gamma_max is applied twice", lambda run: run.values["gamma_max"] ** 2 * np.tanh(run.values["z"])),
    "Constant": ("gamma_max itself, whatever the token", lambda run: run.values["gamma_max"] + 0 * run.values["z"]),
    "OfBias": ("gamma_max tanh(b), whatever the token", lambda run: run.values["gamma_max"] * np.tanh(run.values["mixer.gamma_bias"]) + 0 * run.values["z"]),
    "Linear": ("its argument itself, without tanh", lambda run: run.values["z"]),
    "LinearBounded": ("gamma_max times its argument, without tanh", lambda run: run.values["gamma_max"] * run.values["z"]),
    "Squared": ("squared", lambda run: run.values["gamma_max"] * np.tanh(run.values["z"]) ** 2),
    "TanhTwice": ("tanh is applied twice", lambda run: run.values["gamma_max"] * np.tanh(np.tanh(run.values["z"]))),
    "Positive": (
        "negative gains are zero",
        lambda run: run.values["gamma_max"] * np.where(positive(run.values["z"]), np.tanh(run.values["z"]), 0),
    ),
    "Sign": ("the sign alone, with gamma_max", lambda run: run.values["gamma_max"] * np.sign(np.real(run.values["z"]))),
    "TanhClipped": (
        "tanh, cut off at gamma_max",
        lambda run: np.clip(np.tanh(np.real(run.values["z"])), -run.values["gamma_max"], run.values["gamma_max"]),
    ),
    "Affine": (
        "moved to between 0 and gamma_max: gamma_max (1 + tanh) / 2",
        lambda run: run.values["gamma_max"] * (1 + np.tanh(run.values["z"])) / 2,
    ),
    "SigmoidOfTanh": ("a sigmoid of tanh", lambda run: run.values["gamma_max"] * sigmoid(np.tanh(run.values["z"]))),
    "OneMinus": ("1 minus itself", lambda run: 1 - run.values["gamma_max"] * np.tanh(run.values["z"])),
    "PerFeature": (
        "weights times u without their sum, averaged",
        lambda run: run.values["gamma_max"]
        * np.tanh(_context(run) / run.config.width + run.values["mixer.gamma_bias"]),
    ),
}  # fmt: skip
"""Gains from the values so far, in words."""


def _rotations() -> Iterator[Variation]:
    right = "Rotate pairs (2r, 2r + 1) of queries and keys by t base^(-2r/d)."
    cause = "Another convention of rotary code."
    for label, words, changes in (
        ("FrequenciesReversed", "the frequencies are in reversed order", one("frequencies", lambda run, w: w[::-1])),
        ("FrequenciesEqual", "all pairs have the first frequency", one("frequencies", lambda run, w: w[:1] + 0 * w)),
        ("FrequenciesInverted", "the frequencies are inverted", one("frequencies", lambda run, w: 1 / w)),
        ("FrequenciesFromOne", "pairs are counted from 1", one("exponents", lambda run, e: e - 2.0 / run.config.query_width)),
        ("FrequenciesFromHalf", "exponents are at the middle of each pair", one("exponents", lambda run, e: e - 1.0 / run.config.query_width)),
        ("ExponentsToOne", "exponents run to 1 inclusive", one("exponents", lambda run, e: -np.linspace(0, 1, len(e)))),
        ("ExponentsLinear", "frequencies fall linearly", one("frequencies", lambda run, w: 1 - np.arange(len(w)) / max(len(w), 1))),
        ("FrequenciesOfWidth", "exponents are over the model width", one("exponents", lambda run, e: e * run.config.query_width / run.config.width)),
        ("FrequenciesOfHalfWidth", "exponents are over d/2", one("exponents", lambda run, e: 2 * e)),
        ("FrequenciesInFloat32", "the frequencies are rounded to float32", one("frequencies", lambda run, w: rounded_to(w, "float32"))),
        ("FrequenciesInFloat16", "the frequencies are rounded to float16", one("frequencies", lambda run, w: rounded_to(w, "float16"))),
        ("FrequenciesInBfloat16", "the frequencies are rounded to bfloat16", one("frequencies", lambda run, w: rounded_to(w, "bfloat16"))),
        ("AnglesInFloat32", "the angles are rounded to float32", one("theta", lambda run, w: rounded_to(w, "float32"))),
        ("PositionsReversed", "positions count from the end", one("positions", lambda run, p: p[::-1])),
        ("QueriesAlone", "only queries are rotated", one("key theta", lambda run, w: 0 * w)),
        ("KeysAlone", "only keys are rotated", one("query theta", lambda run, w: 0 * w)),
        ("Opposite", "queries and keys are turned in opposite senses", one("key theta", lambda run, w: -w)),
        ("Twice", "the rotation is applied twice", one("theta", lambda run, w: 2 * w)),
        ("FirstHeadOnly", "only the first head's queries and keys are rotated", {
            "q_rotated": lambda run, z: np.concatenate([z[:, :1], run.values["q_heads"][:, 1:]], axis=1),
            "k_rotated": lambda run, z: np.concatenate([z[:, :1], run.values["k_heads"][:, 1:]], axis=1),
        }),
        ("HalfSplit", "coordinates (r, r + d/2) turn together", {
            "q_rotated": lambda run, z: _half_split(run, "q_heads", "query theta", z),
            "k_rotated": lambda run, z: _half_split(run, "k_heads", "key theta", z),
        }),
        ("PairsOut", "results of pairs are put one after the other instead of side by side", {
            "q_rotated": lambda run, z: _pairs_out(z), "k_rotated": lambda run, z: _pairs_out(z),
        }),
        ("PairsOutOfQueries", "rotated queries have their even coordinates first", one("q_rotated", lambda run, z: _pairs_out(z))),
        ("SineCosineSwapped", "sine and cosine are exchanged", {
            "query theta": lambda run, w: np.pi / 2 - w, "key theta": lambda run, w: np.pi / 2 - w,
        }),
        ("NoSine", "coordinates are multiplied by the cosine alone", {
            "q_rotated": lambda run, z: _cosine(run, "q_heads", "query theta", z),
            "k_rotated": lambda run, z: _cosine(run, "k_heads", "key theta", z),
        }),
        ("NotOrthogonal", "both coordinates get their terms with a plus: (e cos + o sin, e sin + o cos)", {
            "q_rotated": lambda run, z: _wrong_sign(run, "q_heads", "query theta", z),
            "k_rotated": lambda run, z: _wrong_sign(run, "k_heads", "key theta", z),
        }),
        ("DespiteConfig", "it takes place although the config has none (use_forward_rope=False)", {
            "q_rotated": _despite_config, "k_rotated": _despite_config,
        }),
        ("OnValues", "values are rotated too", one("v_heads", lambda run, z: _turned(run, z))),
        ("OnOutputs", "the heads' outputs are rotated", one("o_heads", lambda run, z: _turned(run, z))),
        ("OnFeedback", "feedback queries and keys are rotated too", {
            "q_fb": lambda run, z: _turned(run, z), "k_fb": lambda run, z: _turned(run, z),
        }),
        ("OnFeedbackInFirstPairs", "the first d coordinates of feedback queries and keys are rotated too", {
            "q_fb": lambda run, z: _turned_part(run, z), "k_fb": lambda run, z: _turned_part(run, z),
        }),
        ("PositionsPerRow", "positions continue from one batch row to the next", {
            "q_rotated": lambda run, z: _row_positions(run, "q_heads", z),
            "k_rotated": lambda run, z: _row_positions(run, "k_heads", z),
        }),
        ("PositionsFromOneForKeys", "keys count positions from 1", one("key theta", lambda run, w: w + run.values["frequencies"])),
        ("PositionsFromOneForQueries", "queries count positions from 1", one("query theta", lambda run, w: w + run.values["frequencies"])),
        ("PositionsOverLength", "positions are divided by the number of tokens", one("positions", lambda run, p: p / max(len(p), 1))),
        ("PositionsHeads", "angles depend on the head's number instead of the position", {
            "q_rotated": lambda run, z: _head_positions(run, "q_heads", z),
            "k_rotated": lambda run, z: _head_positions(run, "k_heads", z),
        }),
    ):  # fmt: skip
        yield _make(f"Rotation{label}", "rotary", f"The rotation is another: {words}.", cause, right, changes)


def _despite_config(run: Run, z: Array) -> Array:
    return z if run.config.rope or z.shape[-1] % 2 else graph.rotate(z, _angles(run, z.shape[-1]))


def _half_split(run: Run, heads: str, theta: str, z: Array) -> Array:
    if not run.config.rope:
        return z
    order = np.arange(z.shape[-1]).reshape(2, -1).T.ravel()
    return graph.rotate(run.values[heads][..., order], run.values[theta])[..., np.argsort(order)]


def _pairs_out(z: Array) -> Array:
    return np.concatenate([z[..., 0::2], z[..., 1::2]], axis=-1)


def _cosine(run: Run, heads: str, theta: str, z: Array) -> Array:
    return run.values[heads] * np.repeat(np.cos(run.values[theta]), 2, axis=-1) if run.config.rope else z


def _wrong_sign(run: Run, heads: str, theta: str, z: Array) -> Array:
    if not run.config.rope:
        return z
    cos, sin = np.cos(run.values[theta]), np.sin(run.values[theta])
    even, odd = run.values[heads][..., 0::2], run.values[heads][..., 1::2]
    return np.stack([even * cos + odd * sin, even * sin + odd * cos], axis=-1).reshape(z.shape)


def _angles(run: Run, width: int) -> Array:
    positions = run.values["rows"][:, 0].astype(np.float64)
    return positions[:, None] * run.config.rope_base ** (-2.0 * np.arange(width // 2) / width)


def _turned(run: Run, z: Array) -> Array:
    width = z.shape[-1]
    return z if width % 2 or not run.config.rope else graph.rotate(z, _angles(run, width))


def _turned_part(run: Run, z: Array) -> Array:
    width = run.config.query_width
    if width % 2 or width > z.shape[-1] or not run.config.rope:
        return z
    return np.concatenate([graph.rotate(z[..., :width], _angles(run, width)), z[..., width:]], axis=-1)


def _row_positions(run: Run, heads: str, z: Array) -> Array:
    if not run.config.rope or z.ndim != 4:
        return z
    start = np.arange(len(z))[:, None, None, None] * z.shape[-2]
    theta = (start + run.values["rows"][None, None]) * run.values["frequencies"]
    return graph.rotate(run.values[heads], theta)


def _head_positions(run: Run, heads: str, z: Array) -> Array:
    if not run.config.rope or z.ndim != 4:
        return z
    theta = np.arange(z.shape[1])[:, None, None] * run.values["frequencies"] + 0 * run.values["rows"]
    return graph.rotate(run.values[heads], theta)


def _norms() -> Iterator[Variation]:
    fix = "n = weight (x - mean) / sqrt(var + eps) + bias, over the last axis, with the biased variance."
    cause = "A hand-written norm, or one of another architecture."

    def standard(function: Callable[[Array, float], Array]) -> Changes:
        return one("standard", lambda run, value: function(run.values["x"], run.values["eps"]))

    def moments(x: Array, axis: int | tuple[int, ...]) -> tuple[Array, Array]:
        count = np.prod([x.shape[a] for a in np.atleast_1d(axis)])
        centred = x - np.sum(x, axis=axis, keepdims=True) / count
        return centred, np.sum(centred * centred, axis=axis, keepdims=True) / count

    def over(axis: int | tuple[int, ...]) -> Changes:
        return standard(lambda x, eps: moments(x, axis)[0] / np.sqrt(moments(x, axis)[1] + eps))

    for label, words, changes in (
        ("OverTime", "runs over tokens instead of features", over(-2)),
        ("OverBatch", "runs over the batch instead of features", over(0)),
        ("OverTimeAndWidth", "runs over tokens and features together", over((-2, -1))),
        ("OverBatchAndTime", "runs over batch and tokens, feature by feature", over((0, 1))),
        ("OverEverything", "runs over batch, tokens and features together", over((0, 1, 2))),
        ("Rms", "does not subtract the mean", standard(lambda x, eps: x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) / x.shape[-1] + eps))),
        ("MeanOnly", "subtracts the mean and does not divide", standard(lambda x, eps: moments(x, -1)[0])),
        ("VarianceOnly", "divides by the deviation and does not subtract the mean", standard(lambda x, eps: x / np.sqrt(moments(x, -1)[1] + eps))),
        ("ByVariance", "divides by the variance instead of its root", standard(lambda x, eps: moments(x, -1)[0] / (moments(x, -1)[1] + eps))),
        ("ByLength", "divides by the length instead of the deviation", standard(lambda x, eps: moments(x, -1)[0] / np.sqrt(moments(x, -1)[1] * x.shape[-1] + eps))),
        ("UnitLength", "scales tokens to length 1 without subtracting the mean", standard(lambda x, eps: x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + eps))),
        ("ByMeanAbsolute", "divides by the mean absolute deviation", standard(lambda x, eps: moments(x, -1)[0] / (np.mean(np.abs(np.real(moments(x, -1)[0])), axis=-1, keepdims=True) + eps))),
        ("EpsSquared", "has its epsilon squared", one("eps", lambda run, eps: eps**2)),
        ("EpsRoot", "has the root of its epsilon", one("eps", lambda run, eps: np.sqrt(eps))),
        ("EpsSubtracted", "subtracts its epsilon", one("eps", lambda run, eps: -eps)),
        ("EpsOutside", "adds its epsilon to the deviation", one("deviation", lambda run, d: np.sqrt(run.values["variance"]) + run.values["eps"])),
        ("EpsAsFloor", "takes the larger of variance and epsilon", one("deviation", lambda run, d: np.sqrt(np.where(np.real(run.values["variance"]) > run.values["eps"], run.values["variance"], run.values["eps"])))),
        ("BesselAndEps", "divides the variance by D - 1", one("variance", lambda run, v: v * run.config.width / max(run.config.width - 1, 1))),
        ("BiasFirst", "adds its bias before it multiplies by its weight", one("n", lambda run, n: (run.values["standard"] + run.values["ln.bias"]) * run.values["ln.weight"])),
        ("Twice", "is applied twice", one("n", lambda run, n: _again(run, n))),
        ("WithoutWeights", "has no weight and no bias", one("n", lambda run, n: run.values["standard"])),
        ("HalfWidth", "takes its statistics from the first half of the features", standard(lambda x, eps: (x - np.mean(x[..., : (x.shape[-1] + 1) // 2], axis=-1, keepdims=True)) / np.sqrt(moments(x[..., : (x.shape[-1] + 1) // 2], -1)[1] + eps))),
        ("Groups", "runs over each head's features by themselves", one("standard", lambda run, v: _grouped(run, run.config.heads))),
        ("TwoGroups", "runs over two groups of features", one("standard", lambda run, v: _grouped(run, 2))),
        ("RunningMean", "takes its mean and variance over all tokens so far", one("standard", lambda run, v: _running(run))),
    ):  # fmt: skip
        yield _make(f"Norm{label}", "token-wise", f"The norm {words}.", cause, fix, changes)
    yield _make(
        "PostNorm", "token-wise", "The norm stands after the residual instead of before W_in.", cause, fix,
        {"n": lambda run, n: run.values["x"], "y": lambda run, y: _normed(run, y)},
    )  # fmt: skip
    yield _make(
        "OutputNorm", "token-wise", "The output is normalised once more.", cause, fix,
        {"y": lambda run, y: _normed(run, y)},
    )  # fmt: skip
    for name in ("u", "s", "f", "gated", "branch"):
        yield _make(
            f"NormOf{camel(name)}", "token-wise", f"{name} goes through the layer's norm, with its weights, as well.",
            cause, fix, one(name, _normed),
        )  # fmt: skip


def _normed(run: Run, z: Array) -> Array:
    if run.config.norm != "layernorm":
        return z
    centred = z - np.sum(z, axis=-1, keepdims=True) / z.shape[-1]
    variance = np.sum(centred * centred, axis=-1, keepdims=True) / z.shape[-1]
    return centred / np.sqrt(variance + run.config.norm_eps) * run.parameters["ln.weight"] + run.parameters["ln.bias"]


def _again(run: Run, n: Array) -> Array:
    return _normed(run, n)


def _grouped(run: Run, groups: int) -> Array:
    x = run.values["x"]
    if x.shape[-1] % groups:
        return run.values["x"] * np.nan
    parts = x.reshape(*x.shape[:-1], groups, -1)
    centred = parts - parts.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + run.values["eps"])
    return scaled.reshape(x.shape)


def _running(run: Run) -> Array:
    x = run.values["x"]
    count = np.arange(1, x.shape[-2] + 1)[:, None] * x.shape[-1]
    mean = np.cumsum(x.sum(axis=-1, keepdims=True), axis=-2) / count
    square = np.cumsum((x * x).sum(axis=-1, keepdims=True), axis=-2) / count
    return (x - mean) / np.sqrt(square - mean * mean + run.values["eps"])


def _joins() -> Iterator[Variation]:
    fix = "y = x + W_out (s g) + b_out."
    cause = "Another way to join branch, gate and residual."
    for label, words, changes in (
        ("GateAdded", "The gate is added to the state instead of multiplied", one("gated", lambda run, v: run.values["s"] + run.values["g"])),
        ("GateOfA", "The state is multiplied by a, without GELU", one("gated", lambda run, v: run.values["s"] * run.values["a"])),
        ("GateAfterProjection", "The gate multiplies after W_out", one("branch", lambda run, v: _w_out(run, run.values["s"]) * run.values["g"])),
        ("GateOnResidual", "The gate multiplies the residual as well", one("residual", lambda run, v: v * run.values["g"])),
        ("GateOnSignal", "The gate multiplies f before the solve", {"f": lambda run, f: f * run.values["g"], "gated": lambda run, v: run.values["s"]}),
        ("GateTwice", "The gate multiplies twice", one("gated", lambda run, v: v * run.values["g"])),
        ("GateInterpolates", "The gate interpolates between branch and residual", one("y", lambda run, y: sigmoid(run.values["g"]) * run.values["branch"] + (1 - sigmoid(run.values["g"])) * run.values["x"])),
        ("BiasTwice", "W_out's bias is added twice", one("branch", lambda run, v: v + run.parameters["W_out.bias"])),
        ("BiasGated", "W_out's bias is inside the gate", one("branch", lambda run, v: (_w_out(run, run.values["s"])) * run.values["g"])),
        ("OutputOfSignal", "The branch is made of f instead of s", one("gated", lambda run, v: run.values["f"] * run.values["g"])),
        ("ResidualDetour", "The residual is u", one("residual", lambda run, v: run.values["u"])),
        ("OutProjAfterSolve", "W_out is applied before the gate", one("branch", lambda run, v: _w_out(run, run.values["s"]) * run.values["g"])),
        ("HeadsMerged", "Heads are merged with their axes in another order", one("o", lambda run, o: _merged(run))),
        ("HeadsMergedFlat", "Heads and tokens are merged without bringing the axes together", one("o", lambda run, o: run.values["o_heads"].reshape(o.shape))),
        ("HeadsSplit", "Queries, keys and values are split into heads feature by feature", {
            "q_heads": _split_otherwise, "k_heads": _split_otherwise, "v_heads": _split_otherwise,
        }),
        ("HeadsSplitFlat", "Queries, keys and values are split into heads before tokens, as memory lies", {
            "q_heads": _split_flat, "k_heads": _split_flat, "v_heads": _split_flat,
        }),
        ("GroupsOfKeys", "Query heads take the key heads in turn instead of in runs", one("shared k", lambda run, k: _tiled(run, "k_rotated"))),
        ("GroupsOfValues", "Query heads take the value heads in turn instead of in runs", one("shared v", lambda run, k: _tiled(run, "v_heads"))),
        ("GroupsBoth", "Query heads take the key/value heads in turn instead of in runs", {
            "shared k": lambda run, k: _tiled(run, "k_rotated"), "shared v": lambda run, v: _tiled(run, "v_heads"),
        }),
        ("GroupsFirst", "All query heads read the first key/value head", {
            "shared k": lambda run, k: k[:, :1] + 0 * k, "shared v": lambda run, v: v[:, :1] + 0 * v,
        }),
        ("GroupsReversed", "Query heads read the key/value heads in reversed order", {
            "shared k": lambda run, k: k[:, ::-1], "shared v": lambda run, v: v[:, ::-1],
        }),
        ("GroupsAveraged", "Key/value heads are averaged", {
            "shared k": lambda run, k: k.mean(axis=1, keepdims=True) + 0 * k, "shared v": lambda run, v: v.mean(axis=1, keepdims=True) + 0 * v,
        }),
        ("OutProjSkipped", "out_proj is skipped", one("f", lambda run, f: run.values["o"])),
        ("OutProjResidual", "out_proj has a residual", one("f", lambda run, f: f + run.values["o"])),
    ):  # fmt: skip
        area: Area = "attention" if label[:4] in ("Head", "Grou", "OutP") else "token-wise"
        yield _make(label, area, f"{words}.", cause, fix, changes)


def _w_out(run: Run, z: Array) -> Array:
    return z @ run.parameters["W_out.weight"].T + run.parameters["W_out.bias"]


def _merged(run: Run) -> Array:
    heads = run.values["o_heads"]
    return np.moveaxis(heads, 1, -1).reshape(heads.shape[0], heads.shape[2], -1)


def _split_otherwise(run: Run, z: Array) -> Array:
    flat = np.moveaxis(z, 1, -2).reshape(len(z), z.shape[-2], -1)
    return np.moveaxis(flat.reshape(*flat.shape[:-1], z.shape[-1], z.shape[1]), -1, 1)


def _split_flat(run: Run, z: Array) -> Array:
    return np.moveaxis(z, 1, -2).reshape(z.shape)


def _tiled(run: Run, name: str) -> Array:
    z = run.values[name]
    return np.concatenate([z] * (run.config.heads // z.shape[1]), axis=1)
