"""Text from elsewhere is one line of printable characters, whatever it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.messages import LONGEST, nearest, one_line, reason
from sessa_ref.oracle import TargetError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a [red]b[/red] :warning:", "a [red]b[/red] :warning:"),
        ("two\r\nlines\tand\u2028more", "two lines and more"),
        ("\x1b[2J\x07\x00\x9b", r"\x1b[2J\x07\x00\x9b"),
        ("\ud800 \udcff", r"\ud800 \udcff"),
        ("\u202eleft\u200b", r"\u202eleft\u200b"),
        ("\ufffe\U000f0000", r"\ufffe\U000f0000"),
        ("γ ≠ 0", "γ ≠ 0"),
        ("", ""),
    ],
)
def test_one_line(text, shown):
    assert one_line(text) == shown
    shown.encode("utf-8")


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60), st.integers(1, 40))
def test_any_text_is_one_printable_line(text, longest):
    """It can be printed again as it is; surrogates, which no encoding has, among the characters."""
    shown = one_line(text, longest)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert one_line(shown, 10**4) == shown
    assert (" more characters" in shown) >= (len(text) > longest)


def test_length_is_bounded():
    assert one_line("x" * 10**6) == "x" * LONGEST + f" ... and {10**6 - LONGEST} more characters"
    assert len(one_line("\U000f0000" * 10**6)) < 11 * LONGEST


def test_an_error_that_cannot_speak():
    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError

    assert one_line(MuteError()) == "MuteError without a text (RuntimeError)"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TargetError("it is absent"), "it is absent"),
        (ValueError("T must be positive"), "T must be positive"),
        (FileNotFoundError(2, "No such file or directory", "/a\nb"), "No such file or directory: /a b"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("just words"), "just words"),
        (KeyError("y"), "KeyError: 'y'"),
        (MemoryError(), "there is not enough memory"),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"),
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: no",
        ),
    ],
)
def test_reasons(error, told):
    assert reason(error) == told


@pytest.mark.parametrize(
    "error",
    [type("SomethingError", (Exception,), {})("why"), RuntimeError("why"), AssertionError("why")],
    ids=lambda e: type(e).__name__,
)
def test_mistakes_of_a_program_are_told_by_name(error):
    assert reason(error) == f"{type(error).__name__}: why"


def test_the_nearest_names_end_a_message():
    assert nearest("thm:88", ["thm:8", "lem:K.3"]) == "; the nearest are thm:8"
    assert nearest("8", ["thm:8", "8-constant", "28-constant"]) == "; the nearest are 8-constant"
    assert nearest("nothing alike", ["thm:8"]) == ""
