"""The activation elsewhere: the layer's beginning written out for each place."""

import numpy as np
import pytest

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.modes import ACTIVATIONS
from sessa_ref.faults.variations.structures import activation_places
from tests.faults.variations.small import HEADS, NO_NORM, apart, output, right
from tests.rounding import LIBRARY, roundings

VARIATIONS = {variation.name: variation for variation in activation_places.variations()}
gelu = ACTIVATIONS["exact GELU"]


@pytest.mark.parametrize(
    ("name", "mixed", "gate"),
    [
        ("ActivationOnGate", lambda a, g: a, lambda g: gelu(g)),
        ("UnitOfActivatedGate", lambda a, g: a * gelu(g), lambda g: g),
        ("UnitOfActivatedGateAlone", lambda a, g: a * gelu(g), None),
        ("UnitOfGateAndActivatedAlone", lambda a, g: g * gelu(a), None),
    ],
)
@pytest.mark.parametrize("layer", [HEADS, NO_NORM], ids=lambda layer: layer.name)
def test_halves(layer, name, mixed, gate):
    values = right(layer).values
    run = graph.advance(layer.parameters, layer.x, VARIATIONS[name].changes)
    u = mixed(values["a"], values["g"])
    # GELU and a product or two, of either
    allowed = roundings(2 * (2 * LIBRARY + 2))
    assert np.all(np.abs(run.values["u"] - u) <= allowed * np.abs(u).max())
    gated = run.values["s"] if gate is None else run.values["s"] * gate(values["g"])
    assert np.all(np.abs(run.values["gated"] - gated) <= allowed * np.abs(gated).max())


def test_the_activation_moves_to_another_value():
    """a goes on as it is, and GELU is applied once, where the name says."""
    moved = [
        name for name in VARIATIONS if name.startswith("ActivationOn") and "Gate" not in name and "Both" not in name
    ]
    assert len(moved) >= 8
    for name in moved:
        run = graph.advance(HEADS.parameters, HEADS.x, VARIATIONS[name].changes)
        assert np.array_equal(run.values["u"], run.values["a"]), name


def test_every_one_differs_from_the_layer():
    same = [name for name, v in VARIATIONS.items() if apart(HEADS, output(HEADS, v.changes)) < 10]
    assert same == []
