"""Equal requests are asked once, others are not taken for equal, and real repetition stays possible."""

from dataclasses import replace

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import UnsupportedError, battery, verify
from sessa_ref.oracle.implementation.asked_once import AskedOnce, asked_directly
from sessa_ref.oracle.implementation.protocol import ImplementationError

(CASE,) = (case for case in battery() if case.name == "three_tokens")


class Counting:
    """The reference, which counts what it is asked."""

    name = "counting"

    def __init__(self):
        self.asked = []

    def run(self, operation, case, dtype):
        self.asked.append((operation, case.x.tobytes(), case.parameters["ln.weight"].tobytes()))
        if operation == "vjp":
            raise ImplementationError("no gradient today")
        if operation != "forward":
            raise UnsupportedError(f"no {operation}")
        with np.errstate(invalid="ignore"):
            return {"y": reference.forward(case.parameters, case.x)}


def test_a_run_asks_equal_requests_once():
    counting = Counting()
    verify(counting, ["float64"], [CASE], explain=False)
    assert len(counting.asked) == len(set(counting.asked)) > 5


def test_other_numbers_are_another_request():
    counting = Counting()
    once = AskedOnce(counting)
    parameters = CASE.parameters.replace({"ln.weight": 2 * CASE.parameters["ln.weight"]})
    others = [CASE, replace(CASE, x=CASE.x + 1), replace(CASE, parameters=parameters), replace(CASE, x=CASE.x[:, :2])]
    answers = [once.run("forward", case, "float64")["y"] for case in others]
    assert len(counting.asked) == 4
    assert np.array_equal(answers[1], reference.forward(CASE.parameters, CASE.x + 1))
    once.run("forward", CASE, "float32")
    assert len(counting.asked) == 5, "the precision is part of a request"
    once.run("forward", replace(CASE, name="other"), "float64")
    assert len(counting.asked) == 5, "the name is not"


@pytest.mark.parametrize(("operation", "error"), [("vjp", ImplementationError), ("decode", UnsupportedError)])
def test_failures_and_refusals_are_remembered(operation, error):
    counting = Counting()
    once = AskedOnce(counting)
    for _ in range(2):
        with pytest.raises(error):
            once.run(operation, CASE, "float64")
    assert len(counting.asked) == 1


def test_an_answer_is_kept_as_it_was():
    class Buffer(Counting):
        y = np.zeros(3)

        def run(self, operation, case, dtype):
            self.y += 1
            return {"y": self.y}

    once = AskedOnce(Buffer())
    first = once.run("forward", CASE, "float64")["y"]
    once.run("forward", replace(CASE, x=-CASE.x), "float64")
    assert np.array_equal(first, np.ones(3))
    assert np.array_equal(once.run("forward", CASE, "float64")["y"], np.ones(3))


def test_the_implementation_itself_can_be_asked_again():
    counting = Counting()
    for _ in range(2):
        asked_directly(AskedOnce(counting)).run("forward", CASE, "float64")
    assert len(counting.asked) == 2
    assert asked_directly(counting) is counting
