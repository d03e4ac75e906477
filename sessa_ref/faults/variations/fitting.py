"""Fitting the number of a family: from well-known numbers by Gauss-Newton steps, and back to a well-known number."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sessa_ref.faults.variations.graph import Number

Residual = Callable[[Number], np.ndarray | None]
"""Differences in bounds for a number; None where it gives nothing finite."""

_WELL_KNOWN = tuple(
    sorted(
        {
            *(2.0**k for k in range(-12, 13)), *(3 * 2.0**k for k in range(-4, 4)), 1 / 3, 2 / 3,
            np.sqrt(2), 1 / np.sqrt(2), np.sqrt(3), np.pi, 2 * np.pi, np.pi / 2, np.log(2), 1 / np.log(2), np.e, 1 / np.e,
            np.sqrt(2 / np.pi), 0.999, 0.99, 0.95, 0.9999,
        }
    )
)  # fmt: skip
_STEPS = 14
_PROMISING = 3


def fit(residual: Residual, starts: Sequence[Number], null: float) -> Number | None:
    """The number with the smallest residual, or None where no start comes nearer than `null`, that of the right layer.

    Args:
        residual: see `Residual`.
        starts: numbers to begin with.
        null: root mean square of the residual of the right layer.
    """
    each = enumerate(dict.fromkeys(starts))  # one that comes twice would keep others out
    sizes = sorted(((size(residual(start)), index, start) for index, start in each), key=lambda s: s[:2])
    if not sizes or not np.isfinite(sizes[0][0]):
        return None
    best, number = np.inf, None
    for first, _, start in sizes[:_PROMISING]:
        if first > 1.5 * null:
            continue
        reached, at = _refined(residual, start, first)
        if reached < best:
            best, number = reached, at
        if best < 1e-3:
            break
    if number is not None and number < 0 and size(residual(-number)) <= best:  # only its size matters
        return -number
    return number


def well_known(number: Number, good_enough: Callable[[Number], bool]) -> Number:
    """The plainest number that explains as well: with few digits, or a well-known constant near it."""
    for candidate in _plain(number):
        if good_enough(candidate):
            return candidate
    return number


def size(residual: np.ndarray | None) -> Number:
    """Root mean square, infinite for nothing."""
    if residual is None or not residual.size:
        return np.inf
    with np.errstate(all="ignore"):
        value = float(np.sqrt(np.mean(residual * residual)))
    return value if np.isfinite(value) else np.inf


def _plain(number: Number) -> Iterator[Number]:
    if number == 0 or not np.isfinite(number):
        return
    if abs(number) < 1e-4:
        yield 0.0
    yield float(f"{number:.0e}")
    yield float(f"{number:.1e}")
    for known in _WELL_KNOWN:
        for signed in (known, -known):
            if abs(signed / number - 1) < 1e-2:
                yield signed
    for digits in range(2, 6):
        yield float(f"{number:.{digits}e}")


def _refined(residual: Residual, start: Number, first: Number) -> tuple[Number, Number]:
    """Gauss-Newton steps with halving."""
    number, best = start, first
    current = residual(number)
    for _ in range(_STEPS):
        step = 1e-6 * max(abs(number), 1e-9)
        above, below = residual(number + step), residual(number - step)
        if current is None or above is None or below is None:
            break
        slope = (above - below) / (2 * step)
        with np.errstate(all="ignore"):
            change = float(-np.sum(slope * current) / np.sum(slope * slope))
        if not np.isfinite(change) or change == 0:
            break
        reached, tried = best, current
        for _ in range(5):
            tried = residual(number + change)
            reached = size(tried)
            if reached < best:
                break
            change /= 3
        else:
            break
        gained = reached < 0.9 * best
        number, best, current = number + change, reached, tried
        if best < 1e-3 or not gained:
            break
    return best, number
