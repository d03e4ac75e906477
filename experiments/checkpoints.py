"""Models and interrupted trainings in safetensors files, whose headers carry the settings."""

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from experiments.decoder import Decoder
from experiments.files import replace_file
from experiments.parallel import Processes
from experiments.settings import Settings
from experiments.training import build

_SETTINGS = "experiment_settings"
_CHECKPOINT = {"step", "seconds", "sha256"}
"""What else the header of a checkpoint has."""


class Resumable(Protocol):
    """A training that can be interrupted."""

    step: int
    """Steps that are done."""

    @property
    def model(self) -> nn.Module:
        """What learns."""
        ...

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """Of the model's parameters."""
        ...

    @property
    def processes(self) -> Processes:
        """Those that share the training."""
        ...

    def entries(self) -> dict[str, Any]:
        """What a checkpoint and a training that goes on from it have in common, as a JSON-ready object."""
        ...


def save_model(path: str | Path, model: Decoder, settings: Settings) -> None:
    """Write the parameters in float32.

    Raises:
        OSError: the file cannot be written.
    """
    _write(Path(path), {name: value.float() for name, value in model.state_dict().items()}, settings.entries(), {})


def load_model(path: str | Path) -> tuple[Decoder, Settings]:
    """A model that `save_model` wrote, and the settings that it was trained with.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    tensors, entries, _ = _read(Path(path))
    try:
        settings = Settings.of(entries)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} carries settings that do not fit: {error}") from None
    model = build(settings)
    _into(model, tensors, Path(path))
    return model, settings


def save_training(path: str | Path, training: Resumable, seconds: float) -> None:
    """Write everything that a training needs to go on; `seconds` have been spent on it.

    Of several processes, all have to call this, and the first writes: whole tensors, so that others can go on, too.

    Raises:
        OSError: the file cannot be written.
    """
    tensors = {f"model.{name}": value for name, value in training.model.state_dict().items()}
    for index, state in training.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    # All processes ask for the same tensor at a time; those that were read from a file come in any order.
    tensors = {name: training.processes.whole(tensors[name]) for name in sorted(tensors)}
    if training.processes.first:
        header = {"step": str(training.step), "seconds": str(seconds)}
        _write(Path(path), tensors, training.entries(), header | {"sha256": _sha256(tensors, header)})


def resume(path: str | Path, training: Resumable) -> float:
    """Let a new training go on where the one was that `save_training` wrote.

    Returns:
        The seconds that were spent on it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, one of other settings, or damaged; the training is left as it was.
    """
    path = Path(path)
    tensors, theirs, header = _read(path)
    mine = training.entries()
    different = [
        f"{name} {theirs.get(name)} instead of {mine[name]}" for name in mine if mine[name] != theirs.get(name)
    ]
    if different:
        raise ValueError(f"{path} is a checkpoint of other settings: {', '.join(different)}; choose another folder")
    if not header.keys() >= _CHECKPOINT:
        raise ValueError(f"{path} is a trained model, not a checkpoint of a training")
    if header["sha256"] != _sha256(tensors, header):
        raise ValueError(f"{path} is damaged: its content is not what was written; remove it to begin again")
    share, own = training.processes, training.model.state_dict()
    whole = _below("model.", tensors)
    _into(training.model, {name: share.part(value, own.get(name)) for name, value in whole.items()}, path)
    state = training.optimizer.state_dict()
    for index, parameter in enumerate(training.model.parameters()):
        if kept := _below(f"optimizer.{index}.", tensors):
            state["state"][index] = {name: share.part(value, parameter) for name, value in kept.items()}
    training.optimizer.load_state_dict(state)
    training.step = int(header["step"])
    return float(header["seconds"])


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _sha256(tensors: dict[str, Tensor], header: dict[str, str]) -> str:
    """Of the tensors and of what the header says of the training: safetensors notices a wrong length, but no wrong byte."""
    content = safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()})
    return hashlib.sha256(f"{header['step']} {header['seconds']} ".encode() + content).hexdigest()


def _write(path: Path, tensors: dict[str, Tensor], settings: dict[str, Any], more: dict[str, str]) -> None:
    header = {_SETTINGS: json.dumps(settings), **more}
    replace_file(path, safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()}, header))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, str]]:
    content = path.read_bytes()
    try:
        tensors = safetensors.torch.load(content)
        with safetensors.safe_open(path, framework="pt") as file:
            header: dict[str, Any] = file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} must be a safetensors file: {error}") from None
    if _SETTINGS not in header:
        raise ValueError(f"{path} carries no {_SETTINGS}: it was not written by `python -m experiments`")
    try:
        entries = json.loads(header[_SETTINGS])
    except ValueError as error:
        raise ValueError(f"{path} carries settings that are no JSON: {error}") from None
    if not isinstance(entries, dict):
        raise ValueError(f"{path} must carry settings as a JSON object, got {header[_SETTINGS]}")
    return tensors, entries, header


def _into(model: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the model of its settings: {' '.join(str(error).split())}") from None
