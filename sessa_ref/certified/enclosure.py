"""`Enclosure`: balls around the true output of the layer, or its gradients, and how to compute them.

The inputs, float64 numbers, are taken as exact; "the true output" is what the formulas of the paper give for them in
real arithmetic. Each operation is flint's, whose result always contains the exact one, so containment holds by
construction. With more precision the radius becomes as small as one likes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np
from flint import arb

from sessa_ref.certified import balls, gradients, layer
from sessa_ref.notation import Array, Real, as_floats
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference.layer import as_tokens

LEAST_BITS, MOST_BITS = 64, 2**14
"""Where the doubling of `enclose_to` begins and ends."""


@dataclass(frozen=True, eq=False)
class Enclosure:
    """Balls around the true values of one array. Copies and pickles hold exactly the same balls."""

    balls: Array
    """flint's balls, an array of objects of the array's shape."""
    bits: int
    """Precision that they were computed with."""

    @property
    def midpoint(self) -> Real[Array, "..."]:
        """The float64 numbers nearest to the balls' midpoints."""
        return self._map(lambda ball: float(ball.mid()))

    @property
    def correction(self) -> Real[Array, "..."]:
        """What the midpoint lacks, in float64: midpoint + correction, unrounded, has about 106 bits."""
        return self._map(_correction)

    @property
    def radius(self) -> Real[Array, "..."]:
        """The true value is within this distance of midpoint + correction (unrounded); rounded up."""
        return self._map(lambda ball: _upper(ball - arb(float(ball.mid())) - arb(_correction(ball))))

    @property
    def ball_radius(self) -> Real[Array, "..."]:
        """Radii of the balls themselves, rounded up; below `radius` where the balls have more than 106 bits."""
        return self._map(lambda ball: _upper(ball.rad()))

    def error(self, values: Any) -> tuple[Real[Array, "..."], Real[Array, "..."]]:
        """Lower and upper bound of |value - true value| for each element: the true error of a computed array.

        A lower bound of 0 says that the value lies in the ball. For NaN both are infinite.

        Raises:
            ValueError: `values` has another shape.
            TypeError: `values` does not hold real floating-point numbers, or is a masked array.
        """
        given = as_floats("values", values)
        if given.dtype.kind != "f":
            raise TypeError(f"values must hold real numbers, got {given.dtype}")
        if given.shape != self.balls.shape:
            raise ValueError(f"values must have shape {self.balls.shape}, got {given.shape}")
        lower = self._map(lambda ball, value: _lower(_exact(value) - ball), given)
        return lower, self._map(lambda ball, value: _upper(_exact(value) - ball), given)

    def __reduce__(self) -> tuple[Callable[..., "Enclosure"], tuple[Any, ...]]:
        return _restored, (self.balls.shape, [balls.to_numbers(ball) for ball in self.balls.ravel()], self.bits)

    def _map(self, function: Callable[..., float], *arrays: Array) -> Real[Array, "..."]:
        with flint.ctx.workprec(max(self.bits, 128)):
            numbers = [function(*at) for at in zip(self.balls.ravel(), *map(np.ravel, arrays), strict=True)]
        return np.array(numbers, dtype=np.float64).reshape(self.balls.shape)


def enclose(parameters: SessaParameters, x: Any, bits: int = 128) -> Enclosure:
    """The layer's true output y for x, both of shape (..., T, D), enclosed by arithmetic of `bits` bits.

    Raises:
        TypeError: `x` does not hold floating-point numbers of at most 64 bits, or `bits` is no whole number.
        ValueError: `x` has the wrong shape or is not finite, or `bits` is below 2.
    """
    return _enclose(parameters, _tokens(parameters, x, "x"), None, bits)["y"]


def enclose_vjp(parameters: SessaParameters, x: Any, dy: Any, bits: int = 128) -> dict[str, Enclosure]:
    """The true "y", "dx" and "grad." + parameter name, as `reference.vjp` defines them, gradients included.

    Raises:
        TypeError, ValueError: as `enclose`, for `x` and `dy`; `dy` must have the shape of `x`.
    """
    x, dy = _tokens(parameters, x, "x"), _tokens(parameters, dy, "dy")
    if x.shape != dy.shape:
        raise ValueError(f"dy must have x's shape {x.shape}, got {dy.shape}")
    return _enclose(parameters, x, dy, bits)


