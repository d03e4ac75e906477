"""What holds for all tasks that can be solved exactly."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref.tasks import (
    MQAR,
    NEEDLES,
    DiffuseMQAR,
    MarkedRecall,
    Needles,
    Parity,
    Permutations,
    SelectiveCopying,
    Task,
    VariableTracking,
)
from sessa_ref.tasks.mqar import _from_counts
from tests.tasks.chi_square import FALSE_ALARM, chi_square
from tests.tasks.solvers import solve

noise = st.fixed_dictionaries({"haystack": st.integers(0, 9), "noise": st.sampled_from(["random", "repeated"])})
tasks = st.one_of(
    st.builds(MarkedRecall, lag=st.integers(1, 30), symbols=st.integers(2, 9), starts=st.integers(1, 7)),
    st.builds(MQAR, vocabulary=st.integers(12, 40), length=st.integers(10, 16).map(lambda n: 2 * n),
              pairs=st.integers(1, 5), random_fillers=st.booleans(), power=st.sampled_from([0.01, 1.0])),
    st.builds(lambda pairs, more, symbols: DiffuseMQAR(pairs=pairs, lag=4 * (pairs + more), symbols=symbols, classes=5),
              st.integers(1, 6), st.integers(0, 20), st.integers(3, 6)),
    st.builds(lambda keys, queries, values, noise: Needles(keys=keys, queries=min(keys, queries), values=values, **noise),
              st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), noise),
    st.builds(lambda chains, hops, noise: VariableTracking(chains=chains, hops=hops, **noise),
              st.integers(1, 4), st.integers(0, 4), noise),
    st.builds(SelectiveCopying, memory=st.integers(6, 20), copied=st.integers(1, 6), symbols=st.integers(2, 5)),
    st.builds(Parity, length=st.integers(1, 20)),
    st.builds(Permutations, objects=st.integers(2, 6), length=st.integers(1, 20)),
    st.sampled_from(list(NEEDLES.values())),
)  # fmt: skip


@settings(max_examples=100)
@given(task=tasks, count=st.integers(0, 6), seed=st.integers(0, 2**32))
def test_every_answer_follows_from_the_tokens_up_to_its_position(task, count, seed):
    sample = task.sample(count, seed)
    assert sample.tokens.shape == (count, task.length)
    assert np.all((sample.tokens >= 0) & (sample.tokens < task.vocabulary))
    assert np.all(np.diff(sample.positions, axis=1) > 0)
    for tokens, positions, answers in zip(sample.tokens.tolist(), sample.positions, sample.answers, strict=True):
        for position, answer in zip(positions, answers, strict=True):
            assert solve(task, tokens[: position + 1]) == answer < task.classes
    assert task.ceiling == 1
    again = task.sample(count, seed)
    assert np.array_equal(sample.tokens, again.tokens)
    assert np.array_equal(sample.answers, again.answers)


SMALL: list[Task] = [
    MarkedRecall(lag=2, symbols=3, starts=2),
    MQAR(vocabulary=6, length=10, pairs=2),
    MQAR(vocabulary=6, length=10, pairs=2, random_fillers=False),
    DiffuseMQAR(lag=12, pairs=2, symbols=2, classes=2),
    Needles(keys=2, values=2, haystack=1, noise_symbols=1, key_symbols=2, classes=4),
    Needles(keys=3, queries=2, haystack=2, noise_symbols=1, key_symbols=3, classes=3, noise="repeated"),
    VariableTracking(chains=2, hops=1, haystack=1, noise_symbols=1, names=4, classes=3),
    SelectiveCopying(memory=5, copied=3, symbols=2),
    Parity(length=5),
    Permutations(objects=3, length=6),
]


@pytest.mark.parametrize("task", SMALL, ids=repr)
def test_chance_and_what_counts_can_tell(task):
    """Who learns the best answer to each view from one half of the sequences reaches at most the optimum on the other half,
    and at least the optimum on its own, on average. Five standard errors more fail by chance less than once in a million.
    """
    count = 5000
    sample = task.sample(2 * count, 0)
    learned, other = np.zeros((2, 2))  # chance and counts each, on the half that was learned from and on the other
    for number, positions in enumerate(sample.positions.T):
        seen = np.where(np.arange(task.length) <= positions[:, None], sample.tokens, task.vocabulary)
        counts = (seen[:, :, None] == np.arange(task.vocabulary)).sum(axis=1)
        last = sample.tokens[np.arange(2 * count), positions]
        for kind, view in enumerate((positions[:, None], np.column_stack([positions, counts, last]))):
            views = np.unique(view, axis=0, return_inverse=True)[1].ravel()
            table = np.zeros((views.max() + 1, task.classes))
            np.add.at(table, (views[:count], sample.answers[:count, number]), 1)
            right = table.argmax(axis=1)[views] == sample.answers[:, number]
            learned[kind] += right[:count].mean() / sample.answers.shape[1]
            other[kind] += right[count:].mean() / sample.answers.shape[1]

    counted, error = task.from_counts, 0.0
    if isinstance(task, MQAR) and task.random_fillers:
        counted, error = _from_counts(task, 1000)
    margin = 5 * (0.5 / np.sqrt(count) + error)
    for found, optimum in zip((other, learned), ((task.chance, counted),) * 2, strict=True):
        # No bound, but teeth: a table of many views learns some chance. It is 0.052 for the counts of MQAR, else below 0.04.
        assert np.all(np.abs(found - optimum) < 0.06)
    assert np.all(other - margin <= [task.chance, counted])
    assert np.all([task.chance, counted] <= learned + margin)


@pytest.mark.parametrize("task", [task for task in SMALL if not isinstance(task, Permutations)], ids=repr)
def test_answers_are_uniform(task):
    answers = task.sample(3000, 1).answers
    for column in answers.T:
        assert (
            chi_square(np.bincount(column, minlength=task.classes), np.full(task.classes, 1 / task.classes))
            > FALSE_ALARM
        )


def test_the_distances_of_mqar():
    """Two of four places, drawn one after the other with weights 1, 2^-0.5, 3^-0.5, 4^-0.5, and the first pair gets the first."""
    task = MQAR(vocabulary=40, length=12, pairs=2, random_fillers=False, power=0.5)
    sample = task.sample(20_000, 0)
    first = sample.tokens[:, 0][:, None] == sample.tokens[:, 4::2]
    second = sample.tokens[:, 2][:, None] == sample.tokens[:, 4::2]
    found = np.bincount(first.argmax(axis=1) * 4 + second.argmax(axis=1), minlength=16)
    weights = np.arange(1, 5) ** -0.5
    p = weights / weights.sum()
    pairs = np.array([[0 if g == h else p[g] * p[h] / (1 - p[g]) for h in range(4)] for g in range(4)])
    assert chi_square(found, pairs.ravel()) > FALSE_ALARM
    assert chi_square(found, np.full(16, 1 / 16)) < FALSE_ALARM


def test_needles_stand_anywhere():
    task = Needles(keys=2, haystack=4)
    starts = np.sort(np.argsort(task.sample(15_000, 0).tokens != task.mark, axis=1, kind="stable")[:, :2], axis=1)
    places = np.stack([starts[:, 0], starts[:, 1] - 2], axis=1)  # among six items
    codes = np.bincount(places[:, 0] * 6 + places[:, 1], minlength=36)
    wanted = np.triu(np.ones((6, 6)), 1).ravel() / 15
    assert chi_square(codes, wanted) > FALSE_ALARM


def test_distractors_begin_like_a_key_and_are_none():
    task = DiffuseMQAR(lag=400, pairs=4, symbols=8, classes=16)
    entries = task.sample(20, 0).tokens.reshape(20, -1, 4)[:, :, :3]
    shared = Counter()
    for row in entries:
        keys = row[:4].tolist()
        for distractor in row[4:100].tolist():
            assert distractor not in keys
            shared[max(next(n for n in range(3) if key[n] != distractor[n]) for key in keys)] += 1
    assert set(shared) == {1, 2}
    assert min(shared.values()) > 600


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MarkedRecall(lag=0), "lag must be at least 1, got 0"),
        (lambda: MarkedRecall(lag=4, symbols=1), "symbols must be at least 2, got 1"),
        (lambda: MQAR(length=15), "length must be even and at least 4 pairs, 16, got 15"),
        (lambda: MQAR(vocabulary=8), "vocabulary must be at least 2 \\(pairs \\+ 1\\), 10, got 8"),
        (lambda: MQAR(power=0.0), "power must be positive and finite, got 0.0"),
        (lambda: DiffuseMQAR(lag=30), "lag must be a multiple of 4 and at least 4 pairs, 32, got 30"),
        (lambda: DiffuseMQAR(symbols=2), "pairs must be at most symbols \\(symbols - 1\\), 2, got 8"),
        (lambda: Needles(queries=2), "queries must be at most keys, 1, got 2"),
        (lambda: Needles(noise="text"), "noise must be one of random, repeated, got 'text'"),
        (lambda: Needles(keys=65), "key_symbols must be at least 65, got 64"),
        (lambda: VariableTracking(names=19), "names must be at least 20, got 19"),
        (lambda: SelectiveCopying(memory=7), "copied must be at most memory, 7, got 8"),
        (lambda: Permutations(objects=7), "objects must be at most 6, got 7"),
        (lambda: Parity().sample(-1, 0), "count must be at least 0, got -1"),
        (lambda: Parity().sample(1, -1), "seed must be a whole number, at least 0, or a list of them, got -1"),
    ],
)  # fmt: skip
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
