"""Two processes share what one has: its data, its parameters or its matrices; they are those of `processes`."""

import subprocess
import sys
from pathlib import Path


def test_two_processes_compute_what_one_does(tmp_path):
    """Loss and gradients, which are sums over 52 tokens, in another order: within 52 roundings of the largest."""
    program = Path(__file__).with_name("processes.py")
    command = [sys.executable, str(program), str(tmp_path / "meeting")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    lines = [line.split() for line in found.stdout.splitlines()]
    # FSDP divides all but the gain's scalar and its single row; tensor parallelism 7 matrices and 5 of their biases
    shared = [("replicated", "0"), ("sharded", "15"), ("tensor_parallel", "12")]
    assert sorted((name, parts) for name, parts, _ in lines) == [entry for entry in shared for _ in range(2)]
    assert all(float(error) <= 52 for *_, error in lines), lines
