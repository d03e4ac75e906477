"""Blocks of letters in a style: how they are drawn, and how likely letters that were seen are in every style, exactly."""

import numpy as np
from jaxtyping import Float64, Int64

from sessa_ref.notation import Array
from sessa_ref.tasks.symbol_soup.styles import (
    FLIP_SHARE,
    LAST_LETTERS,
    LETTERS,
    MOTIF_LENGTHS,
    MOTIF_SHARE,
    MOTIFS,
    START,
    STYLES,
    fitting,
)

_AFTER = np.stack([style.letters for style in STYLES])
_WEIGHTS = np.stack([style.motifs for style in STYLES])
_SHORTEST = MOTIF_LENGTHS[0]


def draw_blocks(
    rng: np.random.Generator, styles: Int64[Array, " blocks"], lengths: Int64[Array, " blocks"]
) -> Int64[Array, "blocks longest"]:
    """A block of letters 0 .. 15 for each style and length; behind its end a row is 0."""
    runs = np.array([range(start, start + 5) for start, _ in MOTIFS])
    sizes = np.array([size for _, size in MOTIFS])
    fits = np.array([fitting(left) for left in range(max(MOTIF_LENGTHS) + 1)])
    longest = int(lengths.max(initial=0))
    letters = np.zeros((len(styles), longest + 5), dtype=np.int64)  # room for a motif to be written whole
    done = np.zeros(len(styles), dtype=np.int64)
    before = np.full(len(styles), START)
    while (rows := np.nonzero(done < lengths)[0]).size:
        left = lengths[rows] - done[rows]
        motif = (left >= _SHORTEST) & (rng.random(len(rows)) < MOTIF_SHARE)

        one = rows[~motif]
        letter = _draw(rng, _AFTER[styles[one], before[one]])
        letters[one, done[one]] = letter
        before[one] = letter
        done[one] += 1

        some = rows[motif]
        known = np.arange(len(MOTIFS)) < fits[np.minimum(left[motif], len(fits) - 1)][:, None]
        chosen = _draw(rng, _WEIGHTS[styles[some]] * known)
        letters[some[:, None], done[some][:, None] + np.arange(5)] = runs[chosen]
        before[some] = LAST_LETTERS[chosen]
        done[some] += sizes[chosen]
    letters = letters[:, :longest]
    letters[np.arange(longest) >= lengths[:, None]] = 0
    flipped = (rng.random(letters.shape) < FLIP_SHARE) & (np.arange(longest) < lengths[:, None])
    return np.where(flipped, (letters + rng.integers(1, LETTERS, size=letters.shape)) % LETTERS, letters)


def _draw(rng: np.random.Generator, weights: Float64[Array, "rows choices"]) -> Int64[Array, " rows"]:
    """One index for each row, in proportion to the weights."""
    sums = weights.cumsum(axis=1)
    return (sums <= rng.random(len(sums))[:, None] * sums[:, -1:]).sum(axis=1)


def log_likelihoods(
    letters: Int64[Array, "blocks longest"], lengths: Int64[Array, " blocks"]
) -> Float64[Array, "blocks 9"]:
    """The logarithm of the probability of each block in each style, all ways to make it taken together.

    By dynamic programming, from the end of a block to its beginning. Let V_r(c) be the probability of the last r
    letters that are seen, given that the letter made right before them was c. If r letters are missing, the next thing
    made is a letter d with probability m_r p(d | c), or a motif with probability (1 - m_r) w / (the sum of the w that
    fit); m_r is 0.7 where a motif fits, else 1. What is made is seen with probability 0.97 and as each other letter
    with 0.002. So

        V_r(c) = m_r sum_d p(d | c) e(d) V_{r-1}(d) + (1 - m_r) sum over motifs w / W e(its letters) V_{r - length}(its
        last letter).
    """
    order = np.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    longest = int(lengths.max(initial=0))
    # Blocks stand flush right, so that the r-th letter from the end is in one column.
    columns = np.arange(longest) - longest + lengths[:, None]
    seen = np.where(columns >= 0, np.take_along_axis(letters[order], np.maximum(columns, 0), axis=1), 0)
    as_seen = np.full((LETTERS, LETTERS), FLIP_SHARE / (LETTERS - 1))
    np.fill_diagonal(as_seen, 1 - FLIP_SHARE)

    found = np.zeros((len(lengths), len(STYLES)))
    scale = np.zeros((len(lengths), len(STYLES)))  # the logarithm of what V has been divided by
    values = [np.ones((len(lengths), len(STYLES), LETTERS + 1))]  # V_r, V_{r-1}, ... as far back as motifs reach
    for r in range(1, longest + 1):
        alive = int(np.searchsorted(-lengths, -r, side="right"))
        values = [v[:alive] for v in values]
        scale, tail = scale[:alive], seen[:alive, longest - r :]
        emitted = as_seen[tail[:, :5]]  # by block, place and made letter
        letter = emitted[:, 0, None, :] * values[0][:, :, :LETTERS]
        new = np.matmul(letter.transpose(1, 0, 2), _AFTER.transpose(0, 2, 1)).transpose(1, 0, 2)
        if r >= _SHORTEST:
            new = (1 - MOTIF_SHARE) * new + MOTIF_SHARE * _motif_part(values, emitted, fitting(r))[:, :, None]
        size = new.max(axis=2, keepdims=True)
        values = [v / size for v in [new, *values[: MOTIF_LENGTHS[-1] - 1]]]
        scale = scale + np.log(size[:, :, 0])
        ends = lengths[:alive] == r
        found[:alive][ends] = scale[ends] + np.log(values[0][ends, :, START])
    result = np.empty_like(found)
    result[order] = found
    return result


def _motif_part(
    values: list[Float64[Array, "blocks 9 17"]], emitted: Float64[Array, "blocks places 16"], fit: int
) -> Float64[Array, "blocks 9"]:
    """The sum over the first `fit` motifs."""
    weights = _WEIGHTS[:, :fit] / _WEIGHTS[:, :fit].sum(axis=1, keepdims=True)
    part = np.zeros(values[0].shape[:2])
    for size in MOTIF_LENGTHS:
        here = [m for m, (_, length) in enumerate(MOTIFS[:fit]) if length == size]
        if not here:
            continue
        starts = LETTERS - size + 1
        seen = np.prod([emitted[:, k, k : k + starts] for k in range(size)], axis=0)
        part += (seen[:, None] * values[size - 1][:, :, size - 1 : LETTERS] * weights[:, here]).sum(axis=2)
    return part
