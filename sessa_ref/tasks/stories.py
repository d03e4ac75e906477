"""Little stories drawn from a grammar, byte by byte, with the best possible prediction of every byte.

A grammar has rules: each symbol has weighted options, texts in which `{symbol}` stands for an option of that symbol, drawn
anew, and `{=symbol}` for what was last drawn for it in this story. A text is a sequence of independent stories. Who knows
the grammar and has read all before it predicts the next byte as `Stories.predict` does, by exact inference: a forward pass
over all ways in which the grammar can have made the text so far. No model needs fewer bits on average: the mean of
`Stories.bits` is the least possible. Its limit for long texts is `Stories.bits_per_byte`, the entropy rate.

Choices are few and repetitions many: a story names its hero, a thing and a colour once, and whoever forgets them pays for
each again.
"""

import re
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array
from sessa_ref.tasks.task import Seed, check_whole_number, generator

Rules = Mapping[str, Mapping[str, float | int]]
"""For each symbol its options with their weights, which need not add up to 1."""

START: Final = "story"
"""The symbol that a story is an option of."""

RULES: Final[Rules] = {
    START: {"{name} had a {colour} {thing}. One {time} it was gone. {search} {end}\n": 1},
    "name": {"Mira": 6, "Otto": 5, "Ines": 4, "Jonas": 3, "Olga": 3, "Malik": 2, "Tove": 2, "Ravi": 1},
    "colour": {"red": 4, "blue": 4, "green": 3, "grey": 2, "golden": 2, "white": 1},
    "thing": {"kite": 4, "ball": 4, "boat": 3, "bell": 3, "drum": 2, "lamp": 2, "scarf": 1, "spade": 1},
    "time": {"morning": 3, "evening": 2, "night": 2, "winter day": 1},
    "search": {
        "{=name} looked {place}, but found only {find}. {search}": 5,
        "{=name} looked {place}, and there it was!": 4,
    },
    "place": {
        "under the bed": 4,
        "under the stairs": 3,
        "behind the door": 3,
        "behind the barn": 2,
        "in the kitchen": 2,
        "in the garden": 2,
        "on the roof": 1,
        "on the bridge": 1,
    },
    "find": {"dust": 4, "leaves": 3, "a spoon": 2, "a shoe": 2, "a sleeping cat": 1, "three snails": 1},
    "end": {
        "The {=colour} {=thing} had been {=place} all along.": 3,
        "{=name} took the {=colour} {=thing} home.": 2,
        '"My {=colour} {=thing}!" said {=name}.': 2,
        "It rained, and {=name} was happy.": 1,
    },
}
"""The grammar that the kept results are of."""

Piece = bytes | str
"""A part of an option: text, or a symbol, written `name` if it is drawn and `=name` if it is repeated."""
State = tuple[bytes, tuple[Piece, ...], tuple[tuple[str, bytes], ...]]
"""The text that is written now, what is still to be written of the story, and what its symbols were."""


class Option(NamedTuple):
    """One way to write a symbol."""

    pieces: tuple[Piece, ...]
    probability: float
    text: bytes | None
    """The whole option if it is text alone."""


