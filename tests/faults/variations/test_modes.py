"""What can be wrong with any value: the functions are those of their names, and have their derivatives."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from sessa_ref.faults.variations.modes import ACTIVATIONS, MODES, camel, rounded_to, shifted, variations, with_row
from sessa_ref.faults.variations.places import PLACES
from tests.faults.variations.small import HEADS, STEP, right
from tests.rounding import central_difference, roundings

SHAPES = {"tokens": (3, 5, 6), "heads": (3, 4, 5, 4), "matrix": (3, 5, 5)}
TORCH = {
    "ReLU": functional.relu, "SiLU": functional.silu, "exact GELU": functional.gelu,
    "tanh-form GELU": lambda z: functional.gelu(z, approximate="tanh"), "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    "softplus": functional.softplus, "ELU": functional.elu, "SELU": functional.selu, "mish": functional.mish,
    "hard swish": functional.hardswish, "hard sigmoid": lambda z: functional.relu6(z + 3) / 6, "softsign": functional.softsign,
    "erf": torch.erf, "ReLU6": functional.relu6, "hard tanh": functional.hardtanh,
    "leaky ReLU of slope 0.01": functional.leaky_relu,
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_activations_are_torchs(name):
    """Values and derivatives, to a few roundings of values up to 40."""
    z = np.array([-40.0, -6.5, -3.1, -1.2, -0.3, 0.4, 0.9, 2.9, 3.2, 7.0, 35.0])
    given = torch.tensor(z, requires_grad=True)
    wanted = TORCH[name](given)
    (slopes,) = torch.autograd.grad(wanted.sum(), given)
    ours = ACTIVATIONS[name](z + 1j * STEP)
    assert np.allclose(ACTIVATIONS[name](z), wanted.detach(), rtol=2.0**-48, atol=2.0**-50)
    assert np.allclose(np.real(ours), wanted.detach(), rtol=2.0**-48, atol=2.0**-50)
    assert np.allclose(np.imag(ours) / STEP, slopes, rtol=2.0**-46, atol=2.0**-48)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_mode_keeps_the_shape_changes_something_and_has_its_derivative(kind):
    """Against central differences; values are within the rounding of some library functions and sums along an axis."""
    generator = np.random.default_rng(0)
    z, d = 1.5 * generator.normal(size=SHAPES[kind]), generator.normal(size=SHAPES[kind])
    for mode in (mode for mode in MODES if kind in mode.kinds):
        value, complex_value = mode.function(z), mode.function(z + 1j * STEP * d)
        assert value.shape == z.shape, mode.name
        assert not np.array_equal(value, z), mode.name
        # sums and library functions of complex numbers round otherwise
        assert np.allclose(np.real(complex_value), value, rtol=2.0**-46, atol=2.0**-46), mode.name
        slopes = np.imag(complex_value) / STEP
        if mode.name.startswith("In") and mode.words.startswith("rounded"):
            assert np.allclose(slopes, d, rtol=2.0**-51, atol=0), mode.name  # derivatives pass through
        else:
            rounding = roundings(64) * np.max(np.abs(value))
            differences, allowed = central_difference(lambda h, f=mode.function: f(z + h * d), 2.0**-18, rounding)
            assert np.max(np.abs(slopes - differences)) <= allowed, mode.name


def test_modes_are_at_every_place_of_their_kinds():
    names = [variation.name for variation in variations()]
    assert len(set(names)) == len(names) == sum(place.kind in mode.kinds for mode in MODES for place in PLACES)
    both = next(v for v in variations() if v.name == "FeedbackQueriesAndKeysNegated")
    assert set(both.changes) == {"q_fb", "k_fb"}
    value = right(HEADS).values["k_fb"]
    assert np.array_equal(both.changes["k_fb"](right(HEADS), value), -value)
    assert both.description == "The feedback queries and keys are taken with the other sign."


@given(st.integers(0, 5), st.integers(-5, 5), st.sampled_from(["zero", "kept", "round"]))
def test_shifts_move_rows(T: int, by: int, edge: str):
    z = np.random.default_rng(0).normal(size=(2, T, 3))
    moved = shifted(z, by, edge)
    for t in range(T):
        source = t - by
        if edge == "round":
            source %= T
        beyond = 0 * z[:, 0] if edge == "zero" else z[:, 0 if by > 0 else -1]
        wanted = z[:, source] if 0 <= source < T else beyond
        assert np.array_equal(moved[:, t], wanted)


@given(st.floats(-1e30, 1e30, allow_subnormal=False))
def test_tfloat32_has_eleven_bits(number: float):
    """One of them hidden: the nearest such number, ties to even."""
    rounded = float(rounded_to(np.array([number]), "tfloat32")[0])
    assert abs(rounded - number) <= 2.0**-11 * abs(number)
    mantissa, _ = np.frexp(rounded)
    assert float(mantissa) * 2.0**11 == round(float(mantissa) * 2.0**11)
    assert rounded_to(np.array([1 + 2.0**-11]), "tfloat32")[0] == 1


def test_one_row():
    z = np.arange(12.0).reshape(2, 3, 2)
    assert np.array_equal(with_row(z, -1, lambda r: -r)[:, :2], z[:, :2])
    assert np.array_equal(with_row(z, -1, lambda r: -r)[:, 2], -z[:, 2])
    assert with_row(np.zeros((2, 0, 2)), 0, lambda r: r + 1).shape == (2, 0, 2)


@pytest.mark.parametrize(
    ("words", "name"),
    [("exact GELU", "ExactGELU"), ("sigmoid scaled to (-1, 1)", "SigmoidScaledTo11"), ("W_in.weight", "WInWeight")],
)
def test_words_as_one(words, name):
    assert camel(words) == name
