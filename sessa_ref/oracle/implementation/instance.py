"""One instance of a torch module as an implementation, with its settings, on cases of its own config."""

import functools
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from types import CellType, FunctionType, MethodType
from typing import Any

import torch

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.implementation import devices
from sessa_ref.oracle.implementation.protocol import TargetError
from sessa_ref.oracle.implementation.torch_adapter import TorchAdapter
from sessa_ref.oracle.levels import LAYER, Level


def config_of(module: torch.nn.Module, given: SessaConfig | None) -> SessaConfig:
    """The config of a module: its attribute `config`, or the one that is given.

    Raises:
        TargetError: there is neither, or they contradict each other.
    """
    own = getattr(module, "config", None)
    if not isinstance(own, SessaConfig):
        if given is None:
            raise TargetError(
                f"this {type(module).__name__} has no attribute config that is a SessaConfig, and its epsilon, heads "
                "and gamma_max cannot be read off its parameters: give config=SessaConfig.published(D, n_heads, ...)"
            )
        own = given
    exact = replace(own, rotary_dtype="float64")  # float32 angles are a departure, not another truth
    if given is not None and replace(given, rotary_dtype="float64") != exact:
        raise TargetError(f"config must be that of the instance, {own}, got {given}")
    return exact


def adapter_of(module: torch.nn.Module, level: Level = LAYER, device: str | None = None) -> TorchAdapter:
    """An adapter that makes copies of the module and loads parameters into them; the module itself is left alone.

    Args:
        module: the instance.
        level: what it implements.
        device: where the copies are; by default where the instance is.

    Raises:
        TargetError: a copy would not be the same layer, or cannot be made; or the device cannot be used.
    """
    name = type(module).__name__
    own = sorted({str(tensor.device) for tensor in (*module.parameters(), *module.buffers())})
    if len(own) > 1:
        raise TargetError(f"this {name} mixes devices, it is on {' and '.join(own)}: move all of it to one")
    if own == ["meta"]:
        raise TargetError(f"this {name} is on meta, where it has no numbers: give one that is on another device")
    where = devices.find(device or next(iter(own), "cpu"))
    holding = next(_functions_that_hold(module), None)
    if holding:
        raise TargetError(
            f"{holding} of this {name} is a function that holds the instance itself, so that a copy with other "
            "parameters would still compute with the old ones: give a subclass, or a function that makes the layer"
        )

    def construct(config: SessaConfig) -> torch.nn.Module:
        return deepcopy(module).requires_grad_(True)

    try:
        construct(SessaConfig(width=1, rope=False))
    except Exception as error:
        raise TargetError(f"this {name} cannot be copied: {type(error).__name__}: {error}") from error
    return TorchAdapter(name, construct, level, where)


def capacity_of(module: torch.nn.Module) -> float:
    """Tokens that the module was made for: the smallest `max_len` in it; infinite without."""
    found = [getattr(part, "max_len", None) for part in module.modules()]
    return min((float(n) for n in found if isinstance(n, int) and not isinstance(n, bool)), default=float("inf"))


def _functions_that_hold(module: torch.nn.Module) -> Iterator[str]:
    """Attributes and hooks, of the module or a part, that a copy would share and that refer to the original."""
    parts = dict(module.named_modules())
    own = {id(thing) for thing in (*parts.values(), *module.parameters(), *module.buffers())}
    for name, part in parts.items():
        for attribute, value in vars(part).items():
            values = value.values() if isinstance(value, dict) else [value]
            if any(_holds(v, own, set()) for v in values if isinstance(v, FunctionType | functools.partial)):
                yield f"{name}.{attribute}".lstrip(".")


def _holds(value: Any, own: set[int], seen: set[int]) -> bool:
    """Whether a function, or what it refers to, refers to one of these objects."""
    if id(value) in own:
        return True
    if id(value) in seen:
        return False
    seen.add(id(value))
    referred: list[Any] = []
    if isinstance(value, MethodType):
        referred = [value.__self__, value.__func__]
    elif isinstance(value, functools.partial):
        referred = [value.func]
    elif isinstance(value, list | tuple | set):
        referred = list(value)
    elif isinstance(value, dict):
        referred = list(value.values())
    elif isinstance(value, FunctionType):
        cells = map(_contents, value.__closure__ or ())
        named = (value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__)
        referred = [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *named]
    return any(_holds(part, own, seen) for part in referred)


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing is in it yet
        return None
