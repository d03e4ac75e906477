"""Models and interrupted trainings in safetensors files, whose headers carry the settings."""

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from experiments.decoder import Decoder
from experiments.files import replace_file
from experiments.settings import Settings
from experiments.training import Training, build

_SETTINGS = "experiment_settings"


def save_model(path: str | Path, model: Decoder, settings: Settings) -> None:
    """Write the parameters in float32.

    Raises:
        OSError: the file cannot be written.
    """
    _write(Path(path), {name: value.float() for name, value in model.state_dict().items()}, settings, {})


def load_model(path: str | Path) -> tuple[Decoder, Settings]:
    """A model that `save_model` wrote, and the settings that it was trained with.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    tensors, settings, _ = _read(Path(path))
    model = build(settings)
    _into(model, tensors, Path(path))
    return model, settings


def save_training(path: str | Path, training: Training, seconds: float) -> None:
    """Write everything that a training needs to go on; `seconds` have been spent on it.

    Raises:
        OSError: the file cannot be written.
    """
    tensors = {f"model.{name}": value for name, value in training.model.state_dict().items()}
    for index, state in training.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    _write(Path(path), tensors, training.settings, {"step": str(training.step), "seconds": str(seconds)})


def resume(path: str | Path, settings: Settings) -> tuple[Training, float]:
    """The training that `save_training` wrote, and the seconds that were spent on it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, or one of other settings.
    """
    path = Path(path)
    tensors, carried, header = _read(path)
    if carried != settings:
        mine, theirs = settings.entries(), carried.entries()
        different = [f"{name} {theirs[name]} instead of {mine[name]}" for name in mine if mine[name] != theirs[name]]
        raise ValueError(f"{path} is a checkpoint of other settings: {', '.join(different)}; choose another folder")
    if not {"step", "seconds"} <= header.keys():
        raise ValueError(f"{path} is a trained model, not a checkpoint of a training")
    training = Training(settings)
    _into(training.model, _below("model.", tensors), path)
    state = training.optimizer.state_dict()
    for index in range(len(list(training.model.parameters()))):
        if own := _below(f"optimizer.{index}.", tensors):
            state["state"][index] = own
    training.optimizer.load_state_dict(state)
    training.step = int(header["step"])
    return training, float(header["seconds"])


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _write(path: Path, tensors: dict[str, Tensor], settings: Settings, more: dict[str, str]) -> None:
    header = {_SETTINGS: json.dumps(settings.entries()), **more}
    replace_file(path, safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()}, header))


def _read(path: Path) -> tuple[dict[str, Tensor], Settings, dict[str, str]]:
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
        return tensors, Settings.of(json.loads(header[_SETTINGS])), header
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} carries settings that do not fit: {error}") from None


def _into(model: Decoder, tensors: dict[str, Tensor], path: Path) -> None:
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the model of its settings: {' '.join(str(error).split())}") from None
