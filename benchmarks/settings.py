"""The settings of one run of the benchmarks."""

from dataclasses import dataclass
from typing import Final

import torch

from sessa_ref.config import SessaConfig
from sessa_ref.precision import PRECISIONS

METHODS: Final = ("blocked", "dense", "hops", "attention", "published")
"""Everything that can be timed; `benchmarks.methods` says what each is."""


@dataclass(frozen=True)
class Settings:
    """The options of the command line, checked.

    Raises:
        ValueError: a value is out of range, or two contradict each other; the message names the option.
    """

    width: int = 512
    heads: int = 8
    batch: int = 1
    lengths: tuple[int, ...] = (16, 64, 256, 1024, 4096, 16384, 65536)
    """Numbers of tokens T, for time and memory."""
    contexts: tuple[int, ...] = (256, 1024, 4096)
    """Numbers of tokens that decoding starts from."""
    decode_steps: int = 16
    """Tokens that one timed call decodes."""
    dtype: str = "float32"
    threads: int = 1
    repetitions: int = 5
    """Least number of calls behind a median, unless the budget ends first."""
    budget: float = 120.0
    """Seconds after which no further repetition of a measurement at one length begins."""
    methods: tuple[str, ...] = ("blocked", "dense", "hops", "attention")
    """The first is the one that ratios refer to."""
    published: str | None = None
    """Folder of a clone of the public repository."""
    time_limit: float = 600.0
    """Seconds that one call may take in a process of its own, start included."""
    memory_limit: float = 16.0
    """GiB that one call may allocate."""
    product_size: int = 2048
    """Rows and columns of the matrices whose product gives the machine's rate."""

    def __post_init__(self) -> None:
        for name in ("batch", "decode_steps", "threads", "repetitions", "product_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{_option(name)} must be at least 1, got {getattr(self, name)}")
        for name in ("budget", "time_limit", "memory_limit"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{_option(name)} must be positive, got {getattr(self, name)}")
        for name in ("lengths", "contexts"):
            numbers = getattr(self, name)
            if list(numbers) != sorted(set(numbers)) or any(number < 1 for number in numbers):
                raise ValueError(f"{_option(name)} must be increasing positive integers, got {list(numbers)}")
        if self.dtype not in PRECISIONS:
            raise ValueError(f"--dtype must be one of {', '.join(PRECISIONS)}, got {self.dtype}")
        unknown = set(self.methods) - set(METHODS)
        if unknown or not self.methods or len(set(self.methods)) < len(self.methods):
            raise ValueError(
                f"--methods must be different ones of {', '.join(METHODS)}, got {', '.join(self.methods) or 'none'}"
            )
        if "published" in self.methods and self.published is None:
            raise ValueError("the method published needs --published PATH, a clone of the public repository")
        _ = self.config  # checks width and heads

    @property
    def config(self) -> SessaConfig:
        """The layer that is timed."""
        return SessaConfig.published(self.width, self.heads)

    @property
    def torch_dtype(self) -> torch.dtype:
        """`dtype` as torch names it."""
        return getattr(torch, self.dtype)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
