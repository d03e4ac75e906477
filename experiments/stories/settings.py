"""What a training is asked to do."""

import math
from dataclasses import asdict, dataclass

from sessa_ref.language_model import SessaModelConfig

_WARMUP = 30


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A model and how to train it.

    Raises:
        ValueError: a number is not positive, or the seed is negative or too large.
    """

    seed: int = 0
    """Of the initial parameters and of the training text."""
    width: int = 64
    heads: int = 4
    layers: int = 2
    length: int = 256
    """Bytes in a row that are to be predicted."""
    batch: int = 16
    steps: int = 800
    learning_rate: float = 1e-2
    """Its largest value: it rises over 30 steps, and falls to 0 over the last half of them."""
    save_every: int = 50
    """Steps between two checkpoints."""
    test_rows: int = 64

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            bits = 63 if isinstance(value, int) else 120  # int64, and float32 with room for Adam's factors
            if value >= 2**bits:
                raise ValueError(f"{name} must be below 2^{bits}, got {value}")
            if not math.isfinite(value) or value < 0 or (value == 0 and name != "seed"):
                raise ValueError(f"{name} must be {'at least 0' if name == 'seed' else 'positive'}, got {value}")

    @property
    def config(self) -> SessaModelConfig:
        """Of the model."""
        return SessaModelConfig(
            hidden_size=self.width, num_hidden_layers=self.layers, num_attention_heads=self.heads, pad_token_id=0
        )

    def rate(self, step: int) -> float:
        """The learning rate of a step, 0 .. steps - 1."""
        return self.learning_rate * min(1.0, (step + 1) / _WARMUP, (self.steps - step) / (0.5 * self.steps))
