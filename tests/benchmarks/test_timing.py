"""The order of calls, and how many there are; no time is asserted."""

import math

from benchmarks.timing import Task, interleaved


def test_every_round_calls_every_task_once_and_begins_with_another():
    order, given = [], []

    def task(name):
        return Task(name, lambda made: (order.append(name), given.append(made)), lambda: f"for {name}")

    seconds = interleaved([task("a"), task("b"), task("c")], repetitions=3, budget=math.inf, at_least=0)
    assert "".join(order) == "abcbcacababc"
    assert given == [f"for {name}" for name in order]
    assert {name: len(measured) for name, measured in seconds.items()} == {"a": 3, "b": 3, "c": 3}


def test_the_warm_up_counts_where_it_took_the_budget():
    calls = []
    seconds = interleaved([Task("a", calls.append)], repetitions=3, budget=0, at_least=0)
    assert len(calls) == len(seconds["a"]) == 1


def test_nothing_to_time():
    assert interleaved([], repetitions=3, budget=1) == {}
