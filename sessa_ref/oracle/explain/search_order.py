"""What the search tries, likelier things first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from sessa_ref.faults.fault import Part, limited
from sessa_ref.faults.variations import (
    caches,
    derivatives,
    earlier,
    families,
    layouts,
    modes,
    padded_prompts,
    products,
    shares,
    slopes,
    slots,
    sources,
    stored,
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
        yield (
            derivatives.factors, derivatives.variations, derivatives.families, shares.variations,
            slopes.variations, products.variations, slopes.families, products.families,
        )  # fmt: skip
        return
    if check == "decode":
        of = prefill_of if prefill else decoding_of
        if not prefill:
            yield caching_tier()
        yield (lambda: map(of, chain(structures.variations(), layouts.variations(), families.of_settings())),)
        yield (lambda: map(of, chain(sources.variations(), weights.variations())),)
        yield (lambda: map(of, modes.variations()),)
        return
    yield (structures.variations, layouts.variations, families.of_settings)
    yield (sources.variations, weights.variations)
    yield (modes.variations,)
    yield (families.of_places,)


def rounding_tier(check: str = "forward", prefill: bool = False) -> Tier:
    """Variations that only round; for the arguments see `tiers`."""
    parts = (structures.variations, weights.variations, modes.variations)
    tier: Tier = (
        lambda: (v for v in chain.from_iterable(part() for part in parts) if v.rounds),
        families.that_round,
    )
    if check != "decode":
        return tier
    of = prefill_of if prefill else decoding_of
    limited: Tier = tuple(lambda part=part: map(of, part()) for part in tier)
    return limited if prefill else (*(_rounding(part) for part in caching_tier()), *limited)


def _rounding(part: Callable[[], Iterable[Variation | Family]]) -> Callable[[], Iterable[Variation | Family]]:
    return lambda: (member for member in part() if member.rounds)


def caching_tier() -> Tier:
    """What is kept and read while decoding."""
    return (
        caches.variations, caches.families, stored.variations, stored.families, slots.variations, earlier.variations,
        padded_prompts.variations,
    )  # fmt: skip


def decoding_of(variation: Variation | Family) -> Variation | Family:
    """The same mistake, in decoding steps alone."""
    return _limited(variation, "decoding", only_decoding)


def prefill_of(variation: Variation | Family) -> Variation | Family:
    """The same mistake, in the prefill alone."""
    return _limited(variation, "prefill", only_prefill)


def _limited(variation: Variation | Family, part: Part, limit: Callable[[Changes], Changes]) -> Variation | Family:
    if isinstance(variation, Family):
        return limited(variation, part, changes=lambda amount: limit(variation.changes(amount)))
    return limited(variation, part, changes=limit(variation.changes))
