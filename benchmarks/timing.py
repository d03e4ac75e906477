"""Timing side by side: each round calls every task once, so that a drift of the machine affects all alike."""

import gc
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

SHORT = 5.0
"""Rounds are repeated for at least this many seconds, so that short calls get many repetitions."""


class Task(NamedTuple):
    """A call to time."""

    name: str
    run: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None
    """Makes the argument of `run` anew for each call; not timed."""


def interleaved(
    tasks: Sequence[Task], repetitions: int, budget: float, at_least: float = SHORT
) -> dict[str, list[float]]:
    """Seconds of every call of every task, in rounds, each in an order drawn anew.

    The first round is a warm-up and is dropped, unless it took the whole budget.

    Args:
        tasks: what to time.
        repetitions: rounds to make at least, unless the budget ends first.
        budget: seconds after which no round begins.
        at_least: seconds before which rounds do not end.
    """
    gc.collect()
    started = time.perf_counter()
    seconds: dict[str, list[float]] = {task.name: [] for task in tasks}
    draw = random.Random(0)
    rounds = 0
    while tasks:  # in random order, since what a task leaves in the caches affects the next one
        for task in draw.sample(tasks, len(tasks)):
            seconds[task.name].append(_seconds(task))
        rounds += 1
        elapsed = time.perf_counter() - started
        if elapsed >= budget or (rounds > repetitions and elapsed >= at_least):
            break
    return {name: measured[1:] or measured for name, measured in seconds.items()}


def _seconds(task: Task) -> float:
    argument = task.prepare()
    start = time.perf_counter()
    task.run(argument)
    return time.perf_counter() - start