@dataclass(frozen=True)
class Stories:
    """The task.

    Raises:
        ValueError: a weight is not positive, an option is empty or begins with its own symbol, at once or by way of
            others, a brace belongs to no symbol, a symbol has no rule, `{=symbol}` is of one whose options contain
            symbols, or stories are too long on average; the message says where.
    """

    rules: Rules = field(default_factory=lambda: RULES)

    def __post_init__(self) -> None:
        for symbol, options in {START: {}, **self.rules}.items():
            if not options or not all(0 < weight < np.inf for weight in options.values()):
                raise ValueError(f"the rule {symbol} must have options with positive weights, got {dict(options)}")
        for symbol, options in self._options.items():
            if any(not option.pieces for option in options):
                raise ValueError(f"the rule {symbol} has an empty option; every option must write something")
            for name in (piece for option in options for piece in option.pieces if isinstance(piece, str)):
                wanted = self._options.get(name.removeprefix("="))
                if wanted is None:
                    raise ValueError(f"the rule {symbol} has {{{name}}}, and there is no such rule")
                if name.startswith("=") and any(option.text is None for option in wanted):
                    raise ValueError(f"the rule {symbol} repeats {{{name}}}, whose options must be plain text")
        first = {
            symbol: {option.pieces[0].removeprefix("=") for option in options if isinstance(option.pieces[0], str)}
            for symbol, options in self._options.items()
        }
        try:
            TopologicalSorter(first).prepare()
        except CycleError as error:
            symbol, *others = reversed(error.args[1])
            raise ValueError(f"an option of {symbol} begins with {', which begins with '.join(others)}") from None
        if np.abs(np.linalg.eigvals(self._draws(repeated=True))).max() >= 1 - 1e-9:
            raise ValueError("stories of these rules are too long on average, or have no mean length")

    def text(self, length: int, seed: Seed) -> bytes:
        """Stories, one after the other, cut after `length` bytes; with equal seeds, equal ones.

        Raises:
            TypeError: `length` is no whole number.
            ValueError: `length` or `seed` is negative.
        """
        check_whole_number("length", length, 0)
        rng = generator(0, seed)
        written, stories = 0, []
        while written < length:
            stories.append(self._story(rng))
            written += len(stories[-1])
        return b"".join(stories)[:length]

    def predict(self, text: bytes) -> Float64[Array, "bytes 256"]:
        """Row t: the probability of every byte at t, given the t bytes before it, for a text that begins with a story.

        There is one row more than bytes. Rows after a byte that the grammar cannot have written are zero.
        """
        found = np.zeros((len(text) + 1, 256))
        beliefs = self._until_text({(b"", (), ()): 1.0})
        for row, byte in zip(found, [*text, None], strict=True):
            for (now, _, _), weight in beliefs.items():
                row[now[0]] += weight
            if byte is None or not row[byte]:
                break
            beliefs = {
                (now[1:], later, memory): weight / row[byte]
                for (now, later, memory), weight in beliefs.items()
                if now[0] == byte
            }
            if not all(now for now, _, _ in beliefs):
                beliefs = self._until_text(beliefs)
        return found

    def bits(self, text: bytes) -> Float64[Array, " bytes"]:
        """-log2 of the probability of every byte given those before it; infinite from an impossible byte on."""
        right = self.predict(text)[np.arange(len(text)), np.frombuffer(text, np.uint8)]
        with np.errstate(divide="ignore"):
            return -np.log2(right)

    @property
    def entropy(self) -> float:
        """Bits in a story, if no text can come about in two ways: the entropies of all choices, added up.

        h = choice + M h, where M holds the mean numbers of symbols that an option draws.
        """
        choice = [-sum(p * np.log2(p) for _, p, _ in options) for options in self._options.values()]
        return float(np.linalg.solve(np.eye(len(choice)) - self._draws(repeated=False), choice)[self._index[START]])

    @property
    def mean_length(self) -> float:
        """Bytes in a story, the mean. A repeated symbol is as long as a drawn one, on average."""
        own = [
            sum(p * len(piece) for pieces, p, _ in options for piece in pieces if isinstance(piece, bytes))
            for options in self._options.values()
        ]
        return float(np.linalg.solve(np.eye(len(own)) - self._draws(repeated=True), own)[self._index[START]])

    @property
    def bits_per_byte(self) -> float:
        """The entropy rate: bits in a story over bytes in a story, by the renewal theorem."""
        return self.entropy / self.mean_length

    @cached_property
    def _options(self) -> dict[str, list[Option]]:
        """The options of each symbol."""
        return {symbol: _parsed(options) for symbol, options in self.rules.items()}

    @property
    def _index(self) -> dict[str, int]:
        return {symbol: row for row, symbol in enumerate(self._options)}

    def _draws(self, repeated: bool) -> Float64[Array, "symbols symbols"]:
        """How many of each symbol an option of each symbol has on average: drawn ones, and with `repeated` all."""
        index = self._index
        found = np.zeros((len(index), len(index)))
        for symbol, options in self._options.items():
            for pieces, p, _ in options:
                for piece in pieces:
                    if isinstance(piece, str) and (repeated or not piece.startswith("=")):
                        found[index[symbol], index[piece.removeprefix("=")]] += p
        return found

    def _story(self, rng: np.random.Generator) -> bytes:
        pieces: list[Piece] = [START]
        memory: dict[str, bytes] = {}
        written = []
        while pieces:
            piece = pieces.pop(0)
            if isinstance(piece, bytes):
                written.append(piece)
            elif piece.startswith("="):
                written.append(_remembered(memory, piece))
            else:
                options = self._options[piece]
                chosen = bisect(list(accumulate(option.probability for option in options)), rng.random())
                own = options[min(chosen, len(options) - 1)]  # the last sum may be rounded to less than 1
                if own.text is not None:
                    memory[piece] = own.text
                pieces[:0] = own.pieces
        return b"".join(written)

    def _until_text(self, beliefs: dict[State, float]) -> dict[State, float]:
        """The same beliefs, with symbols replaced until there is text to write in every state."""
        found: dict[State, float] = {}
        waiting = list(beliefs.items())
        while waiting:
            (now, later, memory), weight = waiting.pop()
            if now:
                found[now, later, memory] = found.get((now, later, memory), 0.0) + weight
                continue
            first, rest, memory = (later[0], later[1:], memory) if later else (START, (), ())
            if isinstance(first, bytes):
                waiting.append(((first, rest, memory), weight))
            elif first.startswith("="):
                waiting.append(((_remembered(dict(memory), first), rest, memory), weight))
            else:
                for pieces, p, text in self._options[first]:
                    known = dict(memory) if text is None else {**dict(memory), first: text}
                    waiting.append(((b"", (*pieces, *rest), tuple(sorted(known.items()))), weight * p))
        return found


def _parsed(options: Mapping[str, float | int]) -> list[Option]:
    """The options of a symbol, with weights that add up to 1."""
    return [Option(_pieces(text), p / sum(options.values()), _whole(_pieces(text))) for text, p in options.items()]


def _pieces(text: str) -> tuple[Piece, ...]:
    """Texts and symbols by turns: of "a {b} c", the bytes "a ", the symbol "b" and the bytes " c"."""
    parts = re.split(r"\{(=?\w+)\}", text)
    if any(brace in part for part in parts[::2] for brace in "{}"):
        raise ValueError(f"the option {text!r} has a brace that belongs to no symbol, a word")
    return tuple(part if turn % 2 else part.encode() for turn, part in enumerate(parts) if part)


def _whole(pieces: tuple[Piece, ...]) -> bytes | None:
    texts = [piece for piece in pieces if isinstance(piece, bytes)]
    return b"".join(texts) if len(texts) == len(pieces) else None


def _remembered(memory: Mapping[str, bytes], piece: str) -> bytes:
    name = piece.removeprefix("=")
    if name not in memory:
        raise ValueError(f"a story repeats {{{piece}}} before {{{name}}} was drawn")
    return memory[name]
