"""Calls in a process of their own: what fits is measured, what does not is said."""

from benchmarks.memory import peak_bytes, probe
from benchmarks.settings import Settings

SMALL = Settings(width=16, heads=2, memory_limit=0.25)


def test_a_peak_is_remembered():
    before = peak_bytes()
    block = bytearray(before + 2**26)
    block[:: 2**12] = bytes(len(block[:: 2**12]))
    assert peak_bytes() > before + 2**26
    del block
    assert peak_bytes() > before + 2**26


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
