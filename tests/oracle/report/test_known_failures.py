"""The file of known failures."""

import pytest

from sessa_ref.oracle.report.known_failures import KnownFailure, read_known_failures
from sessa_ref.oracle.report.results import Result, Status


def test_lines_are_read(tmp_path):
    file = tmp_path / "known.txt"
    file.write_text("# why\n\ngradients kernel_* float32  misses the tail\n")
    assert read_known_failures(file) == [KnownFailure("gradients", "kernel_*", "float32", "misses the tail")]


@pytest.mark.parametrize("text", ["gradients kernel float32\n", "gradients\n"])
def test_a_line_without_a_reason_is_told(tmp_path, text):
    file = tmp_path / "known.txt"
    file.write_text("# one\n" + text)
    with pytest.raises(ValueError, match="line 2: expected CHECK CASE DTYPE REASON, got 'gradients"):
        read_known_failures(file)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ValueError, match="known failures cannot be read from"):
        read_known_failures(tmp_path / "none")


def test_patterns_and_spaces():
    result = Result("kernel_129", "float64", "NaN isolation", Status.FAILED, 2.0)
    assert KnownFailure("NaN-isolation", "kernel_*", "*", "").matches(result)
    assert not KnownFailure("forward", "kernel_*", "*", "").matches(result)
