"""Variations of decoding: slots of a buffer that nothing was written to take part in a softmax, as zeros."""

from collections.abc import Callable, Iterator

from sessa_ref.faults.variations.graph import Change, Run, softmax
from sessa_ref.faults.variations.variation import Variation, only_decoding
from sessa_ref.notation import Array

_MULTIPLES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)


def variations() -> Iterator[Variation]:
    """Buffers of many sizes, for either attention, in steps alone and in the prefill too."""
    for word, phrase, kinds in (
        ("Forward", "the forward softmax", ("",)),
        ("Feedback", "the feedback softmax", ("_fb",)),
        ("Both", "both softmaxes", ("", "_fb")),
    ):
        for label, size, capacity in _capacities():
            changes = {f"alpha{kind}": _with_slots(kind, capacity) for kind in kinds}
            for suffix, where, limited in (
                ("", "In decoding steps", only_decoding(changes)),
                ("AndPrefill", "In the prefill and in decoding steps", changes),
            ):
                yield Variation(
                    f"Decode{word}{label}{suffix}", "decode",
                    f"{where} {phrase} also {'count' if word == 'Both' else 'counts'} unwritten zero slots of a buffer, whose size is {size}.",
                    "A mask that shows the whole buffer.", "Show only the slots that were written.", limited,
                )  # fmt: skip


def _capacities() -> Iterator[tuple[str, str, Callable[[Run, int], int]]]:
    yield "SlotsOfAll", "the number of tokens that the cache was made for", lambda run, n: run.capacity
    for m in _MULTIPLES:
        yield (
            f"SlotsOf{m}",
            f"the number of tokens, rounded up to a multiple of {m}",
            lambda run, n, m=m: -(-n // m) * m,
        )
        yield (
            f"SlotsAbove{m}",
            f"the next multiple of {m} above the number of tokens",
            lambda run, n, m=m: (n // m + 1) * m,
        )
        yield f"SlotsFrom{m}", f"a power of two, {m} at least", lambda run, n, m=m: max(m, 1 << (n - 1).bit_length())
    for more in (1, 2, 3):
        tokens = f"{more} more than the number of tokens"
        yield f"SlotsMore{more}", tokens, lambda run, n, more=more: n + more


def _with_slots(kind: str, capacity: Callable[[Run, int], int]) -> Change:
    def change(run: Run, alpha: Array) -> Array:
        tokens = alpha.shape[-1]
        empty = max(capacity(run, tokens) - tokens, 0) if tokens and alpha.shape[-2] else 0
        return softmax(run.values[f"logits{kind}"], run.values[f"visible{kind}"], beside=empty) if empty else alpha

    return change
