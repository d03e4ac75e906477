"""The order of calls, and how many there are; no time is asserted."""

import math

from benchmarks.timing import Task, interleaved


def test_every_round_calls_every_task_once_in_changing_order():
    order, given = [], []

    def task(name):
        return Task(name, lambda made: (order.append(name), given.append(made)), lambda: f"for {name}")

    seconds = interleaved([task("a"), task("b"), task("c")], repetitions=30, budget=math.inf, at_least=0)
    rounds = ["".join(order[first : first + 3]) for first in range(0, len(order), 3)]
    assert {"".join(sorted(letters)) for letters in rounds} == {"abc"}
    assert len(set(rounds)) == 6  # 31 draws miss one of six orders with a chance of 6 (5/6)^31 = 2 %; the seed is fixed
    assert given == [f"for {name}" for name in order]
    assert {name: len(measured) for name, measured in seconds.items()} == {"a": 30, "b": 30, "c": 30}


def test_the_warm_up_counts_where_it_took_the_budget():
    calls = []
    seconds = interleaved([Task("a", calls.append)], repetitions=3, budget=0, at_least=0)
    assert len(calls) == len(seconds["a"]) == 1


def test_nothing_to_time():
    assert interleaved([], repetitions=3, budget=1) == {}
