"""`enclose` contains the float64 reference's output within its radius plus the float error, and is not just wide.

The float error is bounded by the case's own rounding analysis (`sessa_ref.oracle.bounds.rounding`); in extended precision by
the same bound at that precision's unit roundoff, 2048 times smaller. A radius is checked against twice the precision.
"""

import copy
import pickle
from dataclasses import replace

import flint
import numpy as np
import pytest
from flint import arb

from sessa_ref import reference
from sessa_ref.certified import Enclosure, enclose, enclose_to, enclose_vjp, exact
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import EXTENDED
from sessa_ref.oracle.cases.case import case
from sessa_ref.parameters import SessaParameters
from tests import published_vectors
from tests.certified.float_error import output_bound
from tests.rounding import assert_equal_but_for_rounding

BITS = (64, 128, 256, 512)
KINDS = (
    SessaConfig.published(4, 2),
    SessaConfig.published(6, 3, 1, use_forward_rope=False),
    SessaConfig.published(4, 1, rotary_dtype="float32"),
    SessaConfig.published(8, 4, 2, rotary_dtype="float32", gamma_max=0.9),
    SessaConfig.paper(3, 2),
    SessaConfig.paper(4, 4, norm="layernorm", norm_eps=1e-3),
)


def random_case(seed):
    generator = np.random.default_rng(seed)
    return case(
        f"enclosed {seed}",
        "",
        KINDS[seed % len(KINDS)],
        T=int(generator.integers(1, 8)),
        batch=1,
        gamma_bias=float(generator.choice([-5.0, -1.0, 0.0, 1.0, 5.0])),
        forward_logits=float(generator.choice([0.0, 1.0, 5.0])),
        feedback_logits=float(generator.choice([0.0, 1.0, 5.0])),
    )


def is_contained(enclosure, y, bound):
    """Whether |y - midpoint| <= radius + bound; the upper error bound is |y - midpoint| + radius."""
    return bool(np.all(enclosure.error(y)[1] <= enclosure.ball_radius * 2 + bound))


def agree(coarse, fine):
    """Whether balls have a point in common, entry by entry."""
    return all(a.overlaps(b) for a, b in zip(coarse.balls.ravel(), fine.balls.ravel(), strict=True))


def without_radius(enclosure):
    points = np.array([ball.mid() for ball in enclosure.balls.ravel()], dtype=object)
    return Enclosure(points.reshape(enclosure.balls.shape), enclosure.bits)


def check(parameters, x, bound, bits):
    """Containment of the reference and of the enclosure at twice the precision; a narrow radius; and teeth."""
    y = reference.forward(parameters, x)
    coarse, fine = enclose(parameters, x, bits), enclose(parameters, x, 2 * bits)
    assert is_contained(coarse, y, bound)
    assert agree(coarse, fine)
    scale = 1 + np.abs(x).max() + np.abs(y).max()
    assert np.all(coarse.ball_radius <= 2.0 ** (24 - bits) * len(x[0]) ** 2 * scale), "narrow: of 64 bits 40 are left"
    assert not is_contained(coarse, y + 1e4 * (bound + 2.0 ** (30 - bits)), bound)
    return coarse, fine


@pytest.mark.parametrize("seed", range(200))
def test_random_cases(seed):
    drawn = random_case(seed)
    bound = output_bound(drawn)
    coarse, fine = check(drawn.parameters, drawn.x, bound, BITS[seed % 4])
    assert not agree(without_radius(coarse), without_radius(fine)), "the radius is needed"


@pytest.mark.parametrize("name", published_vectors.NAMES)
def test_published_vectors(name):
    vector = published_vectors.load(name)
    of = vector.case()
    bound = output_bound(of)
    coarse, _ = check(of.parameters, of.x, bound, 128)
    if vector.dtype == "float64":
        assert is_contained(coarse, vector["y"], bound)
    if of.parameters.config.rope and of.x.shape[1] > 10 and of.parameters.config.query_width > 2:
        exact = enclose(vector.parameters("float64"), of.x)
        assert not agree(exact, coarse), "float32 angles are another map"


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("bits", [64, 128])
def test_gain_within_1e_12_of_one_over_200_tokens(sign, bits):
    drawn = case("gain of one", "", SessaConfig.paper(4, 2), T=200, batch=1, gamma_bias=sign * 14.2)
    parameters = drawn.parameters.replace({"mixer.gamma_ctx.weight": np.zeros((1, 4))})
    drawn = replace(drawn, parameters=parameters)
    gamma = reference.trace(parameters, drawn.x).gamma
    assert np.all((1 - np.abs(gamma) > 0) & (1 - np.abs(gamma) < 1e-12))
    check(parameters, drawn.x, output_bound(drawn), bits)


