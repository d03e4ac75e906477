"""Backward passes that are wrong: outputs stay, and gradients are those of the sentences."""

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.faults.variations import derivatives
from sessa_ref.faults.variations.weights import AREAS
from tests.faults.variations.small import HEADS, STEP, direction_for, moved, right, slope

VARIATIONS = {variation.name: variation for variation in derivatives.variations()}
FACTORS = {family.name: family for family in derivatives.factors()}
TRUNCATED = {family.name: family for family in derivatives.families()}
DIRECTION = direction_for(HEADS)
T = HEADS.x.shape[1]


def close(one: float, other: float) -> bool:
    """Sums of some thousand rounded terms, the largest a hundred times the sum."""
    return abs(one - other) <= 1e5 * 2.0**-53 * (abs(other) + 100)


def test_outputs_stay_as_they_are():
    plain = np.real(moved(HEADS, DIRECTION, {}))
    members = [*VARIATIONS.values(), *(f.at(0.5) for f in FACTORS.values()), *(f.at(3) for f in TRUNCATED.values())]
    for member in members:
        assert np.array_equal(np.real(moved(HEADS, DIRECTION, member.changes)), plain), member.name
        values = [change(right(HEADS), right(HEADS).values[name]) for name, change in member.changes.items()]
        assert all(v is right(HEADS).values[name] for v, name in zip(values, member.changes, strict=True)), member.name


def test_every_member_changes_the_gradient():
    """What heads share their keys here is all of them; see also the next tests."""
    plain = slope(HEADS, DIRECTION, {})
    for member in [*VARIATIONS.values(), *(f.at(0.5) for f in FACTORS.values())]:
        assert not close(slope(HEADS, DIRECTION, member.changes), plain), member.name
    assert len(set(VARIATIONS)) == len(list(derivatives.variations()))


@pytest.mark.parametrize("name", AREAS)
def test_a_factor_of_a_parameter(name):
    """Its gradient times the factor; all others are as they are."""
    _, gradients = reference.vjp(HEADS.parameters, HEADS.x, HEADS.dy)
    (family,) = (f for f in FACTORS.values() if set(f.changes(lambda run: 1.0)) == {name})
    own = float(np.sum(gradients[name] * DIRECTION[name]))
    for factor in (0.0, -1.0, 2.5):
        found = slope(HEADS, DIRECTION, family.at(factor).changes)
        assert close(found, slope(HEADS, DIRECTION, {}) + (factor - 1) * own)


def test_a_factor_of_one_is_the_right_gradient():
    plain = slope(HEADS, DIRECTION, {})
    for family in FACTORS.values():
        assert close(slope(HEADS, DIRECTION, family.at(1.0).changes), plain), family.name


def test_an_output_that_is_detached_leaves_nothing():
    assert slope(HEADS, DIRECTION, FACTORS["GradientOutput"].at(0.0).changes) == 0


@pytest.mark.parametrize(("name", "token"), [("GradientLastTokenDetached", -1), ("GradientFirstTokenDetached", 0)])
def test_an_output_of_one_token_that_is_detached(name, token):
    dy = HEADS.dy.copy()
    dy[:, token] = 0
    dx, gradients = reference.vjp(HEADS.parameters, HEADS.x, dy)
    wanted = float(np.sum(dx * DIRECTION["x"])) + sum(float(np.sum(g * DIRECTION[n])) for n, g in gradients.items())
    assert close(slope(HEADS, DIRECTION, VARIATIONS[name].changes), wanted)


def tangents(changes) -> dict[str, np.ndarray]:
    """The states' tangent with these changes."""
    seen = {}

    def look(run, value):
        seen.update({name: np.imag(run.values[name]) / STEP for name in ("f", "B", "gamma", "z", "a", "u")})
        seen["s"] = np.imag(value) / STEP
        return value

    moved(
        HEADS, DIRECTION, {**changes, "s": (lambda run, s: look(run, changes["s"](run, s))) if "s" in changes else look}
    )
    return seen


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("SolveNone", lambda B, s, df, dB: df),
        ("SolveNoRouting", lambda B, s, df, dB: np.linalg.solve(np.eye(T) - B, df)),
        ("SolveRoutingOneHop", lambda B, s, df, dB: np.linalg.solve(np.eye(T) - B, df) + dB @ s),
        ("SolveUnits", lambda B, s, df, dB: np.linalg.solve(np.eye(T) + B, df + dB @ s)),
        ("SolveOfSignal", lambda B, s, df, dB: df + np.linalg.solve(np.eye(T) - B, dB @ s)),
        ("SolveRoutingTransposed", lambda B, s, df, dB: np.linalg.solve(np.eye(T) - B, df + np.swapaxes(dB, 1, 2) @ s)),
    ],
)
def test_wrong_adjoints_of_the_solve(name, formula):
    """As tangents: ds = (I - B)^(-1) (df + dB s), with a term changed. To the rounding of a solve of 9 rows."""
    found, values = tangents(VARIATIONS[f"Gradient{name}"].changes), right(HEADS).values
    wanted = formula(values["B"], values["s"], found["f"], found["B"])
    assert np.max(np.abs(found["s"] - wanted)) <= 1000 * 2.0**-53 * np.max(np.abs(wanted))


@pytest.mark.parametrize(
    ("name", "slope_of"),
    [
        ("GainOneMinusSquare", lambda z, gamma: 1 - gamma**2),
        ("GainSlope", lambda z, gamma: 0.999 + 0 * z),
        ("GainBound", lambda z, gamma: 1 - np.tanh(z) ** 2),
        ("GainSlopeTwice", lambda z, gamma: 0.999 * (1 - np.tanh(gamma) ** 2)),
        ("GainOneMinusTanh", lambda z, gamma: 0.999 * (1 - np.tanh(z))),
        ("GainBoundMinusSquare", lambda z, gamma: 0.999 - gamma**2),
    ],
)
def test_wrong_slopes_of_the_gain(name, slope_of):
    found, values = tangents(VARIATIONS[f"Gradient{name}"].changes), right(HEADS).values
    wanted = slope_of(values["z"], values["gamma"]) * found["z"]
    assert np.max(np.abs(found["gamma"] - wanted)) <= 100 * 2.0**-53 * np.max(np.abs(found["z"]))


def test_a_series_of_all_hops_is_the_solve():
    """And a window or a block of all tokens; of fewer, none is, nor of blocks of which the last is not full."""
    plain = slope(HEADS, DIRECTION, {})
    for name, family in TRUNCATED.items():
        assert close(slope(HEADS, DIRECTION, family.at(T).changes), plain), name
        assert not close(slope(HEADS, DIRECTION, family.at(5).changes), plain), name
    none = slope(HEADS, DIRECTION, TRUNCATED["GradientFeedbackWindow"].at(0).changes)
    assert close(none, slope(HEADS, DIRECTION, TRUNCATED["GradientSolveHops"].at(0).changes))
    assert close(none, slope(HEADS, DIRECTION, TRUNCATED["GradientBlocks"].at(1).changes))