def enclose_to(parameters: SessaParameters, x: Any, radius: Any) -> Enclosure:
    """`enclose` with the least precision among 64, 128, 256, ... bits at which no ball is wider than `radius`.

    Args:
        parameters: the layer.
        x: tokens, (..., T, D).
        radius: a positive number, or an array that broadcasts to x's shape.

    Raises:
        TypeError: as `enclose`.
        ValueError: as `enclose`; a radius is not positive or does not broadcast; or `MOST_BITS` bits do not suffice,
            which means that the output is not defined, such as a layer norm of equal entries with eps 0.
    """
    target, shape = np.asarray(radius, dtype=np.float64), _tokens(parameters, x, "x").shape
    if not np.all(target > 0):
        raise ValueError(f"radius must be positive, got {radius}")
    if np.broadcast_shapes(target.shape, shape) != shape:
        raise ValueError(f"radius must broadcast to x's shape {shape}, got {target.shape}")
    bits = LEAST_BITS
    while bits <= MOST_BITS:
        enclosure = enclose(parameters, x, bits)
        if np.all(enclosure.ball_radius <= target):
            return enclosure
        bits *= 2
    raise ValueError(f"{MOST_BITS} bits do not reach the radius {radius}: the output is not defined for this input")


def _tokens(parameters: SessaParameters, x: Any, name: str) -> Real[Array, "*batch T D"]:
    tokens = as_tokens(parameters.config, x, name)
    if tokens.dtype != np.float64:
        raise TypeError(f"{name} must hold floating-point numbers of at most 64 bits, got {tokens.dtype}")
    if not np.isfinite(tokens).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return tokens


def _enclose(parameters: SessaParameters, x: Array, dy: Array | None, bits: int) -> dict[str, Enclosure]:
    if not isinstance(bits, int) or isinstance(bits, bool):
        raise TypeError(f"bits must be a whole number, got {bits!r}")
    if bits < 2:
        raise ValueError(f"bits must be at least 2, got {bits}")
    y, dx = (np.empty(x.shape, dtype=object) for _ in range(2))
    totals = {name: balls.exact(np.zeros(array.shape)) for name, array in parameters.items()}
    with flint.ctx.workprec(bits):
        for index in np.ndindex(x.shape[:-2]):
            steps = layer.trace(parameters, x[index])
            y[index] = balls.to_array(steps.y)
            if dy is None:
                continue
            dx_there, of_parameters = gradients.vjp(parameters, steps, dy[index])
            dx[index] = balls.to_array(dx_there)
            for name, gradient in of_parameters.items():
                totals[name] += gradient
    found = {"y": y}
    if dy is not None:
        found["dx"] = dx
        for name, total in totals.items():
            found[f"grad.{name}"] = balls.to_array(total).reshape(parameters[name].shape)
    return {name: Enclosure(array, bits) for name, array in found.items()}


def _restored(shape: tuple[int, ...], numbers: list[tuple[balls.Numbers, balls.Numbers]], bits: int) -> Enclosure:
    restored = np.empty(len(numbers), dtype=object)
    restored[:] = [balls.from_numbers(*parts) for parts in numbers]
    return Enclosure(restored.reshape(shape), bits)


def _correction(ball: arb) -> float:
    return float((ball.mid() - arb(float(ball.mid()))).mid())


def _exact(value: Any) -> arb:
    """A float, longdouble too, as a ball of radius 0, or NaN."""
    high = float(value)
    return arb(high) + arb(float(value - type(value)(high))) if np.isfinite(value) else arb("nan")


def _upper(ball: arb) -> float:
    """The float64 at or above the largest magnitude in the ball; infinite for NaN."""
    bound = ball.abs_upper()
    number = float(bound.mid()) if bound.is_finite() else np.inf
    return float(np.nextafter(number, np.inf)) if arb(number) < bound else number


def _lower(ball: arb) -> float:
    """The float64 at or below the smallest magnitude in the ball; infinite for NaN."""
    if not ball.is_finite():
        return np.inf
    bound = ball.abs_lower()
    number = float(bound.mid())
    return float(np.nextafter(number, -np.inf)) if arb(number) > bound else number
