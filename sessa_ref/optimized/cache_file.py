"""A decoding cache as a safetensors file: its tensors, and in the header how many tokens each row has."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save_file
from torch import Tensor

AXES = {"k_f": 4, "v_f": 4, "k_b": 3, "s": 3}
_KEY = "sessa_cache"


def write(path: str | os.PathLike[str], parts: dict[str, Tensor], lengths: Sequence[int], capacity: int) -> None:
    """Write the tensors of the tokens so far, (batch, longest, ...)."""
    about = json.dumps({"lengths": list(lengths), "max_len": capacity})
    save_file(parts, path, metadata={_KEY: about})


def read(path: str | os.PathLike[str], device: torch.device | str) -> tuple[dict[str, Tensor], list[int], int]:
    """Tensors, lengths and capacity of a file that `write` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not safetensors, is cut short, or does not hold a cache.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with safetensors.safe_open(path, framework="pt", device=str(device)) as file:
            text = (file.metadata() or {}).get(_KEY)
            if text is None or set(file.keys()) != set(AXES):
                raise ValueError(f"{path} holds no cache: Cache.save writes {sorted(AXES)} and {_KEY}")
            parts = {name: file.get_tensor(name) for name in AXES}
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from None
    try:
        about = json.loads(text)
        lengths, capacity = about["lengths"], about["max_len"]
    except (ValueError, KeyError, TypeError):
        lengths, capacity = None, None
    if not _belong_together(parts, lengths, capacity):
        shapes = {name: tuple(part.shape) for name, part in parts.items()}
        raise ValueError(f"{path} holds no cache: {_KEY} is {text[:200]!r}, but the tensors have the shapes {shapes}")
    return parts, lengths, capacity


def _belong_together(parts: dict[str, Tensor], lengths: object, capacity: object) -> bool:
    numbers = [capacity, *lengths] if isinstance(lengths, list) else [None]
    if any(type(number) is not int or number < 0 for number in numbers):
        return False
    batch, longest = len(numbers) - 1, max(numbers[1:], default=0)
    s = parts["s"]
    return (
        all(
            part.dim() == AXES[name] and part.shape[:2] == (batch, longest) and part.dtype == s.dtype
            for name, part in parts.items()
        )
        and s.is_floating_point()
        and longest <= capacity
    )
