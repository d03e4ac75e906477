"""The position code c_t of Lemma 4.10 and Corollary I.8: its steps, the scale that separates them, and where float64 ends.

The code itself is `uniform_routing.position_code`. Functions take floats and arrays, SymPy expressions and flint's balls.
"""

from typing import Any

import numpy as np

from sessa_ref.theory.special_functions import rising
from sessa_ref.theory.uniform_routing import position_code_limit


def position_step(t: Any, gamma: Any) -> Any:
    """c_(t+1) - c_t = gamma^2 Gamma(t + gamma) / (Gamma(1 + gamma) Gamma(t + 2)) for t >= 0.

    The quotient of two steps is (t + gamma) / (t + 2) < 1: steps fall, and the last one decides what can be told apart.
    """
    return gamma**2 / (rising(1, gamma) * rising(t + gamma, 2 - gamma))


def position_scale(T: Any, gamma: Any, radius: Any) -> Any:
    """The least lambda of Corollary I.8: 2 R / (c_(T-1) - c_(T-2)), about 2 R Gamma(gamma) / gamma T^(2 - gamma).

    For a larger lambda the sets {<h_t, u> + lambda c_t : |<h_t, u>| <= R} are disjoint, at it neighbours touch.
    """
    return 2 * radius / position_step(T - 2, gamma)


def distinct_positions(gamma: float, epsilon: float = 2.0**-52) -> float:
    """The T at which a step of the code falls to the spacing of floating-point numbers at it, epsilon c.

    Beyond it the nearest numbers to c_t and c_(t+1) need not differ. From step ~ gamma t^(gamma - 2) / Gamma(gamma), and
    the spacing just below the limit 1 / (1 - gamma), to which c rises. Where c is still below the last power of 2 before
    the limit, as with gamma = 0.9 in float32, spacing is smaller and neighbours can be told apart for longer.
    """
    spacing = epsilon * 2.0 ** (np.ceil(np.log2(position_code_limit(gamma))) - 1)
    return float((gamma / (rising(1, gamma) / gamma) / spacing) ** (1 / (2 - gamma)))
