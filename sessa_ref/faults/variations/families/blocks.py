"""Families of a softmax that goes over the keys block by block, or over keys that are padded."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.families.numbers import COUNTS
from sessa_ref.faults.variations.graph import Change
from sessa_ref.faults.variations.structures.exponentials import ATTENTIONS
from sessa_ref.faults.variations.variation import Amount, Family
from sessa_ref.notation import Array


def families() -> Iterator[Family]:
    """Families of this part."""
    for word, (area, phrase, names) in ATTENTIONS.items():
        for label, words, function in RULES:

            def changes(amount: Amount, names=names, function=function) -> dict[str, Change]:
                return {alpha: _weights(logits, visible, function, amount) for alpha, logits, visible in names}

            yield Family(
                f"{word}Softmax{label}", area, f"{phrase[0].upper()}{phrase[1:]} {words}.",
                "A softmax in blocks, or over padded keys.",
                "Rescale what was summed when the maximum grows, and mask padding.", changes,
                tuple(float(n) for n in COUNTS) if label == "PaddedTo" else COUNTS,
            )  # fmt: skip


def _weights(logits: str, visible: str, function: Callable[..., Array], amount: Amount) -> Change:
    return lambda run, alpha: function(run.values[logits], run.values[visible], amount(run))


def _running(logits: Array, visible: Array, size: int) -> tuple[Array, Array, Array]:
    """Hidden logits, the largest one up to the end of each one's block, and the largest of the row."""
    hidden = np.where(visible, logits, -np.inf)
    T = hidden.shape[-1]
    highest = np.maximum.accumulate(hidden, axis=-1)
    ends = np.minimum((np.arange(T) // size + 1) * size, T) - 1
    highest = np.where(np.isfinite(highest), highest, 0)
    return hidden, highest[..., ends], highest[..., -1:]


def _over(numerators: Array, denominators: Array, seen: Array) -> Array:
    total = np.sum(denominators, axis=-1, keepdims=True)
    return numerators / np.where(seen.any(axis=-1, keepdims=True), total, 1)


def _not_rescaled(z: Array, seen: Array, size: int) -> Array:
    hidden, running, _ = _running(z, seen, size)
    weights = np.exp(hidden - running)
    return _over(weights, weights, seen)


def _only_denominator(z: Array, seen: Array, size: int) -> Array:
    hidden, running, highest = _running(z, seen, size)
    return _over(np.exp(hidden - running), np.exp(hidden - highest), seen)


def _only_numerator(z: Array, seen: Array, size: int) -> Array:
    hidden, running, highest = _running(z, seen, size)
    return _over(np.exp(hidden - highest), np.exp(hidden - running), seen)


def _inversely(z: Array, seen: Array, size: int) -> Array:
    hidden, running, highest = _running(z, seen, size)
    weights = np.exp(hidden - running + (highest - running))
    return _over(weights, weights, seen)


def _by_block(z: Array, seen: Array, size: int) -> tuple[Array, Array]:
    """Each block's own softmax, and how many blocks a row sees."""
    T = z.shape[-1]
    weights, count = np.zeros(np.broadcast_shapes(z.shape, seen.shape), dtype=z.dtype), np.zeros((*seen.shape[:-1], 1))
    for start in range(0, T, size):
        block = slice(start, start + size)
        weights[..., block] = graph.softmax(z[..., block], seen[..., block])
        count = count + seen[..., block].any(axis=-1, keepdims=True)
    return weights, np.maximum(count, 1)


def _blocks_added(z: Array, seen: Array, size: int) -> Array:
    return _by_block(z, seen, size)[0]


def _blocks_averaged(z: Array, seen: Array, size: int) -> Array:
    weights, count = _by_block(z, seen, size)
    return weights / count


def _repeated(z: Array, seen: Array, size: int) -> Array:
    keys = np.arange(z.shape[-1])
    weights = graph.softmax(z, seen) * np.where((keys % size == 0) & (keys > 0), 2, 1)
    return _over(weights, weights, seen)


RULES: tuple[tuple[str, str, Callable[..., Array]], ...] = (
    ("NotRescaled", "runs over blocks of {number} keys, and what was summed is not rescaled when the running maximum grows", _not_rescaled),
    ("NumeratorNotRescaled", "runs over blocks of {number} keys, and only the denominator is rescaled when the running maximum grows", _only_denominator),
    ("DenominatorNotRescaled", "runs over blocks of {number} keys, and the denominator is not rescaled when the running maximum grows", _only_numerator),
    ("RescaledInversely", "runs over blocks of {number} keys, and is rescaled by the inverse factor when the running maximum grows", _inversely),
    ("BlocksAdded", "is taken in each block of {number} keys by itself, and the results are added", _blocks_added),
    ("BlocksAveraged", "is taken in each block of {number} keys by itself, and the results are averaged", _blocks_averaged),
    ("TileStartsTwice", "counts the first key of each block of {number} after the first block twice", lambda z, seen, size: _repeated(z, seen, size)),
    ("Padded", "counts zero keys and values that pad the tokens to a multiple of {number}", lambda z, seen, size: graph.softmax(z, seen, beside=-z.shape[-1] % size)),
    ("PaddedTo", "counts zero keys and values that pad the tokens to {number}", lambda z, seen, size: graph.softmax(z, seen, beside=max(size - z.shape[-1], 0))),
)  # fmt: skip
"""Weights from logits, from what is visible and from a number, in words."""
