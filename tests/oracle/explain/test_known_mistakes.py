"""Everything that a diagnosis can name is explained under one name."""

from sessa_ref.faults.variations import families, modes, sources, structures, weights
from sessa_ref.faults.variations.variation import Family
from sessa_ref.oracle.explain.known_mistakes import explained, kinds


def test_names_are_unique_and_explained():
    members = [*families.families(), *structures.variations(), *sources.variations(), *weights.variations()]
    names = [member.name for member in [*members, *modes.variations()]]
    assert [name for name in names if not name.isidentifier()] == []
    assert len(names) == len(set(names))
    for member in members[::400]:
        known = explained(member.name.upper())
        assert known is not None
        assert known.cause.endswith(".")
        assert known.description.endswith(".") or isinstance(member, Family)
    for name in (
        "KeepsState",
        "DecodeGainNegated",
        "GradientGate",
        "GradientLastRowOfNorm",
        "TanhGelu",
        "StoreKeysRotatedAgain",
        "FeedbackHalvesInterleaved",
    ):
        assert explained(name) is not None
    assert explained("NoSuchFault") is None
    assert all(sentence.endswith((".", ")")) for _, _, sentence in kinds())
