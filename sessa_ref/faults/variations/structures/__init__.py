"""Variations that belong to one place: other masks, softmaxes, solves, gains, tanhs, rotations and norms."""

from collections.abc import Iterator

from sessa_ref.faults.variations.structures import (
    activation_places,
    activations,
    exponentials,
    feedback_heads,
    gains,
    joins,
    masks,
    norms,
    rotations,
    softmaxes,
    solves,
    tanhs,
)
from sessa_ref.faults.variations.variation import Variation


def variations() -> Iterator[Variation]:
    """All of them, area by area."""
    for area in (
        activations,
        activation_places,
        masks,
        softmaxes,
        feedback_heads,
        solves,
        gains,
        tanhs,
        rotations,
        norms,
        joins,
        exponentials,
    ):
        yield from area.variations()
