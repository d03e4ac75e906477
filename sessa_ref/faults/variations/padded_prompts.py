"""Variations of decoding: the prompt is padded behind, and what the padding left stays in the cache."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.caches import ENTRIES
from sessa_ref.faults.variations.graph import Change, Changes, Run
from sessa_ref.faults.variations.variation import Variation, one, only_decoding, together
from sessa_ref.notation import Array

_CAUSE = "A prompt is padded to a size that some kernel wants, and the cache keeps its padding."
_FIX = "Cut the cache to the tokens of the prompt."

Size = Callable[[Run], int]
"""Tokens of the prompt with padding; the run knows the prompt's own number and the cache's."""

_TOKENS: tuple[tuple[str, str, Callable[[Array, int], Array]], ...] = (
    ("Zeros", "zero tokens", lambda x, n: np.zeros((*x.shape[:-2], n, x.shape[-1]), dtype=x.dtype)),
    ("LastToken", "copies of its last token", lambda x, n: np.repeat(x[..., -1:, :], n, axis=-2)),
)

_SEEN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "both attentions read", ()),
    ("Attention", "the forward attention alone reads", ("visible_fb",)),
    ("Feedback", "the feedback alone reads", ("visible",)),
)
"""Which attention reads the padding, and which masks hide it."""


def variations() -> Iterator[Variation]:
    """Paddings of several sizes, by zeros and by the last token, and who reads them from which positions on."""
    for label, up_to, size in _sizes():
        uncounted = only_decoding(one("positions", _without(size)))
        for tokens, what, made in _TOKENS:
            entries: Changes = {f"past {name}": _with_padding(name, made, size) for name in ENTRIES}
            start = f"The prompt is padded by {what} up to {up_to}, and stays so in the cache"
            for seen, who, hidden in _SEEN:
                hiding = only_decoding({mask: _hiding(size) for mask in hidden})
                text = f"{start}: steps go on behind the padding, which {who}"
                name = f"PromptPadded{tokens}{label}{seen}"
                changes = together(entries, hiding)
                yield _variation(name, f"{text}; positions are counted from the cache.", changes)
                yield _variation(
                    f"{name}Counted", f"{text}; positions are counted apart.", together(changes, uncounted)
                )
            overwritten = only_decoding(dict.fromkeys(("visible", "visible_fb"), _hiding(size, overwritten=True)))
            yield _variation(
                f"PromptPadded{tokens}{label}Overwritten",
                f"{start}: every step overwrites one token of the padding, and both attentions read the rest.",
                together(entries, overwritten, uncounted),
            )
        yield _variation(
            f"PromptPadded{label}Positions",
            f"The positions of decoded tokens go on from the prompt's length rounded up to {up_to}.",
            only_decoding(one("positions", lambda run, p, size=size: p + _padding(run, size))),
        )


def _variation(name: str, text: str, changes: Changes) -> Variation:
    return Variation(name, "decode", text, _CAUSE, _FIX, changes)


def _sizes() -> Iterator[tuple[str, str, Size]]:
    yield "ToCapacity", "the number of tokens that the cache was made for", lambda run: run.capacity
    for m in (2, 4, 8, 16, 32, 64, 128, 256):
        yield f"ToMultipleOf{m}", f"a multiple of {m}", lambda run, m=m: -(-run.prompt // m) * m
    for m in (1, 8, 16, 32, 64):
        words = f"a power of two, {m} at least" if m > 1 else "a power of two"
        yield f"ToPowerFrom{m}", words, lambda run, m=m: max(m, 1 << (run.prompt - 1).bit_length())


def _padding(run: Run, size: Size) -> int:
    return max(size(run) - run.prompt, 0) if run.prompt else 0


def _without(size: Size) -> Change:
    return lambda run, positions: positions - _padding(run, size)


def _with_padding(name: str, made: Callable[[Array, int], Array], size: Size) -> Change:
    """What the cache holds of the prompt, and behind it of the padding, in the first step."""

    def change(run: Run, kept: Array) -> Array:
        number = _padding(run, size)
        if not number or kept.shape[-2] != run.prompt:
            return kept
        if "padding" not in run.values:  # the same for all entries
            tokens = made(run.past["of prompt"]["x"], number)
            run.values["padding"] = graph.advance(run.parameters, tokens, {}, run.past, formulas=run.formulas).cache()
        return run.values["padding"][name]

    return change


def _hiding(size: Size, overwritten: bool = False) -> Change:
    """The padding is not read, or not as much of it as was overwritten."""

    def change(run: Run, visible: Array) -> Array:
        number, columns = _padding(run, size), run.values["columns"]
        hidden = run.start - run.prompt - number + 1 if overwritten else number
        return visible & ~((columns >= run.prompt) & (columns < run.prompt + min(hidden, number)))

    return change
