"""What is kept and read while decoding: steps read what the sentences say, and prompts stay right."""

import numpy as np
import pytest

from sessa_ref.faults.variations import caches, graph
from sessa_ref.faults.variations.modes import rounded_to
from tests.faults.variations.small import HEADS, apart
from tests.rounding import roundings

VARIATIONS = {variation.name: variation for variation in caches.variations()}
FAMILIES = {family.name: family for family in caches.families()}
SPLIT, T = 4, HEADS.x.shape[1]
GROUPS = {
    "Keys": ("k_rotated",), "Values": ("v_heads",), "FeedbackKeys": ("k_fb",), "States": ("s",),
    "KeysAndValues": ("k_rotated", "v_heads"), "FeedbackCache": ("k_fb", "s"), "Cache": ("k_rotated", "v_heads", "k_fb", "s"),
}  # fmt: skip
ENTRIES = GROUPS["Cache"]


def steps(changes) -> list[graph.Run]:
    """The prefill, and then a run for each token."""
    with np.errstate(all="ignore"):
        runs = [graph.advance(HEADS.parameters, HEADS.x[:, :SPLIT], changes, capacity=T)]
        for t in range(SPLIT, T):
            x = HEADS.x[:, t : t + 1]
            runs.append(graph.advance(HEADS.parameters, x, changes, runs[-1].cache(), decoding=True, capacity=T))
    return runs


def decoded(changes) -> np.ndarray:
    with np.errstate(all="ignore"):
        return graph.decoded(HEADS.parameters, HEADS.x, SPLIT, changes)


def where(*rows):
    """Zero in these rows."""
    return lambda z: z * ~np.isin(np.arange(z.shape[-2]), rows)[:, None]


READS = {
    "Zero": lambda z: 0 * z, "OfPromptZero": where(*range(SPLIT)), "DecodedZero": where(*range(SPLIT, T)),
    "FirstZero": where(0), "LastZero": lambda z: where(z.shape[-2] - 1)(z), "PromptEndZero": where(SPLIT - 1),
    "Moved": lambda z: np.concatenate([z[..., -1:, :], z[..., :-1, :]], axis=-2),
    "MovedBack": lambda z: np.concatenate([z[..., 1:, :], z[..., :1, :]], axis=-2),
    "Reversed": lambda z: np.flip(z, axis=-2), "OfFirstRow": lambda z: np.repeat(z[:1], 2, axis=0), "RowsRolled": lambda z: z[::-1],
    "BatchMean": lambda z: np.repeat((z[:1] + z[1:]) / 2, 2, axis=0), "Last": lambda z: z[..., [-1] * z.shape[-2], :],
    "PromptLast": lambda z: z[..., [*range(SPLIT), *[SPLIT - 1] * (z.shape[-2] - SPLIT)], :],
}  # fmt: skip


@pytest.mark.parametrize("label", READS)
def test_what_steps_read(label):
    """Entries of a group are read as told, others as they were kept; and what is kept is right."""
    for word, names in GROUPS.items():
        _, *runs = steps(VARIATIONS[f"Decode{word}{label}"].changes)
        for run in runs:
            for name in ENTRIES:
                kept = run.past[name]
                wanted = READS[label](kept) if name in names else kept
                assert np.allclose(run.values[f"read {name}"], wanted, rtol=roundings(1), atol=0), (word, name)
                assert np.array_equal(run.values[f"kept {name}"][..., -1:, :], run.right[f"kept {name}"])


KEEPS = {
    "Zero": lambda z: 0 * z, "Negated": np.negative, "Doubled": lambda z: z + z, "InBfloat16": lambda z: rounded_to(z, "bfloat16"),
    "InFloat16": lambda z: z.astype(np.float16), "InFloat32": lambda z: z.astype(np.float32),
}  # fmt: skip


@pytest.mark.parametrize("label", KEEPS)
@pytest.mark.parametrize(
    ("suffix", "prompt", "later"), [("", True, True), ("InSteps", False, True), ("OfPrompt", True, False)]
)
def test_what_is_kept(label, suffix, prompt, later):
    for word, names in GROUPS.items():
        first, *runs = steps(VARIATIONS[f"Keep{word}{label}{suffix}"].changes)
        for run, changed in ((first, prompt), *((run, later) for run in runs)):
            for name in ENTRIES:
                right = run.right[f"kept {name}"]
                now = run.values[f"kept {name}"][..., -right.shape[-2] :, :]
                assert np.array_equal(now, KEEPS[label](right) if changed and name in names else right), (word, name)


def test_keys_without_rotation_and_other_states():
    for name, source, entry in (
        ("KeepKeysUnrotated", "k_heads", "k_rotated"),
        ("KeepStatesAreSignals", "f", "s"),
        ("KeepStatesAreU", "u", "s"),
    ):
        for run in steps(VARIATIONS[name].changes):
            kept = run.values[f"kept {entry}"]
            assert np.array_equal(kept[..., -run.values[source].shape[-2] :, :], run.values[source])
    first, *runs = steps(VARIATIONS["KeepPromptKeysUnrotated"].changes)
    assert np.array_equal(first.values["kept k_rotated"], first.values["k_heads"])
    assert np.array_equal(runs[-1].values["kept k_rotated"][..., -1:, :], runs[-1].values["k_rotated"])


