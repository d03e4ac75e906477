"""Variations of the gradient: a nonlinearity is differentiated at another argument than its own.

Its output stays as it is. The tangent is that of the formula in the words, with a wrong number in one place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.derivatives import normal_density
from sessa_ref.faults.variations.families.changes import clamped
from sessa_ref.faults.variations.families.numbers import BOUNDS, FACTORS, SMALL
from sessa_ref.faults.variations.graph import Number, Run
from sessa_ref.faults.variations.modes import camel, rounded_to, shifted
from sessa_ref.faults.variations.structures.activations import APPROXIMATIONS, ERFS, odd
from sessa_ref.faults.variations.structures.tanhs import TANHS
from sessa_ref.faults.variations.variation import Family, Variation, one, with_tangent
from sessa_ref.notation import Array

_CAUSE = "A hand-written backward pass that saves, rounds or clamps the wrong quantity to differentiate at."
_FIX = "Differentiate at exactly the argument of the forward pass."


_ROUNDED = ("RoundedToFloat32", "RoundedToBfloat16", "RoundedToFloat16")
_MOVED = ("OfPreviousToken", "OfNextToken", "OfFirstRow", "BatchMean")
_EVEN, _POWERS = ("Absolute", "Negated"), ("Squared", "Root")


@dataclass(frozen=True)
class Slope:
    """A place in the backward pass of a nonlinearity where an argument stands."""

    word: str
    phrase: str
    """What is computed from the argument: "1 - tanh(z)^2"."""
    place: str
    """The value in the graph whose tangent it makes."""
    tangent: Callable[[Run, Array], Array]
    """The tangent for an argument."""
    arguments: dict[str, Callable[[Run], Array]]
    """Arguments by their words, real; the first one is right."""
    ways: tuple[str, ...]
    """The changes of the argument that no other slope of the list already makes."""


def _z(run: Run) -> Array:
    return run.real("z")


def _a(run: Run) -> Array:
    return run.real("a")


def _real(name: str) -> Callable[[Run], Array]:
    return lambda run: run.real(name)


def _bound(run: Run) -> Array:
    return np.asarray(run.real("gamma_max"))


def _gelu_slope(a: Array) -> Array:
    return special.ndtr(a) + a * normal_density(a)


def _softmax_tangent(logits: str) -> Callable[[Run, Array], Array]:
    def tangent(run: Run, weights: Array) -> Array:
        moved = np.where(run.values[f"visible{logits[6:]}"], np.imag(run.values[logits]), 0)
        return weights * (moved - np.sum(weights * moved, axis=-1, keepdims=True))

    return tangent


def _softmax_of(logits: str) -> Callable[[Run, Array], Array]:
    def tangent(run: Run, z: Array) -> Array:
        return _softmax_tangent(logits)(run, graph.softmax(z, run.values[f"visible{logits[6:]}"]))

    return tangent


def _norm_tangent(run: Run, standard: Array) -> Array:
    moved = np.imag(run.values["x"])
    moved = moved - moved.mean(axis=-1, keepdims=True)
    return (moved - standard * np.mean(standard * moved, axis=-1, keepdims=True)) / run.real("deviation")


def _by_deviation(run: Run, deviation: Array) -> Array:
    return np.imag(run.right["standard"]) * run.real("deviation") / deviation


SLOPES: tuple[Slope, ...] = (
    Slope(
        "GainSlopeOfArgument", "w in 1 - tanh(w)^2, the slope of tanh in the gain,", "gamma",
        lambda run, w: _bound(run) * (1 - np.tanh(w) ** 2) * np.imag(run.values["z"]),
        {"": _z, "its argument without the bias": lambda run: _z(run) - run.real("mixer.gamma_bias")}, (*_ROUNDED, "BatchMean", *_POWERS),
    ),
    Slope(
        "GainSlopeOfResult", "w in 1 - w^2, the slope of tanh in the gain by its result,", "gamma",
        lambda run, w: _bound(run) * (1 - w * w) * np.imag(run.values["z"]), {"": lambda run: np.tanh(_z(run))}, (*_ROUNDED, "BatchMean", *_POWERS),
    ),
    Slope(
        "GainSlopeOfArgumentAsResult", "its argument z, taken for its result w in 1 - w^2, the slope of tanh in the gain,", "gamma",
        lambda run, w: _bound(run) * (1 - w * w) * np.imag(run.values["z"]), {"": _z}, (*_ROUNDED, *_MOVED, *_POWERS),
    ),
    Slope(
        "GainSlope", "the slope of tanh in the gain", "gamma",
        lambda run, w: _bound(run) * w * np.imag(run.values["z"]), {"": lambda run: 1 - np.tanh(_z(run)) ** 2}, (*_ROUNDED, *_MOVED, *_POWERS),
    ),
    Slope(
        "GeluSlopeOfArgument", "w in Phi(w) + w phi(w), the derivative of GELU,", "u",
        lambda run, w: _gelu_slope(w) * np.imag(run.values["a"]),
        {"": _a, "its result u": _real("u"), "the gate g": _real("g"), "the norm's output n": _real("n")}, (*_ROUNDED, "BatchMean", *_EVEN, *_POWERS),
    ),
    Slope(
        "GeluSlopeOfResult", "its result u, taken for w in Phi(w) + w phi(w), the derivative of GELU,", "u",
        lambda run, w: _gelu_slope(w) * np.imag(run.values["a"]), {"": _real("u")}, (*_ROUNDED, *_MOVED, *_EVEN, *_POWERS),
    ),
    Slope(
        "GeluPhi", "w in Phi(w) + a phi(a), the derivative of GELU,", "u",
        lambda run, w: (special.ndtr(w) + _a(run) * normal_density(_a(run))) * np.imag(run.values["a"]),
        {"": _a, "its result u": _real("u")}, (*_ROUNDED, *_MOVED, *_EVEN, *_POWERS),
    ),
    Slope(
        "GeluFactor", "w in Phi(a) + w phi(a), the derivative of GELU,", "u",
        lambda run, w: (special.ndtr(_a(run)) + w * normal_density(_a(run))) * np.imag(run.values["a"]),
        {"": _a, "its result u": _real("u"), "the gate g": _real("g")}, (*_ROUNDED, *_MOVED, "Absolute", *_POWERS),
    ),
    Slope(
        "GeluDensity", "w in Phi(a) + a phi(w), the derivative of GELU,", "u",
        lambda run, w: (special.ndtr(_a(run)) + _a(run) * normal_density(w)) * np.imag(run.values["a"]),
        {"": _a, "its result u": _real("u")}, (*_ROUNDED, *_MOVED, *_POWERS),
    ),
    Slope(
        "GeluSlope", "the derivative of GELU", "u", lambda run, w: w * np.imag(run.values["a"]),
        {"": lambda run: _gelu_slope(_a(run))}, (*_ROUNDED, *_MOVED, "Absolute", *_POWERS),
    ),
    *(
        slope
        for word, phrase, suffix in (("Forward", "forward", ""), ("Feedback", "feedback", "_fb"))
        for slope in (
            Slope(
                f"{word}SoftmaxWeights", f"the weights in the backward pass of the {phrase} softmax", f"alpha{suffix}",
                _softmax_tangent(f"logits{suffix}"), {"": _real(f"alpha{suffix}")}, (*_ROUNDED, *_MOVED, *_POWERS),
    ),
            Slope(
                f"{word}SoftmaxOuter", f"w in w (dalpha - sum alpha dalpha), the backward pass of the {phrase} softmax,", f"alpha{suffix}",
                lambda run, w, s=suffix: _softmax_of_two(run, s, w, run.real(f"alpha{s}")),
                {"": _real(f"alpha{suffix}"), "1": lambda run, s=suffix: run.values[f"visible{s}"] + 0 * run.real(f"alpha{s}")}, (*_ROUNDED, *_MOVED, *_POWERS),
    ),
            Slope(
                f"{word}SoftmaxMean", f"w in alpha (dalpha - sum w dalpha), the backward pass of the {phrase} softmax,", f"alpha{suffix}",
                lambda run, w, s=suffix: _softmax_of_two(run, s, run.real(f"alpha{s}"), w),
                {
                    "": _real(f"alpha{suffix}"),
                    "1": lambda run, s=suffix: run.values[f"visible{s}"] + 0 * run.real(f"alpha{s}"),
                    "1 over the number of visible tokens": lambda run, s=suffix: run.values[f"visible{s}"] / np.maximum(run.values[f"visible{s}"].sum(axis=-1, keepdims=True), 1),
                }, (*_ROUNDED, *_MOVED, *_POWERS),
    ),
            Slope(
                f"{word}SoftmaxLogits", f"the logits, of which the backward pass of the {phrase} softmax makes its weights again,", f"alpha{suffix}",
                _softmax_of(f"logits{suffix}"),
                {"": _real(f"logits{suffix}"), "logits without their scale": lambda run, s=suffix: np.real(run.values[f"logits{s}"] / run.values[f"scale{s}"])}, (*_ROUNDED, "OfPreviousToken", "OfNextToken", "BatchMean", *_EVEN, *_POWERS),
    ),
        )
    ),
    Slope(
        "NormStandard", "the standardised tokens in the backward pass of the norm", "standard", _norm_tangent,
        {
            "": _real("standard"),
            "the norm's output n": lambda run: run.real("standard") * np.real(run.parameters["ln.weight"]) + np.real(run.parameters["ln.bias"]),
            "the standardised tokens times the norm's weight": lambda run: run.real("standard") * np.real(run.parameters["ln.weight"]),
            "its input x": _real("x"),
            "the centred tokens, not divided by the deviation": lambda run: run.real("standard") * run.real("deviation"),
        }, (*_ROUNDED, *_MOVED, "Absolute", *_POWERS),
    ),
    Slope(
        "NormDeviation", "the deviation in the backward pass of the norm", "standard", _by_deviation,
        {
            "": _real("deviation"),
            "the variance": lambda run: run.real("deviation") ** 2,
            "the deviation without epsilon": lambda run: np.sqrt(run.real("variance")),
            "its root": lambda run: np.sqrt(run.real("deviation")),
            "its inverse": lambda run: 1 / run.real("deviation"),
            "the deviation with D - 1": lambda run: np.sqrt(run.real("variance") * run.config.width / max(run.config.width - 1, 1)),
        }, (*_ROUNDED, *_MOVED),
    ),
)  # fmt: skip
"""Where arguments stand."""


def _softmax_of_two(run: Run, suffix: str, outer: Array, inner: Array) -> Array:
    """The tangent whose adjoint is outer (dalpha - sum inner dalpha)."""
    moved = np.where(run.values[f"visible{suffix}"], np.imag(run.values[f"logits{suffix}"]), 0)
    return outer * moved - inner * np.sum(outer * moved, axis=-1, keepdims=True)


_MODIFIED: tuple[tuple[str, str, Callable[[Array], Array]], ...] = (
    ("RoundedToFloat32", "rounded to float32", lambda w: rounded_to(w, "float32")),
    ("RoundedToBfloat16", "rounded to bfloat16", lambda w: rounded_to(w, "bfloat16")),
    ("RoundedToFloat16", "rounded to float16", lambda w: rounded_to(w, "float16")),
    ("OfPreviousToken", "that of the previous token, the first's own", lambda w: shifted(w, 1, "kept")),
    ("OfNextToken", "that of the next token, the last's own", lambda w: shifted(w, -1, "kept")),
    ("OfFirstRow", "that of the batch's first row", lambda w: np.broadcast_to(w[:1], w.shape)),
    ("BatchMean", "averaged over the batch", lambda w: np.broadcast_to(w.mean(axis=0, keepdims=True), w.shape)),
    ("Absolute", "taken without its sign", np.abs),
    ("Negated", "taken with the other sign", np.negative),
    ("Squared", "squared", np.square),
    ("Root", "replaced by its root", lambda w: np.sqrt(np.abs(w))),
)
"""Label, words, and the changed argument."""

_WITH_NUMBER: tuple[tuple[str, str, Callable[[Array, Number], Array], tuple[Number, ...]], ...] = (
    ("Clamped", "clamped to +-{number}", lambda w, c: clamped(w, -abs(c), abs(c)), BOUNDS),
    ("ClampedAbove", "clamped from above at {number}", lambda w, c: clamped(w, -np.inf, c), BOUNDS),
    ("ClampedBelow", "clamped from below at {number}", lambda w, c: clamped(w, c, np.inf), (0.0, *SMALL)),
    ("Scaled", "multiplied by {number}", lambda w, c: c * w, FACTORS),
    ("Shifted", "increased by {number}", lambda w, c: w + c, SMALL),
)


_POSITIVE = ("GainSlope", "ForwardSoftmaxWeights", "ForwardSoftmaxOuter", "ForwardSoftmaxMean", "FeedbackSoftmaxWeights", "FeedbackSoftmaxOuter", "FeedbackSoftmaxMean", "NormDeviation")  # fmt: skip
"""Slopes whose argument is never negative."""


def variations() -> Iterator[Variation]:
    """Every argument, another one or its own changed; and derivatives of approximations."""
    for slope in SLOPES:
        (right, *others) = slope.arguments.items()
        for words, argument in others:
            yield _variation(slope, f"From{camel(words)}", f"is {words}", argument)
        for label, words, change in _MODIFIED:
            if label in slope.ways:
                yield _variation(
                    slope, label, f"is {words}", lambda run, argument=right[1], change=change: change(argument(run))
                )
    for name, function in APPROXIMATIONS.items():
        yield _approximate("Gelu", name, "u", lambda run, f=function: np.imag(f(run.values["a"])))
    for name, erf in ERFS.items():
        yield _approximate(
            "GeluErf", f"erf is {name}", "u", lambda run, erf=erf: np.imag(run.values["a"] * (1 + odd(erf, run.values["a"] / np.sqrt(2))) / 2),
        )  # fmt: skip
        yield _approximate(
            "GeluPhi", f"Phi is made of {name}, and a phi(a) is exact", "u",
            lambda run, erf=erf: ((1 + odd(erf, _a(run) / np.sqrt(2))) / 2 + _a(run) * normal_density(_a(run))) * np.imag(run.values["a"]),
        )  # fmt: skip
    for label, (words, function) in TANHS.items():
        if label in ("Itself", "Taylor3"):
            continue  # slopes of the list
        yield _approximate(
            f"Gain{label}", words, "gamma", lambda run, f=function: _bound(run) * np.imag(f(run.values["z"])), "tanh in the gain",
        )  # fmt: skip
        yield _approximate(
            f"GainBy{label}", f"1 - w^2, where w is {words}", "gamma",
            lambda run, f=function: _bound(run) * (1 - f(_z(run)) ** 2) * np.imag(run.values["z"]), "tanh in the gain",
        )  # fmt: skip


def families() -> Iterator[Family]:
    """Arguments that are clamped, scaled or shifted by a number."""
    for slope in SLOPES:
        (argument, *_) = slope.arguments.values()
        for label, words, function, starts in _WITH_NUMBER:
            if label == "Clamped" and slope.word in _POSITIVE:
                continue  # the same as from above

            def tangent(run: Run, number: Number, slope=slope, argument=argument, function=function) -> Array:
                return slope.tangent(run, function(argument(run), number))

            yield Family(
                f"Gradient{slope.word}{label}", "gradient", f"In the backward pass, {slope.phrase} is {words}.", _CAUSE, _FIX,
                lambda amount, slope=slope, tangent=tangent: one(slope.place, with_tangent(lambda run, v: tangent(run, amount(run)))),
                starts,
            )  # fmt: skip


def _variation(slope: Slope, label: str, words: str, argument: Callable[[Run], Array]) -> Variation:
    return Variation(
        f"Gradient{slope.word}{label}", "gradient", f"In the backward pass, {slope.phrase} {words}.", _CAUSE, _FIX,
        one(slope.place, with_tangent(lambda run, v: slope.tangent(run, argument(run)))),
    )  # fmt: skip


def _approximate(label: str, words: str, place: str, tangent: Callable[[Run], Array], what: str = "GELU") -> Variation:
    name = f"Gradient{label}{'' if label.startswith('Gain') else camel(words)}Approximated"
    return Variation(
        name, "gradient", f"The derivative of {what} is that of an approximation, its value is not: {words}.", _CAUSE,
        _FIX, one(place, with_tangent(lambda run, v: tangent(run))),
    )  # fmt: skip
