"""The running maximum, as a causal map F for `sessa-ref construct causal-map running_max.py:F --length 5`.

F takes tokens of shape (T, d), or a batch of them, (n, T, d), and gives the same shape. It must be continuous, and what it
gives at t may depend on the tokens 0 .. t only.
"""

import numpy as np


def F(x):  # noqa: N802
    """max(x_0, ..., x_t) at every t, coordinate by coordinate."""
    return np.maximum.accumulate(x, axis=-2)
