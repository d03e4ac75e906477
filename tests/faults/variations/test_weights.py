"""Changes of parameters are those of a layer with other parameters."""

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.faults.variations import graph, weights
from sessa_ref.faults.variations.modes import camel
from sessa_ref.faults.variations.weights import AREAS, CHANGES_IN_WORDS, HALVES
from tests.faults.variations.small import HEADS, NO_NORM, apart, output, right
from tests.rounding import roundings

VARIATIONS = {variation.name: variation for variation in weights.variations()}
MEANS = {
    "Missing": lambda w: 0 * w, "One": np.ones_like, "Doubled": lambda w: 2 * w, "Negated": np.negative, "Absolute": np.abs,
    "PlusOne": lambda w: w + 1, "Exponential": np.exp,
    "Transposed": lambda w: w.T if w.ndim == 2 and w.shape[0] == w.shape[1] else w,
    "HalvesSwapped": lambda w: np.concatenate([w[len(w) // 2 + len(w) % 2 :], w[: len(w) // 2 + len(w) % 2]]) if w.ndim else w,
    "HalvesInterleaved": lambda w: np.concatenate([w[0::2], w[1::2]]) if w.ndim and len(w) % 2 == 0 else w,
    "RowsReversed": lambda w: np.flip(w, axis=0) if w.ndim else w,
    "InputsReversed": lambda w: np.fliplr(w) if w.ndim == 2 else w,
    "RowsNormalized": lambda w: w / np.linalg.norm(w, axis=-1, keepdims=True) if w.ndim == 2 else w,
    "InFloat32": lambda w: w.astype(np.float32).astype(float), "InFloat16": lambda w: w.astype(np.float16).astype(float),
    "Reshaped": lambda w: w.ravel(order="F").reshape(w.shape) if w.ndim == 2 else w,
}  # fmt: skip


@pytest.mark.parametrize("label", MEANS)
def test_a_change_is_a_layer_with_another_parameter(label):
    """Within the bounds of the layer; where parameters are small or lost, within those of the right one: a few times."""
    for name in HEADS.parameters:
        changed = HEADS.parameters.replace({name: np.array(MEANS[label](HEADS.parameters[name]))})
        y = graph.forward(changed, HEADS.x, {})
        assert apart(HEADS, output(HEADS, VARIATIONS[f"{camel(name)}{label}"].changes), y) < 1, (name, label)


def test_every_parameter_has_every_change():
    assert set(AREAS) == set(HEADS.parameters)
    for name in AREAS:
        for label, words in CHANGES_IN_WORDS.items():
            assert VARIATIONS[f"{camel(name)}{label}"].description == f"{name} {words}."


@pytest.mark.parametrize(("projection", "half"), HALVES)
def test_half_of_a_projection_is_changed_alone(projection, half):
    for part in ("weight", "bias"):
        name = f"{projection}.{part}"
        value = np.array(HEADS.parameters[name])
        rows = slice(None, len(value) // 2) if half == 0 else slice(len(value) // 2, None)
        value[rows] = 0
        y = graph.forward(HEADS.parameters.replace({name: value}), HEADS.x, {})
        variation = VARIATIONS[f"{camel(projection)}{camel(part)}{('First', 'Second')[half]}HalfMissing"]
        assert apart(HEADS, output(HEADS, variation.changes), y) < 1
        assert HALVES[projection, half][0] in variation.description


def test_one_parameter_in_place_of_another():
    exchanged = 0
    for variation in VARIATIONS.values():
        if " is used in place of " not in variation.description and " are exchanged." not in variation.description:
            continue
        (*names,) = variation.changes
        parameters = dict(HEADS.parameters)
        y = output(HEADS, variation.changes)
        if len(names) == 1:
            other = variation.description.split(" is used")[0]
            fits = parameters[other].shape == parameters[names[0]].shape
            wanted = HEADS.parameters.replace({names[0]: parameters[other]}) if fits else HEADS.parameters
        else:
            fits = False
            if len(names) == 2:
                a, b = names
                fits = parameters[a].shape == parameters[b].shape
                wanted = HEADS.parameters.replace({a: parameters[b], b: parameters[a]}) if fits else HEADS.parameters
            else:
                continue
        assert np.array_equal(y, graph.forward(wanted, HEADS.x, {})), variation.name
        exchanged += fits
    assert exchanged > 10


def test_projections_exchanged_are_exchanged_with_their_biases():
    P = HEADS.parameters
    names = [f"mixer.{{}}_proj.{part}" for part in ("weight", "bias")]
    swapped = P.replace({n.format(a): P[n.format(b)] for n in names for a, b in (("k", "v"), ("v", "k"))})
    assert np.array_equal(output(HEADS, VARIATIONS["KProjVProjExchanged"].changes), graph.forward(swapped, HEADS.x, {}))
    assert np.array_equal(
        output(HEADS, VARIATIONS["QProjKProjExchanged"].changes), right(HEADS).values["y"]
    )  # other shapes


def test_heads_are_put_in_another_order():
    """Two heads: queries in reversed order are heads whose outputs are exchanged."""
    steps = reference.trace(HEADS.parameters, HEADS.x)
    weight, bias = (np.abs(HEADS.parameters[f"mixer.q_proj.{part}"]) for part in ("weight", "bias"))
    allowed = roundings(2 * (8 + 2)) * np.max(np.abs(steps.u) @ weight.T + bias)  # sums of 8 products, in another order
    for label in ("HeadsReversed", "HeadsRolled"):
        run = graph.advance(HEADS.parameters, HEADS.x, {
            name: change for part in ("Weight", "Bias") for name, change in VARIATIONS[f"MixerQProj{part}{label}"].changes.items()
        })  # fmt: skip
        assert np.allclose(run.values["q_heads"], steps.q[:, ::-1], rtol=0, atol=allowed)


def test_what_a_config_has_not_is_left_out():
    for name in ("LnWeightMissing", "MixerQProjBiasDoubled", "LnBiasInFloat16"):
        assert np.array_equal(output(NO_NORM, VARIATIONS[name].changes), right(NO_NORM).values["y"])


def test_all_parameters_are_rounded():
    rounded = HEADS.rounded("bfloat16")
    y = graph.forward(rounded.parameters, HEADS.x, {})
    assert np.array_equal(output(HEADS, VARIATIONS["ParametersInBfloat16"].changes), y)
