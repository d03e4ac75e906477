"""End-to-end Jacobians of the whole layer: dy_t / dx_tau, routing included (Definition 3).

In contrast to `impulse`, nothing is held fixed: a change of x_tau also moves the gains, the weights and the gate.
Derivatives are by complex step: Im y(x + ih v) / h is exact to O(h^2), and h is so small that this is below rounding,
while no difference of nearby numbers is ever taken.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.influence.impulse import check_token
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import layer

STEP = 1e-100
"""The step h; its square is far below the smallest float64 number relative to any derivative."""


def block_jacobian(parameters: SessaParameters, x: Any, source: int) -> Float64[Array, "T D D"]:
    """The blocks dy_t / dx_tau for all t; they are 0 for t < tau, because the layer is causal.

    Args:
        parameters: the layer.
        x: tokens, shape (T, D), without batch axes.
        source: tau, the token whose influence is measured.

    Returns:
        An array J with J[t, i, k] = dy_{t, i} / dx_{tau, k}. It costs D evaluations of the layer at once.

    Raises:
        TypeError: `x` does not hold real floating-point numbers.
        ValueError: `x` has the wrong shape, or there is no token `source`.
    """
    x = layer.as_tokens(parameters.config, x)
    if x.ndim != 2:
        raise ValueError(f"x must have shape (T, D) without batch axes, got {x.shape}")
    if np.iscomplexobj(x):
        raise TypeError("x must hold real numbers, got complex ones: the step of the derivative is complex")
    T, D = x.shape
    check_token(source, T)
    shifted = np.repeat(x.astype(np.complex128)[None], D, axis=0)
    shifted[np.arange(D), source, np.arange(D)] += 1j * STEP
    return np.moveaxis(np.imag(layer.forward(parameters, shifted)) / STEP, 0, -1)


def jacobian_norms(parameters: SessaParameters, x: Any, source: int) -> Float64[Array, " T"]:
    """The operator norm of dy_t / dx_tau for every t, which Proposition 10 bounds; entry tau + lag is for that lag.

    Raises:
        TypeError, ValueError: as `block_jacobian`.
    """
    return np.linalg.norm(block_jacobian(parameters, x, source), ord=2, axis=(-2, -1))
