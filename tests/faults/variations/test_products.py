"""Products whose backward pass multiplies by another factor: gradients are those of the sentences."""

import numpy as np

from sessa_ref import reference
from sessa_ref.faults.variations import graph, products
from sessa_ref.faults.variations.modes import rounded_to
from tests.faults.variations.small import HEADS, NO_NORM, STEP, direction_for, moved, right, slope
from tests.rounding import roundings

VARIATIONS = {variation.name: variation for variation in products.variations()}
FAMILIES = {family.name: family for family in products.families()}
DIRECTION = direction_for(HEADS)
SLOPES = float(np.sum(np.abs(HEADS.dy * np.imag(moved(HEADS, DIRECTION, {}))))) / STEP
"""The size of a slope <dy, dy/dh>: the sum of its terms' absolute values."""


def change(name: str) -> float:
    member = VARIATIONS.get(name) or FAMILIES[name].at(1 if FAMILIES[name].whole else 0.5)
    return slope(HEADS, DIRECTION, member.changes) - slope(HEADS, DIRECTION, {})


def test_the_gradient_of_a_weight_is_made_with_another_input():
    """dW = dz^T x: with dz of the layer's output, which is dy, W_out's is dy^T s in place of dy^T (s g)."""
    values = right(HEADS).values
    for other, name in ((values["s"], "FromTheStateS"), (rounded_to(values["gated"], "bfloat16"), "RoundedToBfloat16")):
        wanted = np.einsum("bti,btj,ij->", HEADS.dy, other - values["gated"], DIRECTION["W_out.weight"])
        # a difference of two slopes, sums over all numbers of dy and of the direction
        allowed = roundings(HEADS.dy.size + 100) * SLOPES
        assert abs(change(f"GradientWOutInput{name}") - wanted) <= allowed


def test_a_factor_is_that_of_one_gradient_alone():
    """The gate's product: parameters that act on g alone, through the second half of W_in, tell ds from dg."""
    only_g = {name: 0 * array for name, array in DIRECTION.items()}
    only_g["W_in.bias"] = np.concatenate([np.zeros(HEADS.x.shape[-1]), DIRECTION["W_in.bias"][HEADS.x.shape[-1] :]])
    for name, same in (("GradientGateInStatesFrom1", True), ("GradientStatesInGateFrom1", False)):
        moved_by = slope(HEADS, only_g, VARIATIONS[name].changes) - slope(HEADS, only_g, {})
        assert (abs(moved_by) <= roundings(HEADS.dy.size + 100) * SLOPES) == same


def test_the_adjoint_solve_with_another_matrix():
    """Of B's tangent and f's: the states of a solve with the feedback weights in place of B."""
    x = HEADS.x + 1j * STEP * DIRECTION["x"]
    run = graph.advance(HEADS.parameters, x, VARIATIONS["GradientSolveOfWeights"].changes)
    alpha, f, B, s = (run.values[name] for name in ("alpha_fb", "f", "B", "s"))
    residual = np.imag(s) - np.real(alpha) @ np.imag(s) - np.imag(f) - np.imag(B) @ np.real(s)
    T = alpha.shape[-1]  # sums of T terms each, in the solve and here; rows of the weights sum to 1
    largest = sum(np.max(np.abs(np.imag(z))) for z in (s, f)) + np.max(np.abs(np.imag(B)) @ np.abs(np.real(s)))
    assert np.max(np.abs(residual)) <= roundings(4 * (T + 2)) * largest


def test_a_bias_without_the_slope():
    """Its gradient is the sum of dgamma; all others are right."""
    steps = reference.trace(HEADS.parameters, HEADS.x)
    _, gradients = reference.vjp(HEADS.parameters, HEADS.x, HEADS.dy)
    only = {name: 0 * array for name, array in DIRECTION.items()} | {"mixer.gamma_bias": np.ones(())}
    found = slope(HEADS, only, VARIATIONS["GradientGammaBiasWithoutBound"].changes)
    wanted, allowed = gradients["mixer.gamma_bias"], roundings(HEADS.dy.size + 100) * SLOPES
    assert abs(found * HEADS.parameters.config.gamma_max - wanted) <= allowed
    assert steps.gamma.shape == HEADS.x.shape[:2]
    others = DIRECTION | {"mixer.gamma_bias": np.zeros(())}
    wrong = slope(HEADS, others, VARIATIONS["GradientGammaBiasWithoutBoundAndSlope"].changes)
    assert abs(wrong - slope(HEADS, others, {})) <= allowed


def test_outputs_stay_and_every_member_changes_the_gradient():
    """Keys of one head have another width than what may be taken for them."""
    right_output = np.real(moved(HEADS, DIRECTION, {}))
    names = [*VARIATIONS, *FAMILIES]
    assert len(set(names)) == len(list(products.variations())) + len(list(products.families()))
    for name in names:
        member = VARIATIONS.get(name) or FAMILIES[name].at(1 if FAMILIES[name].whole else 0.5)
        assert np.array_equal(np.real(moved(HEADS, DIRECTION, member.changes)), right_output), name
        assert (abs(change(name)) <= roundings(HEADS.dy.size + 100) * SLOPES) == name.endswith("FromTheForwardKeys"), (
            name
        )


def test_layers_without_norm_and_biases_have_their_outputs():
    direction = direction_for(NO_NORM)
    plain = np.real(moved(NO_NORM, direction, {}))
    for name, variation in VARIATIONS.items():
        if "Norm" not in name:
            assert np.array_equal(np.real(moved(NO_NORM, direction, variation.changes)), plain), name
