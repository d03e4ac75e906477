"""Fitting one hidden layer of GELUs to samples: the one step of Theorem 14 that no formula gives.

Levenberg and Marquardt's method for all weights at once, by normal equations, from two starts: gentle ridge functions in random
directions, for smooth maps, and sharper ones, in directions of single coordinates, of sums and differences of two, and random
ones, for maps with kinks.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import ndtr

from sessa_ref.notation import Array


@dataclass(frozen=True)
class Layer:
    """z -> weights GELU(z inner^T + bias) + z linear + constant, for one number of output."""

    inner: Array
    bias: Array
    weights: Array
    linear: Array
    constant: float

    def __call__(self, z: Array) -> Array:
        """The values at z, (n, inputs)."""
        a = z @ self.inner.T + self.bias
        return (a * ndtr(a)) @ self.weights + z @ self.linear + self.constant

    @property
    def units(self) -> int:
        """Number of hidden units."""
        return len(self.bias)

    @property
    def lipschitz(self) -> float:
        """A Lipschitz constant for the Euclidean norm: GELU's slope is below 1.13."""
        return float(np.linalg.norm(self.linear) + 1.13 * np.abs(self.weights) @ np.linalg.norm(self.inner, axis=1))


def fit(
    z: Array, y: Array, error: float, sizes: Sequence[int], rng: np.random.Generator, steps: int = 60
) -> tuple[Layer, float]:
    """The smallest layer of these sizes that is within `error` on samples held back, or else the best one found.

    Args:
        z: (n, inputs).
        y: (n,).
        error: the sup error that is wanted.
        sizes: numbers of units, rising.
        rng: for the start.
        steps: the most steps of the solver for each size.

    Returns:
        The layer, and its sup error on the samples that were held back.
    """
    held = len(z) // 4
    best: tuple[Layer, float] | None = None
    for units, start in itertools.product(sizes, (_gentle, _sharp)):
        found = _solve(z[held:], y[held:], start(z[held:], units, rng), steps)
        worst = float(np.abs(found(z) - y).max())
        if best is None or worst < best[1]:
            best = found, worst
        if best[1] <= error:
            break
    if best is None:
        raise ValueError("sizes must not be empty")
    return best


def _solve(z: Array, y: Array, start: tuple[Array, Array], steps: int) -> Layer:
    (inner, bias), (units, n) = start, start[0].shape
    outer = _linear_fit(z, y, inner, bias)
    damping = 1e-3
    features, slopes = _features(z, inner, bias)
    residual = features @ outer - y
    loss = float(residual @ residual)
    for _ in range(steps):
        if loss < 1e-24 * len(y):
            break
        down = slopes * outer[:units]
        jacobian = np.concatenate(
            [(down[:, :, None] * z[:, None, :]).reshape(len(z), units * n), down, features], axis=1
        )
        square, gradient = jacobian.T @ jacobian, jacobian.T @ residual
        diagonal = square.diagonal() + 1e-6 * square.trace() / len(square)
        before = loss
        while damping < 1e8:
            try:
                step = linalg.cho_solve(linalg.cho_factor(square + np.diag(damping * diagonal)), gradient)
            except linalg.LinAlgError:  # not positive definite in float64
                damping *= 4
                continue
            tried = (
                inner - step[: units * n].reshape(units, n), bias - step[units * n : units * (n + 1)], outer - step[units * (n + 1) :]
            )  # fmt: skip
            features, slopes = _features(z, *tried[:2])
            residual = features @ tried[2] - y
            if residual @ residual < loss:
                (inner, bias, outer), loss, damping = tried, float(residual @ residual), max(damping / 3, 1e-9)
                break
            damping *= 4
        if damping >= 1e8 or before - loss < 1e-4 * before:
            break
    return Layer(inner, bias, outer[:units], outer[units : units + n], float(outer[-1]))


def _gentle(z: Array, units: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Ridges through samples, in random directions, nearly straight or bent over about the size of z."""
    inner = rng.standard_normal((units, z.shape[1]))
    inner *= np.exp(rng.uniform(np.log(0.3), np.log(3), (units, 1))) / np.linalg.norm(inner, axis=1, keepdims=True)
    return inner, -(inner * z[rng.integers(len(z), size=units)]).sum(axis=1)


def _sharp(z: Array, units: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Ridges through samples or through 0, in chosen directions, the steepest with kinks of a thirtieth."""
    n = z.shape[1]
    inner = rng.standard_normal((units, n))
    for k in np.flatnonzero(rng.random(units) < 0.6):
        i, j = rng.choice(n, 2, replace=False) if n > 1 else (0, 0)
        inner[k] = 0
        inner[k, j] = rng.choice([-1.0, 0.0, 1.0])
        inner[k, i] = 1
    inner /= np.linalg.norm(inner, axis=1, keepdims=True)
    inner *= np.exp(rng.uniform(np.log(2), np.log(60), (units, 1)))
    bias = -(inner * z[rng.integers(len(z), size=units)]).sum(axis=1)
    bias[rng.random(units) < 0.2] = 0
    return inner, bias


def _features(z: Array, inner: Array, bias: Array) -> tuple[Array, Array]:
    a = z @ inner.T + bias
    cdf = ndtr(a)
    slopes = cdf + a * np.exp(-a * a / 2) / np.sqrt(2 * np.pi)
    return np.concatenate([a * cdf, z, np.ones((len(z), 1))], axis=1), slopes


def _linear_fit(z: Array, y: Array, inner: Array, bias: Array) -> Array:
    features = _features(z, inner, bias)[0]
    square = features.T @ features
    size = square.trace() / len(square)
    return linalg.cho_solve(linalg.cho_factor(square + 1e-8 * size * np.eye(len(square))), features.T @ y)
