"""Implementations on a device other than the CPU: the whole path, on one that needs no hardware."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer, backends, feedback_solve
from sessa_ref.oracle import TargetError, verify
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.cases.of_config import battery_of
from sessa_ref.oracle.implementation import devices
from sessa_ref.oracle.implementation.instance import adapter_of
from sessa_ref.oracle.implementation.protocol import MAYBE_TF32, ImplementationError, about
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from sessa_ref.oracle.implementation.targets import as_adapter
from sessa_ref.oracle.levels import LAYER, LEVELS, SOLVE
from sessa_ref.testing import assert_conforms
from tests.oracle import faraway

FARAWAY = torch.device("faraway", 0)
SMALL = case("small", "all uses", SessaConfig.published(8, 2), T=5, extras=frozenset({"calls", "padding"}))


def report_on(implementation, level=LAYER, dtypes=("float32",)):
    return verify(as_adapter(implementation, "ours", level, "faraway"), dtypes, [SMALL.at(level)], explain=False)


@pytest.mark.parametrize(
    ("implementation", "level"),
    [(SessaLayer, "layer"), (backends.mixer, "mixer"), (feedback_solve, "solve")],
    ids=LEVELS,
)
def test_what_is_right_conforms_on_a_device(implementation, level):
    before = faraway.allocated
    report = report_on(implementation, LEVELS[level], ("float32", "bfloat16"))
    assert report.verdict == "conforms"
    assert report.about["device"] == "faraway:0 (Faraway One)"
    assert report.about["libraries"] == f"torch {torch.__version__}"
    assert faraway.allocated > before + 100
    left_out = {"decode", "padding"} if level != "layer" else set()
    assert {r.check for r in report.results} == {
        "forward",
        "gradients",
        "causality",
        "calls",
        "decode",
        "padding",
    } - left_out


class Overwriting(SessaLayer):
    def forward(self, x, attention_mask=None):
        y = super().forward(x, attention_mask)
        if not torch.is_grad_enabled():
            x.mul_(2)
        return y


class LeavesAMaskBehind(SessaLayer):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        vars(self.W_in)["ones"] = torch.ones(1)

    def forward(self, x, attention_mask=None):
        return super().forward(x, attention_mask) * vars(self.W_in)["ones"]


class ReturnsToTheCpu(SessaLayer):
    def forward(self, x, attention_mask=None):
        return super().forward(x, attention_mask).cpu()


class KeepsItsCacheBehind(SessaLayer):
    def init_cache(self, batch_size, device=None, dtype=None, max_len=None):
        return super().init_cache(batch_size, "cpu", dtype, max_len)


@pytest.mark.parametrize(
    ("layer", "check", "message"),
    [
        (Overwriting, "calls", "it modifies its input"),
        (LeavesAMaskBehind, "forward", "it mixes devices: W_in.ones: no parameter or buffer, so it stays behind when the module moves to faraway:0; RuntimeError: Expected all"),
        (ReturnsToTheCpu, "forward", "it mixes devices: the output that it returns is on cpu, its inputs are on faraway:0"),
        (KeepsItsCacheBehind, "decode", "it mixes devices: "),
    ],
)  # fmt: skip
def test_what_goes_wrong_between_devices_is_one_clear_line(layer, check, message):
    if check == "forward":  # three tokens already tell
        with pytest.raises(TargetError, match="the smoke test failed .*" + message.replace(".", r"\.")):
            report_on(layer)
    else:
        report = report_on(layer)
        told = {result.message for result in report.results if result.check == check and result.status != "passed"}
        assert any(message in one for one in told), told


def test_a_function_that_mixes_devices():
    ones = torch.ones(1)
    with pytest.raises(TargetError, match="it mixes devices: RuntimeError: Expected all tensors to be on the same"):
        report_on(lambda q, k, gamma, f: ones * f, SOLVE)
    with pytest.raises(TargetError, match=r"it mixes devices: .* is on cpu, its inputs are on faraway:0"):
        report_on(lambda q, k, gamma, f: feedback_solve(q, k, gamma, f).cpu(), SOLVE)


def test_an_instance_is_judged_where_it_is_and_left_there():
    layer = SessaLayer(8, 2).to("faraway")
    adapter = adapter_of(layer)
    assert about(adapter)["device"].startswith("faraway:0")
    assert verify(adapter, ["float32"], battery_of(layer.config, quick=True)[:2], explain=False).conforms
    assert layer.W_in.weight.device == FARAWAY
    assert about(adapter_of(layer, device="cpu"))["device"] == "cpu"


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("abacus", "device must be one that torch knows, such as cpu, cuda, mps or xpu; got 'abacus'"),
        ("meta", "device must hold numbers, which meta does not"),
        pytest.param("cuda:99", r"^torch \S+ cannot use device cuda:99 here: [^.\n]+$", id="absent"),
        pytest.param("xpu:99", r"^torch \S+ cannot use device xpu:99 here: [^.\n]+$", id="absent too"),
        pytest.param("vulkan", r"^torch \S+ cannot use device vulkan here: [^\n]{1,150}$", id="not built in"),
    ],
)
def test_a_device_that_cannot_be_used_is_one_clear_line(device, message):
    with pytest.raises(TargetError, match=message):
        assert_conforms(SessaLayer, device=device)


class Own:
    def build(self, parameters, dtype):
        raise AssertionError("it is refused before")


def numpy_solve(q, k, gamma, f):
    return np.asarray(f)


@pytest.mark.parametrize(
    ("implementation", "level", "message"),
    [
        (Own, LAYER, "device must be cpu for it: it is an adapter, which places its arrays itself"),
        (numpy_solve, SOLVE, "arrays of other libraries are not tried, as device faraway:0 is torch's"),
    ],
)
def test_what_is_not_torchs_stays_on_the_cpu(implementation, level, message):
    with pytest.raises(TargetError, match=message):
        verify(as_adapter(implementation, "it", level, "faraway"), ["float32"], [SMALL.at(level)])


def test_a_module_as_a_solve_moves():
    class Module(torch.nn.Module):
        one: torch.Tensor

        def __init__(self):
            super().__init__()
            self.register_buffer("one", torch.ones(1))

        def forward(self, q, k, gamma, f):
            return feedback_solve(q, k, gamma, f) * self.one.to(f.dtype)

    module = Module()
    assert report_on(module, SOLVE).conforms
    assert module.one.device == devices.CPU


def test_a_precision_that_a_device_lacks_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(faraway, "LACKS", {torch.float64})
    assert devices.lacking(FARAWAY) == ["float64"]
    with pytest.raises(TargetError, match="the device faraway:0 has no float64: give other dtypes"):
        assert_conforms(SessaLayer, device="faraway")


def test_strides_are_kept_and_changes_come_back():
    array = np.arange(24.0).reshape(4, 6).T[::2]
    tensor = devices.put(torch.from_numpy(array), FARAWAY)
    assert tensor.stride() == (2, 6)
    assert np.array_equal(tensor.cpu().numpy(), array)
    tensor.mul_(2)
    devices.put_back(tensor, array)
    assert array[1, 1] == 16.0


def test_an_error_of_the_device_itself_ends_the_process():
    error = RuntimeError("outer")
    error.__cause__ = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    assert devices.is_lost(error, FARAWAY)
    for told in ("Triton Error [CUDA]: an illegal memory access was encountered", "HIP error: invalid argument"):
        assert devices.is_lost(RuntimeError(told), FARAWAY)
    assert not devices.is_lost(torch.OutOfMemoryError("CUDA out of memory"), FARAWAY)
    assert not devices.is_lost(error, devices.CPU)


def test_memory_is_limited_on_the_device():
    assert devices.limit_memory(FARAWAY, 2**30)
    assert faraway.LIBRARY.fraction == 2.0**-10
    assert not devices.limit_memory(torch.device("meta"), 2**30)


def test_settings_that_change_roundings_are_told():
    assert devices.about(devices.CPU)["settings"] == "float32 products in float32; deterministic algorithms off"
    told = "; ".join(devices._settings(torch.device("cuda")))
    assert told.startswith("float32 products in float32; reduced-precision reductions in float16 and bfloat16; determ")
    torch.set_float32_matmul_precision("high")
    try:
        assert devices.about(devices.CPU)["settings"].startswith(MAYBE_TF32)
        assert next(devices._settings(torch.device("cuda"))) == MAYBE_TF32
        torch.set_float32_matmul_precision("medium")
        assert devices.about(devices.CPU)["settings"].startswith("float32 products may be in bfloat16")
    finally:
        torch.set_float32_matmul_precision("highest")


WORKER = """
import torch
from sessa_ref.optimized import SessaLayer
from tests.oracle import faraway

class Losing(SessaLayer):
    block_size = 48

    def forward(self, x, attention_mask=None):
        if x.shape[1] == 2:
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
        return super().forward(x, attention_mask)
"""


def test_a_worker_that_lost_its_device_is_started_again(tmp_path):
    path = tmp_path / "on_a_device.py"
    path.write_text(WORKER)
    implementation, first = WorkerImplementation(f"{path}:Losing", device="faraway"), SMALL.rounded("float32")
    try:
        implementation.start()
        assert implementation.block_sizes == (48,)
        before = implementation._guardian
        assert before is not None
        pid = before._pid
        with pytest.raises(ImplementationError, match="illegal memory access"):
            implementation.run("forward", replace(first, x=first.x[:, :2]), "float32")
        assert implementation.run("forward", first, "float32")["y"].shape == first.x.shape
        after = implementation._guardian
        assert after is not None
        assert after._pid != pid
        assert implementation.about()["device"] == "faraway:0 (Faraway One)"
    finally:
        implementation.close()
