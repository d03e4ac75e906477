"""Variations in which a parameter is ignored, confused with another, or read in another order."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.fault import Area
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.modes import camel, rounded_to
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array

AREAS: dict[str, Area] = {
    "ln.weight": "token-wise", "ln.bias": "token-wise",
    "W_in.weight": "token-wise", "W_in.bias": "token-wise",
    "mixer.q_proj.weight": "attention", "mixer.q_proj.bias": "attention",
    "mixer.k_proj.weight": "attention", "mixer.k_proj.bias": "attention",
    "mixer.v_proj.weight": "attention", "mixer.v_proj.bias": "attention",
    "mixer.out_proj.weight": "attention",
    "mixer.proj_fb.weight": "feedback", "mixer.proj_fb.bias": "feedback",
    "mixer.gamma_ctx.weight": "feedback", "mixer.gamma_bias": "feedback",
    "W_out.weight": "token-wise", "W_out.bias": "token-wise",
}  # fmt: skip
"""Parameters and the parts that they belong to."""


def _by_heads(change: Callable[[Array], Array]) -> Callable[[Run, Array], Array]:
    """Changes the rows of a projection, head by head: change((heads, width, ...))."""

    def apply(run: Run, value: Array) -> Array:
        width = run.config.query_width
        if value is None or not value.ndim or value.shape[0] % width:
            return value
        return change(value.reshape(-1, width, *value.shape[1:])).reshape(value.shape)

    return apply


def _interleaved_heads(run: Run, value: Array) -> Array:
    width = run.config.query_width
    if value is None or not value.ndim or value.shape[0] % width:
        return value
    return np.swapaxes(value.reshape(width, -1, *value.shape[1:]), 0, 1).reshape(value.shape)


def _halves_by_heads(run: Run, value: Array) -> Array:
    heads, width = run.config.heads, run.config.query_width
    if value is None or not value.ndim or value.shape[0] != 2 * heads * width:
        return value
    return np.swapaxes(value.reshape(heads, 2, width, *value.shape[1:]), 0, 1).reshape(value.shape)


_CHANGES: dict[str, tuple[str, Callable[[Run, Array], Array], str]] = {
    "Missing": ("is not used", lambda run, w: 0 * w, "It is not applied, or not loaded."),
    "One": ("is taken for one", lambda run, w: 1 + 0 * w, "It is not applied, or not loaded."),
    "Doubled": ("is added or counted twice", lambda run, w: 2 * w, "It is applied in two places."),
    "Negated": ("is taken with the other sign", lambda run, w: -w, "A sign."),
    "Absolute": ("is taken without signs", lambda run, w: np.where(np.real(w) < 0, -w, w), "A magnitude in its place."),
    "PlusOne": ("has 1 added to it", lambda run, w: 1 + w, "Some models store the weight as a difference from 1."),
    "Exponential": ("goes through exp", lambda run, w: np.exp(w), "Some models store the weight as a logarithm."),
    "Transposed": (
        "is applied transposed",
        lambda run, w: w.T if w.ndim == 2 and w.shape[0] == w.shape[1] else w,
        "The weight is stored as (outputs, inputs) and multiplied as (inputs, outputs).",
    ),
    "HalvesSwapped": ("has its halves swapped", lambda run, w: np.roll(w, len(w) // 2, axis=0) if w.ndim else w, "A split in the other order."),
    "HalvesInterleaved": (
        "has its two halves interleaved",
        lambda run, w: w if not w.ndim or len(w) % 2 else w[np.arange(len(w)).reshape(-1, 2).T.ravel()],
        "A stride of 2 in place of two halves.",
    ),
    "HalvesByHeads": ("is read as two halves of each head instead of two halves of all", _halves_by_heads, "The axes of a reshape."),
    "Reshaped": ("is read in the other memory order", lambda run, w: w.T.reshape(w.shape) if w.ndim == 2 else w, "Column-major memory taken for row-major."),
    "RowsReversed": ("has its outputs in reversed order", lambda run, w: w[::-1] if w.ndim else w, "A flip."),
    "InputsReversed": ("has its inputs in reversed order", lambda run, w: w[:, ::-1] if w.ndim == 2 else w, "A flip."),
    "HeadsReversed": ("has its heads in reversed order", _by_heads(lambda w: w[::-1]), "Another order of heads."),
    "HeadsRolled": ("has its heads rolled by one", _by_heads(lambda w: np.roll(w, 1, axis=0)), "Another order of heads."),
    "HeadsInterleaved": ("is read as (width, heads) instead of (heads, width)", _interleaved_heads, "The axes of a reshape."),
    "RowsNormalized": (
        "has its rows scaled to length 1",
        lambda run, w: w / np.sqrt(np.sum(w * w, axis=-1, keepdims=True)) if w.ndim == 2 else w,
        "Weight normalisation.",
    ),
    "InFloat32": ("is rounded to float32", lambda run, w: rounded_to(w, "float32"), "It is stored or loaded in a lower precision."),
    "InBfloat16": ("is rounded to bfloat16", lambda run, w: rounded_to(w, "bfloat16"), "It is stored or loaded in a lower precision."),
    "InFloat16": ("is rounded to float16", lambda run, w: rounded_to(w, "float16"), "It is stored or loaded in a lower precision."),
}  # fmt: skip


HALVES: dict[tuple[str, int], tuple[str, Area]] = {
    ("W_in", 0): ("a", "token-wise"),
    ("W_in", 1): ("the gate g", "token-wise"),
    ("mixer.proj_fb", 0): ("the feedback queries", "feedback"),
    ("mixer.proj_fb", 1): ("the feedback keys", "feedback"),
}
"""What each half of a projection with two results makes, and the part that it belongs to."""
_OF_A_HALF = ("Missing", "One", "Doubled", "Negated", "Absolute", "Transposed", "Reshaped", "RowsReversed", "InputsReversed",
              "HeadsReversed", "HeadsRolled", "HeadsInterleaved")  # fmt: skip
"""Changes of one half alone."""


CHANGES_IN_WORDS = {label: words for label, (words, *_) in _CHANGES.items()}
"""What can be wrong with a parameter, by the end of the name."""


def variations() -> Iterator[Variation]:
    """Every change of every parameter; parameters exchanged; all of them rounded."""
    for name, area in AREAS.items():
        for label, (words, change, cause) in _CHANGES.items():
            yield Variation(
                f"{camel(name)}{label}", area, f"{name} {words}.", cause, f"Use {name} as it is given.",
                one(name, _where_given(change)),
            )  # fmt: skip
        for other in AREAS:
            if other != name and other.rpartition(".")[2] == name.rpartition(".")[2]:
                yield Variation(
                    f"{camel(name)}From{camel(other)}", area, f"{other} is used in place of {name}.",
                    "A wrong name when weights are loaded or applied.", f"Use {name}.", one(name, _instead(other)),
                )  # fmt: skip
                if other > name:
                    yield Variation(
                        f"{camel(name)}ExchangedWith{camel(other)}", area, f"{name} and {other} are exchanged.",
                        "Two names in the wrong order when weights are loaded or applied.", "Exchange them back.",
                        {name: _instead(other), other: _instead(name)},
                    )  # fmt: skip
    for (projection, half), (result, area) in HALVES.items():
        for part in ("weight", "bias"):
            for label in _OF_A_HALF:
                words, change, cause = _CHANGES[label]
                yield Variation(
                    f"{camel(projection)}{camel(part)}{('First', 'Second')[half]}Half{label}", area,
                    f"The half of {projection}.{part} that makes {result} {words}.", cause,
                    f"Use both halves of {projection}.{part} as they are given.",
                    one(f"{projection}.{part}", _where_given(_to_half(half, change))),
                )  # fmt: skip
    for first, second in (("q_proj", "k_proj"), ("k_proj", "v_proj"), ("q_proj", "v_proj")):
        exchanged = {
            f"mixer.{a}.{part}": _instead(f"mixer.{b}.{part}")
            for a, b in ((first, second), (second, first))
            for part in ("weight", "bias")
        }
        yield Variation(
            f"{camel(first)}{camel(second)}Exchanged", "attention", f"mixer.{first} and mixer.{second} are exchanged.",
            "Two projections unpacked in the wrong order.", "Exchange them back.", exchanged,
        )  # fmt: skip
    for label in ("InFloat32", "InBfloat16", "InFloat16"):
        words, change, cause = _CHANGES[label]
        yield Variation(
            f"Parameters{label}", "token-wise", f"Every parameter {words}.", cause, "Keep parameters in their dtype.",
            {name: _where_given(change) for name in AREAS},
        )  # fmt: skip


def _to_half(half: int, change: Callable[[Run, Array], Array]) -> Callable[[Run, Array], Array]:
    def apply(run: Run, value: Array) -> Array:
        halves = list(np.split(value, 2))
        halves[half] = change(run, halves[half])
        return np.concatenate(halves)

    return apply


def _where_given(change: Callable[[Run, Array], Array]) -> Callable[[Run, Array | None], Array | None]:
    return lambda run, value: None if value is None else change(run, value)


def _instead(other: str) -> Callable[[Run, Array | None], Array | None]:
    def change(run: Run, value: Array | None) -> Array | None:
        given = run.parameters.get(other)
        return given if value is not None and given is not None and given.shape == value.shape else value

    return change
