"""Outputs of projections taken apart in another layout, against reshapes of the projections themselves."""

import numpy as np
import pytest

from sessa_ref.faults.variations import graph, layouts
from tests.faults.variations.small import HEADS, NO_NORM, apart, output, right

VARIATIONS = {variation.name: variation for variation in layouts.variations()}
B, T, D = HEADS.x.shape
H, d = HEADS.parameters.config.heads, HEADS.parameters.config.query_width
HALVES = {
    "Interleaved": lambda z: np.moveaxis(z.reshape(B, T, D, 2), -1, 0),
    "InterleavedBack": lambda z: np.split(np.stack(np.split(z, 2, axis=-1), axis=-1).reshape(B, T, -1), 2, axis=-1),
    "ByHeads": lambda z: [z.reshape(B, T, H, 2, d)[..., half, :].reshape(B, T, D) for half in range(2)],
    "ByFeatures": lambda z: [z.reshape(B, T, d, 2, H)[..., half, :].reshape(B, T, D) for half in range(2)],
    "Flat": lambda z: [z.reshape(B, 2, T, D)[:, half] for half in range(2)],
}  # fmt: skip
"""Both halves of the output of a projection, (batch, T, 2 D)."""


@pytest.mark.parametrize("label", HALVES)
def test_halves(label):
    """They are those of the reshape, of W_in and of proj_fb."""
    values = right(HEADS).values
    for word, whole, names in (("Input", "W_in output", ("a", "g")), ("Feedback", "fb", ("q_fb", "k_fb"))):
        z = values[whole] if word == "Input" else np.concatenate([values["q_fb"], values["k_fb"]], axis=-1)
        run = graph.advance(HEADS.parameters, HEADS.x, VARIATIONS[f"{word}Halves{label}"].changes)
        for name, half in zip(names, HALVES[label](z), strict=True):
            assert np.array_equal(run.values[name], half), (word, name)


HEAD_SPLITS = {
    "Split": lambda z, heads: np.moveaxis(z.reshape(B, T, -1, heads), -1, 1),
    "SplitBack": lambda z, heads: z.reshape(B, T, heads, -1).swapaxes(-1, -2).reshape(B, T, heads, -1).swapaxes(1, 2),
    "SplitFlat": lambda z, heads: z.reshape(B, heads, T, -1),
}


@pytest.mark.parametrize("label", HEAD_SPLITS)
def test_heads(label):
    """Those of the letters are split otherwise, all others as they should be."""
    for word, letters in (("", "qkv"), ("Query", "q"), ("QueryAndKey", "qk"), ("KeyAndValue", "kv")):
        run = graph.advance(HEADS.parameters, HEADS.x, VARIATIONS[f"{word}Heads{label}"].changes)
        for letter in "qkv":
            heads = run.values[f"{letter}_heads"].shape[1]
            wanted = (
                HEAD_SPLITS[label](run.values[letter], heads) if letter in letters else run.right[f"{letter}_heads"]
            )
            assert np.array_equal(run.values[f"{letter}_heads"], wanted), (word, letter)


def test_every_layout_changes_something():
    """Except of the one head that keys and values have."""
    assert len(VARIATIONS) == len(list(layouts.variations()))
    same = {name for name, v in VARIATIONS.items() if apart(HEADS, output(HEADS, v.changes)) < 1}
    assert same == {f"{whose}Heads{label}" for whose in ("Key", "Value", "KeyAndValue") for label in HEAD_SPLITS}
    assert all(np.shape(output(NO_NORM, v.changes)) == NO_NORM.x.shape for v in VARIATIONS.values())
