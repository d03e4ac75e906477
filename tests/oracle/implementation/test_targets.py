"""Honest implementations of unusual forms are taken; the others are told what to do."""

import subprocess
import sys

import pytest

from sessa_ref.oracle import Verdict
from sessa_ref.oracle.report.results import Status
from tests.oracle.implementation.unusual_layers import run


@pytest.mark.parametrize(
    "name",
    ["Buffer", "compiled", "part_compiled", "parallel", "part", "part_of_function", "factory", "defaults"],
)
def test_conform(layers, name):
    report = run(f"{layers}:{name}")
    assert report.verdict is Verdict.CONFORMS, [r for r in report.results if r.status is not Status.PASSED]


def test_files_beside_a_implementation_shadow_nothing(tmp_path):
    for name in ("random", "torch", "numpy", "json", "profile"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong one')")
    (tmp_path / "helper.py").write_text("from sessa_ref.optimized import SessaLayer")
    (tmp_path / "queue.py").write_text("import torch, random\nfrom helper import SessaLayer")
    assert run(f"{tmp_path / 'queue.py'}:SessaLayer").verdict is Verdict.CONFORMS


def test_relative_imports(tmp_path):
    package = tmp_path / "package_of_a_implementation"
    package.mkdir()
    (package / "__init__.py").write_text("from .base import SessaLayer")
    (package / "base.py").write_text("from sessa_ref.optimized import SessaLayer")
    (package / "layer-2.py").write_text("from .base import SessaLayer")
    script = "import sys; from sessa_ref.oracle.implementation.targets import load_target; print(*map(load_target, sys.argv[1:]))"
    targets = [f"{package / name}:SessaLayer" for name in ("__init__.py", "base.py", "layer-2.py")]
    printed = subprocess.run([sys.executable, "-c", script, *targets], capture_output=True, text=True, check=True)
    assert printed.stdout.count("TorchAdapter") == 3
