"""The worker says how importing the implementation went."""

import pytest

from sessa_ref.oracle import TargetError, verify
from sessa_ref.oracle.implementation.isolation import Limits
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from tests.oracle.few_cases import CASES


def test_a_module_that_hangs_while_it_is_imported(tmp_path):
    path = tmp_path / "sleeps_on_import.py"
    path.write_text("import time\ntime.sleep(60)\n")
    implementation = WorkerImplementation(f"{path}:Layer", Limits(2.0, 2**30))
    with pytest.raises(TargetError, match="importing it failed: it did not finish within 2 s"):
        verify(implementation, ["float64"], CASES)


def test_a_module_that_crashes_while_it_is_imported(tmp_path):
    path = tmp_path / "dies_on_import.py"
    path.write_text("import os\nprint('last words')\nos._exit(5)\n")
    implementation = WorkerImplementation(f"{path}:Layer")
    with pytest.raises(TargetError, match="importing it failed: it exited with status 5"):
        verify(implementation, ["float64"], CASES)
