"""A fault: a small departure of the reference, executable, with its story."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal
from unittest import mock

from sessa_ref import reference

Area = Literal["token-wise", "rotary", "attention", "feedback", "solve", "decode", "gradient", "behaviour"]

Wrapper = Callable[[Callable], Callable]
"""Makes the replacement of a function from the function itself."""

Replacements = Mapping[str, Wrapper]
"""Wrappers by the function they replace: its module in `sessa_ref.reference` and its name, with a dot."""


@dataclass(frozen=True, eq=False)
class Fault:
    """One way in which an implementation can be wrong, as a change of the reference that computes it.

    Faults of the areas "decode" and "gradient" leave the forward pass as it is, bit by bit. All others are
    faults of the forward pass; they act in the decoding step as well where that has the same part. Where a
    fault makes no difference for a config, or cannot be computed, it gives the right result.
    """

    name: str
    """CamelCase; does not change between versions."""
    area: Area
    """The part of the layer that is wrong."""
    departure: str
    """What the faulty layer does, one sentence."""
    formula: str
    """Two lines of plain text: "right: ..." and "wrong: ..."."""
    cause: str
    """How the fault usually comes about in code."""
    fix: str
    """How to repair it."""
    replacements: Replacements
    """The functions of the reference that the fault replaces."""
    only: Literal["", "prefill", "decoding"] = ""
    """The part of the work that is wrong, where that is not all of it."""

    def only_in(self, part: Literal["prefill", "decoding"]) -> "Fault":
        """The same fault in the prefill alone, or in decoding steps alone."""
        words = {"prefill": "In the prefill", "decoding": "In decoding steps"}[part]
        name = {"prefill": "Prefill", "decoding": "Decode"}[part] + self.name
        departure = f"{words} {self.departure[0].lower()}{self.departure[1:]}"
        return replace(self, name=name, area="decode", departure=departure, only=part)


@contextmanager
def applied(*faults: Fault) -> Iterator[None]:
    """Let the reference compute with these faults while the context is open.

    Where two faults replace the same function, the later one wraps the earlier. The reference is changed for
    the whole process, so faults are not for use in threads. Call it through its modules or the package
    (`reference.forward(...)`): a function imported by name before stays right.
    """
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(replaced(fault.replacements))
        yield


@contextmanager
def replaced(replacements: Replacements) -> Iterator[None]:
    """Replace functions of the reference while the context is open, also where the package exports them."""
    with ExitStack() as stack:
        for path, wrapper in replacements.items():
            module_name, function = path.split(".")
            module = importlib.import_module(f"{reference.__name__}.{module_name}")
            original = getattr(module, function)
            replacement = wrapper(original)
            for holder in (module, reference):
                if getattr(holder, function, None) is original:
                    stack.enter_context(mock.patch.object(holder, function, replacement))
        yield


def inside(replacements: Callable[..., Replacements]) -> Wrapper:
    """A wrapper under which further functions are replaced, for the length of each call.

    Args:
        replacements: gives the replacements for a call from its arguments.
    """

    def wrap(original: Callable) -> Callable:
        def call(*arguments, **named):
            with replaced(replacements(*arguments, **named)):
                return original(*arguments, **named)

        return call

    return wrap
