"""Variations of the gradient: the backward pass of a product multiplies by another factor than the forward pass.

The gradient of one factor is made with the other one. Where that one was saved in a lower precision, overwritten, or
mistaken for another, the output stays as it is and the gradient is wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.families.changes import clamped
from sessa_ref.faults.variations.families.numbers import BOUNDS
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.modes import camel, rounded_to, shifted
from sessa_ref.faults.variations.sources import FEEDS
from sessa_ref.faults.variations.variation import Family, Variation, one, with_tangent
from sessa_ref.notation import Array

_CAUSE = "A hand-written backward pass that saves, rounds or overwrites another quantity than it needs."
_FIX = "Save exactly the factors of the forward pass."

Real = Callable[[Run], Array]


@dataclass(frozen=True)
class Factor:
    """One factor of a product, as the gradient of the other factor needs it."""

    word: str
    phrase: str
    """What it is, for which gradient: "g in the gradient of s"."""
    place: str
    """The product in the graph."""
    right: Real
    """The factor, real."""
    term: Callable[[Run, Array], Array]
    """What the other factor's tangent adds to that of the product, linear in this factor."""
    others: dict[str, Real] = field(default_factory=dict)
    """Other quantities that may be taken for it, by their words."""
    kind: str = "tokens"
    """Whether its rows are tokens, or it is a parameter."""

    def replaced(self, other: Real) -> graph.Changes:
        """The change where this other quantity is taken."""

        def tangent(run: Run, value: Array) -> Array:
            right, wrong = self.right(run), other(run)
            if np.shape(right) != np.shape(wrong):
                return np.imag(value)
            return np.imag(value) + self.term(run, wrong - right)

        return one(self.place, with_tangent(tangent))


def _re(name: str) -> Real:
    return lambda run: run.real(name)


def _im(run: Run, name: str) -> Array:
    return np.imag(run.values[name])


def _feeds(until: str, *without: str) -> dict[str, Real]:
    """Quantities of a token, by their words, up to that of this name, which is left out."""
    names = list(FEEDS)[: list(FEEDS).index(until)]
    return {
        FEEDS[name]: lambda run, name=name: run.real(name) if name in run.values else np.zeros(())
        for name in names
        if name not in without
    }


_ONE = "1"


def _ones(name: str) -> dict[str, Real]:
    return {_ONE: lambda run: 1 + 0 * np.real(run.values[name])}


def _transposed(name: str) -> Real:
    return lambda run: np.swapaxes(np.real(run.values[name]), -1, -2)


def _maps() -> Iterator[Factor]:
    """Linear maps z = x W^T: x for the gradient of W, and W for that of x."""
    for name, place, source, feeds in (
        ("W_in", "W_in output", "n", ("a", "n")),
        ("mixer.q_proj", "q", "q input", ("q", "u")), ("mixer.k_proj", "k", "k input", ("k", "u")), ("mixer.v_proj", "v", "v input", ("all values", "u")),
        ("mixer.gamma_ctx", "z", "gain input", ("s", "u")), ("mixer.out_proj", "f", "o", ("f", "o")), ("W_out", "branch", "gated", ("branch", "gated")),
    ):  # fmt: skip
        weight = f"{name}.weight"

        def of_weight(run: Run, x: Array, weight=weight) -> Array:
            return x @ _im(run, weight).T if weight in run.values else np.zeros(())

        def of_input(run: Run, w: Array, weight=weight, source=source) -> Array:
            return _im(run, source) @ w.T

        yield Factor(
            f"{camel(name)}Input", f"the input of {name} in the gradient of {weight}", place, _re(source), of_weight, _feeds(*feeds),
        )  # fmt: skip
        square = (
            {"the transposed weight": _transposed(weight)}
            if name in ("W_out", "mixer.out_proj", "mixer.q_proj")
            else {}
        )
        yield Factor(
            f"{camel(name)}Weight", f"{weight} in the gradient of its input", place, _weight(weight), of_input, square, "parameter",
        )  # fmt: skip
    for half, (place, source) in enumerate((("q_fb", "q_fb input"), ("k_fb", "k_fb input"))):
        rows, other_rows = _half(half), _half(1 - half)
        yield Factor(
            f"{'Query' if not half else 'Key'}OfProjFbInput", f"the input of mixer.proj_fb in the gradient of its weight, for {'keys' if half else 'queries'},",
            place, _re(source), lambda run, x, rows=rows: x @ np.imag(rows(run)).T, _feeds("q_fb", "u"),
        )  # fmt: skip
        yield Factor(
            f"{'Query' if not half else 'Key'}OfProjFbWeight", f"mixer.proj_fb.weight in the gradient of its input, for {'keys' if half else 'queries'},",
            place, lambda run, rows=rows: np.real(rows(run)), lambda run, w, source=source: _im(run, source) @ w.T,
            {
                "the other half of the weight": lambda run, rows=other_rows: np.real(rows(run)),
                "the transposed half of the weight": lambda run, rows=rows: np.real(rows(run)).T,
            }, "parameter",
        )  # fmt: skip