@pytest.mark.skipif(not EXTENDED, reason="this machine has no longdouble beyond float64")
@pytest.mark.parametrize("seed", range(12))
def test_extended_precision_agrees_to_its_own_precision(seed):
    drawn = random_case(seed)
    found = enclose(drawn.parameters, drawn.x)
    finer = output_bound(drawn, float(np.finfo(np.longdouble).eps) / 2)
    assert is_contained(found, reference.forward(drawn.parameters, drawn.x.astype(np.longdouble)), finer)
    assert not is_contained(found, reference.forward(drawn.parameters, drawn.x), finer)


def test_midpoint_correction_and_radius():
    drawn = random_case(3)
    for bits in BITS:
        found = enclose(drawn.parameters, drawn.x, bits)
        with flint.ctx.workprec(2 * bits):
            for ball, high, low, radius in zip(
                found.balls.ravel(), found.midpoint.ravel(), found.correction.ravel(), found.radius.ravel(), strict=True
            ):
                pair = arb(arb(high) + arb(low), radius)
                assert pair.contains(ball)
                assert abs(low) <= np.spacing(abs(high)) / 2
                assert not arb(arb(high) + arb(low), 0.4 * radius).contains(ball)
        # A pair of float64 numbers holds 106 bits of a midpoint.
        assert np.all(found.radius <= found.ball_radius + 2.0**-105 * np.abs(found.midpoint))


def test_error_bounds():
    drawn = random_case(5)
    found = enclose(drawn.parameters, drawn.x)
    lower, upper = found.error(found.midpoint + 0.25)
    rounding = np.spacing(np.abs(found.midpoint) + 0.25)  # of the sum; the radius is far below it
    assert np.all((lower <= 0.25 + rounding) & (upper >= 0.25 - rounding) & (lower <= upper))
    assert np.all(found.error(found.midpoint)[1] <= np.spacing(np.abs(found.midpoint)))
    lower, upper = found.error(np.full(found.midpoint.shape, np.nan))
    assert np.all(np.isinf(lower) & np.isinf(upper))
    lower, upper = found.error(np.full(found.midpoint.shape, np.inf))
    assert np.all(np.isinf(lower) & np.isinf(upper))


@pytest.mark.parametrize(("radius", "bits"), [(1e-3, 64), (1e-30, 128), (1e-140, 512)])
def test_enclose_to(radius, bits):
    drawn = random_case(1)
    found = enclose_to(drawn.parameters, drawn.x, radius)
    assert found.bits == bits
    assert np.all(found.ball_radius <= radius)
    if bits > 64:
        assert np.any(enclose(drawn.parameters, drawn.x, bits // 2).ball_radius > radius)


def test_the_default_precision():
    drawn = random_case(1)
    assert enclose(drawn.parameters, drawn.x).bits == 128
    assert enclose_vjp(drawn.parameters, drawn.x, drawn.x)["y"].bits == 128


def test_errors_are_rounded_outwards():
    """Of numbers that float64 cannot hold, and not of others."""
    with flint.ctx.workprec(128):
        little = arb(2) ** -60
        found = Enclosure(np.array([arb(1), 1 + little, 1 - little], dtype=object), 128)
    lower, upper = found.error(np.zeros(3))
    assert lower.tolist() == [1, 1, 1 - 2.0**-53]
    assert upper.tolist() == [1, 1 + 2.0**-52, 1]
    with pytest.raises(TypeError, match="values must hold"):
        found.error([1, 2, 3])


def test_the_least_precision():
    drawn = random_case(1)
    assert enclose(drawn.parameters, drawn.x, 2).bits == 2
    with pytest.raises(ValueError, match="bits must be at least 2, got 1"):
        enclose(drawn.parameters, drawn.x, 1)


def test_a_radius_that_is_just_reached_is_enough():
    drawn = random_case(1)
    least = enclose(drawn.parameters, drawn.x, 64).ball_radius
    assert np.all(least > 0)
    assert enclose_to(drawn.parameters, drawn.x, least).bits == 64


def test_the_last_precision_is_tried(monkeypatch):
    monkeypatch.setattr("sessa_ref.certified.enclosure.MOST_BITS", 128)
    drawn = random_case(1)
    assert enclose_to(drawn.parameters, drawn.x, 1e-30).bits == 128
    with pytest.raises(ValueError, match=r"^128 bits do not reach the radius 1e-60"):
        enclose_to(drawn.parameters, drawn.x, 1e-60)


def test_undefined_output():
    """A layer norm of equal entries with eps 0 is 0/0; no precision helps, and no radius is claimed."""
    parameters = SessaParameters.random(SessaConfig.published(4, 1, ln_eps=0.0))
    found = enclose(parameters, np.ones((2, 4)))
    assert np.isinf(found.radius).all()
    assert np.isinf(found.ball_radius).all()
    assert np.isinf(found.error(np.zeros((2, 4)))[1]).all()
    with pytest.raises(ValueError, match="the output is not defined"):
        enclose_to(parameters, np.ones((2, 4)), 1e-3)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0, 4), (0, 5, 4), (2, 3, 2, 4)])
