"""Variations in which the output of a projection is taken apart in another layout: its halves, its heads."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.faults.fault import Area
from sessa_ref.faults.variations.graph import Change, Changes, Run
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array
from sessa_ref.reference import attention

_CAUSE = "The axes of a reshape, or a stride in place of consecutive parts."

_HALVES: tuple[tuple[str, str, tuple[str, ...], tuple[int, ...]], ...] = (
    ("Interleaved", "(D, 2): one half takes the even outputs, the other the odd ones", ("D", "2"), (1, 0)),
    ("InterleavedBack", "(2, D), transposed to (D, 2), and then split into halves", ("2", "D"), (1, 0)),
    ("ByHeads", "(H, 2, d): two halves of each head", ("H", "2", "d"), (1, 0, 2)),
    ("ByFeatures", "(d, 2, H): two halves of each feature of the heads", ("d", "2", "H"), (1, 0, 2)),
    ("ByHeadsBack", "(2, H, d), transposed to (H, 2, d), and then split into halves", ("2", "H", "d"), (1, 0, 2)),
    ("ByFeaturesOfHeads", "(d, 2, H), each half then transposed to (H, d)", ("d", "2", "H"), (1, 2, 0)),
    ("ByHeadsInterleaved", "(d, H, 2), each half then transposed to (H, d)", ("d", "H", "2"), (2, 1, 0)),
    ("OfTransposedHeads", "(2, d, H), each half then transposed to (H, d)", ("2", "d", "H"), (0, 2, 1)),
)
"""Label, words, the axes that the outputs are read with, and their order afterwards. Right is (2, H, d)."""

_OF_PAIRS = 4
"""How many of these differ where features are only multiplied in pairs, as those of feedback queries and keys are."""

_HEADS: tuple[tuple[str, str, Callable[[Array, int], Array]], ...] = (
    ("Split", "feature by feature: read as (d, H) in place of (H, d)", lambda flat, heads: _transposed(flat, (-1, heads))),
    ("SplitBack", "after a transposition of (H, d) to (d, H)", lambda flat, heads: _transposed(flat, (heads, -1))),
    ("SplitFlat", "before tokens, as memory lies", lambda flat, heads: _as_memory_lies(flat, heads)),
)  # fmt: skip
"""Label, words, and the output of a projection, (batch, T, features), in the order of features that the split makes."""

_WHOSE = {
    "": ("Queries, keys and values are", "qkv"),
    "Query": ("Queries are", "q"),
    "Key": ("Keys are", "k"),
    "Value": ("Values are", "v"),
    "QueryAndKey": ("Queries and keys are", "qk"),
    "KeyAndValue": ("Keys and values are", "kv"),
}


def variations() -> Iterator[Variation]:
    """Every layout of every projection that is taken apart."""
    for word, area, name, what, flat in _PROJECTIONS:
        fix = f"{what} are two consecutive halves of {name}'s output."
        for label, words, axes, order in _HALVES if word == "Input" else _HALVES[:_OF_PAIRS]:
            yield Variation(
                f"{word}Halves{label}", area, f"The output of {name} is read as {words}.", _CAUSE, fix,
                {f"{name}.{part}": _reordered(axes, order) for part in ("weight", "bias")},
            )  # fmt: skip
        yield Variation(
            f"{word}HalvesFlat", area, f"The output of {name} is split into halves before tokens, as memory lies.", _CAUSE,
            fix, flat,
        )  # fmt: skip
    for word, (subject, letters) in _WHOSE.items():
        for label, words, change in _HEADS:
            yield Variation(
                f"{word}Heads{label}", "attention", f"{subject} split into heads {words}.", _CAUSE,
                "Split into heads of consecutive features: (H, d).",
                {f"{letter}_heads": _of_heads(change) for letter in letters},
            )  # fmt: skip


def _reordered(axes: tuple[str, ...], order: tuple[int, ...]) -> Change:
    """The rows of a weight or a bias, so that the right halves of its outputs are those of this layout."""

    def change(run: Run, value: Array | None) -> Array | None:
        if value is None:
            return None
        index = np.arange(len(value)).reshape([_size(run.config, axis) for axis in axes])
        return value[np.transpose(index, order).ravel()]

    return change


def _size(config: SessaConfig, axis: str) -> int:
    return {"2": 2, "D": config.width, "H": config.heads, "d": config.query_width}[axis]


def _of_heads(change: Callable[[Array, int], Array]) -> Change:
    return lambda run, z: attention.split_heads(change(attention.merge_heads(z), z.shape[-3]), z.shape[-3])


def _transposed(flat: Array, shape: tuple[int, int]) -> Array:
    return np.swapaxes(flat.reshape(*flat.shape[:-1], *shape), -1, -2).reshape(flat.shape)


def _as_memory_lies(flat: Array, parts: int) -> Array:
    """Parts of (batch, T, parts * width) that are read as (batch, parts, T, width), side by side again."""
    batch, T, features = flat.shape
    return np.swapaxes(flat.reshape(batch, parts, T, features // parts), 1, 2).reshape(flat.shape)


def _feedback(half: int) -> Change:
    def change(run: Run, value: Array) -> Array:
        weight, bias = run.values["mixer.proj_fb.weight"], run.values["mixer.proj_fb.bias"]
        whole = run.values["q_fb input"] @ weight.T
        return np.split(_as_memory_lies(whole if bias is None else whole + bias, 2), 2, axis=-1)[half]

    return change


_PROJECTIONS: tuple[tuple[str, Area, str, str, Changes], ...] = (
    ("Input", "token-wise", "W_in", "a and g", one("W_in output", lambda run, z: _as_memory_lies(z, 2))),
    (
        "Feedback", "feedback", "mixer.proj_fb", "Feedback queries and keys",
        {"q_fb": _feedback(0), "k_fb": _feedback(1)},
    ),
)  # fmt: skip
"""Word, area, name, what its halves are, and what they turn into where memory is read in another shape."""