def _weight(name: str) -> Real:
    return lambda run: np.real(run.values[name]) if run.values.get(name) is not None else np.zeros(())


def _half(number: int) -> Callable[[Run], Array]:
    def rows(run: Run) -> Array:
        width = run.config.feedback_width
        return run.values["mixer.proj_fb.weight"][number * width : (number + 1) * width]

    return rows


def _solve(run: Run, right: Array, B: Array | None = None) -> Array:
    return np.linalg.solve(np.eye(right.shape[-2]) - (run.real("B") if B is None else B), right)


def _of_heads(letter: str) -> Real:
    return lambda run: np.real(run.values[f"shared {letter}"])


def _unrotated(letter: str) -> Real:
    """Queries or shared keys before their rotation."""

    def heads(run: Run) -> Array:
        plain = np.real(run.values[f"{letter}_heads"])
        return run.formulas.repeat_kv(plain, run.config.heads) if letter == "k" else plain

    return heads


FACTORS: tuple[Factor, ...] = (
    *_maps(),
    Factor(
        "NormWeight", "ln.weight in the gradient of the standardised tokens", "n", _weight("ln.weight"),
        lambda run, w: _im(run, "standard") * w if w.ndim else w, {_ONE: lambda run: 1 + 0 * run.real("ln.weight")}, "parameter",
    ),
    Factor(
        "NormStandardForWeight", "the standardised tokens in the gradient of ln.weight", "n", _re("standard"),
        lambda run, x: x * _im(run, "ln.weight"),
        {"its input x": _re("x"),
            "the norm's output n": lambda run: np.real(run.values["standard"] * run.values["ln.weight"] + run.values["ln.bias"]),
            "the centred tokens": lambda run: np.real(run.values["standard"] * run.values["deviation"]),
        },
    ),
    Factor("GateInStates", "g in the gradient of s", "gated", _re("g"), lambda run, g: _im(run, "s") * g, _feeds("gated", "g") | _ones("g") | {
        "GELU(g)": lambda run: run.formulas.gelu(run.real("g")),
    }),
    Factor("StatesInGate", "s in the gradient of g", "gated", _re("s"), lambda run, s: _im(run, "g") * s, _feeds("gated", "s") | _ones("s")),
    Factor(
        "GainInWeights", "gamma in the gradient of the feedback weights", "B", _re("gamma"), lambda run, gamma: gamma * _im(run, "alpha_fb"),
        _ones("gamma") | {"its argument z": _re("z"), "tanh without gamma_max": lambda run: np.tanh(run.real("z"))},
    ),
    Factor(
        "WeightsInGain", "the feedback weights in the gradient of gamma", "B", _re("alpha_fb"), lambda run, alpha: alpha * _im(run, "gamma"),
        {
            "B": _re("B"), "the feedback logits": lambda run: np.where(run.values["visible_fb"], run.real("logits_fb"), 0),
            "1 over the strict past": lambda run: run.values["visible_fb"] + 0 * run.real("alpha_fb"),
            "uniform weights": lambda run: run.values["visible_fb"] / np.maximum(run.values["visible_fb"].sum(axis=-1, keepdims=True), 1) + 0 * run.real("alpha_fb"),
        }, "matrix",
    ),
    Factor(
        "WeightsInValues", "the forward weights in the gradient of the values", "o_heads", _re("alpha"), lambda run, alpha: alpha @ _im(run, "shared v"),
        {
            "uniform weights": lambda run: run.values["visible"] / np.maximum(run.values["visible"].sum(axis=-1, keepdims=True), 1) + 0 * run.real("alpha"),
            "the transposed weights": _transposed("alpha"),
            "weights averaged over heads": lambda run: np.broadcast_to(run.real("alpha").mean(axis=-3, keepdims=True), run.values["alpha"].shape),
        }, "matrix",
    ),
    Factor(
        "ValuesInWeights", "the values in the gradient of the forward weights", "o_heads", _of_heads("v"), lambda run, v: _im(run, "alpha") @ v,
        {"the rotated keys": _of_heads("k"), "the head outputs": _re("o_heads")}, "heads",
    ),
    Factor(
        "QueriesInKeys", "the rotated queries in the gradient of the keys", "logits", _re("q_rotated"),
        lambda run, q: q @ np.swapaxes(_im(run, "shared k"), -1, -2) * run.values["scale"],
        {"queries before the rotation": _unrotated("q"), "the keys": _of_heads("k")}, "heads",
    ),
    Factor(
        "KeysInQueries", "the rotated keys in the gradient of the queries", "logits", _of_heads("k"),
        lambda run, k: _im(run, "q_rotated") @ np.swapaxes(k, -1, -2) * run.values["scale"],
        {"keys before the rotation": _unrotated("k"), "the queries": _re("q_rotated")}, "heads",
    ),
    Factor(
        "FeedbackQueriesInKeys", "the feedback queries in the gradient of the feedback keys", "logits_fb", _re("q_fb"),
        lambda run, q: q @ np.swapaxes(_im(run, "k_fb"), -1, -2) * run.values["scale_fb"], _feeds("s", "q_fb"),
    ),
    Factor(
        "FeedbackKeysInQueries", "the feedback keys in the gradient of the feedback queries", "logits_fb", _re("k_fb"),
        lambda run, k: _im(run, "q_fb") @ np.swapaxes(k, -1, -2) * run.values["scale_fb"], _feeds("s", "k_fb"),
    ),
    Factor(
        "StatesInRouting", "the states s in the gradient of B", "s", _re("s"), lambda run, s: _solve(run, _im(run, "B") @ s), _feeds("s", "f"),
    ),
)  # fmt: skip
"""Factors of all products, each as the gradient of the other needs it."""

