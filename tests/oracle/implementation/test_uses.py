"""Labels go through the answer of a worker unharmed, and say which part of the batch an array is."""

import numpy as np
import pytest

from sessa_ref.oracle import battery
from sessa_ref.oracle.implementation.protocol import ImplementationError
from sessa_ref.oracle.implementation.requests import perform
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.implementation.uses import GRADIENT, Label, Use, labelled

LABELS = [Label("y"), Label("y", Use.FIRST_TOKENS, 7), *(Label("grad.mixer.out proj/[1]", use) for use in Use)]
ONE_CACHE = "tests/oracle/unplanned.py:OneCache"
(CASE,) = (case.rounded("float64") for case in battery() if case.name == "two_tokens")


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


@pytest.fixture(scope="module")
def worker():
    implementation = WorkerImplementation(ONE_CACHE)
    yield implementation
    implementation.close()


def test_a_worker_answers_with_the_labels_that_were_given(worker):
    own = labelled(perform(load_target(ONE_CACHE), "lengths", CASE, "float64"))
    answered = labelled(worker.run("lengths", CASE, "float64"))
    assert list(own) == [Label("y", Use.FIRST_TOKENS, T) for T in (1, 2)]
    assert all(np.array_equal(answered[label], value) for label, value in own.items())


def test_an_error_of_a_worker_says_in_which_use_it_was(worker):
    with pytest.raises(ImplementationError, match="the cache is full") as caught:
        worker.run("calls", CASE, "float64")
    assert caught.value.label == Label("y", Use.SEQUENCES_IN_TURN)


def test_every_use_of_a_trainable_layer_is_made():
    layer = load_target("sessa_ref.optimized:SessaLayer")
    calls = labelled(perform(layer, "calls", CASE, "float64"))
    padded = labelled(perform(layer, "padded", CASE, "float64"))
    made = {label.use for label in (*calls, *padded)} | {Use.FIRST_TOKENS}
    assert set(Use) - made == {Use.COTANGENT_STORED_ONCE}, "which needs rows with equal cotangents"
    assert GRADIENT not in {label.quantity for label in calls}
