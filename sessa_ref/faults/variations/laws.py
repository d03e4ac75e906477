"""How a fitted number may depend on the layer and its tokens."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sessa_ref.faults.variations.graph import Run

_SIZES: dict[str, Callable[[Run], Any]] = {
    "d": lambda run: run.config.query_width,
    "D": lambda run: run.config.width,
    "d_b": lambda run: run.config.feedback_width,
    "H": lambda run: run.config.heads,
    "G": lambda run: run.config.kv_heads,
    "H/G": lambda run: run.config.heads / run.config.kv_heads,
    "T": lambda run: len(run.values["rows"]),
    "batch": lambda run: len(run.values["f"]),
    "gamma_max": lambda run: run.config.gamma_max,
    "ln_eps": lambda run: run.config.norm_eps,
    "log T": lambda run: float(np.log(max(len(run.values["rows"]), 2))),
    "(1 - gamma_max)": lambda run: 1 - run.config.gamma_max,
    "(D - 1)": lambda run: max(run.config.width - 1, 1),
    "D/d": lambda run: run.config.width / run.config.query_width,
}


def _power(size: Callable[[Run], Any], power: float) -> Callable[[Run], Any]:
    return lambda run: float(size(run)) ** power


LAWS: dict[str, Callable[[Run], Any]] = {
    pattern.format(size=name): _power(size, power)
    for pattern, power in (("sqrt({size})", 0.5), ("1/sqrt({size})", -0.5), ("{size}", 1.0), ("1/{size}", -1.0), ("{size}^2", 2.0), ("{size}^(-1/4)", -0.25))
    for name, size in _SIZES.items()
}  # fmt: skip
"""Functions of the layer by their formula; d is the head width, d_b the feedback width."""
