"""Another formula changes whatever is computed with it: the forward pass, decoding and the gradients, and no more."""

import inspect

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases.case import case
from sessa_ref.reference import DEFINITION, Formulas
from tests.rounding import assert_equal_but_for_rounding

CASE = case("formulas", "-", SessaConfig.published(16, 4, 2, ln_eps=1e-3, gamma_max=0.8), T=7, split=4)

BACKWARD = (
    "residual_gradient", "linear_gradient", "standardize_gradient", "gelu_derivative", "rotate_back", "weights_gradient",
    "forward_weights_gradient", "feedback_weights_gradient", "mean_dalpha", "sum_groups", "gain_gradient",
    "routing_gradient", "backward_substitution", "over_batch",
)  # fmt: skip
"""Formulas of the backward pass alone."""

LAST = ("gate", "residual")
"""Formulas behind the solve: the backward pass has their gradients, and reads nothing that they gave."""

METHODS = [
    name for name, _ in inspect.getmembers(Formulas, inspect.isfunction) if name not in ("for_tokens", "__repr__")
]


def changed(name: str) -> Formulas:
    """The definition with one formula that gives half of what it should, another set of visible tokens, or half of B."""

    def method(self, *arguments, **named):
        if name == "forward_substitution":  # half of the states is another thing where they are put back in one by one
            arguments = (arguments[0] / 2, *arguments[1:])
            return getattr(super(cls, self), name)(*arguments)
        right = getattr(super(cls, self), name)(*arguments, **named)
        if isinstance(right, reference.Cache):
            return right.append(*(0 * z[..., :1, :] for z in (right.k_rotated, right.v, right.k_fb, right.s)))
        if isinstance(right, tuple):
            return (right[0] / 2, *right[1:])
        return right & (np.arange(right.shape[-1]) != 1) if right.dtype == bool else right / 2

    cls = type("Changed", (Formulas,), {name: method})
    return cls()


def computed(formulas: Formulas) -> dict[str, np.ndarray]:
    dx, gradients = reference.vjp(CASE.parameters, CASE.x, CASE.dy, formulas=formulas)
    return {
        "y": reference.forward(CASE.parameters, CASE.x, formulas=formulas),
        "decoded": reference.decode(CASE.parameters, CASE.x, CASE.split, formulas=formulas),
        "gradients": np.concatenate([dx.ravel(), *(gradient.ravel() for gradient in gradients.values())]),
    }


RIGHT = computed(DEFINITION)


@pytest.mark.parametrize("name", METHODS)
def test_each_formula_stands_in_one_place_alone(name):
    """One changed method changes sequences, decoding and gradients alike; those of the backward pass the gradients."""
    found = computed(changed(name))
    moved = {what for what, values in found.items() if not np.array_equal(values, RIGHT[what])}
    if name in BACKWARD:
        assert moved == {"gradients"}
    elif name == "remember":
        assert moved == {"decoded"}
    else:
        assert moved == {"y", "decoded"} | (set() if name in LAST else {"gradients"})
        assert_equal_but_for_rounding(
            lambda x: reference.forward(CASE.parameters, x, formulas=changed(name)), CASE.x, found["decoded"]
        )


def test_the_default_is_the_definition():
    assert np.array_equal(reference.forward(CASE.parameters, CASE.x), RIGHT["y"])
    assert type(DEFINITION) is Formulas
    assert not vars(DEFINITION)


def test_the_adjoint_solve_runs_by_the_same_substitution():
    class WithoutFeedback(Formulas):
        def forward_substitution(self, B, f, past=None):
            return f

    B, ds = np.tri(4, k=-1), np.ones((4, 2))
    assert np.array_equal(WithoutFeedback().backward_substitution(B, ds), ds)
    assert not np.array_equal(DEFINITION.backward_substitution(B, ds), ds)


def test_subclasses_combine_by_inheritance():
    class Absolute(Formulas):
        def gain(self, u, weight, bias, gamma_max):
            return np.abs(super().gain(u, weight, bias, gamma_max))

    class Shifted(Formulas):
        def gain(self, u, weight, bias, gamma_max):
            return super().gain(u, weight, bias, gamma_max) - 1

    class Both(Shifted, Absolute):
        pass

    gamma = reference.trace(CASE.parameters, CASE.x).gamma
    assert np.array_equal(reference.trace(CASE.parameters, CASE.x, formulas=Both()).gamma, np.abs(gamma) - 1)


def test_formulas_are_told_which_tokens_follow_which_cache():
    seen = []

    class Watching(Formulas):
        def for_tokens(self, parameters, x, past):
            seen.append((parameters is CASE.parameters, x.shape[-2], None if past is None else past.length))
            return self

    reference.decode(CASE.parameters, CASE.x, 5, formulas=Watching())
    assert seen == [(True, 5, None), (True, 1, 5), (True, 1, 6)]


def test_signatures_show_the_default_in_a_word():
    assert "formulas: " in str(inspect.signature(reference.forward))
    assert str(inspect.signature(reference.forward)).count("= Formulas()") == 1
