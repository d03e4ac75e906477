"""For the tests of other projects: `assert_conforms(MyLayer)` in pytest."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sessa_ref.config import SessaConfig
from sessa_ref.oracle import Adapter, Case, Report, TargetError, verify
from sessa_ref.oracle.cases.of_config import battery_of
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.implementation.targets import as_adapter, block_sizes_of, load_object
from sessa_ref.oracle.levels import LEVELS, SOLVE, Level
from sessa_ref.oracle.report.results import Status
from sessa_ref.precision import STANDARD_DTYPES

_KINDS = ("cpu", "cuda", "xpu", "mps")
"""Kinds of devices that an instance may be on."""


def assert_conforms(
    implementation: Any,
    dtypes: Sequence[str] = STANDARD_DTYPES,
    quick: bool = True,
    departures: bool = True,
    require: Sequence[str] = (),
    config: SessaConfig | None = None,
    level: str = "layer",
    block_sizes: Sequence[int] = (),
    device: str | None = None,
) -> Report:
    """Assert that an implementation of the layer, or of a part of it, conforms; it runs in this process.

    An instance of a torch module is judged with its own settings and on its own config. Copies of it get the parameters
    of the cases, on its device and in each precision; the instance itself is left alone. Cases longer than its `max_len`,
    if it has one, are left out.

    Args:
        implementation: a torch module class with the published constructor, an instance of any torch module with
            the published parameters, a function that takes a `SessaConfig` and returns a torch module, an object or
            class with the adapter protocol (`sessa_ref.oracle.Adapter`), or a target string such as
            "package.module:Layer". At the level "solve", a function of q, k, (batch, T, d_b), gamma, (batch, T), and f,
            (batch, T, D), that returns s.
        dtypes: precisions to check.
        quick: run the quick battery instead of the full one.
        departures: accept known departures, such as float32 rotary angles in a float64 layer.
        require: names of checks that must not be skipped, such as "gradients" and "decode".
        config: check this config only. For an instance without an attribute `config`, give the config that it has. Of a
            solve it gives the widths.
        level: what is implemented: "layer", "mixer" (u -> s) or "solve" ((q, k, gamma, f) -> s).
        block_sizes: tokens per block of the implementation, whose multiples' neighbours are tried; by default what its
            attribute `block_size` gives.
        device: where a torch module, its inputs and its caches are, such as "cuda"; by default where an instance is,
            and the CPU for the others.

    Returns:
        The report, for further assertions.

    Raises:
        AssertionError: it does not conform; the message says what failed, where, and, where the oracle can tell,
            which mistake was made.
        TargetError: it cannot be run at all, or an instance has no known config or cannot be copied; or this is
            called under `torch.no_grad`, `torch.inference_mode` or `torch.autocast`; or the device cannot be used, or lacks
            one of the precisions.
        ValueError: there is no such level, or a block size is not positive.
    """
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
    _check_modes(device or "cpu")
    if any(size < 1 for size in block_sizes):
        raise ValueError(f"block sizes must be positive, got {min(block_sizes)}")
    adapter, cases = _implementation(implementation, quick, config, LEVELS[level], tuple(block_sizes), device)
    _check_dtypes(adapter, dtypes)
    report = verify(adapter, dtypes, cases, require=require)
    bad = {Status.FAILED, Status.ERRORED} | (set() if departures else {Status.DEPARTED})
    wrong = [r for r in report.results if r.required and r.status in bad]
    if report.conforms and not wrong:
        return report
    lines = [f"{r.status} {r.check} on {r.case} in {r.dtype}: {r.message}" for r in wrong[:10]]
    lines += [f"... and {len(wrong) - 10} more"] if len(wrong) > 10 else []
    lines += [f"where: {sentence}" for sentence in report.location]
    lines += [f"diagnosis: {diagnosis}" for diagnosis in report.diagnosis]
    refused = ", departures are not accepted" if report.conforms else ""
    raise AssertionError("\n".join([f"{report.target} {report.verdict}{refused}", *lines]))


def _check_modes(device: str) -> None:
    """Refuse modes of the caller that change what the implementation computes."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    modes = {
        "torch.inference_mode": torch.is_inference_mode_enabled(),
        "torch.no_grad": not torch.is_grad_enabled(),
        "torch.autocast": any(_is_autocast_on(torch, kind) for kind in {*_KINDS, device.partition(":")[0]}),
    }
    active = [name for name, is_on in modes.items() if is_on]
    if active:
        raise TargetError(f"assert_conforms cannot judge under {' and '.join(active)}: call it outside")


def _is_autocast_on(torch: Any, kind: str) -> bool:
    try:
        return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    except RuntimeError:  # there is no such device, which is told later
        return False


def _check_dtypes(adapter: Adapter, dtypes: Sequence[str]) -> None:
    """Refuse precisions that the device does not have."""
    torch, device = sys.modules.get("torch"), getattr(adapter, "device", None)
    if device is None or torch is None or not isinstance(device, torch.device):
        return
    from sessa_ref.oracle.implementation import devices

    missing = [dtype for dtype in dtypes if dtype in devices.lacking(device)]
    if missing:
        raise TargetError(f"the device {device} has no {' and no '.join(missing)}: give other dtypes")


def _implementation(
    implementation: Any,
    quick: bool,
    config: SessaConfig | None,
    level: Level,
    blocks: tuple[int, ...],
    device: str | None,
) -> tuple[Adapter, Sequence[Case]]:
    """How to build the implementation, and the cases to check it on."""
    torch = sys.modules.get("torch")
    if level != SOLVE and torch is not None and isinstance(implementation, torch.nn.Module):
        from sessa_ref.oracle.implementation.instance import adapter_of, capacity_of, config_of

        cases = [case.at(level) for case in battery_of(config_of(implementation, config), quick)]
        capacity = capacity_of(implementation)
        if capacity < 1:
            raise TargetError(f"this {type(implementation).__name__} takes no token: its max_len is {capacity:g}")
        return adapter_of(implementation, level, device), [case for case in cases if case.x.shape[1] <= capacity]
    if isinstance(implementation, str):
        name, implementation = implementation, load_object(implementation)
    else:
        name = getattr(implementation, "__name__", type(implementation).__name__)
    adapter = as_adapter(implementation, name, level, device or "cpu")
    if config is None:
        return adapter, cases_of(level, quick, blocks or block_sizes_of(implementation))
    return adapter, [case.at(level) for case in battery_of(replace(config, rotary_dtype="float64"), quick)]
