"""True values that other processes compute: the same ones, and no process outlives them."""

import os

import psutil
import pytest

from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.bounds.preparation import prepared
from sessa_ref.oracle.implementation.protocol import OracleError
from tests.oracle.few_cases import CASES

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and sessions")


class TestTrueValues:
    """The processes that compute them."""

    def test_are_those_of_this_process(self):
        here = [e for case in CASES for e in expectations(case, ("float32",)).values()]
        there = list(prepared(CASES, ["float32"], 2))
        assert [(e.case.name, e.dtype) for e in there] == [(e.case.name, e.dtype) for e in here]
        assert all((a.true["y"] == b.true["y"]).all() for a, b in zip(here, there, strict=True))
        assert not _computing()

    def test_end_with_the_generator(self):
        ready = prepared(CASES * 20, ["float32"], 2)
        next(ready)
        assert _computing()
        ready.close()
        assert not _computing()

    def test_one_that_is_ended_is_the_oracles_own_failure(self):
        ready = prepared(CASES * 20, ["float32"], 2)
        next(ready)
        _computing()[0].kill()
        with pytest.raises(OracleError, match="a process that computes true values ended with status -9"):
            list(ready)
        assert not _computing()


def _computing() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]
