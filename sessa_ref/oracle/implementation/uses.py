"""Ways to use a layer that must make no difference to what it computes, and what each array of an answer is.

An answer holds arrays under text. Where an operation uses the layer in several ways, that text is the `key` of a
`Label`, which says what was computed and in which use.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

GRADIENT = "a gradient"
"""The quantity of a label that stands for the gradients of x and of every parameter."""


class Use(StrEnum):
    """A way to use the layer, in words that follow the quantity in messages."""

    AFTER_ANOTHER_INPUT = "after another input"
    INPUT_AFTERWARDS = "after the call"
    KEPT = "kept during a later call"
    SLICE = "of a slice"
    STRIDED_INPUT = "of a strided input"
    FIRST_ROW = "of the first row alone"
    FIRST_HALF = "of the first half after the whole"
    AFTER_A_SHORTER_INPUT = "after a shorter input"
    AFTER_DECODING = "after decoding"
    AFTER_A_GRADIENT = "after a gradient"
    SECOND_GRADIENT = "again"
    STRIDED_COTANGENT = "of a strided cotangent"
    COTANGENT_STORED_ONCE = "of a cotangent stored once"
    SEQUENCES_IN_TURN = "of two sequences in turn"
    ONLY_X = "with only x to differentiate"
    NOTHING_ELSE = "with nothing else to differentiate"
    ONLY_PARAMETERS = "with only parameters to differentiate"
    TRAINING = "in training mode"
    FIRST_TOKENS = "of the first tokens alone"
    ALL_TOKENS_REAL = "with a mask of real tokens alone"
    PADDED_LEFT = "padded on the left"
    PADDED_RIGHT = "padded on the right"
    PADDED_WITHIN = "padded within"
    BESIDE_A_ROW_OF_PADDING = "beside a row of padding alone"
    PADDED_PROMPT = "of a prompt padded on the left and steps"


@dataclass(frozen=True)
class Label:
    """What one array of an answer is."""

    quantity: str
    """The output, "d" and the name of an input, "grad." and the name of a parameter, "x" for the input itself, or
    `GRADIENT`."""
    use: Use | None = None
    """None for a plain call."""
    tokens: int | None = None
    """How many tokens there were, for `Use.FIRST_TOKENS`."""

    def __str__(self) -> str:
        if self.tokens is not None:
            return f"{self.quantity} of {self.tokens} tokens"
        return self.quantity if self.use is None else f"{self.quantity} {self.use}"

    @property
    def is_gradient(self) -> bool:
        """Whether it is a gradient, rather than an output or an input."""
        return self.quantity == GRADIENT or self.quantity.startswith(("d", "grad."))

    @property
    def key(self) -> str:
        """The label as text, which `from_key` reads."""
        return json.dumps([self.quantity, None if self.use is None else self.use.name, self.tokens])

    @classmethod
    def from_key(cls, key: str) -> "Label":
        """The label that this text is the key of.

        Raises:
            ValueError: there is none.
        """
        try:
            quantity, use, tokens = json.loads(key)
            if not isinstance(quantity, str) or not isinstance(tokens, int | None):
                raise TypeError
            return cls(quantity, None if use is None else Use[use], tokens)
        except (TypeError, KeyError, ValueError):
            raise ValueError(f"no label has the key {key!r}") from None

    def part(self, T: int) -> tuple[slice, slice]:
        """The rows and the tokens, of a whole batch with T tokens, that the array holds."""
        rows = slice(0, 1) if self.use is Use.FIRST_ROW else slice(None)
        if self.use is Use.FIRST_HALF:
            return rows, slice(0, T // 2)
        return rows, slice(None) if self.tokens is None else slice(0, self.tokens)


Labelled = dict[Label, np.ndarray]
"""The arrays of an answer that has labels."""


def labelled(values: dict[str, np.ndarray]) -> Labelled:
    """The arrays of an answer by their labels instead of their keys.

    Raises:
        ValueError: some text is not the key of a label.
    """
    return {Label.from_key(key): value for key, value in values.items()}
