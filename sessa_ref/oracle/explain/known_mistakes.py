"""Everything that a diagnosis can name, to look up and to list."""

from collections.abc import Iterator
from functools import cache
from itertools import chain

from sessa_ref.faults import FAULTS, Fault
from sessa_ref.faults.variations import caches, derivatives, families, modes, products, slopes, stored, weights
from sessa_ref.faults.variations.variation import Family, Variation
from sessa_ref.oracle.explain.behaviours import BEHAVIOURS, Behaviour
from sessa_ref.oracle.explain.search_order import Tier, caching_tier, decoding_of, prefill_of, tiers

Explained = Fault | Variation | Behaviour
"""What has a name, an area, a sentence, a cause and a fix."""

_STRUCTURES = (
    ("...ForGelu", "token-wise", f"Another activation than GELU: {', '.join(modes.ACTIVATIONS)}."),
    (
        "ActivationOn...",
        "token-wise",
        "The activation is applied at another place, or to both halves of W_in's output.",
    ),
    ("UnitOf...", "token-wise", "The mixer's input is a gated linear unit of W_in's two halves."),
    ("Norm...", "token-wise", "The norm runs over other axes, or by another formula."),
    ("Rotation...", "rotary", "Other pairs, frequencies, positions or signs in the rotary embedding."),
    ("AttentionSees...", "attention", "Another mask of the forward attention."),
    ("FeedbackSees...", "feedback", "Another mask of the feedback attention."),
    ("ForwardWeights...", "attention", "Something else than the softmax in the forward attention."),
    ("FeedbackWeights...", "feedback", "Something else than the softmax in the feedback attention."),
    ("Both...", "attention", "The same mistake in both attentions."),
    ("Gain...", "feedback", "Another formula for the gain."),
    (
        "InputHalves..., FeedbackHalves...",
        "any place",
        "The halves of a projection's output are read in another layout.",
    ),
    ("...HeadsSplit...", "attention", "Queries, keys or values are split into heads in another layout."),
    ("Solve...", "solve", "Another algorithm or another matrix in place of the solve."),
)


def explained(name: str) -> Explained | None:
    """The mistake of a name, in capitals or not; None where there is none."""
    return _by_name().get(name.lower())


@cache
def _by_name() -> dict[str, Explained]:
    found: dict[str, Explained] = {}
    for mistake in _all():
        found.setdefault(mistake.name.lower(), mistake)
    return found


def kinds() -> Iterator[tuple[str, str, str]]:
    """Area, name and sentence of what the diagnosis knows besides the catalogue of faults.

    What can be wrong at any place of the layer is listed once, with an ellipsis for the place.
    """
    for family in chain(
        families.of_settings(), caches.families(), derivatives.families(), slopes.families(), products.families(), stored.families()
    ):  # fmt: skip
        if not family.name.startswith("Both"):
            yield family.area, family.name, family.sentence
    for name, area, sentence in _STRUCTURES:
        yield area, name, sentence
    yield "any place", "...From...", "A part of the layer is fed by another quantity than its own."
    yield "any place", "...Plus..., ...Minus..., ...Times...", "Another quantity is added, subtracted or multiplied."
    for mode in modes.MODES:
        yield "any place", f"...{mode.name}", f"Some value of the layer is {mode.words}."
    for name, words in families.OF_ANY_PLACE.items():
        yield "any place", f"...{name}", f"Some value of the layer is {words.replace('{number}', 'c')}, with c fitted."
    yield "any parameter", "...From..., ...ExchangedWith...", "A parameter is confused with another."
    for label, words in weights.CHANGES_IN_WORDS.items():
        yield "any parameter", f"...{label}", f"A parameter {words}."
    yield "gradient", "Gradient...", "What flows back through some value is multiplied by c, 0 where it is detached."
    yield (
        "gradient",
        "Gradient...Of..., Gradient...Through...",
        "A gradient is the share of some batch rows or tokens only, or in another order.",
    )
    yield (
        "gradient",
        "Gradient...Slope..., Gradient...Softmax...",
        "A nonlinearity is differentiated at another argument.",
    )
    yield "gradient", "Gradient...In...", "The backward pass of a product multiplies by another factor."
    yield (
        "decode",
        "Read..., Store..., Cache...",
        "Every step changes what is cached of earlier tokens, or how much of it.",
    )
    yield "decode", "Decode...Slots...", "Unwritten slots of a buffer take part in a softmax."
    yield "decode", "PromptPadded...", "Padding of the prompt stays in the cache, or moves positions."
    yield "decode", "Decode...OfPrevious, Decode...OfPromptEnd", "A step takes a value of an earlier token."
    yield "decode", "Decode...", "Any of these in decoding steps alone."
    yield "decode", "Prefill...", "Any of these in the prefill alone."
    for behaviour in BEHAVIOURS.values():
        yield behaviour.area, behaviour.name, behaviour.description


def _all() -> Iterator[Explained]:
    yield from FAULTS.values()
    for fault in FAULTS.values():
        if fault.area not in ("decode", "gradient"):
            yield from (fault.only_in("decoding"), fault.only_in("prefill"))
    yield from BEHAVIOURS.values()
    forward = list(_members(*tiers("forward")))
    others = _members(caching_tier(), *tiers("gradients"))
    for mistake in chain(forward, others, map(decoding_of, forward), map(prefill_of, forward)):
        yield mistake.at(lambda run: 1.0, "c") if isinstance(mistake, Family) else mistake


def _members(*of: Tier) -> Iterator[Variation | Family]:
    return chain.from_iterable(part() for tier in of for part in tier)
