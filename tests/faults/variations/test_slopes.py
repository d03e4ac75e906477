"""Nonlinearities that are differentiated at another argument: tangents are those of the sentences."""

import numpy as np
import pytest
from scipy import stats

from sessa_ref.faults.variations import graph, slopes
from tests.faults.variations.small import HEADS, STEP, Moved, direction_for, moved, slope
from tests.rounding import LIBRARY, roundings

VARIATIONS = {variation.name: variation for variation in slopes.variations()}
FAMILIES = {family.name: family for family in slopes.families()}
DIRECTION = direction_for(HEADS)


def tangents(changes) -> graph.Run:
    x = HEADS.x + 1j * STEP * DIRECTION["x"]
    return graph.advance(Moved(HEADS.parameters, DIRECTION), x, changes)


def gelu_slope(a):
    return stats.norm.cdf(a) + a * stats.norm.pdf(a)


SAID = {
    "GainSlopeOfArgumentAsResultClamped": ("gamma", "z", lambda z: 0.999 * (1 - np.clip(z, -0.5, 0.5) ** 2)),
    "GainSlopeOfArgumentClamped": ("gamma", "z", lambda z: 0.999 / np.cosh(np.clip(z, -0.5, 0.5)) ** 2),
    "GainSlopeOfResultScaled": ("gamma", "z", lambda z: 0.999 * (1 - 0.25 * np.tanh(z) ** 2)),
    "GainSlopeClampedBelow": ("gamma", "z", lambda z: 0.999 * np.maximum(1 - np.tanh(z) ** 2, 0.5)),
    "GeluSlopeOfArgumentClamped": ("u", "a", lambda a: gelu_slope(np.clip(a, -0.5, 0.5))),
    "GeluSlopeOfResultScaled": ("u", "a", lambda a: gelu_slope(0.5 * a * stats.norm.cdf(a))),
    "GeluDensityShifted": ("u", "a", lambda a: stats.norm.cdf(a) + a * stats.norm.pdf(a + 0.5)),
    "GeluSlopeOfArgumentFromItsResultU": ("u", "a", lambda a: gelu_slope(a * stats.norm.cdf(a))),
    "GeluSlopeOfArgumentNegated": ("u", "a", lambda a: gelu_slope(-a)),
}
"""Value, argument, and the derivative there; numbers of families are 0.5."""


@pytest.mark.parametrize("name", SAID)
def test_slopes_are_those_of_the_sentence(name):
    full = f"Gradient{name}"
    member = FAMILIES[full].at(0.5) if full in FAMILIES else VARIATIONS[full]
    run, (place, argument, derivative) = tangents(member.changes), SAID[name]
    z = run.values[argument]
    error = np.abs(np.imag(run.values[place]) - derivative(np.real(z)) * np.imag(z))
    # slopes are sums and differences of numbers up to 1, each of two library functions at most
    assert np.all(error <= roundings(6 * LIBRARY) * np.abs(np.imag(z)))


def test_the_softmax_backward_pass_with_other_weights():
    """The adjoint of the tangent: dlogits = w (dalpha - sum v dalpha)."""
    generator = np.random.default_rng(0)
    for word, wanted in (
        ("OuterFrom1", lambda alpha, seen, d: seen * (d - np.sum(alpha * d, axis=-1, keepdims=True))),
        ("MeanFrom1", lambda alpha, seen, d: alpha * (d - np.sum(seen * d, axis=-1, keepdims=True))),
    ):
        run = tangents(VARIATIONS[f"GradientForwardSoftmax{word}"].changes)
        alpha, seen, logits = np.real(run.values["alpha"]), run.values["visible"], run.values["logits"]
        d = generator.normal(size=alpha.shape)
        along = np.sum(d * np.imag(run.values["alpha"])) / STEP
        adjoint = np.sum(wanted(alpha, seen, d) * np.where(seen, np.imag(logits), 0)) / STEP
        # sums over d's numbers; the terms of a weight cancel, which a factor of 100 leaves room for
        allowed = 100 * roundings(d.size) * np.sum(np.abs(d * np.imag(run.values["alpha"])))
        assert abs(along - adjoint) <= allowed / STEP


ALMOST = {
    "GradientGainPade10Approximated", "GradientGainByPade10Approximated", "GradientForwardSoftmaxLogitsShifted",
    "GradientFeedbackSoftmaxLogitsShifted", "GradientNormDeviationClampedBelow",
}  # fmt: skip
"""As good as exact here; a constant beside all logits; no deviation is that small."""


def test_outputs_stay_and_every_member_changes_the_gradient():
    plain, right = slope(HEADS, DIRECTION, {}), np.real(moved(HEADS, DIRECTION, {}))
    members = [*VARIATIONS.values(), *(family.at(0.5) for family in FAMILIES.values())]
    assert len({member.name for member in members}) == len(list(slopes.variations())) + len(FAMILIES)
    same = set()
    for member in members:
        y = moved(HEADS, DIRECTION, member.changes)
        assert np.array_equal(np.real(y), right), member.name
        # far above rounding and far below a lost or changed term: what the members in ALMOST leave
        if abs(float(np.sum(HEADS.dy * np.imag(y))) / STEP - plain) <= 1e-7:
            same.add(member.name)
    assert same == ALMOST
