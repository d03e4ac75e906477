"""A decoding cache as a safetensors file: its tensors, and in the header how many tokens each row has."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save
from torch import Tensor

from sessa_ref.optimized.arguments import require_floating_dtype, whole_number

AXES = {"k_f": 4, "v_f": 4, "k_b": 3, "s": 3}
_KEY = "sessa_cache"


def write(path: str | os.PathLike[str], parts: dict[str, Tensor], lengths: Sequence[int], capacity: int) -> None:
    """Write the tensors of the tokens so far, (batch, longest, ...).

    Raises:
        OSError: the file cannot be written.
    """
    about = json.dumps({"lengths": list(lengths), "max_len": capacity})
    Path(path).write_bytes(save(parts, metadata={_KEY: about}))


def read(path: str | os.PathLike[str], device: torch.device | str) -> tuple[dict[str, Tensor], list[int], int]:
    """Tensors, lengths and capacity of a file that `write` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: it holds other than floating-point numbers.
        ValueError: the file is not safetensors, is cut short, or does not hold a cache.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    device = torch.device(device)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            if text is None or set(file.keys()) != set(AXES):
                raise ValueError(f"{path} holds no cache: Cache.save writes {sorted(AXES)} and {_KEY}")
            parts = {name: file.get_tensor(name) for name in AXES}
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from None
    lengths, capacity = _numbers(text)
    batch_and_longest = (len(lengths), max(lengths, default=0))
    if capacity < batch_and_longest[1] or any(
        part.dim() != AXES[name] or part.shape[:2] != batch_and_longest or part.dtype != parts["s"].dtype
        for name, part in parts.items()
    ):
        shapes = {name: f"{tuple(part.shape)} {part.dtype}" for name, part in parts.items()}
        raise ValueError(f"{path} holds no cache: {_KEY} is {text[:200]!r}, but the tensors are {shapes}")
    require_floating_dtype(f"the tensors in {path}", parts["s"].dtype)
    return {name: part.to(device) for name, part in parts.items()}, lengths, capacity


def _numbers(text: str) -> tuple[list[int], int]:
    """Lengths and capacity; an impossible capacity where they cannot be read."""
    try:
        about = json.loads(text)
        lengths, capacity = [whole_number("lengths", length) for length in about["lengths"]], about["max_len"]
        return lengths, whole_number("max_len", capacity)
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], -1
