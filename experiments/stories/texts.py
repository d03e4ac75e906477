"""Where the rows of training and test come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from experiments.stories.byte_counts import ByteCounts
from experiments.stories.settings import Settings
from sessa_ref.tasks import Stories

FIRST_BYTE = 3
"""The token of byte 0: those before it are the special tokens of `transformers.ByT5Tokenizer`."""
_TRAINING, _TEST, _COUNTED = 0, 1, 2  # so that no text of one use is drawn for another
_COUNTED_BYTES = 200_000
_ORDERS = (1, 4, 8, 16)


class StoryText:
    """Rows of stories, each beginning with the end of a line, so that the first byte of a story is predicted, too."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = "generated stories"
        self.task = Stories()

    def batch(self, step: int) -> list[bytes]:
        """The rows of a training step, which no other step has."""
        return [self._row(_TRAINING, self.settings.seed, step, row) for row in range(self.settings.batch)]

    def test(self) -> list[bytes]:
        """The rows of the test, the same for all seeds."""
        return [self._row(_TEST, row) for row in range(self.settings.test_rows)]

    def limits(self) -> dict[str, Any]:
        """What others need for the test: the best possible prediction, and counts of the bytes that follow the last n."""
        rows = self.test()
        best = np.array([self.task.bits(row[1:]).mean() for row in rows])
        counted = self.task.text(_COUNTED_BYTES, [_COUNTED])
        return {
            "best_possible": float(best.mean()),
            "entropy_rate": self.task.bits_per_byte,
            "from_last_bytes": {order: ByteCounts(counted, order).bits_per_byte(rows) for order in _ORDERS},
        }

    def _row(self, *seed: int) -> bytes:
        return b"\n" + self.task.text(self.settings.length, list(seed))


class FileText:
    """Rows of a file: its first nine tenths are for training, the last tenth is for the test.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is empty, or its last tenth is shorter than a row.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.settings = settings
        text = path.read_bytes()
        if not text:
            raise ValueError(f"{path} is empty: there is nothing to learn from")
        least = 10 * (settings.length + 1)
        if len(text) < least:
            raise ValueError(
                f"{path} must have at least {least} bytes, ten times a row of {settings.length} and a byte, got {len(text)}"
            )
        self.name = f"with SHA-256 {hashlib.sha256(text).hexdigest()}"
        cut = len(text) - len(text) // 10
        self._training, self._test = text[:cut], text[cut:]

    def batch(self, step: int) -> list[bytes]:
        """The rows of a training step, from anywhere."""
        rng = np.random.default_rng([_TRAINING, self.settings.seed, step])
        starts = rng.integers(len(self._training) - self.settings.length, size=self.settings.batch)
        return [self._training[start : start + self.settings.length + 1] for start in starts]

    def test(self) -> list[bytes]:
        """The first rows of the test text, one after the other."""
        length = self.settings.length
        count = min(self.settings.test_rows, (len(self._test) - 1) // length)
        return [self._test[row * length : (row + 1) * length + 1] for row in range(count)]

    def limits(self) -> dict[str, Any]:
        """Counts alone: nobody knows how well such a text can be predicted."""
        rows, counted = self.test(), self._training[-_COUNTED_BYTES:]
        return {"from_last_bytes": {order: ByteCounts(counted, order).bits_per_byte(rows) for order in _ORDERS}}


def as_tokens(rows: Sequence[bytes]) -> Int64[Tensor, "rows bytes"]:
    """Rows of equal length as tokens."""
    found = np.stack([np.frombuffer(row, np.uint8) for row in rows]).astype(np.int64)
    return torch.from_numpy(found) + FIRST_BYTE
