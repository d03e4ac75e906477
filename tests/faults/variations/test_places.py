"""Places are the named values of the graph, of the shape that their kind says, in the order of computation."""

from sessa_ref.faults.variations.places import PLACES
from tests.faults.variations.small import HEADS, right


def test_every_place_is_a_value_of_its_kind():
    (batch, T, _), values = HEADS.x.shape, right(HEADS).values
    for place in PLACES:
        for name in place.names:
            shape = values[name].shape
            assert shape[0] == batch
            assert shape[-2] == T
            if place.kind == "matrix":
                assert shape[-1] == T, name
            elif place.kind == "heads":
                assert len(shape) == 4, name
            elif len(place.names) == 1:
                assert len(shape) == 3, name
                assert shape[-1] != T, name


def test_single_places_are_in_the_order_of_computation():
    """As the values are noted, but for the norm's and W_in's, which are noted before what they are made into."""
    noted = list(right(HEADS).stages)
    order = [noted.index(place.name) for place in PLACES if len(place.names) == 1 and place.name != "W_in output"]
    assert order[:5] == sorted(order[:5])
    stages = [right(HEADS).stages[place.name] for place in PLACES if len(place.names) == 1]
    assert [stages.index(stage) for stage in ("input", "attention", "routing", "output")] == sorted(
        stages.index(stage) for stage in set(stages)
    )


def test_words_and_names_are_told_apart():
    assert len({place.word for place in PLACES}) == len({place.name for place in PLACES}) == len(PLACES)
    assert {place.verb for place in PLACES if place.plural} == {"are"}
    assert {place.verb for place in PLACES if not place.plural} == {"is"}
