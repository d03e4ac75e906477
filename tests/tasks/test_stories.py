from itertools import islice, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.tasks import Stories
from sessa_ref.tasks.stories import RULES
from tests.rounding import near, roundings

# Ten stories, whose probabilities are exact in binary. "ab" begins like "a", and "01{z}" like "0{z}".
SMALL = {
    "story": {"{x}-{y}={=x}.": 1},
    "x": {"a": 1, "ab": 1},
    "y": {"0{z}": 2, "01{z}": 1, "2": 1},
    "z": {"z": 3, "!": 1},
}


def small_stories() -> dict[bytes, float]:
    ys = {"0z": 0.375, "0!": 0.125, "01z": 0.1875, "01!": 0.0625, "2": 0.25}
    return {f"{x}-{y}={x}.".encode(): 0.5 * p for x, (y, p) in product(["a", "ab"], ys.items())}


def test_a_small_grammar_by_hand():
    """Within 64 units of rounding: a dozen sums and logarithms."""
    task, stories = Stories(SMALL), small_stories()
    assert sum(stories.values()) == 1
    for text, p in stories.items():
        assert task.bits(text).sum() == near(-np.log2(p), 64)
    assert task.entropy == near(-sum(p * np.log2(p) for p in stories.values()), 64)
    assert task.mean_length == near(sum(p * len(text) for text, p in stories.items()), 64)
    # "a" may be all of x or the beginning of "ab": half of each
    assert task.predict(b"a")[1][[ord("-"), ord("b")]] == near([0.5, 0.5], 64)
    assert task.bits(b"ab-2=a.")[6] == np.inf


@given(length=st.integers(0, 300), seed=st.integers(0, 2**32))
def test_predictions_are_probabilities_and_allow_what_was_written(length, seed):
    task = Stories()
    text = task.text(length, seed)
    assert len(text) == length
    assert text == task.text(length + 50, seed)[:length]
    found = task.predict(text)
    assert np.all(found >= 0)
    assert np.abs(found.sum(axis=1) - 1).max() <= roundings(64)  # sums of a few dozen shares
    assert np.isfinite(task.bits(text)).all()


def test_the_entropy_is_the_mean_of_what_sampled_stories_cost():
    """Within five standard errors, also the length, which fails by chance less than once in a million. A grammar with other
    weights is farther off, and costs more.
    """
    task = Stories()
    text = task.text(100_000, 0)
    cost = task.bits(text)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))[:-1] + 1
    per_story = np.add.reduceat(cost, np.concatenate([[0], ends]))[:-1]
    error = per_story.std() / np.sqrt(len(ends))
    assert error < 0.5  # of the bits of a story: less than one choice costs
    assert abs(per_story.mean() - task.entropy) <= 5 * error
    lengths = np.diff(ends, prepend=0)
    assert abs(lengths.mean() - task.mean_length) <= 5 * lengths.std() / np.sqrt(len(ends))
    more = per_story - task.bits_per_byte * lengths
    assert abs(more.mean()) <= 5 * more.std() / np.sqrt(len(ends))
    wrong = Stories({**RULES, "search": {option: 1 + 8 * i for i, option in enumerate(RULES["search"])}})
    assert abs(per_story.mean() - wrong.entropy) > 5 * error
    assert wrong.bits(text[:20_000]).sum() > cost[:20_000].sum()


def test_the_prediction_is_the_conditional_frequency():
    """Of the stories that begin with Otto, the share of each colour, within five standard errors: by chance it fails once in 10,000 at most."""
    task = Stories()
    stories = task.text(60_000, 1).split(b"\n")[:-1]
    begin = b"Otto had a "
    after = [story[len(begin)] for story in stories if story.startswith(begin)]
    wanted = task.predict(begin)[-1]
    shares = np.bincount(after, minlength=256) / len(after)
    assert np.all(np.abs(shares - wanted) <= 5 * np.sqrt(wanted * (1 - wanted) / len(after)))
    assert wanted[ord("g")] == near(7 / 16, 64)


def test_no_text_comes_about_in_two_ways():
    """Where a story ends, one state alone is left: the entropy of choices is that of texts."""
    task = Stories()
    for story in islice(task.text(20_000, 2).splitlines(keepends=True), 60):
        assert task.predict(story)[-1] == near(task.predict(b"")[0], 64)
    twice = Stories({"story": {"{x}.": 1}, "x": {"a": 1, "{y}": 1}, "y": {"a": 1}})
    assert twice.bits(b"a.").sum() < twice.entropy


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({}, "the rule story must have options with positive weights, got {}"),
        ({"story": {"a": 0}}, "the rule story must have options with positive weights"),
        ({"story": {"{x}": 1}}, r"the rule story has \{x\}, and there is no such rule"),
        ({"story": {"{=x}": 1}, "x": {"{y}": 1}, "y": {"b": 1}}, r"repeats \{=x\}, whose options must be plain text"),
        ({"story": {"a{story}": 1, "b": 1e-12}}, "are too long on average, or have no mean length"),
        ({"story": {"": 1, "a": 1}}, "the rule story has an empty option; every option must write something"),
        ({"story": {"{story}a": 1, "b": 2}}, "an option of story begins with story$"),
        (
            {"story": {"{x}": 1}, "x": {"{y}b": 1, "a": 9}, "y": {"{x}": 1}},
            "begins with (x|y), which begins with (x|y)$",
        ),
        ({"story": {"a {the hero}": 1}}, "the option 'a {the hero}' has a brace that belongs to no symbol, a word"),
    ],
)
def test_bad_rules(rules, message):
    with pytest.raises(ValueError, match=message):
        Stories(rules)


def test_bad_arguments():
    with pytest.raises(ValueError, match="length must be at least 0, got -1"):
        Stories().text(-1, 0)
    with pytest.raises(ValueError, match=r"a story repeats \{=x\} before \{x\} was drawn"):
        Stories({"story": {"{=x}{x}": 1}, "x": {"a": 1}}).text(3, 0)
