"""Variations of decoding in which every step changes what is cached of earlier tokens, or how much of it there is."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.caches import ENTRIES, groups
from sessa_ref.faults.variations.families.changes import clamped
from sessa_ref.faults.variations.families.numbers import BOUNDS, FACTORS
from sessa_ref.faults.variations.graph import Change, Changes, Run
from sessa_ref.faults.variations.variation import Family, Variation, one, only_decoding, together
from sessa_ref.notation import Array

_CAUSE = "What was cached is processed once more when it is read, or written back after that."
_FIX = "Leave what is cached of earlier tokens as it is, and append to it."

_READ, _STORED = _HOW = (
    ("read", "Read", "Every step reads the {phrase} of earlier tokens {words}."),
    ("past", "Store", "Every step leaves the {phrase} of earlier tokens {words}."),
)
"""Where the change is made in the graph: on what is read alone, or on what is kept on."""


def variations() -> Iterator[Variation]:
    """What is cached is changed entry by entry, or is of another number of tokens."""
    for names, (word, phrase) in groups().items():
        for place, prefix, sentence in _HOW:
            for label, words, change in _ROTATIONS + _CHANGES + (() if place == "read" else _SLOTS):
                yield Variation(
                    f"{prefix}{word}{label}", "decode", sentence.format(phrase=phrase, words=words), _CAUSE, _FIX,
                    {f"{place} {name}": _unless_new(change) for name in names},
                )  # fmt: skip
    for label, words, change, more in _NUMBERS:
        everything: Changes = {f"past {name}": change for name in ENTRIES}
        yield Variation(
            f"Cache{label}", "decode", f"{words}; positions are counted from the cache.", _CAUSE, _FIX, everything
        )
        if more:
            counted = together(everything, only_decoding(one("positions", lambda run, p, more=more: p - more)))
            yield Variation(
                f"Cache{label}Counted", "decode", f"{words}; positions are counted apart.", _CAUSE, _FIX, counted
            )  # fmt: skip


def families() -> Iterator[Family]:
    """Factors that are applied at every step, and bounds."""
    for names, (word, phrase) in groups().items():
        for (place, prefix, sentence), label, words, function, starts in (
            (_READ, "Scaled", "multiplied by {number}", lambda z, c: c * z, FACTORS),
            (_STORED, "Scaled", "multiplied by {number}", lambda z, c: c * z, FACTORS),
            (_READ, "Clamped", "clamped to +-{number}", lambda z, c: clamped(z, -abs(c), abs(c)), BOUNDS),
        ):
            yield Family(
                f"{prefix}{word}{label}", "decode", sentence.format(phrase=phrase, words=words), _CAUSE, _FIX,
                lambda amount, names=names, place=place, function=function: {
                    f"{place} {name}": lambda run, z: function(z, amount(run)) for name in names
                }, starts,
            )  # fmt: skip


def _unless_new(change: Change) -> Change:
    return lambda run, z: change(run, z) if z.shape[-2] else z


def _turned(positions: Callable[[Run, Array], Array]) -> Change:
    """Rotated by positions (run, number of each token)."""

    def change(run: Run, z: Array) -> Array:
        width = z.shape[-1]
        if not run.config.rope or width % 2:
            return z
        frequencies = run.config.rope_base ** (-2.0 * np.arange(width // 2) / width)
        return graph.rotate(z, positions(run, np.arange(z.shape[-2]))[:, None] * frequencies)

    return change


_ROTATIONS: tuple[tuple[str, str, Change], ...] = (
    ("RotatedAgain", "rotated once more, each by its own position", _turned(lambda run, j: j)),
    ("RotatedByStep", "rotated once more, by the position of the step's token", _turned(lambda run, j: 0 * j + len(j))),
    ("RotatedByOne", "rotated once more, by one position", _turned(lambda run, j: 0 * j + 1)),
    ("RotatedBack", "rotated back, each by its own position", _turned(lambda run, j: -j)),
    ("RotatedBackByOne", "rotated back by one position", _turned(lambda run, j: 0 * j - 1)),
    ("RotatedFromEnd", "rotated once more, by positions counted back from the step's token", _turned(lambda run, j: len(j) - j)),
    ("RotatedBackFromEnd", "rotated back, by positions counted back from the step's token", _turned(lambda run, j: j - len(j))),
    ("PromptRotatedAgain", "rotated once more where they are the prompt's, each by its own position", _turned(lambda run, j: j * (j < run.prompt))),
    ("DecodedRotatedAgain", "rotated once more where they were decoded, each by its own position", _turned(lambda run, j: j * (j >= run.prompt))),
    ("LastRotatedAgain", "rotated once more for the previous token, by its own position", _turned(lambda run, j: j * (j == len(j) - 1))),
)  # fmt: skip


def _normal(z: Array, centre: bool) -> Array:
    centred = z - z.mean(axis=-1, keepdims=True) if centre else z
    return centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5)


_CHANGES: tuple[tuple[str, str, Change], ...] = (
    ("Negated", "with the other sign", lambda run, z: -z),
    ("UnitLength", "scaled to length 1", lambda run, z: z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)),
    ("RmsNormalized", "scaled to root mean square 1", lambda run, z: _normal(z, False)),
    ("LayerNormalized", "put through a layer norm without weights", lambda run, z: _normal(z, True)),
    ("Activated", "put through GELU", lambda run, z: run.formulas.gelu(z)),
    ("FeaturesRolled", "rolled by one feature", lambda run, z: np.roll(z, 1, axis=-1)),
    ("HalvesSwapped", "with the halves of their features swapped", lambda run, z: np.roll(z, z.shape[-1] // 2, axis=-1)),
    ("Centred", "relative to their mean over tokens", lambda run, z: z - z.mean(axis=-2, keepdims=True)),
    ("Summed", "summed over the tokens up to each", lambda run, z: np.cumsum(z, axis=-2)),
)  # fmt: skip


_SLOTS: tuple[tuple[str, str, Change], ...] = (
    ("OfFirstRow", "of the batch's first row for all rows", lambda run, z: np.broadcast_to(z[:1], z.shape)),
    ("RowsRolled", "of the batch's row before", lambda run, z: np.roll(z, 1, axis=0)),
    ("BatchMean", "averaged over the batch", lambda run, z: np.broadcast_to(z.mean(axis=0, keepdims=True), z.shape)),
    ("Moved", "rolled by one token", lambda run, z: np.roll(z, 1, axis=-2)),
    ("Reversed", "in reversed order", lambda run, z: z[..., ::-1, :]),
    ("BeforeLastOverwritten", "with those of the token decoded last also in the place of the one before it", lambda run, z: _overwritten(run, z, -2)),
    ("FirstOverwritten", "with those of the token decoded last also in the place of the first", lambda run, z: _overwritten(run, z, 0)),
    ("PromptEndOverwritten", "with those of the token decoded last also in the place of the prompt's last", lambda run, z: _overwritten(run, z, run.prompt - 1)),
    ("AveragedWithPrevious", "averaged with those of the token before each", lambda run, z: (z + np.concatenate([z[..., :1, :], z[..., :-1, :]], axis=-2)) / 2),
)  # fmt: skip


def _overwritten(run: Run, z: Array, slot: int) -> Array:
    if z.shape[-2] <= max(run.prompt, 1) or slot >= z.shape[-2]:
        return z
    z = z.copy()
    z[..., slot, :] = z[..., -1, :]
    return z


def _after_prompt(change: Callable[[Array], Array]) -> Change:
    """The change, once: in the first step after a prompt."""
    return lambda run, z: change(z) if run.prompt and z.shape[-2] == run.prompt else z


_NUMBERS: tuple[tuple[str, str, Change, int], ...] = (
    ("PromptEndTwice", "The prompt's last token enters the cache twice", _after_prompt(lambda z: np.concatenate([z, z[..., -1:, :]], axis=-2)), 1),
    ("PromptStartTwice", "The prompt's first token enters the cache twice", _after_prompt(lambda z: np.concatenate([z[..., :1, :], z], axis=-2)), 1),
    ("ZeroAfterPrompt", "A token of zeros enters the cache after the prompt", _after_prompt(lambda z: np.concatenate([z, 0 * z[..., -1:, :]], axis=-2)), 1),
    ("ZeroBeforePrompt", "A token of zeros enters the cache before the prompt", _after_prompt(lambda z: np.concatenate([0 * z[..., :1, :], z], axis=-2)), 1),
    ("PromptTwice", "The prompt enters the cache twice", _after_prompt(lambda z: np.concatenate([z, z], axis=-2)), 0),
)  # fmt: skip
"""Label, words, change, and by how much positions are then too large, where that is known."""
