"""Layers that commands read from files."""

import os
from pathlib import Path

from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters


def load(checkpoint: str | os.PathLike[str], config: str | os.PathLike[str] | None = None) -> SessaParameters:
    """The layer in a file.

    Args:
        checkpoint: what `SessaParameters.save` wrote, or a published layer's `state_dict` as safetensors.
        config: a JSON file as `SessaConfig.to_json` writes it, for a checkpoint that carries none.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file holds something else.
    """
    try:
        return SessaParameters.load(checkpoint, None if config is None else _read_config(Path(config)))
    except TypeError as error:
        raise ValueError(str(error)) from None


def _read_config(path: Path) -> SessaConfig:
    try:
        return SessaConfig.from_json(path.read_bytes())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