_MODIFIED: tuple[tuple[str, str, Callable[[Array], Array], tuple[str, ...]], ...] = (
    ("RoundedToFloat32", "rounded to float32", lambda w: rounded_to(w, "float32"), ()),
    ("RoundedToBfloat16", "rounded to bfloat16", lambda w: rounded_to(w, "bfloat16"), ()),
    ("RoundedToFloat16", "rounded to float16", lambda w: rounded_to(w, "float16"), ()),
    ("OfPreviousToken", "that of the previous token, the first's own", lambda w: shifted(w, 1, "kept"), ("tokens", "heads")),
    ("OfNextToken", "that of the next token, the last's own", lambda w: shifted(w, -1, "kept"), ("tokens", "heads")),
    ("OfFirstRow", "that of the batch's first row", lambda w: np.broadcast_to(w[:1], w.shape), ("tokens", "heads", "matrix")),
    ("BatchMean", "averaged over the batch", lambda w: np.broadcast_to(w.mean(axis=0, keepdims=True), w.shape), ("tokens", "heads", "matrix")),
    ("Absolute", "taken without its sign", np.abs, ("tokens", "heads")),
)  # fmt: skip
"""Label, words, the changed factor, and the kinds of factor that it is for; none for all kinds."""

_ADJOINTS: tuple[tuple[str, str, Real], ...] = (
    *(
        (f"RoundedTo{dtype.capitalize()}", f"B rounded to {dtype}", lambda run, dtype=dtype: rounded_to(run.real("B"), dtype))
        for dtype in ("float32", "bfloat16", "float16")
    ),
    ("OfWeights", "the feedback weights without the gain in place of B", _re("alpha_fb")),
    ("OfBound", "gamma_max for the gain in B", lambda run: np.real(run.values["gamma_max"] * run.values["alpha_fb"])),
    ("OfGainMagnitude", "B without signs", lambda run: np.abs(run.real("B"))),
    ("OfFirstRow", "B of the batch's first row", lambda run: np.broadcast_to(run.real("B")[:1], run.values["B"].shape)),
    ("OfBatchMean", "B averaged over the batch", lambda run: np.broadcast_to(run.real("B").mean(axis=0, keepdims=True), run.values["B"].shape)),
    ("OfArgument", "z for the gain in B", lambda run: np.real(run.values["z"] * run.values["alpha_fb"])),
    ("OfGainOfColumns", "the gain of the token that is read in B", lambda run: np.swapaxes(run.real("gamma"), -1, -2) * run.real("alpha_fb")),
)  # fmt: skip
"""Label, words, and the matrix of the adjoint solve."""


