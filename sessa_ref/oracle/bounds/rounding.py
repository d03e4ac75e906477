"""Monte Carlo arithmetic: what rounding errors may do to a result, found by rounding at random.

A `RoundedArray` is a float64 array on which every NumPy operation rounds as arithmetic of unit roundoff u
might: the exact result r becomes r + delta with a random delta. Run the reference on one, and its plain
formulas become a draw from "the layer, computed in that precision". The spread of a few draws is the
condition of this very case, for every output element, gradients included.

Standard deviation of delta:

- elementwise arithmetic: u |r| / sqrt 3, a rounding error uniform in [-u |r|, u |r|];
- exp, log, tanh, erf, sin, cos, power: four times that, since libraries promise one to two units in the
  last place;
- a sum of n terms t_i: u sqrt(n) sqrt((r^2 + sum t_i^2) / 3). Over all orders of summation the partial sums
  S_k satisfy sum_k E[S_k^2] <= n (r^2/3 + sum t_i^2 / 6) up to O(1/n) (sampling without replacement), each
  S_k is rounded once, and each term of a product sum is rounded once more. So this bounds the root mean
  square error of a correct sum, whatever its order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

_LIBRARY_FUNCTIONS = {np.exp, np.log, np.tanh, np.sin, np.cos, np.power, special.erf}
_EXACT_UFUNCS = {np.negative, np.positive, np.absolute, np.maximum, np.minimum}
_EXACT_FUNCTIONS = {
    np.concatenate, np.empty_like, np.max, np.moveaxis, np.real,
    np.repeat, np.split, np.swapaxes, np.tril, np.where,
}  # fmt: skip


class RoundedArray(np.ndarray):
    """A float64 array whose operations round at random; operations it cannot round raise TypeError.

    Make one with `rounded`. Rotary angles, recognised as what is computed from positions alone, round with
    a unit of their own.
    """

    model: "Rounding"
    is_angle: bool

    def __array_finalize__(self, obj: Any) -> None:
        if isinstance(obj, RoundedArray):
            self.model, self.is_angle = obj.model, obj.is_angle

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [self.model.factor(_plain(one)) if ufunc is np.matmul else _plain(one) for one in inputs]
        exact = getattr(ufunc, method)(*plain, **kwargs)
        if not isinstance(exact, np.ndarray | np.floating) or exact.dtype.kind != "f":
            return exact
        if ufunc is np.matmul:
            left, right = plain
            scale = _sum_scale(exact, np.matmul(left * left, right * right), left.shape[-1])
        elif ufunc is np.add and method == "reduce":
            terms = plain[0]
            squares = np.add.reduce(terms * terms, **kwargs)
            scale = _sum_scale(exact, squares, terms.size // max(np.size(squares), 1))
        elif method == "__call__":
            units = 0 if ufunc in _EXACT_UFUNCS else 4 if ufunc in _LIBRARY_FUNCTIONS else 1
            scale = units * np.abs(exact)
        else:
            raise TypeError(f"no rounding model for {ufunc.__name__}.{method}")
        return self.model.round(exact, scale, _are_angles(inputs))

    def __array_function__(self, func: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.arange:  # positions are exact; what is computed from them alone are angles
            return self.model.wrap(np.arange(*args, **kwargs), is_angle=True)
        if func is np.sum:
            return super().__array_function__(func, types, args, kwargs)  # arrives as np.add.reduce
        if func is np.einsum:
            subscripts, *factors = args
            weights, values = (self.model.factor(_plain(factor)) for factor in factors)
            exact = np.einsum(subscripts, weights, values)
            squares = np.einsum(subscripts, weights * weights, values * values)
            return self.model.round(exact, _sum_scale(exact, squares, weights.shape[-1]), is_angle=False)
        exact = func(*_plain(args), **_plain(kwargs))
        if func in _EXACT_FUNCTIONS:
            parts = [
                self.model.wrap(part, _are_angles(args)) for part in (exact if isinstance(exact, list) else [exact])
            ]
            return parts if isinstance(exact, list) else parts[0]
        raise TypeError(f"no rounding model for {func.__name__}")


@dataclass(frozen=True)
class Rounding:
    """The arithmetic to imitate."""

    unit_roundoff: float
    """Unit roundoff, e.g. 2^-24 for float32; 0 for exact arithmetic."""
    angle_unit_roundoff: float
    """Unit roundoff of the rotary angles."""
    generator: np.random.Generator
    """Source of the rounding errors."""
    factor_unit: float = 0.0
    """How much smaller each factor of a product of matrices may become, where its last bits are cut off."""

    def factor(self, plain: Any) -> Any:
        """A factor of a product of matrices, as the product reads it."""
        return plain * (1 - self.factor_unit * self.generator.random(np.shape(plain))) if self.factor_unit else plain

    def round(self, exact: Any, scale: Any, is_angle: bool) -> RoundedArray:
        """`exact` plus a random error of at most unit * scale; infinities and NaN stay."""
        noise = self.generator.uniform(-1.0, 1.0, np.shape(exact))
        with np.errstate(invalid="ignore"):  # infinite scales, in masked logits
            perturbed = exact + (self.angle_unit_roundoff if is_angle else self.unit_roundoff) * scale * noise
        return self.wrap(np.where(np.isfinite(exact), perturbed, exact), is_angle)

    def wrap(self, array: Any, is_angle: bool) -> RoundedArray:
        """`array`, unperturbed, as a RoundedArray of this arithmetic."""
        result = np.asarray(array, dtype=np.float64).view(RoundedArray)
        result.model, result.is_angle = self, is_angle
        return result


def rounded(
    array: np.ndarray,
    unit_roundoff: float,
    generator: np.random.Generator,
    angle_unit_roundoff: float | None = None,
    factor_unit: float = 0.0,
) -> RoundedArray:
    """`array`, taken as exact, as a RoundedArray.

    Args:
        array: float64 values.
        unit_roundoff: of the arithmetic to imitate.
        generator: source of the rounding errors.
        angle_unit_roundoff: that of rotary angles where it differs, as in a layer whose angles stay in
            float32 whatever its own precision.
        factor_unit: how much smaller the factors of products of matrices become at most.
    """
    of_angles = unit_roundoff if angle_unit_roundoff is None else angle_unit_roundoff
    return Rounding(unit_roundoff, of_angles, generator, factor_unit).wrap(array, is_angle=False)


def _sum_scale(total: Any, squares: Any, terms: int) -> Any:
    return np.sqrt(terms * (total * total + squares))


def _are_angles(operands: Any) -> bool:
    return all(operand.is_angle for operand in operands if isinstance(operand, RoundedArray))


def _plain(value: Any) -> Any:
    if isinstance(value, RoundedArray):
        return value.view(np.ndarray)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    return value
