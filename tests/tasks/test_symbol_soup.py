from math import log
from types import SimpleNamespace

import numpy as np
import pytest

from sessa_ref.tasks import SymbolSoup
from sessa_ref.tasks.symbol_soup import measure, posterior
from sessa_ref.tasks.symbol_soup.bags import _pairs as pairs_of_neighbours
from sessa_ref.tasks.symbol_soup.blocks import draw_blocks, log_likelihoods
from sessa_ref.tasks.symbol_soup.styles import LETTERS, MOTIFS, STYLES
from sessa_ref.tasks.symbol_soup.text import BOS, LABEL, NAMES, PADDING, SEP, SEP1, SEP2, split
from tests.rounding import near, roundings
from tests.tasks.chi_square import FALSE_ALARM, chi_square


def all_blocks(n: int) -> np.ndarray:
    return np.arange(LETTERS**n)[:, None] // LETTERS ** np.arange(n)[::-1] % LETTERS


def every(n: int) -> np.ndarray:
    """The probability of every block of n letters in every style."""
    return np.exp(log_likelihoods(all_blocks(n), np.full(LETTERS**n, n)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_probabilities_of_all_blocks_sum_to_one(n):
    # 16^n positive terms; each is exp of a logarithm, whose error becomes relative, of some 20 operations for a letter
    assert every(n).sum(axis=0) == near(np.ones(9), LETTERS**n + 64 * n)


def forward(style, block: list[int]) -> float:
    """The probability of a block, letter by letter from the left: an algorithm of its own, for what has been made so far."""

    def seen_as(made: int, seen: int) -> float:
        return 0.97 if made == seen else 0.03 / 15

    after = style.letters[:-1]
    n = len(block)
    made = [{None: 1.0}, *({} for _ in range(n))]  # by number of letters: the last one's probability
    for i in range(n):
        fits = [(w, start, size) for w, (start, size) in zip(style.motifs, MOTIFS, strict=True) if size <= n - i]
        motif = 0.3 if fits else 0.0
        total = sum(w for w, _, _ in fits)
        for last, p in made[i].items():
            row = style.letters[-1] if last is None else after[last]
            for c in range(16):
                made[i + 1][c] = made[i + 1].get(c, 0) + p * (1 - motif) * row[c] * seen_as(c, block[i])
            for w, start, size in fits:
                q = p * motif * w / total
                for k in range(size):
                    q *= seen_as(start + k, block[i + k])
                end = start + size - 1
                made[i + size][end] = made[i + size].get(end, 0) + q
    return sum(made[n].values())


def test_likelihoods_of_blocks_of_all_lengths_against_a_forward_algorithm():
    """Some 20 positive numbers are added and multiplied for each letter in either way, and none cancels.

    A logarithm of about 3 for a letter adds a few roundings of its own.
    """
    lengths = np.array([3, 1, 17, 6, 2, 40, 5, 4])
    blocks = draw_blocks(np.random.default_rng(0), np.arange(8), lengths)
    found = log_likelihoods(blocks, lengths)
    for block, length, logs in zip(blocks.tolist(), lengths, found, strict=True):
        for style, value in zip(STYLES, logs, strict=True):
            assert value == pytest.approx(log(forward(style, block[:length])), rel=0, abs=roundings(64 * length))


def test_motifs_weigh_what_their_letters_do():
    """A block's first letter is one of four primary letters with weight 3, of four secondary ones with 2, else 1."""
    for style in STYLES:
        weights = np.rint(style.letters[-1] * 28)
        assert style.letters[-1] * 28 == near(weights, 2)
        extra = np.select([weights == 3, weights == 2], [0.9, 0.5])
        assert style.motifs == near([1 + extra[start : start + size].sum() for start, size in MOTIFS], 2 * 6)


def test_first_and_second_letters_of_pairs_are_as_frequent():
    """They are the same letters of blocks of 500, but for the ends."""
    frequencies = pairs_of_neighbours()
    assert np.abs(frequencies.sum(axis=1) - frequencies.sum(axis=2)).max() <= 1 / 499


@pytest.mark.parametrize("style", [1, 6])
def test_blocks_are_drawn_with_their_probabilities(style):
    """Blocks of five letters with a motif in them, each a cell, and all others together."""
    starts = [(list(range(start, start + size)), 5 - size) for start, size in MOTIFS]
    likeliest = STYLES[style].letters.argmax(axis=1)
    cells = {
        tuple(block) for run, more in starts for block in ([*run, *[likeliest[run[-1]]] * more], [*[2] * more, *run])
    }
    blocks = np.array(sorted(cells))
    probabilities = np.exp(log_likelihoods(blocks, np.full(len(blocks), 5)))
    probabilities = np.vstack([probabilities, 1 - probabilities.sum(axis=0)])

    count = 30_000
    drawn = draw_blocks(np.random.default_rng(style), np.full(count, style), np.full(count, 5))
    places = LETTERS ** np.arange(5)
    codes = np.bincount(drawn @ places, minlength=LETTERS**5)[blocks @ places]
    observed = np.append(codes, count - codes.sum())
    assert chi_square(observed, probabilities[:, style]) > FALSE_ALARM
    assert chi_square(observed, probabilities[:, style - 1]) < FALSE_ALARM


def test_a_sequence_is_the_published_text():
    task = SymbolSoup(least=60, most=81)
    sample = task.sample(300, 0)
    assert sample.tokens.shape == (300, task.length) == (300, 81)
    lengths = set()
    for tokens, position in zip(sample.tokens, sample.positions[:, 0], strict=True):
        text = [NAMES[token] for token in tokens]
        lengths.add(position + 1)
        assert set(text[position + 1 :]) <= {""}
        blocks = "".join(text).split("\n")
        assert blocks[0::2] == ["<bos>", "<sep1>", "<sep2>", "<sep1>", "<sep2>", "<sep> <label>"]
        sizes = [len(block.split(" ")) for block in blocks[1::2]]
        letters = sum(sizes)
        assert all(len(letter) == 1 for block in blocks[1::2] for letter in block.split(" "))
        assert position + 1 == 2 * letters + 13
        assert 3 * letters // 10 <= sizes[0] + sizes[2] + sizes[4] <= 6 * letters // 10
    assert lengths == set(range(61, 82, 2))  # 24 to 34 letters


def test_labels_orders_and_lengths_are_as_likely_as_they_should_be():
    task = SymbolSoup(least=40, most=42)  # 14 letters, 4 to 8 of them noise
    sample = task.sample(6000, 0)
    assert chi_square(np.bincount(sample.answers[:, 0], minlength=20), np.full(20, 1 / 20)) > FALSE_ALARM
    lengths = split(sample.tokens)[1]
    probabilities = {}
    for noise in range(4, 9):
        for first in range(1, 14 - noise):
            for before in range(1, noise - 1):
                for between in range(1, noise - before):
                    key = (before, first, between)
                    weight = 1 / 5 / (13 - noise) / (noise - 2) / (noise - before - 1)
                    probabilities[(noise, *key)] = weight
    cells = dict.fromkeys(probabilities, 0)
    for a, b, c, _, e in lengths.tolist():
        cells[(a + c + e, a, b, c)] += 1
    assert sum(probabilities.values()) == near(1, len(probabilities) + 5)
    assert chi_square(list(cells.values()), list(probabilities.values())) > FALSE_ALARM


def test_the_posterior_is_calibrated_and_beats_counting():
    """If the posterior is exact, its largest probability minus whether it is right has mean 0; five standard errors. The mark
    of a wrong one: the same with the styles of one family exchanged.
    """
    task = SymbolSoup(least=150, most=250)
    sample = task.sample(400, 3)
    answers = sample.answers[:, 0]
    exact = posterior(sample.tokens)
    assert exact.sum(axis=1) == near(np.ones(400), 2 * 20)

    def gap(probabilities):
        best = probabilities.argmax(axis=1)
        each = probabilities.max(axis=1) - (best == answers)
        return abs(each.mean()) / (each.std() / np.sqrt(len(each)))

    assert gap(exact) < 5
    assert gap(np.roll(exact, 5, axis=1)) > 5
    at_label = np.where(np.arange(task.length) > sample.positions, PADDING, sample.tokens)
    assert np.array_equal(at_label, sample.tokens)  # nothing but padding comes later

    found = measure(task, 400, 0)
    assert found["letters"].value < found["pairs"].value < found["block pairs"].value < found["exact"].value < 1
    assert found["letters"].value > 3 * task.chance


def test_what_is_reached_is_measured_on_two_thousand_sequences(monkeypatch):
    def measured(task, count, seed):
        return {
            "exact": SimpleNamespace(value=float(count + seed)),
            "letters": SimpleNamespace(value=-float(count + seed)),
        }

    monkeypatch.setattr("sessa_ref.tasks.symbol_soup.task.measure", measured)
    assert (SymbolSoup().ceiling, SymbolSoup().from_counts) == (2000, -2000)


def test_no_sequences():
    assert SymbolSoup().sample(0, 0).tokens.shape == (0, 599)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"least": 22}, "least must be at least 23, got 22"),
        ({"least": 600, "most": 599}, "most must leave room for an odd number of tokens from least, 600, on, got 599"),
    ],
)
def test_bad_bounds(fields, message):
    with pytest.raises(ValueError, match=message):
        SymbolSoup(**fields)


def test_tokens_of_another_task():
    with pytest.raises(ValueError, match="tokens must have the marks <sep1> <sep2> <sep1> <sep2> <sep> in this order"):
        posterior(np.zeros((2, 30), dtype=np.int64))
    words = [BOS, 0, SEP1, 0, SEP2, SEP1, 0, SEP2, 0, SEP, LABEL]  # with nothing between the blocks
    with pytest.raises(ValueError, match="tokens must have at least one letter in each of the five blocks"):
        posterior(np.repeat([words], 2, axis=1))
