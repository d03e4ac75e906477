"""Prediction from the last few bytes alone, by counting: a simple baseline for models without longer memory."""

from collections import Counter
from collections.abc import Sequence

import numpy as np


class ByteCounts:
    """The frequencies of bytes after the last n, in a text; where those were rare, also after the last n - 1, and so on.

    p_n(byte | last n) = (count of both + p_(n-1)(byte | last n - 1)) / (count of the last n + 1), and p_-1 is uniform.
    """

    def __init__(self, text: bytes, order: int) -> None:
        self.order = order
        self._both = [Counter(text[i : i + n + 1] for i in range(len(text) - n)) for n in range(order + 1)]
        self._last = [Counter(text[i : i + n] for i in range(len(text) - n)) for n in range(order + 1)]

    def probability(self, before: bytes, byte: int) -> float:
        """Of a byte after others."""
        p = 1 / 256
        for n in range(min(self.order, len(before)) + 1):
            last = before[len(before) - n :]
            p = (self._both[n][last + bytes([byte])] + p) / (self._last[n][last] + 1)
        return p

    def bits_per_byte(self, rows: Sequence[bytes]) -> float:
        """What it needs for each byte of the rows but their first, on average."""
        return float(np.mean([-np.log2(self.probability(row[:t], row[t])) for row in rows for t in range(1, len(row))]))
