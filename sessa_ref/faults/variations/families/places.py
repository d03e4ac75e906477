"""Families of any value of the layer."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.families.changes import clamped
from sessa_ref.faults.variations.families.numbers import BLOCKS, BOUNDS, COUNTS, FACTORS, SHARES, SMALL
from sessa_ref.faults.variations.graph import Changes, Number
from sessa_ref.faults.variations.modes import ROWS, absolute, shifted
from sessa_ref.faults.variations.places import Place
from sessa_ref.faults.variations.variation import Amount, Family
from sessa_ref.notation import Array

_PLACE_FAMILIES: tuple[tuple[str, str, Callable[[Array, Number], Array], tuple[Number, ...], str], ...] = (
    ("Scaled", "multiplied by {number}", lambda z, c: z * c, FACTORS, ""),
    ("Shifted", "increased by {number}", lambda z, c: z + c, SMALL, ""),
    ("Clamped", "clamped to +-{number}", lambda z, c: clamped(z, -abs(c), abs(c)), BOUNDS, "size"),
    ("ClampedAbove", "clamped from above at {number}", lambda z, c: clamped(z, -np.inf, c), (1.0, 10.0, 5.0, 6.0, 0.0), "value"),
    ("ClampedBelow", "clamped from below at {number}", lambda z, c: clamped(z, c, np.inf), (0.0, -1.0, -10.0, -5.0, 1e-3), "value"),
    ("SmoothlyCapped", "capped smoothly, {number} tanh(z / {number})", lambda z, c: c * np.tanh(z / c), (1.0, 10.0, 5.0, 30.0, 50.0, 3.0), "size"),
    ("Quantized", "rounded to multiples of {number}", lambda z, c: np.round(np.real(z) / c) * c if not np.iscomplexobj(z) else z, (0.1, 0.01, 0.001, 1 / 128, 1 / 256, 1 / 64, 1e-4), ""),
    ("MixedWithPrevious", "mixed with a share of {number} of the previous token's, the first its own", lambda z, c: (1 - c) * z + c * shifted(z, 1, "kept"), SHARES, ""),
    ("MixedWithPreviousZero", "mixed with a share of {number} of the previous token's, zero before the first", lambda z, c: (1 - c) * z + c * shifted(z, 1, "zero"), SHARES, ""),
    ("PlusShareOfPrevious", "increased by {number} times the previous token's", lambda z, c: z + c * shifted(z, 1, "zero"), SHARES, ""),
    ("PlusShareOfNext", "increased by {number} times the next token's", lambda z, c: z + c * shifted(z, -1, "zero"), SHARES, ""),
    ("Smoothed", "smoothed over tokens: e_t = {number} e_(t-1) + (1 - {number}) z_t, starting from the first", lambda z, c: _smoothed(z, c), SHARES, ""),
    ("Leaking", "accumulated with decay: e_t = {number} e_(t-1) + z_t", lambda z, c: _leaking(z, c), SHARES, ""),
    ("MixedOverBatch", "mixed with a share of {number} of the mean over the batch", lambda z, c: (1 - c) * z + c * np.mean(z, axis=0, keepdims=True), SHARES, ""),
    ("MixedOverTime", "mixed with a share of {number} of the mean over tokens", lambda z, c: (1 - c) * z + c * np.mean(z, axis=-2, keepdims=True), SHARES, ""),
    ("PlusTimeMean", "increased by {number} times its mean over tokens", lambda z, c: z + c * np.mean(z, axis=-2, keepdims=True), SMALL, ""),
    ("PlusBatchMean", "increased by {number} times its mean over the batch", lambda z, c: z + c * np.mean(z, axis=0, keepdims=True), SMALL, ""),
    ("FirstTokenScaled", "multiplied by {number} for the first token", lambda z, c: _scaled_row(z, 0, c), FACTORS, ""),
    ("LastTokenScaled", "multiplied by {number} for the last token", lambda z, c: _scaled_row(z, -1, c), FACTORS, ""),
    ("FirstTokenShifted", "increased by {number} for the first token", lambda z, c: _shifted_row(z, 0, c), SMALL, ""),
    ("LastTokenShifted", "increased by {number} for the last token", lambda z, c: _shifted_row(z, -1, c), SMALL, ""),
    ("Power", "raised to the power {number}, with its sign", lambda z, c: np.sign(np.real(z)) * absolute(z) ** c, (0.5, 2.0, 1.5, 3.0), ""),
    ("Thresholded", "zero where smaller than {number}", lambda z, c: np.where(np.abs(np.real(z)) < abs(c), 0, z), (0.1, 0.01, 1e-3, 1.0), "size"),
    ("ShrunkTo", "moved towards zero by {number}", lambda z, c: np.where(np.abs(np.real(z)) < abs(c), 0, z - abs(c) * np.sign(np.real(z))), (0.1, 0.01, 1e-3, 1.0, 0.5), "size"),
    ("LeakyBelowZero", "multiplied by {number} where negative", lambda z, c: np.where(np.real(z) < 0, c * z, z), (0.01, 0.1, 0.2, 0.5), ""),
    ("RmsNormalizedBy", "scaled to root mean square 1, with epsilon {number}", lambda z, c: z / np.sqrt(np.mean(z * z, axis=-1, keepdims=True) + abs(c)), (1e-6, 1e-5, 1e-8, 1e-3, 1e-12), ""),
    ("UnitLengthScaled", "scaled to length {number}", lambda z, c: c * z / np.sqrt(np.sum(z * z, axis=-1, keepdims=True)), (1.0, 10.0, 0.1), ""),
    ("ZeroAfter", "zero from token {number} on", lambda z, c: z * (np.arange(z.shape[-2]) < c)[:, None], COUNTS, ""),
    ("FirstRepeated", "that of token {number} - 1 for all later tokens", lambda z, c: z[..., np.minimum(np.arange(z.shape[-2]), c - 1), :], COUNTS, ""),
    ("Delayed", "that of the token {number} before, zero at the beginning", lambda z, c: shifted(z, min(int(c), z.shape[-2]), "zero") if z.shape[-2] else z, (1, 2, 3, 4, 5, 8, 16, 32), ""),
    ("OncePerBlock", "that of the first token of its block of {number}", lambda z, c: z[..., np.arange(z.shape[-2]) // c * c, :], BLOCKS, ""),
    ("ZeroInTail", "zero beyond the last full block of {number} tokens", lambda z, c: z * (np.arange(z.shape[-2]) < z.shape[-2] // c * c)[:, None], BLOCKS, ""),
    ("ZeroAtBlockStarts", "zero for the first token of each block of {number}", lambda z, c: z * (np.arange(z.shape[-2]) % c != 0)[:, None], BLOCKS, ""),
    ("ZeroAtBlockEnds", "zero for the last token of each block of {number}", lambda z, c: z * (np.arange(z.shape[-2]) % c != c - 1)[:, None], BLOCKS, ""),
    ("FeatureMissing", "zero in feature {number}, counted from 1", lambda z, c: z * (np.arange(z.shape[-1]) != c - 1), tuple(range(1, 17)), ""),
    ("FeaturesFrom", "zero from feature {number} on, counted from 0", lambda z, c: z * (np.arange(z.shape[-1]) < c), tuple(range(1, 33)), ""),
    ("FeaturesMoved", "rolled by {number} features", lambda z, c: np.roll(z, int(c), axis=-1), tuple(range(-8, 9)), ""),
    ("TokensMoved", "rolled by {number} tokens", lambda z, c: np.roll(z, int(c), axis=-2), (2, 3, 4, -2, -3, 8, 16), ""),
)  # fmt: skip
"""Families of any value: name, words, function of value and number, numbers, what gives further numbers."""

OF_ANY_PLACE = {name: words for name, words, *_ in _PLACE_FAMILIES}
"""What can be wrong at any place, by the end of the name."""

_MATRIX_FAMILIES = ("Scaled", "Shifted", "Clamped", "ClampedAbove", "ClampedBelow", "SmoothlyCapped", "Power", "Thresholded", "FirstTokenScaled", "LastTokenScaled", "MixedOverBatch")  # fmt: skip


def _smoothed(z: Array, share: Number) -> Array:
    result = z.copy()
    for t in range(1, z.shape[-2]):
        result[..., t, :] = share * result[..., t - 1, :] + (1 - share) * z[..., t, :]
    return result


def _leaking(z: Array, share: Number) -> Array:
    result = z.copy()
    for t in range(1, z.shape[-2]):
        result[..., t, :] = share * result[..., t - 1, :] + z[..., t, :]
    return result


def _scaled_row(z: Array, row: int, factor: Number) -> Array:
    result = z.copy()
    if z.shape[-2]:
        result[..., row, :] = factor * z[..., row, :]
    return result


def _shifted_row(z: Array, row: int, addend: Number) -> Array:
    result = z.copy()
    if z.shape[-2]:
        result[..., row, :] = addend + z[..., row, :]
    return result


def of_place(place: Place) -> Iterator[Family]:
    """Families of one place, first a mere factor."""
    phrase = f"{place.phrase[0].upper()}{place.phrase[1:]} {place.verb}"
    for label, words, function, starts, spread in _PLACE_FAMILIES:
        if place.kind not in ROWS and label not in _MATRIX_FAMILIES:
            continue

        def changes(amount: Amount, function=function) -> Changes:
            return {name: lambda run, z: function(z, amount(run)) for name in place.names}

        yield Family(
            f"{place.word}{label}", place.area, f"{phrase} {words}.",
            "A scale, a clamp, a mix or a block size that the definition does not have.",
            f"Leave {place.phrase.rstrip(',')} as the definition has {'them' if place.plural else 'it'}.",
            changes, starts, spread=f"{place.names[0]}:{spread}" if spread else "",
        )  # fmt: skip