POSITIONS = {
    "FromPromptEnd": lambda t: t - SPLIT, "FromPromptEndOne": lambda t: t - SPLIT + 1, "OfPromptEnd": lambda t: SPLIT - 1,
    "OfPromptLength": lambda t: SPLIT, "Zero": lambda t: 0, "One": lambda t: 1, "Doubled": lambda t: 2 * t,
}  # fmt: skip


@pytest.mark.parametrize("label", POSITIONS)
def test_positions_of_decoded_tokens(label):
    for suffix, sides in (
        ("", ("query theta", "key theta")),
        ("OfQueries", ("query theta",)),
        ("OfKeys", ("key theta",)),
    ):
        _, *runs = steps(VARIATIONS[f"DecodePosition{label}{suffix}"].changes)
        for t, run in enumerate(runs, SPLIT):
            for side in ("query theta", "key theta"):
                position = POSITIONS[label](t) if side in sides else t
                assert np.array_equal(run.values[side][0], position * run.values["frequencies"])


UNREAD = {
    "Decoded": lambda t, j: j >= SPLIT, "Prompt": lambda t, j: j < SPLIT, "PromptEnd": lambda t, j: j == SPLIT - 1,
    "FirstDecoded": lambda t, j: j == SPLIT, "Previous": lambda t, j: j == t - 1,
    "OddDecoded": lambda t, j: j >= SPLIT and (j - SPLIT) % 2 == 1, "EvenDecoded": lambda t, j: j >= SPLIT and (j - SPLIT) % 2 == 0,
}  # fmt: skip


def visible(changes, mask: str) -> list[list[int]]:
    """What each step sees."""
    return [np.flatnonzero(run.values[mask][0]).tolist() for run in steps(changes)[1:]]


@pytest.mark.parametrize("label", UNREAD)
def test_tokens_that_steps_do_not_read(label):
    """A token goes on seeing itself in the forward attention, and not in the feedback attention."""
    for word, hidden in (("", ("visible",)), ("Feedback", ("visible_fb",)), ("Both", ("visible", "visible_fb"))):
        changes = VARIATIONS[f"Decode{word}Without{label}"].changes
        for mask in ("visible", "visible_fb"):
            wanted = [[j for j in range(t) if mask not in hidden or not UNREAD[label](t, j)] for t in range(SPLIT, T)]
            own = [[*row, t] if mask == "visible" else row for t, row in enumerate(wanted, SPLIT)]
            assert visible(changes, mask) == own, (word, mask)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Window", lambda t, j, n: j > t - n),
        ("Beginning", lambda t, j, n: j < n or j == t),
        ("WithoutBeginning", lambda t, j, n: j >= n),
    ],
)
def test_families_of_what_steps_see(name, rule):
    for number in (1, 3, 6):
        for word, mask, least in (("", "visible", 0), ("Feedback", "visible_fb", 1)):
            found = visible(FAMILIES[f"Decode{word}{name}"].at(number).changes, mask)
            assert found == [[j for j in range(t + 1 - least) if rule(t, j, number)] for t in range(SPLIT, T)]


def test_a_cache_of_the_last_tokens_is_a_window_of_both_attentions():
    for number in (1, 3):
        changes = FAMILIES["KeepWindow"].at(number).changes
        assert visible(changes, "visible") == [[*range(max(t - number, 0), t + 1)] for t in range(SPLIT, T)]
        assert visible(changes, "visible_fb") == [[*range(max(t - number, 0), t)] for t in range(SPLIT, T)]


def test_the_tail_of_a_prompt_is_kept_as_zero():
    for word, names in GROUPS.items():
        first, *runs = steps(FAMILIES[f"Keep{word}PromptTailZero"].at(3).changes)
        for name in ENTRIES:
            wanted = (
                where(*range(3, SPLIT))(first.right[f"kept {name}"]) if name in names else first.right[f"kept {name}"]
            )
            assert np.array_equal(first.values[f"kept {name}"], wanted)
            assert np.array_equal(runs[-1].values[f"kept {name}"][..., -1:, :], runs[-1].right[f"kept {name}"])


def test_offsets_of_positions():
    _, *runs = steps(FAMILIES["DecodePositionOffset"].at(-2).changes)
    assert [float(run.values["positions"][0]) for run in runs] == [t - 2.0 for t in range(SPLIT, T)]


def test_a_cache_that_stays_that_of_the_prompt():
    changes = VARIATIONS["CacheStaysOfPrompt"].changes
    assert visible(changes, "visible") == [[*range(SPLIT), t] for t in range(SPLIT, T)]
    assert visible(changes, "visible_fb") == [[*range(SPLIT)] for t in range(SPLIT, T)]
    assert {float(run.values["positions"][0]) for run in steps(changes)[1:]} == {SPLIT}


NO_ORDER = {
    f"Decode{word}{label}"
    for word in ("KeysAndValues", "FeedbackCache", "Cache")
    for label in ("Moved", "MovedBack", "Reversed")
}
"""A sum over tokens does not depend on their order, where all that belongs to a token moves along."""


def test_prompts_are_right_and_every_other_variation_shows():
    right = decoded({})
    members = [*VARIATIONS.values(), *(family.at(3) for family in FAMILIES.values())]
    assert len({member.name for member in members}) == len(members)
    same = set()
    for member in members:
        y = decoded(member.changes)
        assert np.array_equal(y[:, :SPLIT], right[:, :SPLIT]), member.name
        if apart(HEADS, y, right) < 1:
            same.add(member.name)
    assert same == NO_ORDER
