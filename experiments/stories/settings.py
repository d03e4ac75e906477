"""What a training is asked to do."""

from dataclasses import dataclass, fields

from experiments.settings import check_number
from sessa_ref.language_model import SessaModelConfig

_WARMUP = 30


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A model and how to train it.

    Raises:
        TypeError: a value is no number, or no whole one.
        ValueError: a number is not positive or too large, or the seed is negative.
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
        for one in fields(self):
            check_number(one.name, getattr(self, one.name), type(one.default))

    @property
    def config(self) -> SessaModelConfig:
        """Of the model."""
        return SessaModelConfig(
            hidden_size=self.width, num_hidden_layers=self.layers, num_attention_heads=self.heads, pad_token_id=0
        )

    def rate(self, step: int) -> float:
        """The learning rate of a step, 0 .. steps - 1."""
        return self.learning_rate * min(1.0, (step + 1) / _WARMUP, (self.steps - step) / (0.5 * self.steps))