def variations() -> Iterator[Variation]:
    """Every factor in its other forms; other matrices of the adjoint solve; other angles of the adjoint rotation."""
    for factor in FACTORS:
        text = f"In the backward pass, {factor.phrase} is"
        for words, other in factor.others.items():
            yield Variation(
                f"Gradient{factor.word}From{camel(words)}", "gradient", f"{text} {words}.", _CAUSE, _FIX, factor.replaced(other)
            )  # fmt: skip
        for label, words, change, kinds in _MODIFIED:
            if not kinds or factor.kind in kinds:
                yield Variation(
                    f"Gradient{factor.word}{label}", "gradient", f"{text} {words}.", _CAUSE, _FIX,
                    factor.replaced(lambda run, factor=factor, change=change: change(factor.right(run))),
                )  # fmt: skip
    for label, words, matrix in _ADJOINTS:
        yield Variation(
            f"GradientSolve{label}", "gradient", f"The adjoint solve has {words}.", _CAUSE, "Solve (I - B)^T lambda = ds.",
            one("s", with_tangent(lambda run, s, matrix=matrix: _solve(run, _im(run, "f") + _im(run, "B") @ np.real(s), matrix(run)))),
        )  # fmt: skip
    for label, words, lacking in _LACKING:
        for word, name, own in (
            ("GammaBias", "mixer.gamma_bias", lambda run: _im(run, "mixer.gamma_bias")),
            ("GammaCtxWeight", "mixer.gamma_ctx.weight", lambda run: run.real("gain input") @ _im(run, "mixer.gamma_ctx.weight").T),
        ):  # fmt: skip
            yield Variation(
                f"Gradient{word}Without{label}", "gradient", f"The gradient of {name} lacks {words}.",
                "A gradient that is summed before all factors are in.", "Sum the gradient of the gain's argument.",
                one("z", with_tangent(lambda run, v, own=own, lacking=lacking: np.imag(v) + (1 / lacking(run) - 1) * own(run))),
            )  # fmt: skip


def families() -> Iterator[Family]:
    """Factors that are clamped, and rotations by another angle."""
    for factor in FACTORS:
        if factor.kind == "tokens":
            yield Family(
                f"Gradient{factor.word}Clamped", "gradient", f"In the backward pass, {factor.phrase} is clamped to +-{{number}}.",
                _CAUSE, _FIX,
                lambda amount, factor=factor: factor.replaced(lambda run: clamped(factor.right(run), -abs(amount(run)), abs(amount(run)))),
                BOUNDS,
            )  # fmt: skip
    for word, phrase, letters in (
        ("Query", "queries", "q"),
        ("Key", "keys", "k"),
        ("QueryAndKey", "queries and keys", "qk"),
    ):
        for label, words, angles in (
            ("PositionShifted", "by their positions plus {number}", lambda run, theta, c: theta + c * run.values["frequencies"]),
            ("AngleScaled", "by {number} times their angles", lambda run, theta, c: c * theta),
        ):  # fmt: skip
            yield Family(
                f"Gradient{word}Rotation{label}", "gradient", f"The gradients of {phrase} are rotated back {words}.", _CAUSE,
                "Rotate gradients back by the very angles.",
                lambda amount, letters=letters, angles=angles: {
                    f"{letter}_rotated": with_tangent(_rotated(letter, lambda run, theta: angles(run, theta, amount(run))))
                    for letter in letters
                }, (1, -1, 2, -2, 3) if label == "PositionShifted" else (0.5, 2.0, -0.5),
            )  # fmt: skip


def _rotated(letter: str, angles: Callable[[Run, Array], Array]) -> Callable[[Run, Array], Array]:
    def tangent(run: Run, value: Array) -> Array:
        plain = _im(run, f"{letter}_heads")
        if not run.config.rope:
            return plain
        theta = np.real(run.values["query theta" if letter == "q" else "key theta"])
        return graph.rotate(plain, angles(run, theta))

    return tangent


def _slope_of_tanh(run: Run) -> Array:
    return 1 - np.tanh(run.real("z")) ** 2


_LACKING: tuple[tuple[str, str, Real], ...] = (
    ("Slope", "the slope of tanh", _slope_of_tanh),
    ("Bound", "gamma_max", lambda run: np.asarray(run.config.gamma_max)),
    ("BoundAndSlope", "gamma_max and the slope of tanh", lambda run: run.config.gamma_max * _slope_of_tanh(run)),
)  # fmt: skip
"""What the gradient of one parameter of the gain may lack while that of the other has it."""
