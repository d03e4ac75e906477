import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.tasks import MarkedRecall

tasks = st.builds(MarkedRecall, lag=st.integers(1, 30), symbols=st.integers(2, 9), starts=st.integers(1, 7))


@given(task=tasks, count=st.integers(0, 20), seed=st.integers(0, 2**32))
def test_the_only_marked_token_is_the_answer_and_the_query_stands_lag_tokens_later(task, count, seed):
    recall = task.sample(count, seed)
    assert recall.tokens.shape == (count, task.length) == (count, task.lag + task.starts)
    marked = (recall.tokens >= task.symbols) & (recall.tokens < task.query)
    assert np.array_equal(marked.sum(axis=1), np.ones(count))
    rows = np.arange(count)
    assert np.array_equal(recall.tokens[rows, recall.marks] - task.symbols, recall.answers)
    assert np.array_equal(recall.queries, recall.marks + task.lag)
    asked = recall.tokens == task.query
    assert np.array_equal(asked.sum(axis=1), np.ones(count))
    assert asked[rows, recall.queries].all()
    assert np.all(recall.marks < task.starts)
    assert np.all((recall.tokens >= 0) & (recall.tokens < task.vocabulary))


def test_equal_seeds_give_equal_sequences_and_others_do_not():
    task = MarkedRecall(lag=20)
    first = task.sample(5, [1, 2])
    assert np.array_equal(first.tokens, task.sample(5, [1, 2]).tokens)
    assert not np.array_equal(first.tokens, task.sample(5, [1, 3]).tokens)


def test_answers_and_marks_are_uniform_and_the_window_before_the_query_tells_nothing():
    """Every frequency lies within five standard errors of its probability: that fails by chance once in a million."""
    task = MarkedRecall(lag=6, symbols=4, starts=3)
    count = 20_000
    recall = task.sample(count, 0)

    def uniform(values, size):
        shares = np.bincount(values, minlength=size) / count
        return np.all(np.abs(shares - 1 / size) <= 5 * np.sqrt((1 - 1 / size) / size / count))

    assert uniform(recall.answers, task.symbols)
    assert uniform(recall.marks, task.starts)
    before = recall.tokens[np.arange(count), recall.queries - 1]
    assert uniform(before * task.symbols + recall.answers, task.symbols**2)
    assert not uniform(recall.answers * task.symbols + recall.answers, task.symbols**2)
    assert task.chance == 0.25
    assert task.ceiling == 1


def test_who_counts_all_tokens_reaches_the_ceiling():
    task = MarkedRecall(lag=9, symbols=5)
    recall = task.sample(50, 3)
    counts = np.array([np.bincount(row, minlength=task.vocabulary) for row in recall.tokens])
    assert np.array_equal(counts[:, task.symbols : task.query].argmax(axis=1), recall.answers)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lag": 0}, "lag must be at least 1, got 0"),
        ({"lag": 4, "symbols": 1}, "symbols must be at least 2, got 1"),
        ({"lag": 4, "starts": 0}, "starts must be at least 1, got 0"),
    ],
)
def test_bad_fields(fields, message):
    with pytest.raises(ValueError, match=message):
        MarkedRecall(**fields)


def test_a_negative_count():
    with pytest.raises(ValueError, match="count must not be negative, got -1"):
        MarkedRecall(lag=4).sample(-1, 0)
