"""The same mistakes, in whole sequences, in decoding steps or in the prefill alone, have names of their own."""

from itertools import chain

from sessa_ref.faults.variations.variation import Family
from sessa_ref.oracle.explain.search_order import decoding_of, prefill_of, rounding_tier, tiers


def test_a_mistake_in_decoding_steps_or_in_the_prefill_alone_is_called_so():
    mistake = next(iter(next(tiers("forward"))[0]()))
    for limited, word, words in (
        (decoding_of(mistake), "Decode", "In decoding steps "),
        (prefill_of(mistake), "Prefill", "In the prefill "),
    ):
        assert limited.name == f"{word}{mistake.name}"
        assert limited.description.lower() == f"{words}{mistake.description}".lower()
        assert limited.area == "decode"


def test_only_roundings_are_in_the_tier_of_roundings():
    for tier in (rounding_tier(), rounding_tier("decode"), rounding_tier("decode", prefill=True)):
        members = list(chain.from_iterable(part() for part in tier))
        assert members
        assert all(member.rounds for member in members)
        assert any(isinstance(member, Family) for member in members)
