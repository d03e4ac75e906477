"""Requests are carried out as they were asked, and end in an answer or an error."""

import pytest

from sessa_ref.oracle import battery
from sessa_ref.oracle.implementation.requests import perform
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.implementation.uses import GRADIENT, Use, labelled
from sessa_ref.oracle.report.results import Status
from tests.oracle.implementation.unusual_layers import run

(CASE,) = (case.rounded("float64") for case in battery() if case.name == "two_tokens")


@pytest.mark.parametrize(
    ("name", "message"), [("Interrupts", "KeyboardInterrupt"), ("Declines", "UnsupportedError: two tokens")]
)
def test_nothing_but_an_error(layers, name, message):
    report = run(f"{layers}:{name}")
    assert {r.message for r in report.results if r.check == "forward" and r.status is Status.ERRORED} == {message}


def test_every_use_of_a_trainable_layer_is_made():
    layer = load_target("sessa_ref.optimized:SessaLayer")
    calls = labelled(perform(layer, "calls", CASE, "float64"))
    padded = labelled(perform(layer, "padded", CASE, "float64"))
    made = {label.use for label in (*calls, *padded)} | {Use.FIRST_TOKENS}
    needed = {Use.COTANGENT_STORED_ONCE, Use.NOTHING_ELSE}
    assert set(Use) - made == needed, "these need rows with equal cotangents, or a function of several inputs"
    assert GRADIENT not in {label.quantity for label in calls}