def test_shapes(shape):
    parameters = SessaParameters.random(SessaConfig.published(4, 2))
    x = np.random.default_rng(0).normal(size=shape)
    assert enclose(parameters, x).midpoint.shape == shape
    enclosures = enclose_vjp(parameters, x, x)
    assert enclosures["dx"].midpoint.shape == shape
    for name, array in parameters.items():
        assert enclosures[f"grad.{name}"].midpoint.shape == array.shape
    assert_equal_but_for_rounding(lambda x: reference.vjp(parameters, x, x)[0], x, enclosures["dx"].midpoint)


def test_bad_input():
    parameters = SessaParameters.random(SessaConfig.published(4, 2))
    x = np.ones((3, 4))
    with pytest.raises(ValueError, match=r"x must have shape \(..., T, D\) with D=4, got \(3, 5\)"):
        enclose(parameters, np.ones((3, 5)))
    for call, name in (
        (lambda bad: enclose_vjp(parameters, bad, x), "x"),
        (lambda bad: enclose_vjp(parameters, x, bad), "dy"),
        (lambda bad: enclose_to(parameters, bad, 1e-3), "x"),
    ):
        with pytest.raises(ValueError, match=f"^{name} must be finite"):
            call(np.full((3, 4), np.inf))
    with pytest.raises(TypeError):
        enclose_to(parameters, x, 1e-3 + 0j)
    with pytest.raises(ValueError, match="x must be finite"):
        enclose(parameters, np.full((3, 4), np.inf))
    with pytest.raises(TypeError, match="at most 64 bits, got complex128"):
        enclose(parameters, x.astype(complex))
    with pytest.raises(ValueError, match="bits must be at least 2, got 1"):
        enclose(parameters, x, 1)
    with pytest.raises(ValueError, match="radius must be positive"):
        enclose_to(parameters, x, 0.0)
    with pytest.raises(ValueError, match=r"dy must have x's shape \(3, 4\), got \(2, 4\)"):
        enclose_vjp(parameters, x, x[:2])
    with pytest.raises(ValueError, match=r"values must have shape \(3, 4\), got \(4,\)"):
        enclose(parameters, x).error(x[0])
    with pytest.raises(TypeError, match="floating-point numbers, got int64"):
        enclose(parameters, x).error(np.ones((3, 4), dtype=np.int64))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))])
def test_copies_hold_exactly_the_same_balls(duplicate):
    drawn = random_case(2)
    for bits in BITS:
        found = enclose(drawn.parameters, drawn.x, bits)
        twin = duplicate(found)
        assert twin.bits == found.bits
        assert twin.balls.shape == found.balls.shape
        for ball, same in zip(found.balls.ravel(), twin.balls.ravel(), strict=True):
            assert same.mid().man_exp() == ball.mid().man_exp()
            assert same.rad().man_exp() == ball.rad().man_exp()


def test_values_in_any_byte_order():
    drawn = random_case(2)
    found = enclose(drawn.parameters, drawn.x.astype(">f8"))
    assert np.array_equal(found.midpoint, enclose(drawn.parameters, drawn.x).midpoint)
    assert np.array_equal(found.error(found.midpoint.astype(">f8")), found.error(found.midpoint))


def test_masks_are_not_ignored():
    drawn = random_case(2)
    found, masked = enclose(drawn.parameters, drawn.x), np.ma.masked_array(drawn.x, drawn.x > 0)
    for judge in (found.error, lambda x: enclose(drawn.parameters, x), lambda x: exact.rational(x[0])):
        with pytest.raises(TypeError, match="masked array"):
            judge(masked)


def test_a_radius_that_does_not_fit_is_refused():
    drawn = random_case(2)
    with pytest.raises(ValueError, match="radius must broadcast to x's shape"):
        enclose_to(drawn.parameters, drawn.x, np.ones((5, *drawn.x.shape)))


@pytest.mark.parametrize("bits", [2.5, "64", True])
def test_bits_are_whole_numbers(bits):
    parameters = SessaParameters.random(SessaConfig.published(4, 2))
    with pytest.raises(TypeError, match=r"bits must be a whole number|Type-check"):
        enclose(parameters, np.zeros((1, 4)), bits)
