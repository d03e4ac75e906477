"""Every structure changes what some layer computes, and its derivative is that of what it computes."""

import re

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.faults.variations import graph, structures
from sessa_ref.oracle.cases.case import case
from tests.faults.variations.small import HEADS, apart, assert_derivative, output, right
from tests.rounding import LIBRARY, roundings

published = SessaConfig.published
LAYERS = (
    case("saturated", "gains of both signs, activations in their tails, large logits", published(16, 4, 2), T=11, gamma_bias=0.0,
         input_scale=4.0, forward_logits=3.0, feedback_logits=3.0),
    case("plain", "no rotation, the norm's epsilon matters", published(12, 2, use_forward_rope=False, ln_eps=1e-2), T=7, x_scale=0.05),
    case("moderate", "logits of every size up to 40", published(12, 2), T=30, forward_logits=10.0, feedback_logits=14.0),
    HEADS,
)  # fmt: skip

ALWAYS_RIGHT = {
    "ForwardExpElu": "1 + ELU is exp where arguments are not positive, and the maximum is taken out",
    "FeedbackExpElu": "the same",
    "BothExpElu": "the same",
    "FeedbackSeesStrictPastFirstItselfDropped": "the weight of the first token on itself is dropped again",
    "FeedbackWeightsOverHeads": "the feedback attention has no heads",
    "SolveRowsNormalized": "rows of B sum up to less than 1 as it is",
    "RotationPairsOut": "products of queries and keys do not depend on the order of coordinates",
    "RotationPositionsPerRow": "logits depend on distances alone",
}
"""Structures that are the right layer whatever the layer, as a whole sequence is computed."""


def test_every_structure_changes_something():
    same = {variation.name: variation.changes for variation in structures.variations()}
    assert len(same) == len(list(structures.variations()))
    for layer in LAYERS:
        same = {name: changes for name, changes in same.items() if apart(layer, output(layer, changes)) < 1}
    assert set(same) == set(ALWAYS_RIGHT)


def test_feedback_queries_turn_head_by_head():
    (changes,) = (v.changes for v in structures.variations() if v.name == "RotationOnFeedbackByHeads")
    turned = graph.advance(HEADS.parameters, HEADS.x, changes).values["q_fb"]
    plain, width = right(HEADS).values["q_fb"], HEADS.parameters.config.query_width
    for head in range(HEADS.parameters.config.heads):
        own = slice(head * width, (head + 1) * width)
        pairs = plain[..., own].reshape(*plain.shape[:-1], -1, 2) @ [1, 1j]
        angles = np.arange(plain.shape[-2])[:, None] * 10000.0 ** (-2 * np.arange(width // 2) / width)
        expected = pairs * np.exp(1j * angles)
        # an angle of up to T radians is off by a power and a product, in either way, which turns by as much
        allowed = roundings(2 * len(angles) * (LIBRARY + 1) + 2 * (LIBRARY + 2))
        np.testing.assert_allclose(
            turned[..., own][..., 0::2] + 1j * turned[..., own][..., 1::2], expected, rtol=allowed
        )


def test_every_derivative_is_that_of_what_is_computed():
    """Where there is one: not of tables, which have a kink in every step, nor of roundings, which have a slope of 1."""
    kinks = re.compile(r"Table|Clamped|Saturated|In(Bf|F|Tf)loat")
    for variation in structures.variations():
        if not kinks.search(variation.name):
            assert_derivative(LAYERS[1], variation.changes, variation.name)
