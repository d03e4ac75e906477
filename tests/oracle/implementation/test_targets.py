"""Honest implementations of unusual forms are taken; the others are told what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from sessa_ref.oracle import Report, TargetError, Verdict, battery, verify
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.report.results import Status

HARMFUL = (":compiled", ":part_compiled", ":defaults", ":switched_off", ":Interrupts", "queue.py:SessaLayer")
"""Targets that need a process of their own; the others run in this one, which takes less time."""
CASES = [case for case in battery(quick=True) if case.name == "two_tokens"]
LAYERS = """
import functools, numpy, torch, warnings
from sessa_ref.oracle import UnsupportedError
from sessa_ref.optimized import SessaLayer
class Buffer(SessaLayer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer("rope_cos", torch.zeros(4))
def compiled(config):
    return torch.compile(SessaLayer.from_config(config), backend="eager")
def part_compiled(config):
    layer = SessaLayer.from_config(config)
    layer.mixer = torch.compile(layer.mixer, backend="eager")
    return layer
def parallel(config):
    return torch.nn.DataParallel(SessaLayer.from_config(config))
part = functools.partial(SessaLayer, use_flash=True)
part_of_function = functools.partial(lambda scale, config: SessaLayer.from_config(config), 1)
class Factory:
    def __call__(self, config):
        return SessaLayer.from_config(config)
factory = Factory()
def defaults(config):
    torch.set_default_dtype(torch.float16)
    torch.set_default_device("meta")
    numpy.seterr(all="raise")
    warnings.simplefilter("error")
    with torch.device("cpu"):
        return SessaLayer.from_config(config)
def declines(config):
    raise UnsupportedError("nothing here")
def returning(change):
    class Layer(SessaLayer):
        def forward(self, x):
            return change(super().forward(x))
    return Layer
Tuple = returning(lambda y: (y, None))
Dict = returning(lambda y: {"y": y})
Double = returning(lambda y: y.double())
Sparse = returning(lambda y: y.to_sparse())
Nothing = returning(lambda y: None)
NoGrad = returning(lambda y: y)
NoGrad.forward = torch.no_grad()(NoGrad.forward)
Inference = returning(lambda y: y)
Inference.forward = torch.inference_mode()(Inference.forward)
def switched_off(config):
    torch.set_grad_enabled(False)
    return SessaLayer.from_config(config)
def frozen(config):
    layer = SessaLayer.from_config(config)
    layer.mixer.gamma_bias.requires_grad_(False)
    return layer
class Interrupts(SessaLayer):
    def forward(self, x):
        if x.shape[1] == 2:
            raise KeyboardInterrupt
        return super().forward(x)
class Declines(SessaLayer):
    def forward(self, x):
        if x.shape[1] == 2:
            raise UnsupportedError("two tokens")
        return super().forward(x)
"""


@pytest.fixture(scope="module")
def layers(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("layers") / "my layers.v2.py"
    path.write_text(LAYERS)
    return path


def run(target: str) -> Report:
    if not target.endswith(HARMFUL):
        return verify(load_target(target), ["float32"], CASES, explain=False)
    implementation = WorkerImplementation(target)
    try:
        return verify(implementation, ["float32"], CASES, explain=False)
    finally:
        implementation.close()


@pytest.mark.parametrize(
    "name",
    ["Buffer", "compiled", "part_compiled", "parallel", "part", "part_of_function", "factory", "defaults"],
)
def test_conform(layers, name):
    report = run(f"{layers}:{name}")
    assert report.verdict is Verdict.CONFORMS, [r for r in report.results if r.status is not Status.PASSED]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Tuple", "it returns a tuple of 2 in place of the output tensor; return the output alone"),
        ("Dict", "it returns a dict with 'y' in place of the output tensor"),
        ("Nothing", "it returns None in place"),
        ("Double", "the output that it returns is torch.float64, expected torch.float32"),
        ("Sparse", "expected a dense tensor"),
    ],
)
def test_are_told_what_they_return(layers, name, message):
    with pytest.raises(TargetError, match=message):
        run(f"{layers}:{name}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NoGrad", "its output has no gradient: its forward runs under torch.no_grad, or detaches it"),
        ("Inference", "its output has no gradient: its forward runs in torch.inference_mode"),
        ("switched_off", "it leaves gradients switched off (torch.set_grad_enabled(False))"),
        ("frozen", "its parameters mixer.gamma_bias have requires_grad=False"),
    ],
)
def test_are_told_that_gradients_are_off(layers, name, message):
    report = run(f"{layers}:{name}")
    errors = {r.check: r.message for r in report.results if r.status is Status.ERRORED}
    assert errors["gradients"] == message
    assert "forward" not in errors


@pytest.mark.parametrize(
    ("name", "message"), [("Interrupts", "KeyboardInterrupt"), ("Declines", "UnsupportedError: two tokens")]
)
def test_nothing_but_an_error(layers, name, message):
    report = run(f"{layers}:{name}")
    assert {r.message for r in report.results if r.check == "forward" and r.status is Status.ERRORED} == {message}


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
