"""Shares of a gradient are what the reference's gradient is for a part of the batch; shares and their rest add up."""

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.faults.variations import shares
from tests.faults.variations.small import HEADS, NO_NORM, apart, direction_for, moved, slope

VARIATIONS = {variation.name: variation for variation in shares.variations()}
PARAMETERS = {
    "WIn": ("W_in.weight", "W_in.bias"), "MixerQProj": ("mixer.q_proj.weight", "mixer.q_proj.bias"),
    "MixerKProj": ("mixer.k_proj.weight", "mixer.k_proj.bias"), "MixerVProj": ("mixer.v_proj.weight", "mixer.v_proj.bias"),
    "MixerOutProj": ("mixer.out_proj.weight",), "MixerGammaCtx": ("mixer.gamma_ctx.weight",),
    "WOut": ("W_out.weight", "W_out.bias"), "Norm": ("ln.weight", "ln.bias"),
    "Feedback": ("mixer.proj_fb.weight", "mixer.proj_fb.bias"), "GammaBias": ("mixer.gamma_bias",),
}  # fmt: skip
DIRECTION = direction_for(HEADS)


def along(gradients, names) -> float:
    return sum(float(np.sum(gradients[name] * DIRECTION[name])) for name in names)


def close(one: float, other: float, terms: float) -> bool:
    """Sums of a few thousand rounded terms, behind sums of as many again."""
    return abs(one - other) <= 1000 * 2.0**-53 * terms


@pytest.mark.parametrize(("label", "row"), [("FirstRow", 0), ("LastRow", -1)])
@pytest.mark.parametrize("word", PARAMETERS)
def test_rows_are_those_of_the_batch(word, label, row):
    """Rows do not meet: the share of one is the gradient of the layer on that row alone. Other parameters keep theirs."""
    _, alone = reference.vjp(HEADS.parameters, HEADS.x[row][None], HEADS.dy[row][None])
    dx, whole = reference.vjp(HEADS.parameters, HEADS.x, HEADS.dy)
    names = PARAMETERS[word]
    others = [name for name in HEADS.parameters if name not in names]
    terms = sum(float(np.sum(np.abs(whole[name] * DIRECTION[name]))) for name in whole) + float(
        np.sum(np.abs(dx * DIRECTION["x"]))
    )
    changes = VARIATIONS[f"Gradient{label}Of{word}"].changes
    wanted = along(alone, names) + along(whole, others) + float(np.sum(dx * DIRECTION["x"]))
    assert close(slope(HEADS, DIRECTION, changes), wanted, terms)


def test_a_share_and_the_rest_add_up():
    plain = slope(HEADS, DIRECTION, {})
    size = 50 * abs(plain) + 1000
    for first, second in (
        ("FirstRow", "NotFirstRow"),
        ("LastRow", "NotLastRow"),
        ("FirstToken", "NotFirstToken"),
        ("LastToken", "NotLastToken"),
    ):
        for word in PARAMETERS:
            one, other = (
                slope(HEADS, DIRECTION, VARIATIONS[f"Gradient{label}Of{word}"].changes) for label in (first, second)
            )
            without = plain - along(reference.vjp(HEADS.parameters, HEADS.x, HEADS.dy)[1], PARAMETERS[word])
            assert close(one + other, plain + without, size), (first, word)
            assert not close(one, other, size), (first, word)


def test_means_divide():
    batch, T, _ = HEADS.x.shape
    _, whole = reference.vjp(HEADS.parameters, HEADS.x, HEADS.dy)
    plain = slope(HEADS, DIRECTION, {})
    for label, count in (("RowMean", batch), ("TokenMean", T), ("Mean", batch * T)):
        for word, names in PARAMETERS.items():
            wanted = plain + (1 / count - 1) * along(whole, names)
            assert close(
                slope(HEADS, DIRECTION, VARIATIONS[f"Gradient{label}Of{word}"].changes), wanted, 50 * abs(plain) + 1000
            )


def test_weights_and_biases_are_told_apart():
    _, alone = reference.vjp(HEADS.parameters, HEADS.x[-1:], HEADS.dy[-1:])
    _, whole = reference.vjp(HEADS.parameters, HEADS.x, HEADS.dy)
    plain = slope(HEADS, DIRECTION, {})
    for word, names in PARAMETERS.items():
        for part, name in (("Weight", names[0]), ("Bias", names[-1])):
            variation = VARIATIONS.get(f"GradientLastRowOf{word}{part}")
            assert (variation is None) == (len(names) == 1)
            if variation is not None:
                wanted = plain - along(whole, [name]) + along(alone, [name])
                assert close(slope(HEADS, DIRECTION, variation.changes), wanted, 50 * abs(plain) + 1000), variation.name


@pytest.mark.parametrize(
    ("label", "changed"),
    [
        ("LastRow", lambda dy: dy * (np.arange(len(dy)) == len(dy) - 1)[:, None, None]),
        ("NotFirstToken", lambda dy: dy * (np.arange(dy.shape[1]) > 0)[:, None]),
        ("BatchMean", lambda dy: np.broadcast_to(dy.mean(axis=0), dy.shape)),
        ("BatchSum", lambda dy: np.broadcast_to(dy.sum(axis=0), dy.shape)),
        ("RowsReversed", lambda dy: dy[::-1]),
        ("TokensReversed", lambda dy: dy[:, ::-1]),
        ("NextToken", lambda dy: np.concatenate([dy[:, 1:], 0 * dy[:, :1]], axis=1)),
        ("PreviousToken", lambda dy: np.concatenate([0 * dy[:, :1], dy[:, :-1]], axis=1)),
    ],
)
def test_what_flows_back_through_the_output_is_another_cotangent(label, changed):
    """The adjoint of what is done to tangents; through y it is a change of dy."""
    dx, gradients = reference.vjp(HEADS.parameters, HEADS.x, changed(HEADS.dy))
    wanted = float(np.sum(dx * DIRECTION["x"])) + along(gradients, gradients)
    found = slope(HEADS, DIRECTION, VARIATIONS[f"Gradient{label}ThroughOutput"].changes)
    assert close(found, wanted, 50 * abs(wanted) + 1000)


def test_outputs_stay_as_they_are():
    """Within rounding; and without a norm as well."""
    for layer in (HEADS, NO_NORM):
        direction = direction_for(layer)
        for variation in list(VARIATIONS.values())[::7]:
            assert apart(layer, np.real(moved(layer, direction, variation.changes))) < 1, variation.name


NOTHING_TO_SHARE = {
    "GradientNotFirstToken": "OfGammaBias OfMixerGammaCtx OfMixerQProj OfMixerQProjWeight OfMixerQProjBias ThroughQuerySource "
    "ThroughQueries ThroughQueryHeads ThroughRotatedQueries ThroughForwardLogits ThroughForwardWeights ThroughFeedbackQuerySource "
    "ThroughFeedbackQueries ThroughFeedbackLogits ThroughFeedbackWeights ThroughGainSource ThroughGainInput ThroughGain "
    "ThroughRouting ThroughAllLogits ThroughAllWeights",
    "GradientNotLastToken": "ThroughFeedbackKeySource ThroughFeedbackKeys",
}
"""The first token's weight on itself is 1 and it gets no feedback; nothing reads the last one's feedback key."""


def test_every_other_variation_changes_the_gradient():
    plain = slope(HEADS, DIRECTION, {})
    same = {
        name for name, variation in VARIATIONS.items() if close(slope(HEADS, DIRECTION, variation.changes), plain, 1000)
    }
    assert same == {label + end for label, ends in NOTHING_TO_SHARE.items() for end in ends.split()}
