"""Whatever an implementation raises or returns is told in one line."""

import numpy as np
import pytest

from sessa_ref.oracle.implementation.protocol import describe, first_line


class UnreadableError(Exception):
    def __str__(self):
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (ValueError(" \n"), "ValueError"),
        (UnreadableError(), "UnreadableError: its message cannot be read"),
    ],
)
def test_errors(error, line):
    assert first_line(error) == line
    assert len(first_line(ValueError("x" * 10**6))) == 1000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        ((1, 2), "a tuple of 2"),
        ({}, "a dict with nothing in it"),
        ({"y": 1}, "a dict with 'y'"),
        (np.float64(1), "an object of type float64"),
    ],
)
def test_what_stands_in_place_of_an_array(value, words):
    assert describe(value) == words
