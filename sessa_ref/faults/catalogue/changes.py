"""Changes of the formulas that several faults share."""

from collections.abc import Callable, Mapping

import numpy as np

from sessa_ref.notation import Array, real_dtype
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import Formulas


def always(**functions: Callable) -> type[Formulas]:
    """Formulas with these functions in place of the methods of the same names."""
    return type("Always", (Formulas,), {name: staticmethod(function) for name, function in functions.items()})


def with_arrays(change: Callable[[SessaParameters], Mapping[str, Array]]) -> type[Formulas]:
    """The norm and the linear maps of the forward pass are given these arrays instead of the layer's."""

    def changed(parameters: SessaParameters) -> SessaParameters:
        return SessaParameters.unchecked(parameters.config, {**parameters, **change(parameters)})

    class WithArrays(Formulas):
        def normalize(self, parameters: SessaParameters, x: Array) -> Array:
            return super().normalize(changed(parameters), x)

        def linear(self, parameters: SessaParameters, name: str, x: Array) -> Array:
            return super().linear(changed(parameters), name, x)

    return WithArrays


def without(*names: str) -> type[Formulas]:
    """The same with these arrays zero, where the layer has them."""
    return with_arrays(
        lambda parameters: {name: np.zeros_like(parameters[name]) for name in names if name in parameters}
    )


def projected(which: str, change: Callable[[SessaParameters, Array], Array]) -> type[Formulas]:
    """The output z of the linear map `which` becomes change(parameters, z)."""

    class Projected(Formulas):
        def linear(self, parameters: SessaParameters, name: str, x: Array) -> Array:
            z = super().linear(parameters, name, x)
            return change(parameters, z) if name == which else z

    return Projected


class WithDiagonal(Formulas):
    """The solve reads the diagonal of B instead of taking it as zero."""

    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        """(I - B) s = f with B's diagonal."""
        T = f.shape[-2]
        rows, columns = np.arange(T), np.arange(B.shape[-1] - T, B.shape[-1])
        diagonal = (1 - B[..., rows, columns])[..., None]
        return super().forward_substitution(B / diagonal, f / diagonal, past)


def root(number: float | int, like: Array) -> np.floating:
    """The square root of a number in the precision of an array."""
    return np.sqrt(real_dtype(like).type(number))


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), without overflow, also for complex numbers."""
    return (1 + np.tanh(a / 2)) / 2
