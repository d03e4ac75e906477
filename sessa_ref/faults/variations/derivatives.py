"""Variations of the gradient alone: what flows back through a value is lost, scaled or bent.

The graph runs on complex numbers, whose imaginary part is the derivative along a direction. A factor there is a factor
in the backward pass, and the output stays as it is.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Change, Run
from sessa_ref.faults.variations.modes import ACTIVATIONS, camel
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.variation import Amount, Family, Variation, one, with_tangent
from sessa_ref.faults.variations.weights import AREAS
from sessa_ref.notation import Array

_FACTORS = (0.0, 2.0, 0.5, -1.0)


def factors() -> Iterator[Family]:
    """A factor on what flows back through a value or reaches a parameter; 0 where it is detached."""
    names = [(place.name, place.word, place.phrase.rstrip(",")) for place in PLACES]
    names += [(name, camel(name), name) for name in AREAS]
    names += [
        ("mean", "NormMean", "the norm's mean"), ("deviation", "NormDeviation", "the norm's deviation"),
        ("variance", "NormVariance", "the norm's variance"), ("standard", "Standardised", "the standardised tokens"),
        ("shared k", "SharedKeys", "the keys that query heads share"), ("shared v", "SharedValues", "the values that query heads share"),
        ("q_fb input,k_fb input", "FeedbackSources", "what the feedback queries and keys are made of"),
        ("q_fb input,k_fb input,gain input", "RoutingSources", "what the feedback queries, keys and gain are made of"),
        ("q input,k input", "LogitSources", "what the forward queries and keys are made of"),
        ("q input,k input,v input", "AttentionSources", "what the forward queries, keys and values are made of"),
        ("k input,v input", "CachedSources", "what the forward keys and values are made of"),
    ]  # fmt: skip
    for name, word, phrase in names:
        yield Family(
            f"Gradient{word}", "gradient",
            f"The gradient that flows back through {phrase} is multiplied by {{number}} (0: it is detached).",
            "A detach, a context without gradients, or a factor in a hand-written backward pass.",
            f"Let the gradient flow back through {phrase} as it is.",
            lambda amount, name=name: {each: _scaling(amount) for each in name.split(",")}, _FACTORS,
        )  # fmt: skip


def variations() -> Iterator[Variation]:
    """Wrong terms of single backward passes."""
    cause = "A hand-written backward pass, or a custom gradient."
    words_of = {"Keys": "keys", "Values": "values", "KeysAndValues": "keys and values"}
    for name, words, place, tangent in (
        ("ForwardSoftmaxMean", "The backward pass of the forward softmax lacks the term of the normalisation", "alpha",
         lambda run, v: np.real(v) * np.imag(run.values["logits"])),
        ("FeedbackSoftmaxMean", "The backward pass of the feedback softmax lacks the term of the normalisation", "alpha_fb",
         lambda run, v: np.real(v) * np.imag(run.values["logits_fb"])),
        ("GainSlope", "The backward pass of the gain lacks the slope of tanh", "gamma",
         lambda run, v: np.real(run.values["gamma_max"]) * np.imag(run.values["z"])),
        ("GainBound", "The backward pass of the gain lacks gamma_max", "gamma",
         lambda run, v: np.imag(v) / np.real(run.values["gamma_max"])),
        ("GainOneMinusSquare", "The backward pass of the gain has the slope 1 - gamma^2", "gamma",
         lambda run, v: (1 - np.real(v) ** 2) * np.imag(run.values["z"])),
        ("GainBoundOneMinusSquare", "The backward pass of the gain has the slope gamma_max (1 - gamma^2)", "gamma",
         lambda run, v: np.real(run.values["gamma_max"]) * (1 - np.real(v) ** 2) * np.imag(run.values["z"])),
        ("GainBoundMinusSquare", "The backward pass of the gain has the slope gamma_max - gamma^2", "gamma",
         lambda run, v: (np.real(run.values["gamma_max"]) - np.real(v) ** 2) * np.imag(run.values["z"])),
        ("GainOneMinusTanh", "The backward pass of the gain has the slope gamma_max (1 - tanh) in place of 1 - tanh^2", "gamma",
         lambda run, v: (np.real(run.values["gamma_max"]) - np.real(v)) * np.imag(run.values["z"])),
        ("GainSigmoidSlope", "The backward pass of the gain has the slope of a sigmoid, gamma (1 - gamma)", "gamma",
         lambda run, v: np.real(v) * (1 - np.real(v)) * np.imag(run.values["z"])),
        ("GainSlopeOfArgument", "The backward pass of the gain has its argument z in place of tanh(z): gamma_max (1 - z^2)", "gamma",
         lambda run, v: np.real(run.values["gamma_max"]) * (1 - np.real(run.values["z"]) ** 2) * np.imag(run.values["z"])),
        ("GainSlopeTwice", "The backward pass of the gain takes tanh twice: gamma_max (1 - tanh(gamma)^2)", "gamma",
         lambda run, v: np.real(run.values["gamma_max"]) * (1 - np.tanh(np.real(v)) ** 2) * np.imag(run.values["z"])),
        ("GeluNormalOnly", "The derivative of GELU lacks its second term, a phi(a)", "u",
         lambda run, u: special.ndtr(np.real(run.values["a"])) * np.imag(run.values["a"])),
        ("GeluDensityOnly", "The derivative of GELU lacks its first term, Phi(a)", "u",
         lambda run, u: np.real(run.values["a"]) * normal_density(run.values["a"]) * np.imag(run.values["a"])),
        ("GeluDensityWithoutA", "The derivative of GELU has phi(a) in place of a phi(a)", "u",
         lambda run, u: (special.ndtr(np.real(run.values["a"])) + normal_density(run.values["a"])) * np.imag(run.values["a"])),
        ("GeluDensityUnscaled", "The derivative of GELU has exp(-a^2/2) without 1/sqrt(2 pi)", "u",
         lambda run, u: (special.ndtr(np.real(run.values["a"])) + np.real(run.values["a"]) * np.exp(-np.real(run.values["a"]) ** 2 / 2)) * np.imag(run.values["a"])),
        ("GeluDensitySubtracted", "The derivative of GELU subtracts a phi(a)", "u",
         lambda run, u: (special.ndtr(np.real(run.values["a"])) - np.real(run.values["a"]) * normal_density(run.values["a"])) * np.imag(run.values["a"])),
        ("GeluDensityWide", "The derivative of GELU has exp(-a^2) in place of exp(-a^2/2)", "u",
         lambda run, u: (special.ndtr(np.real(run.values["a"])) + np.real(run.values["a"]) * np.exp(-np.real(run.values["a"]) ** 2) / np.sqrt(2 * np.pi)) * np.imag(run.values["a"])),
        ("NormScale", "The backward pass of the norm lacks its scale", "standard",
         lambda run, v: np.imag(run.values["x"])),
        ("SolveOfSignal", "The backward pass of the solve treats it as the identity in f", "s",
         lambda run, v: np.imag(v) - _solve(run, np.imag(run.values["f"])) + np.imag(run.values["f"])),
        ("SolveOfRouting", "The backward pass of the solve reads f instead of s", "s",
         lambda run, v: _solve(run, np.imag(run.values["f"]) + np.imag(run.values["B"]) @ np.real(run.values["f"]))),
        ("SolveNoRouting", "The backward pass of the solve gives B no gradient", "s",
         lambda run, v: _solve(run, np.imag(run.values["f"]))),
        ("SolveRoutingOneHop", "The backward pass of the solve applies B's gradient without a solve", "s",
         lambda run, v: _solve(run, np.imag(run.values["f"])) + np.imag(run.values["B"]) @ np.real(v)),
        ("SolveNone", "The backward pass of the solve has f's gradient alone, as if s were f", "s",
         lambda run, v: np.imag(run.values["f"])),
        ("SolveUnits", "The backward pass of the solve solves with (I + B)^T", "s",
         lambda run, v: np.linalg.solve(np.eye(v.shape[-2]) + np.real(run.values["B"]), _inflow(run, v))),
        ("SolveRoutingTransposed", "The backward pass of the solve gives B a transposed gradient", "s",
         lambda run, v: _solve(run, np.imag(run.values["f"]) + np.swapaxes(np.imag(run.values["B"]), -1, -2) @ np.real(v))),
        ("SolveRoutingUntransposed", "The backward pass of the solve makes B's gradient of a solve with I - B instead of its transpose", "s",
         lambda run, v: _solve(run, np.imag(run.values["f"])) + _solve_transposed(run, np.imag(run.values["B"]) @ np.real(v))),
        ("GateExchanged", "The backward pass of the gate exchanges s and g", "gated",
         lambda run, v: np.real(run.values["s"]) * np.imag(run.values["s"]) + np.real(run.values["g"]) * np.imag(run.values["g"])),
        ("QueryRotationForward", "The gradient of the queries is rotated forward instead of back", "q_rotated", lambda run, v: _rotated_forward(run, "q", v)),
        ("KeyRotationForward", "The gradient of the keys is rotated forward instead of back", "k_rotated", lambda run, v: _rotated_forward(run, "k", v)),
        ("LastTokenDetached", "The last token's output has no gradient", "y", lambda run, v: _rows(v, -1, 0.0)),
        ("FirstTokenDetached", "The first token's output has no gradient", "y", lambda run, v: _rows(v, 0, 0.0)),
        ("FirstRowOnly", "Only the first batch row's output has a gradient", "y",
         lambda run, v: np.imag(v) * (np.arange(len(v)) == 0)[:, None, None]),
        ("FirstStateDetached", "The first token's state has no gradient", "s", lambda run, v: _rows(v, 0, 0.0)),
        ("QueryRotation", "The gradient of the queries is not rotated back", "q_rotated", lambda run, v: np.imag(run.values["q_heads"])),
        ("KeyRotation", "The gradient of the keys is not rotated back", "k_rotated", lambda run, v: np.imag(run.values["k_heads"])),
        ("GroupsAveraged", "The gradient of shared keys and values is averaged over query heads", "", None),
    ):  # fmt: skip
        if tangent is None:
            ratio = {
                name: lambda run, v: _with(v, np.imag(v) * run.config.kv_heads / run.config.heads)
                for name in ("shared k", "shared v")
            }
            yield Variation(f"Gradient{name}", "gradient", f"{words}.", cause, "Sum over query heads.", ratio)
        else:
            yield Variation(
                f"Gradient{name}", "gradient", f"{words}.", cause, "Differentiate the definition.",
                one(place, with_tangent(tangent)),
            )  # fmt: skip
    for name, function in ACTIVATIONS.items():
        if name != "exact GELU":
            yield Variation(
                f"Gradient{camel(name)}ForGelu", "gradient", f"The derivative of GELU is that of another function: {name}.",
                cause, "Use Phi(a) + a phi(a).",
                one("u", lambda run, u, function=function: _with(u, np.imag(function(run.values["a"])))),
            )  # fmt: skip
    for label, words, tangents in (
        ("Rotation", "are not rotated back", lambda run, which, v: np.imag(run.values[f"{which}_heads"])),
        ("RotationForward", "are rotated forward instead of back", _rotated_forward),
    ):
        yield Variation(
            f"GradientQueryAndKey{label}", "gradient", f"The gradients of queries and keys {words}.", cause, "Rotate gradients by minus the angle.",
            {f"{which}_rotated": with_tangent(lambda run, v, which=which, tangents=tangents: tangents(run, which, v)) for which in ("q", "k")},
        )  # fmt: skip
    for label, words, kept in (
        ("First", "the first", lambda group: np.arange(group) == 0),
        ("Last", "the last", lambda group: np.arange(group) == group - 1),
    ):
        for what, names in (
            ("Keys", ("shared k",)),
            ("Values", ("shared v",)),
            ("KeysAndValues", ("shared k", "shared v")),
        ):
            yield Variation(
                f"Gradient{label}HeadOfShared{what}", "gradient", f"The gradient of shared {words_of[what]} is that of {words} query head of each group.",
                cause, "Sum over the query heads of a group.", {name: _of_heads(kept) for name in names},
            )  # fmt: skip
    yield Variation(
        "GradientStraightThroughGelu", "gradient", "The gradient passes GELU as if it were the identity.",
        cause, "Use Phi(a) + a phi(a).", one("u", with_tangent(lambda run, u: np.imag(run.values["a"]))),
    )  # fmt: skip


def families() -> Iterator[Family]:
    """Truncations of the backward pass, with a number of hops or tokens."""
    counts = (*range(0, 41), 64, 128)
    yield Family(
        "GradientSolveHops", "gradient", "The adjoint solve is its series, cut after {number} hops.",
        "A truncated series in the backward pass.", "Solve (I - B)^T lambda = ds.",
        lambda amount: one("s", _truncated(amount)), counts,
    )  # fmt: skip
    yield Family(
        "GradientFeedbackWindow", "gradient", "Gradients flow back through feedback over at most {number} tokens.",
        "Truncated back-propagation through time.", "Let the gradient flow through all of B.",
        lambda amount: one("s", _windowed(amount)), counts,
    )  # fmt: skip
    yield Family(
        "GradientBlocks", "gradient", "States of earlier blocks of {number} tokens are detached.",
        "Truncated back-propagation through time.", "Let the gradient flow through all of B.",
        lambda amount: one("s", _blocked(amount)), counts[1:],
    )  # fmt: skip
    for word, words, names in (
        ("FeedbackLogits", "the feedback logits", ("logits_fb",)),
        ("FeedbackLogitsAndGain", "the feedback logits and the gain", ("logits_fb", "gamma")),
        ("State", "the states", ("s",)),
        ("FeedbackKeys", "the feedback keys", ("k_fb",)),
        ("FeedbackQueries", "the feedback queries", ("q_fb",)),
    ):
        yield Family(
            f"GradientTailOf{word}", "gradient",
            f"With blocks of {{number}}, nothing flows back through {words} of the tokens of an incomplete last block.",
            "A loop over full blocks in a backward pass.", "Round the number of blocks up.",
            lambda amount, names=names: {name: _full_blocks(amount) for name in names}, counts[2:],
        )  # fmt: skip


def _full_blocks(amount: Amount) -> Change:
    def tangent(run: Run, value: Array) -> Array:
        T, size = value.shape[-2], int(amount(run))
        return np.imag(value) * (np.arange(T) < T // size * size)[:, None]

    return with_tangent(tangent)


def _scaling(amount: Amount) -> Change:
    return lambda run, value: _with(value, amount(run) * np.imag(value)) if np.iscomplexobj(value) else value


def _with(value: Array, tangent: Array | float) -> Array:
    return np.asarray(np.real(value) + 1j * tangent) if np.iscomplexobj(value) else value


def _solve(run: Run, right: Array) -> Array:
    return np.linalg.solve(np.eye(right.shape[-2]) - np.real(run.values["B"]), right)


def _solve_transposed(run: Run, right: Array) -> Array:
    B = np.swapaxes(np.real(run.values["B"]), -1, -2)
    return np.linalg.solve(np.eye(right.shape[-2]) - B, right)


def _rotated_forward(run: Run, which: str, rotated: Array) -> Array:
    """The tangent of a rotation whose adjoint turns by the angle instead of minus the angle: it turns back."""
    tangent = np.imag(run.values[f"{which}_heads"])
    if not run.config.rope:
        return tangent
    theta = run.values["query theta" if which == "q" else "key theta"]
    return graph.rotate(tangent, -np.real(theta))


def normal_density(a: Array) -> Array:
    """The density of the normal distribution at real parts."""
    return np.exp(-(np.real(a) ** 2) / 2) / np.sqrt(2 * np.pi)


def _of_heads(kept: Callable[[int], Array]) -> Change:
    def tangent(run: Run, shared: Array) -> Array:
        group = run.config.heads // run.config.kv_heads
        return np.imag(shared) * np.tile(kept(group), run.config.kv_heads)[:, None, None]

    return with_tangent(tangent)


def _rows(v: Array, row: int, factor: float) -> Array:
    tangent = np.imag(v).copy()
    if tangent.shape[-2]:
        tangent[..., row, :] *= factor
    return tangent


def _inflow(run: Run, s: Array) -> Array:
    """What reaches the states besides through earlier states: the tangents of f and B."""
    return np.imag(run.values["f"]) + np.imag(run.values["B"]) @ np.real(s)


def _truncated(amount: Amount) -> Change:
    def tangent(run: Run, s: Array) -> Array:
        term = total = _inflow(run, s)
        for _ in range(int(amount(run))):
            term = np.real(run.values["B"]) @ term
            total = total + term
        return total

    return with_tangent(tangent)


def _masked(run: Run, s: Array, mask: Array) -> Array:
    B = np.real(run.values["B"]) * mask
    return np.linalg.solve(np.eye(len(mask)) - B, _inflow(run, s))


def _windowed(amount: Amount) -> Change:
    def tangent(run: Run, s: Array) -> Array:
        return _masked(run, s, run.values["columns"] >= run.values["rows"] - amount(run))

    return with_tangent(tangent)


def _blocked(amount: Amount) -> Change:
    def tangent(run: Run, s: Array) -> Array:
        block = np.arange(s.shape[-2]) // amount(run)
        return _masked(run, s, block[:, None] == block)

    return with_tangent(tangent)
