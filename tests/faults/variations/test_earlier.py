"""Steps that take over a value of an earlier token, or miss it: every value, and no step but those that are told."""

import numpy as np
import pytest

from sessa_ref.faults.variations import earlier, graph
from tests.faults.variations.small import HEADS, apart

VARIATIONS = {variation.name: variation for variation in earlier.variations()}
SPLIT, T = 5, HEADS.x.shape[1]


def steps(changes, split=SPLIT) -> list[graph.Run]:
    """The prefill, and then a run for each token."""
    with np.errstate(all="ignore"):
        runs = [graph.advance(HEADS.parameters, HEADS.x[:, :split], changes, capacity=T)]
        for t in range(split, T):
            x = HEADS.x[:, t : t + 1]
            runs.append(graph.advance(HEADS.parameters, x, changes, runs[-1].cache(), decoding=True, capacity=T))
    return runs


PLACES = ("s", "gamma", "n", "q_rotated", "k_rotated", "alpha", "alpha_fb", "B", "mean", "deviation", "u")
WORDS = {
    "s": "State", "gamma": "Gain", "n": "NormOutput", "q_rotated": "RotatedQueries", "k_rotated": "RotatedKeys",
    "alpha": "ForwardWeights", "alpha_fb": "FeedbackWeights", "B": "Routing", "mean": "NormMean", "deviation": "NormDeviation", "u": "U",
}  # fmt: skip


def padded(row: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Weights of an earlier token, which saw fewer."""
    return np.concatenate([row, np.zeros((*row.shape[:-1], like.shape[-1] - row.shape[-1]))], axis=-1)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("label", ["OfPrevious", "OfPreviousZero", "OfPromptEnd", "OfPromptStart", "OfPreviousInFirst"])
def test_values_are_those_of_an_earlier_token(place, label):
    prompt, *decoded = steps(VARIATIONS[f"Decode{WORDS[place]}{label}"].changes)
    before = prompt
    for number, run in enumerate(decoded):
        source = {"OfPromptEnd": prompt, "OfPromptStart": prompt}.get(label, before)
        row = source.right[place][..., [0 if label == "OfPromptStart" else -1], :]
        taken = padded(row, run.right[place]) if label != "OfPreviousInFirst" or number == 0 else run.right[place]
        assert np.array_equal(run.values[place], taken), number
        before = run


@pytest.mark.parametrize(
    ("label", "zero"),
    [("ZeroInFirst", lambda n: n == 0), ("ZeroAfterFirst", lambda n: n > 0), ("ZeroWithoutPrompt", lambda n: False)],
)
def test_values_are_zero_in_some_steps(label, zero):
    for place in PLACES:
        _, *decoded = steps(VARIATIONS[f"Decode{WORDS[place]}{label}"].changes)
        for number, run in enumerate(decoded):
            assert np.array_equal(run.values[place], 0 * run.right[place] if zero(number) else run.right[place])


def test_without_a_prompt_there_may_be_nothing_before():
    for name, factor in (("DecodeUOfPrevious", 1), ("DecodeUOfPreviousZero", 0), ("DecodeUZeroWithoutPrompt", 0)):
        run = steps(VARIATIONS[name].changes, split=0)[1]
        assert np.array_equal(run.values["u"], factor * run.right["u"]), name


def test_the_prompt_is_right_and_something_after_it_is_not():
    """Where there is a prompt, or else where there is none."""
    right = {split: graph.decoded(HEADS.parameters, HEADS.x, split, {}) for split in (SPLIT, 0)}

    def shows(changes, split):
        with np.errstate(all="ignore"):
            y = graph.decoded(HEADS.parameters, HEADS.x, split, changes)
        assert np.array_equal(y[:, :split], right[split][:, :split])
        return apart(HEADS, y, right[split]) > 1

    for name, variation in VARIATIONS.items():
        assert shows(variation.changes, SPLIT) or shows(variation.changes, 0), name
