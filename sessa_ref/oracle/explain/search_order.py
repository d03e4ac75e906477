"""What the search tries, likelier things first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from sessa_ref.faults.variations import (
    caches,
    derivatives,
    earlier,
    families,
    modes,
    shares,
    slots,
    sources,
    structures,
    weights,
)
from sessa_ref.faults.variations.graph import Changes
from sessa_ref.faults.variations.variation import Family, Variation, only_decoding, only_prefill

Tier = Sequence[Callable[[], Iterable[Variation | Family]]]
"""Members that are tried together."""


def tiers(check: str, prefill: bool = False) -> Iterator[Tier]:
    """What is tried, likelier things first; a tier that explains ends the search.

    Args:
        check: whose failures are to be explained.
        prefill: whether the outputs of the prefill itself are wrong, rather than those of later steps.
    """
    if check == "gradients":
        yield (derivatives.factors, derivatives.variations, derivatives.families, shares.variations)
        return
    if check == "decode":
        of = prefill_of if prefill else decoding_of
        if not prefill:
            yield caching_tier()
        yield (lambda: map(of, chain(structures.variations(), families.of_settings())),)
        yield (lambda: map(of, chain(sources.variations(), weights.variations())),)
        yield (lambda: map(of, modes.variations()),)
        return
    yield (structures.variations, families.of_settings)
    yield (sources.variations, weights.variations)
    yield (modes.variations,)
    yield (families.of_places,)


def rounding_tier() -> Tier:
    """Variations that only round."""
    return (lambda: (v for v in chain(structures.variations(), weights.variations(), modes.variations()) if v.rounds),)


def caching_tier() -> Tier:
    """What is kept and read while decoding."""
    return (caches.variations, caches.families, slots.variations, earlier.variations)


def decoding_of(variation: Variation | Family) -> Variation | Family:
    """The same mistake, in decoding steps alone."""
    return _limited(variation, "Decode", "In decoding steps", only_decoding)


def prefill_of(variation: Variation | Family) -> Variation | Family:
    """The same mistake, in the prefill alone."""
    return _limited(variation, "Prefill", "In the prefill", only_prefill)


def _limited(
    variation: Variation | Family, word: str, words: str, limit: Callable[[Changes], Changes]
) -> Variation | Family:
    name, departure = f"{word}{variation.name}", f"{words} {variation.departure[0].lower()}{variation.departure[1:]}"
    if isinstance(variation, Family):
        changes = variation.changes
        return replace(
            variation, name=name, area="decode", departure=departure, changes=lambda amount: limit(changes(amount))
        )
    return replace(variation, name=name, area="decode", departure=departure, changes=limit(variation.changes))
