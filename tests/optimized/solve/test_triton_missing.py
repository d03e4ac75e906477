import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import sessa_ref

KERNELS = Path(sessa_ref.__file__).parent / "optimized" / "solve" / "triton_launch.py"


def test_without_triton_the_kernels_say_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)  # as if it were not installed
    spec = importlib.util.spec_from_file_location("kernels_without_triton", KERNELS)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match="need the package triton, which is not installed"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_the_layer_does_not_need_triton():
    """In a process of its own: a module imported twice would leave other tests with two classes of one name."""
    without = "import sys; sys.modules['triton'] = None; from sessa_ref.optimized import SessaLayer"
    subprocess.run([sys.executable, "-c", without], check=True)
