"""Other gains."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.catalogue.changes import sigmoid
from sessa_ref.faults.variations.families.changes import clamped
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.modes import ACTIVATIONS, camel, positive
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for name, function in ACTIVATIONS.items():
        if name == "tanh":
            continue
        for label, words, bounded in (
            ("", "gamma_max times another function than tanh", True),
            ("Unbounded", "another function than gamma_max tanh", False),
        ):

            def change(run: Run, gamma: Array, function=function, bounded=bounded) -> Array:
                z = function(run.values["z"])
                return run.values["gamma_max"] * z if bounded else z

            yield Variation(
                f"Gain{camel(name)}{label}", "feedback", f"The gain is {words}: {name}.", "A formula that is usual for other gates.",
                "Use gamma_max tanh(z).", one("gamma", change),
            )  # fmt: skip
    for label, (words, function) in GAINS.items():
        yield Variation(
            f"Gain{label}", "feedback", f"The gain is another: {words}.", "Another formula for the gain.",
            "Use gamma_t = gamma_max tanh(<w, u_t> + b).", one("gamma", lambda run, v, function=function: function(run)),
        )  # fmt: skip


def _context(run: Run) -> Array:
    return run.values["z"] - run.values["mixer.gamma_bias"]


GAINS: dict[str, tuple[str, Callable[[Run], Array]]] = {
    "BiasOutside": (
        "the bias is added after tanh",
        lambda run: run.values["gamma_max"] * np.tanh(_context(run)) + run.values["mixer.gamma_bias"],
    ),
    "BiasTimes": (
        "the bias multiplies instead of being added",
        lambda run: run.values["gamma_max"] * np.tanh(_context(run) * run.values["mixer.gamma_bias"]),
    ),
    "BiasSubtracted": (
        "the bias is subtracted",
        lambda run: run.values["gamma_max"] * np.tanh(_context(run) - run.values["mixer.gamma_bias"]),
    ),
    "BoundInside": ("gamma_max is inside tanh", lambda run: np.tanh(run.values["gamma_max"] * run.values["z"])),
    "BoundTwice": ("gamma_max is applied twice", lambda run: run.values["gamma_max"] ** 2 * np.tanh(run.values["z"])),
    "Constant": ("gamma_max itself, whatever the token", lambda run: run.values["gamma_max"] + 0 * run.values["z"]),
    "OfBias": ("gamma_max tanh(b), whatever the token", lambda run: run.values["gamma_max"] * np.tanh(run.values["mixer.gamma_bias"]) + 0 * run.values["z"]),
    "Linear": ("its argument itself, without tanh", lambda run: run.values["z"]),
    "LinearBounded": ("gamma_max times its argument, without tanh", lambda run: run.values["gamma_max"] * run.values["z"]),
    "Squared": ("squared", lambda run: run.values["gamma_max"] * np.tanh(run.values["z"]) ** 2),
    "TanhTwice": ("tanh is applied twice", lambda run: run.values["gamma_max"] * np.tanh(np.tanh(run.values["z"]))),
    "Positive": (
        "negative gains are zero",
        lambda run: run.values["gamma_max"] * np.where(positive(run.values["z"]), np.tanh(run.values["z"]), 0),
    ),
    "Sign": ("the sign alone, with gamma_max", lambda run: run.values["gamma_max"] * np.sign(np.real(run.values["z"]))),
    "TanhClipped": (
        "tanh, cut off at gamma_max",
        lambda run: clamped(np.tanh(run.values["z"]), -run.values["gamma_max"], run.values["gamma_max"]),
    ),
    "Affine": (
        "moved to between 0 and gamma_max: gamma_max (1 + tanh) / 2",
        lambda run: run.values["gamma_max"] * (1 + np.tanh(run.values["z"])) / 2,
    ),
    "SigmoidOfTanh": ("a sigmoid of tanh", lambda run: run.values["gamma_max"] * sigmoid(np.tanh(run.values["z"]))),
    "OneMinus": ("1 minus itself", lambda run: 1 - run.values["gamma_max"] * np.tanh(run.values["z"])),
    "PerFeature": (
        "weights times u without their sum, averaged",
        lambda run: run.values["gamma_max"]
        * np.tanh(_context(run) / run.config.width + run.values["mixer.gamma_bias"]),
    ),
}  # fmt: skip
"""Gains from the values so far, in words."""
