"""Where faults enter the reference: the ways that several of them share."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from sessa_ref.faults.fault import Replacements, Wrapper
from sessa_ref.notation import Array, real_dtype
from sessa_ref.parameters import SessaParameters


def always(function: Callable) -> Wrapper:
    """`function`, whatever it replaces."""
    return lambda original: function


class _Changed(SessaParameters):
    """Parameters, of whatever kind, with some arrays exchanged."""

    def __init__(self, parameters: SessaParameters, arrays: Mapping[str, Array]) -> None:
        self.config = parameters.config
        self._arrays = {**parameters, **arrays}


def with_arrays(change: Callable[[SessaParameters], Mapping[str, Array]]) -> Wrapper:
    """For functions of (parameters, ...): they are given these arrays instead of the layer's."""

    def wrap(original: Callable) -> Callable:
        return lambda parameters, *arguments: original(_Changed(parameters, change(parameters)), *arguments)

    return wrap


def without(*names: str) -> Wrapper:
    """For functions of (parameters, ...): these arrays are zero, where the layer has them."""
    return with_arrays(
        lambda parameters: {name: np.zeros_like(parameters[name]) for name in names if name in parameters}
    )


def projected(name: str, change: Callable[[SessaParameters, Array], Array]) -> Replacements:
    """The output z of the mixer's linear map `name` becomes change(parameters, z)."""
    return {"mixer.project": lambda original: partial(_project, original, name, change)}


def _project(
    original: Callable, name: str, change: Callable, parameters: SessaParameters, which: str, u: Array
) -> Array:
    z = original(parameters, which, u)
    return change(parameters, z) if which == name else z


def root(number: float | int, like: Array) -> np.floating:
    """The square root of a number in the precision of an array."""
    return np.sqrt(real_dtype(like).type(number))


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), without overflow, also for complex numbers."""
    return (1 + np.tanh(a / 2)) / 2


def with_diagonal(original: Callable) -> Callable:
    """For forward_substitution: the diagonal of B is not taken for zero."""

    def forward_substitution(B: Array, f: Array) -> Array:
        tokens = np.arange(f.shape[-2])
        diagonal = (1 - B[..., tokens, tokens])[..., None]
        return original(B / diagonal, f / diagonal)

    return forward_substitution
