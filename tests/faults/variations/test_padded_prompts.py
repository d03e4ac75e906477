"""Steps go on behind a padded prompt: as one sequence of the prompt, the padding and the decoded tokens."""

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.faults.variations import padded_prompts
from tests.faults.variations.small import HEADS, apart
from tests.faults.variations.test_caches import SPLIT, T, decoded, steps, visible

VARIATIONS = {variation.name: variation for variation in padded_prompts.variations()}
PADDING = 4
"""A prompt of four tokens, padded to a multiple of 8."""

TOKENS = {
    "Zeros": np.zeros((2, PADDING, HEADS.x.shape[-1])),
    "LastToken": np.repeat(HEADS.x[:, SPLIT - 1 : SPLIT], PADDING, axis=1),
}


@pytest.mark.parametrize("tokens", TOKENS)
def test_the_padding_is_part_of_the_sequence(tokens):
    """The reference on prompt, padding and later tokens; without what comes out at the padding."""
    whole = np.concatenate([HEADS.x[:, :SPLIT], TOKENS[tokens], HEADS.x[:, SPLIT:]], axis=1)
    y = np.delete(reference.forward(HEADS.parameters, whole), np.s_[SPLIT : SPLIT + PADDING], axis=1)
    for size in ("ToMultipleOf8", "ToPowerFrom8"):
        assert apart(HEADS, decoded(VARIATIONS[f"PromptPadded{tokens}{size}"].changes), y) < 1


def test_who_reads_the_padding():
    slots, ends = [*range(SPLIT, SPLIT + PADDING)], range(SPLIT + PADDING, T + PADDING)
    for label, hidden in (("", ()), ("Attention", ("visible_fb",)), ("Feedback", ("visible",))):
        changes = VARIATIONS[f"PromptPaddedZerosToMultipleOf8{label}"].changes
        for mask, least in (("visible", 0), ("visible_fb", 1)):
            wanted = [[j for j in range(t + 1 - least) if mask not in hidden or j not in slots] for t in ends]
            assert visible(changes, mask) == wanted
    changes = VARIATIONS["PromptPaddedZerosToMultipleOf8Overwritten"].changes
    for number, seen in enumerate(visible(changes, "visible"), 1):
        assert set(slots) - set(seen) == set(slots[:number])


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("ZerosToMultipleOf8", SPLIT + PADDING),
        ("ZerosToMultipleOf8Counted", SPLIT),
        ("LastTokenToMultipleOf8Overwritten", SPLIT),
        ("ToMultipleOf8Positions", SPLIT + PADDING),
        ("ToCapacityPositions", T),
    ],
)
def test_positions_of_decoded_tokens(name, first):
    _, *runs = steps(VARIATIONS[f"PromptPadded{name}"].changes)
    assert [run.values["positions"].item() for run in runs] == [*range(first, first + T - SPLIT)]


def test_prompts_are_right_and_other_sizes_show():
    right = decoded({})
    assert len(VARIATIONS) == len(list(padded_prompts.variations()))
    for name, variation in VARIATIONS.items():
        y = decoded(variation.changes)
        assert np.array_equal(y[:, :SPLIT], right[:, :SPLIT]), name
        full = any(f"{size}{end}" in f"{name}." for size in ("Of2", "Of4", "From1") for end in ".ACFOP")
        assert (apart(HEADS, y, right) < 1) == full, name
