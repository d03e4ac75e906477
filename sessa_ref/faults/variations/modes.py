"""What can be wrong with any value of the layer, without a number in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from sessa_ref.faults.catalogue.changes import sigmoid
from sessa_ref.faults.catalogue.tokenwise import sigmoid_gelu, tanh_gelu
from sessa_ref.faults.variations.places import PLACES, Kind, Place
from sessa_ref.faults.variations.variation import Variation
from sessa_ref.notation import Array
from sessa_ref.precision import round_to
from sessa_ref.reference import tokenwise

ALL: tuple[Kind, ...] = ("tokens", "heads", "matrix")
ROWS: tuple[Kind, ...] = ("tokens", "heads")
"""Kinds with tokens on axis -2 and features on the last."""


@dataclass(frozen=True)
class Mode:
    """A way in which a value can be wrong, wherever it stands."""

    name: str
    """Follows the place's word in the variation's name."""
    words: str
    """Follows the place and its verb in the sentence."""
    function: Callable[[Array], Array]
    cause: str
    kinds: tuple[Kind, ...] = ALL

    def at(self, place: Place) -> Variation:
        """The mode at a place."""
        sentence = f"{place.phrase[0].upper()}{place.phrase[1:]} {place.verb} {self.words}."
        fix = f"Leave {place.phrase.rstrip(',')} as the definition has {'them' if place.plural else 'it'}."
        function = self.function
        return Variation(
            f"{place.word}{self.name}",
            place.area,
            sentence,
            self.cause,
            fix,
            {name: lambda run, value: function(value) for name in place.names},
        )


def variations() -> Iterator[Variation]:
    """Every mode at every place that it can be at."""
    for mode in MODES:
        for place in PLACES:
            if place.kind in mode.kinds:
                yield mode.at(place)


def positive(z: Array) -> Array:
    """Where the real part is positive."""
    return np.real(z) > 0


def shifted(z: Array, by: int, edge: str) -> Array:
    """Rows moved by some tokens to later ones; what is free at the edge is zero, or its nearest, or comes round."""
    T = z.shape[-2]
    moved = np.roll(z, by, axis=-2)
    if edge == "round" or not T:
        return moved
    rows = np.arange(T)[:, None]
    free = rows < by if by > 0 else rows >= T + by
    nearest = z[..., :1, :] if by > 0 else z[..., -1:, :]
    return np.where(free, 0 if edge == "zero" else nearest, moved)


def rounded_to(z: Array, dtype: str) -> Array:
    """Rounded to a lower precision; derivatives pass through."""
    real = round_to(np.real(z), dtype) if dtype != "tfloat32" else _tf32(np.real(z))
    return real + 1j * np.imag(z) if np.iscomplexobj(z) else real


def with_row(z: Array, row: int, change: Callable[[Array], Array]) -> Array:
    """One row changed."""
    result = z.copy()
    if z.shape[-2]:
        result[..., row, :] = change(z[..., row, :])
    return result


def _tf32(real: Array) -> Array:
    scaled, exponent = np.frexp(real)
    return np.ldexp(np.round(scaled * 2.0**11) / 2.0**11, exponent)


def _normal(z: Array, axis: int = -1, centre: bool = False, eps: float = 1e-5) -> Array:
    size = max(z.shape[axis], 1)
    centred = z - np.sum(z, axis=axis, keepdims=True) / size if centre else z
    return centred / np.sqrt(np.sum(centred * centred, axis=axis, keepdims=True) / size + eps)


def _unit(z: Array) -> Array:
    length = np.sqrt(np.sum(z * z, axis=-1, keepdims=True))
    return z / np.where(np.real(length) < 1e-12, 1e-12, length)


def _softmax(z: Array) -> Array:
    exponentials = np.exp(z - np.max(np.real(z), axis=-1, keepdims=True, initial=-np.inf))
    return exponentials / np.sum(exponentials, axis=-1, keepdims=True)


def _mean(axis: int) -> Callable[[Array], Array]:
    return lambda z: np.broadcast_to(np.sum(z, axis=axis, keepdims=True) / max(z.shape[axis], 1), z.shape)


def _minus_mean(axis: int) -> Callable[[Array], Array]:
    return lambda z: z - np.sum(z, axis=axis, keepdims=True) / max(z.shape[axis], 1)


def _running_mean(z: Array) -> Array:
    return np.cumsum(z, axis=-2) / np.arange(1, z.shape[-2] + 1)[:, None]


def _halves(z: Array) -> Array:
    return np.roll(z, z.shape[-1] // 2, axis=-1)


def _interleaved(z: Array) -> Array:
    if z.shape[-1] % 2:
        return z
    return np.moveaxis(z.reshape(*z.shape[:-1], 2, -1), -2, -1).reshape(z.shape)


def _half_shifted(z: Array) -> Array:
    half = z.shape[-1] // 2
    return np.concatenate([shifted(z[..., :half], 1, "zero"), z[..., half:]], axis=-1)


def _feature(index: int, factor: float) -> Callable[[Array], Array]:
    def change(z: Array) -> Array:
        z = z.copy()
        z[..., index] = factor * z[..., index]
        return z

    return change


def absolute(z: Array) -> Array:
    """The size of the real part, with its derivative."""
    return np.where(np.real(z) < 0, -z, z)


def camel(words: str) -> str:
    """Words as one, each with a capital."""
    plain = "".join(c if c.isalnum() else " " for c in words)
    return "".join(word[0].upper() + word[1:] for word in plain.split())


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "ReLU": lambda z: np.where(positive(z), z, 0),
    "SiLU": lambda z: z * sigmoid(z),
    "exact GELU": lambda z: tokenwise.gelu(z),
    "tanh-form GELU": tanh_gelu,
    "sigmoid-form GELU": sigmoid_gelu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda z: np.where(np.real(z) > 30, z, np.log1p(np.exp(np.where(np.real(z) > 30, 0, z)))),
    "ELU": lambda z: np.where(positive(z), z, np.expm1(np.where(positive(z), 0, z))),
    "ELU plus one": lambda z: np.where(positive(z), z + 1, np.exp(np.where(positive(z), 0, z))),
    "SELU": lambda z: (
        1.0507009873554805 * np.where(positive(z), z, 1.6732632423543772 * np.expm1(np.where(positive(z), 0, z)))
    ),
    "leaky ReLU of slope 0.01": lambda z: np.where(positive(z), z, 0.01 * z),
    "leaky ReLU of slope 0.1": lambda z: np.where(positive(z), z, 0.1 * z),
    "leaky ReLU of slope 0.2": lambda z: np.where(positive(z), z, 0.2 * z),
    "squared ReLU": lambda z: np.where(positive(z), z * z, 0),
    "mish": lambda z: z * np.tanh(np.log1p(np.exp(np.where(np.real(z) > 30, 30, z)))),
    "hard swish": lambda z: z * np.where(np.real(z) > 3, 6, np.where(np.real(z) < -3, 0, z + 3)) / 6,
    "hard sigmoid": lambda z: np.where(np.real(z) > 3, 1, np.where(np.real(z) < -3, 0, z / 6 + 0.5)),
    "softsign": lambda z: z / (1 + absolute(z)),
    "erf": lambda z: special.erf(z),
    "arctan": np.arctan,
    "sine": np.sin,
    "exp": np.exp,
    "square": lambda z: z * z,
    "ReLU6": lambda z: np.where(np.real(z) > 6, 6, np.where(positive(z), z, 0)),
    "sigmoid scaled to (-1, 1)": lambda z: np.tanh(z / 2),
    "twice the sigmoid": lambda z: 2 * sigmoid(z),
    "one plus it": lambda z: 1 + z,
    "one minus it": lambda z: 1 - z,
    "one plus tanh": lambda z: 1 + np.tanh(z),
    "hard tanh": lambda z: np.where(np.real(z) > 1, 1, np.where(np.real(z) < -1, -1, z)),
}
"""Functions of one number by their usual names."""

_FORGOTTEN = "A term is left out, or its result is not used."
_SHIFT = "An index, a roll or a padding that is off by one token."
_BATCH = "A reduction or a broadcast over the wrong axis."
_NORM = "A normalisation taken over from another architecture."
_CAST = "A cast, an autocast region or a buffer of a lower precision."
_ORDER = "A reshape, a split or a flip that puts features in another order."
_EDGE = "A special case for an edge that the definition does not have."

MODES: tuple[Mode, ...] = (
    Mode("Missing", "zero", lambda z: 0 * z, _FORGOTTEN),
    Mode("One", "one everywhere", lambda z: 1 + 0 * z, _FORGOTTEN, ROWS),
    Mode("Doubled", "counted twice", lambda z: 2 * z, "A term that is added in two places."),
    Mode("Negated", "taken with the other sign", lambda z: -z, "A sign."),
    Mode("Absolute", "taken without the sign", absolute, "A magnitude in place of a number."),
    *(
        Mode(
            f"Through{camel(name)}",
            f"put through a function: {name}",
            function,
            "An activation that does not belong there.",
        )
        for name, function in ACTIVATIONS.items()
    ),
    Mode("OfPreviousToken", "that of the previous token, zero for the first", lambda z: shifted(z, 1, "zero"), _SHIFT),
    Mode("OfPreviousTokenKept", "that of the previous token, the first's own", lambda z: shifted(z, 1, "kept"), _SHIFT),
    Mode("OfPreviousTokenRound", "rolled by one token, so that the first has the last's", lambda z: shifted(z, 1, "round"), _SHIFT),
    Mode("OfNextToken", "that of the next token, zero for the last", lambda z: shifted(z, -1, "zero"), _SHIFT),
    Mode("OfNextTokenKept", "that of the next token, the last's own", lambda z: shifted(z, -1, "kept"), _SHIFT),
    Mode("OfNextTokenRound", "rolled back by one token, so that the last has the first's", lambda z: shifted(z, -1, "round"), _SHIFT),
    Mode("AveragedWithPrevious", "averaged with that of the previous token", lambda z: (z + shifted(z, 1, "kept")) / 2, "Smoothing."),
    Mode("AveragedWithPreviousZero", "averaged with that of the previous token, zero before the first", lambda z: (z + shifted(z, 1, "zero")) / 2, "Smoothing."),
    Mode("PlusPrevious", "added to that of the previous token", lambda z: z + shifted(z, 1, "zero"), "Smoothing."),
    Mode("MinusPrevious", "taken as a difference from that of the previous token", lambda z: z - shifted(z, 1, "zero"), "Differences."),
    Mode("HalfShifted", "shifted by one token in the first half of its features", _half_shifted, "A token shift taken over from another architecture.", ROWS),
    Mode("Reversed", "in reversed order of tokens", lambda z: z[..., ::-1, :], "A flip in time that is not undone."),
    Mode("Accumulated", "summed over all tokens so far", lambda z: np.cumsum(z, axis=-2), "A running sum.", ROWS),
    Mode("RunningMean", "averaged over all tokens so far", _running_mean, "A running mean.", ROWS),
    Mode("TimeMean", "averaged over all tokens", _mean(-2), _BATCH, ROWS),
    Mode("MinusTimeMean", "taken relative to its mean over tokens", _minus_mean(-2), _BATCH, ROWS),
    Mode("TimeNormalized", "normalised over the tokens (mean 0, variance 1)", lambda z: _normal(z, -2, True), _BATCH, ROWS),
    Mode("BatchMean", "averaged over the batch", _mean(0), _BATCH),
    Mode("MinusBatchMean", "taken relative to its mean over the batch", _minus_mean(0), _BATCH),
    Mode("BatchSum", "summed over the batch", lambda z: np.broadcast_to(np.sum(z, axis=0, keepdims=True), z.shape), _BATCH),
    Mode("BatchNormalized", "normalised over the batch", lambda z: _normal(z, 0, True), _BATCH),
    Mode("OfFirstRow", "that of the batch's first row, for all rows", lambda z: np.broadcast_to(z[:1], z.shape), _BATCH),
    Mode("OfLastRow", "that of the batch's last row, for all rows", lambda z: np.broadcast_to(z[-1:], z.shape), _BATCH),
    Mode("RowsRolled", "that of the batch's row before", lambda z: np.roll(z, 1, axis=0), _BATCH),
    Mode("RowsReversed", "taken from the batch in reversed order", lambda z: z[::-1], _BATCH),
    Mode("WidthMean", "averaged over its last axis", _mean(-1), _BATCH),
    Mode("MinusWidthMean", "taken relative to the mean over its last axis", _minus_mean(-1), _NORM),
    Mode("FirstFeature", "its first feature everywhere", lambda z: np.broadcast_to(z[..., :1], z.shape), _BATCH, ROWS),
    Mode("HeadsReversed", "in reversed order of heads", lambda z: z[:, ::-1], _ORDER, ("heads",)),
    Mode("HeadsRolled", "those of the head before", lambda z: np.roll(z, 1, axis=1), _ORDER, ("heads",)),
    Mode("HeadMean", "averaged over heads", _mean(1), _BATCH, ("heads",)),
    Mode("HeadSum", "summed over heads", lambda z: np.broadcast_to(np.sum(z, axis=1, keepdims=True), z.shape), _BATCH, ("heads",)),
    Mode("OfFirstHead", "those of the first head, for all heads", lambda z: np.broadcast_to(z[:, :1], z.shape), _BATCH, ("heads",)),
    Mode("OfLastHead", "those of the last head, for all heads", lambda z: np.broadcast_to(z[:, -1:], z.shape), _BATCH, ("heads",)),
    *(
        Mode(
            f"{camel(words)}Missing",
            f"zero for {words}",
            (lambda z, number=number: z * (np.arange(z.shape[1]) != number % max(z.shape[1], 1))[:, None, None]),
            "A loop over heads that leaves one out.",
            ("heads",),
        )
        for number, words in ((0, "head 0"), (1, "head 1"), (2, "head 2"), (-1, "the last head"))
    ),
    Mode("OfEvenHead", "those of the even head of each pair, for both", lambda z: z[:, np.arange(z.shape[1]) // 2 * 2], _ORDER, ("heads",)),
    Mode("HeadPairsSwapped", "exchanged between the heads of each pair", lambda z: z[:, np.minimum(np.arange(z.shape[1]) ^ 1, z.shape[1] - 1)], _ORDER, ("heads",)),
    Mode("HalfTheHeadsMissing", "zero for the second half of the heads", lambda z: z * (np.arange(z.shape[1]) < (z.shape[1] + 1) // 2)[:, None, None], "A loop over half of the heads.", ("heads",)),
    Mode("UnitLength", "scaled to length 1", _unit, _NORM),
    Mode("RmsNormalized", "scaled to root mean square 1", lambda z: _normal(z), _NORM),
    Mode("RmsNormalizedTightly", "scaled to root mean square 1 (epsilon 1e-6)", lambda z: _normal(z, eps=1e-6), _NORM),
    Mode("RmsNormalizedExactly", "scaled to root mean square 1 (epsilon 0)", lambda z: _normal(z, eps=0.0), _NORM),
    Mode("LayerNormalized", "put through a further layer norm without weights", lambda z: _normal(z, centre=True), _NORM),
    Mode("LayerNormalizedExactly", "put through a further layer norm without weights and epsilon", lambda z: _normal(z, centre=True, eps=0.0), _NORM),
    Mode("Softmaxed", "put through a softmax over its last axis", _softmax, _NORM),
    Mode("SumNormalized", "divided by its sum over the last axis", lambda z: z / np.sum(z, axis=-1, keepdims=True), _NORM),
    Mode("HalvesSwapped", "with its halves swapped", _halves, _ORDER, ROWS),
    Mode("Interleaved", "with its halves interleaved", _interleaved, _ORDER, ROWS),
    Mode("Deinterleaved", "in the order of its even features, and then the odd ones", lambda z: np.concatenate([z[..., 0::2], z[..., 1::2]], axis=-1), _ORDER, ROWS),
    Mode("FeaturesReversed", "in reversed order of features", lambda z: z[..., ::-1], _ORDER, ROWS),
    Mode("FeaturesRolled", "rolled by one feature", lambda z: np.roll(z, 1, axis=-1), _ORDER, ROWS),
    Mode("FeaturesRolledBack", "rolled back by one feature", lambda z: np.roll(z, -1, axis=-1), _ORDER, ROWS),
    Mode("FirstFeatureMissing", "zero in its first feature", _feature(0, 0.0), _EDGE, ROWS),
    Mode("LastFeatureMissing", "zero in its last feature", _feature(-1, 0.0), _EDGE, ROWS),
    Mode("FirstFeatureNegated", "negated in its first feature", _feature(0, -1.0), _EDGE, ROWS),
    Mode("SecondHalfMissing", "zero in the second half of its features", lambda z: z * (np.arange(z.shape[-1]) < (z.shape[-1] + 1) // 2), _EDGE, ROWS),
    Mode("FirstTokenMissing", "zero for the first token", lambda z: with_row(z, 0, lambda r: 0 * r), _EDGE),
    Mode("FirstTokenOne", "one for the first token", lambda z: with_row(z, 0, lambda r: 1 + 0 * r), _EDGE, ROWS),
    Mode("FirstTokenDoubled", "doubled for the first token", lambda z: with_row(z, 0, lambda r: 2 * r), _EDGE),
    Mode("FirstTokenHalved", "halved for the first token", lambda z: with_row(z, 0, lambda r: r / 2), _EDGE),
    Mode("FirstTokenNegated", "negated for the first token", lambda z: with_row(z, 0, lambda r: -r), _EDGE),
    Mode("LastTokenMissing", "zero for the last token", lambda z: with_row(z, -1, lambda r: 0 * r), _EDGE),
    Mode("LastTokenDoubled", "doubled for the last token", lambda z: with_row(z, -1, lambda r: 2 * r), _EDGE),
    Mode("LastTokenOne", "one for the last token", lambda z: with_row(z, -1, lambda r: 1 + 0 * r), _EDGE, ROWS),
    Mode("LastTokenRepeatsEarlier", "for the last token that of the one before", lambda z: z if z.shape[-2] < 2 else np.concatenate([z[..., :-1, :], z[..., -2:-1, :]], axis=-2), _EDGE),
    *(
        Mode(f"{label}", f"rounded to {dtype}", (lambda z, dtype=dtype: rounded_to(z, dtype)), _CAST)
        for label, dtype in (
            ("InFloat32", "float32"),
            ("InBfloat16", "bfloat16"),
            ("InFloat16", "float16"),
            ("InTfloat32", "tfloat32"),
        )
    ),
)  # fmt: skip
"""Every mode. What is likelier comes first."""
