"""Families in which tokens are put in front of the sequence or behind it, and take part in the layer."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sessa_ref.faults.variations.families.numbers import BLOCKS, COUNTS
from sessa_ref.faults.variations.graph import Change, Changes, Number, Run
from sessa_ref.faults.variations.variation import Amount, Family
from sessa_ref.notation import Array

_CAUSE = "Tokens are padded to a size that some kernel wants, and the padding is not masked."
_FIX = "Mask padding in both attentions, or do not pad."

HOW_MANY: tuple[tuple[str, str, Callable[[int, int], int], Sequence[int]], ...] = (
    ("ToMultiple", "up to a multiple of {number}", lambda T, n: -T % n, BLOCKS),
    ("To", "up to {number} tokens", lambda T, n: max(n - T, 0), COUNTS),
    ("By", "{number} of them", lambda T, n: n, COUNTS[:64]),
    ("ToMultipleAtLeastOne", "up to the next multiple of {number}, at least one", lambda T, n: n - T % n, BLOCKS),
)
"""How many tokens are added, from T and the number."""

TOKENS: tuple[tuple[str, str, Callable[[Array, int], Array]], ...] = (
    ("Zeros", "zero tokens", lambda x, n: np.zeros((*x.shape[:-2], n, x.shape[-1]), dtype=x.dtype)),
    ("FirstToken", "copies of the first token", lambda x, n: np.repeat(x[..., :1, :], n, axis=-2)),
    ("LastToken", "copies of the last token", lambda x, n: np.repeat(x[..., -1:, :], n, axis=-2)),
)
"""What is added."""

PLACES: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("", "the layer's input", ("x", "residual"), ("y",)),
    ("Norm", "the norm's output n", ("n",), ("s", "g")),
    ("Mixer", "the mixer's input u", ("u",), ("s",)),
)
"""Where: what is padded, and what is cut to the tokens of the sequence again."""

MASKED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "seen by both attentions", ()),
    ("Feedback", "seen by the feedback alone", ("visible",)),
    ("Attention", "seen by the forward attention alone", ("visible_fb",)),
)
"""Which attention sees them, and which masks hide them."""


def families() -> Iterator[Family]:
    """Families of this part."""
    for place, where, padded, cut in PLACES:
        for tokens, what, made in TOKENS[:1] if place else TOKENS:
            for many, up_to, count, starts in HOW_MANY[: 2 if tokens != "Zeros" else 3 if place else 4]:
                for seen, by, hidden in MASKED:
                    yield Family(
                        f"{place}PaddedInFront{tokens}{many}{seen}", "behaviour",
                        f"There is padding in front of {where}: {what}, {up_to}, {by}.", _CAUSE, _FIX,
                        _in_front(padded, cut, made, count, hidden), tuple(starts),
                    )  # fmt: skip
                if tokens == "Zeros" and many != "By" and not place:
                    yield Family(
                        f"PaddedInFrontCutBehind{many}", "behaviour",
                        f"There is padding in front of the layer's input: zero tokens, {up_to}; and as many outputs are cut off at the end instead of the start.",
                        _CAUSE, "Cut off the outputs of the padding.",
                        _in_front(padded, cut, made, count, (), from_start=True), tuple(starts),
                    )  # fmt: skip
                if many.startswith("To"):
                    yield Family(
                        f"{place}PaddedBehind{tokens}{many}", "behaviour",
                        f"There is padding behind {where}: {what}, {up_to}, which every token sees in the forward attention.", _CAUSE, _FIX,
                        _behind(padded, cut, made, count, "visible"), tuple(starts),
                    )  # fmt: skip
                    yield Family(
                        f"{place}PaddedBehind{tokens}{many}Feedback", "behaviour",
                        f"There is padding behind {where}: {what}, {up_to}, which take part in the feedback softmax of every token.", _CAUSE, _FIX,
                        _behind(padded, cut, made, count, "visible_fb"), tuple(starts),
                    )  # fmt: skip


def _length(run: Run) -> int:
    """Tokens of this run, without padding."""
    return run.real("x").shape[-2] if "x" not in run.values else run.right["x"].shape[-2]


def _in_front(
    padded: tuple[str, ...], cut: tuple[str, ...], made: Callable[[Array, int], Array], count: Callable[[int, int], int],
    hidden: tuple[str, ...], from_start: bool = False,
) -> Callable[[Amount], Changes]:  # fmt: skip
    def changes(amount: Amount) -> Changes:
        number = _number(count, amount)
        changes: dict[str, Change] = {
            name: lambda run, z: np.concatenate([made(z, number(run)), z], axis=-2) for name in padded
        }
        if from_start:
            changes |= {name: lambda run, z: z[..., : _length(run), :] for name in cut}
        else:
            changes |= {name: lambda run, z: z[..., number(run) :, :] for name in cut}
        changes |= {
            name: lambda run, seen: seen & ~_is_padding(run.values["columns"], run.start, number(run))
            for name in hidden
        }
        return changes | _tokens(number)

    return changes


def _behind(
    padded: tuple[str, ...], cut: tuple[str, ...], made: Callable[[Array, int], Array], count: Callable[[int, int], int],
    seen: str,
) -> Callable[[Amount], Changes]:  # fmt: skip
    def changes(amount: Amount) -> Changes:
        number = _number(count, amount)
        changes: dict[str, Change] = {
            name: lambda run, z: np.concatenate([z, made(z, number(run))], axis=-2) for name in padded
        }
        changes |= {name: lambda run, z: z[..., : _length(run), :] for name in cut}
        changes[seen] = lambda run, mask: mask | (run.values["columns"] >= run.start + _length(run))
        if seen == "visible_fb":  # the triangular solve does not read them
            changes["B"] = lambda run, B: B * (run.values["columns"] < run.values["rows"])
        return changes | _tokens(number)

    return changes


def _number(count: Callable[[int, int], int], amount: Amount) -> Callable[[Run], int]:
    return lambda run: count(_length(run), int(amount(run)))


def _is_padding(columns: Array, start: int, number: Number) -> Array:
    return (columns >= start) & (columns < start + number)


def _tokens(number: Callable[[Run], int]) -> dict[str, Change]:
    """Numbers of all tokens, the padding's too."""
    return {
        "rows": lambda run, rows: np.arange(run.start, run.start + len(rows) + number(run))[:, None],
        "columns": lambda run, columns: np.arange(len(columns) + number(run)),
    }
