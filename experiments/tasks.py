"""The tasks that can be trained, by name, each with the options that a config need not name."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from sessa_ref.messages import nearest, one_line
from sessa_ref.tasks import (
    MQAR,
    NEEDLES,
    DiffuseMQAR,
    MarkedRecall,
    Parity,
    Permutations,
    SelectiveCopying,
    SymbolSoup,
    Task,
    VariableTracking,
)

TASKS: Final[Mapping[str, Task]] = {
    "recall": MarkedRecall(lag=64),
    "symbol-soup": SymbolSoup(),
    "mqar": MQAR(),
    "diffuse-mqar": DiffuseMQAR(),
    **{f"needles-{kind}": needles for kind, needles in NEEDLES.items()},
    "variable-tracking": VariableTracking(),
    "parity": Parity(),
    "permutations": Permutations(),
    "selective-copying": SelectiveCopying(),
}
"""All of `sessa_ref.tasks` that have the form `Task`."""

TITLES: Final[Mapping[str, str]] = {
    "recall": "marked recall",
    "symbol-soup": "SymbolSoup",
    "mqar": "MQAR",
    "diffuse-mqar": "Diffuse MQAR",
    "needles-single": "needles (single)",
    "needles-multi-key": "needles (multi-key)",
    "needles-haystack-of-needles": "needles (among needles)",
    "needles-multi-value": "needles (multi-value)",
    "needles-multi-query": "needles (multi-query)",
    "variable-tracking": "variable tracking",
    "parity": "parity",
    "permutations": "permutations",
    "selective-copying": "selective copying",
}
"""What each of them is called in text, in tables and in figures."""


def make_task(name: str, options: Mapping[str, Any]) -> Task:
    """The task of that name with some of its options replaced.

    Raises:
        ValueError: there is no such task or option, or an option is out of its range.
        TypeError: an option has the wrong type.
    """
    task: Any = TASKS[check_name(name)]
    known = [field.name for field in fields(task)]
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {one_line(option)}, but {', '.join(known)}{nearest(option, known)}")
    return replace(task, **options)


def check_name(name: str) -> str:
    """The name of a task, as it is given.

    Raises:
        ValueError: there is no such task.
    """
    if name not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}, got {one_line(name)}{nearest(name, TASKS)}")
    return name
