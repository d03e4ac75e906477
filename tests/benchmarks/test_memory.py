"""Calls in a process of their own: what fits is measured, what does not is said."""

import sys

import pytest

from benchmarks.memory import begin_new_peak, peak_bytes, probe
from benchmarks.settings import Settings

SMALL = Settings(width=16, heads=2, memory_limit=0.25)


def test_a_peak_is_remembered():
    before = peak_bytes()
    block = bytearray(before + 2**26)
    block[:: 2**12] = bytes(len(block[:: 2**12]))
    assert peak_bytes() > before + 2**26
    del block
    assert peak_bytes() > before + 2**26


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can begin a new peak")
def test_a_new_peak_forgets_the_old_one():
    block = bytearray(2**28)
    block[:: 2**12] = bytes(2**16)
    old = peak_bytes()
    del block
    new = begin_new_peak()
    assert new is not None
    assert new < old - 2**27
    block = bytearray(2**26)
    block[:: 2**12] = bytes(2**14)
    assert new + 2**25 < peak_bytes() < old


def test_decoding_is_measured_from_its_first_step_on():
    found = probe(SMALL, "blocked", "decode", 64)
    assert found.status == "measured", found
    assert found.peak_bytes is not None
    assert sys.platform != "linux" or (found.before_bytes or 0) > 0
    # 16 MiB, of which the layer and its cache need little: the more than 200 MiB of a process with torch are not counted.
    assert found.peak_bytes - (found.before_bytes or 0) < 2**24 or sys.platform != "linux"


def test_a_call_that_fits_does_not_count_the_memory_of_this_process():
    block = bytearray(2**30)
    block[:: 2**12] = bytes(2**18)
    found = probe(SMALL, "attention", "forward_backward", 64)
    assert found.status == "measured", found
    assert found.peak_bytes is not None
    assert found.peak_bytes < len(block)


def test_a_call_that_needs_too_much_is_over_memory():
    assert probe(SMALL, "attention", "forward_backward", 2**23).status == "over memory"


def test_a_call_that_takes_too_long_is_over_time():
    assert probe(Settings(time_limit=0.05), "attention", "baseline", 0).status == "over time"


def test_any_other_end_is_a_failure_with_its_reason():
    found = probe(SMALL, "attention", "sideways", 1)
    assert found.status == "failed"
    assert "sideways" in found.message
