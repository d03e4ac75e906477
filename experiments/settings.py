"""What a training run is asked to do: a TOML file, every entry of which the command line can replace."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from experiments.mixers import MIXERS
from sessa_ref.config import SessaConfig
from sessa_ref.messages import nearest, reason
from sessa_ref.tasks import MarkedRecall


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A model, a task and how to train; equal settings give equal numbers on one machine.

    Raises:
        TypeError: a field has the wrong type.
        ValueError: a field is out of its range, or there is no such mixer; the message names the field.
    """

    mixer: str = "sessa"
    """One of `experiments.mixers.MIXERS`."""
    seed: int = 0
    """Of the initial parameters and of the training sequences."""
    width: int = 64
    heads: int = 4
    layers: int = 2
    lag: int = 64
    """Of the training sequences."""
    symbols: int = 32
    starts: int = 16
    steps: int = 600
    batch: int = 64
    """Sequences in a step."""
    learning_rate: float = 3e-3
    """Its largest value: it rises over `warmup` steps, and falls to 0 over the last three tenths of all steps."""
    warmup: int = 50
    weight_decay: float = 0.01
    clip: float = 1.0
    """Largest norm of the gradient of all parameters together."""
    watch_every: int = 20
    """Steps between two looks at the layers."""
    save_every: int = 100
    """Steps between two checkpoints."""
    test_lags: tuple[int, ...] = (16, 32, 64, 96, 128, 192, 256)
    """Lags that the trained model is tested at."""
    test_sequences: int = 512
    """Test sequences at each lag, the same for all models."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name), field.default)
        if self.seed >= 2**63:
            raise ValueError(f"seed must be below 2^63, got {self.seed}")
        if self.mixer not in MIXERS:
            raise ValueError(f"mixer must be one of {', '.join(MIXERS)}, got {self.mixer}{nearest(self.mixer, MIXERS)}")
        object.__setattr__(self, "test_lags", tuple(self.test_lags))
        _ = self.config, [self.task(lag) for lag in (self.lag, *self.test_lags)]

    @classmethod
    def read(cls, path: str | Path, replaced: Mapping[str, Any]) -> "Settings":
        """The settings of a TOML file, with some entries replaced; entries that are left out have their defaults.

        Raises:
            OSError: the file cannot be read.
            ValueError, TypeError: it is no TOML, has an unknown entry, or an entry is not what it has to be.
        """
        try:
            entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} must be a TOML file: {reason(error)}") from None
        return cls.of({**entries, **replaced})

    @classmethod
    def of(cls, entries: Mapping[str, Any]) -> "Settings":
        """The settings with these entries.

        Raises:
            ValueError, TypeError: an entry is unknown or not what it has to be.
        """
        known = [field.name for field in fields(cls)]
        for name in entries:
            if name not in known:
                raise ValueError(f"there is no setting {name}{nearest(name, known)}")
        return cls(**entries)

    @property
    def config(self) -> SessaConfig:
        """Of the blocks, whatever the mixer."""
        return SessaConfig.published(self.width, self.heads)

    def task(self, lag: int) -> MarkedRecall:
        """The task at a lag."""
        return MarkedRecall(lag=lag, symbols=self.symbols, starts=self.starts)

    def rate(self, step: int) -> float:
        """The learning rate of a step, 0 .. steps - 1."""
        rise = (step + 1) / max(self.warmup, 1)
        fall = (self.steps - step) / (0.3 * self.steps)
        return self.learning_rate * min(1.0, rise, fall)

    def entries(self) -> dict[str, Any]:
        """As a JSON-ready object."""
        return {**asdict(self), "test_lags": list(self.test_lags)}


_MAY_BE_ZERO = ("seed", "warmup", "weight_decay")


def _check(name: str, value: Any, default: Any) -> None:
    """Right type, finite, and not too small."""
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not value:
            raise TypeError(f"{name} must be a list of whole numbers, got {value!r}")
        for one in value:
            _check(name, one, 1)
        return
    wanted = {int: int, float: (int, float), str: str}[type(default)]
    if isinstance(value, bool) or not isinstance(value, wanted):
        kind = {int: "a whole number", float: "a number", str: "a name"}[type(default)]
        raise TypeError(f"{name} must be {kind}, got {value!r}")
    if isinstance(value, str):
        return
    least_is_zero = name in _MAY_BE_ZERO
    if not math.isfinite(value) or value < 0 or (value == 0 and not least_is_zero):
        raise ValueError(f"{name} must be {'at least 0' if least_is_zero else 'positive'}, got {value}")
