"""Labels go through text unharmed, and say which part of the batch an array is."""

import numpy as np
import pytest

from sessa_ref.oracle.implementation.uses import Label, Use, labelled

LABELS = [Label("y"), Label("y", Use.FIRST_TOKENS, 7), *(Label("grad.mixer.out proj/[1]", use) for use in Use)]


@pytest.mark.parametrize("label", LABELS, ids=str)
def test_a_label_comes_back_from_its_key(label):
    assert Label.from_key(label.key) == label


def test_labels_have_distinct_keys_and_words():
    assert len({label.key for label in LABELS}) == len({str(label) for label in LABELS}) == len(LABELS)


@pytest.mark.parametrize("key", ["y of a slice", "", "[]", '["y", "NO_SUCH_USE", null]', '[["y"], null, null]', "null"])
def test_other_text_is_no_key(key):
    with pytest.raises(ValueError, match="no label has the key"):
        labelled({key: np.zeros(1)})


def test_the_part_that_a_label_covers():
    whole = np.arange(3 * 5).reshape(3, 5)
    for label, part in (
        (Label("y", Use.FIRST_ROW), whole[:1]),
        (Label("y", Use.FIRST_HALF), whole[:, :2]),
        (Label("y", Use.FIRST_TOKENS, 4), whole[:, :4]),
        (Label("y", Use.SLICE), whole),
    ):
        assert np.array_equal(whole[label.part(5)], part)
