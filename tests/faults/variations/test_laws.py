"""How numbers depend on the layer: every formula is what it says."""

from dataclasses import replace

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.laws import LAWS
from tests.faults.variations.small import HEADS
from tests.rounding import LIBRARY, near

SIZES = {
    "d": 4, "D": 8, "d_b": 6, "H": 2, "G": 1, "H/G": 2, "T": 9, "batch": 2, "gamma_max": 0.75, "ln_eps": 1e-3,
    "log T": np.log(9), "(1 - gamma_max)": 0.25, "(D - 1)": 7, "D/d": 2,
}  # fmt: skip


def test_every_law_is_its_formula():
    """Within a rounding or two of the power."""
    config = replace(HEADS.parameters.config, feedback_width=6, gamma_max=0.75, norm_eps=1e-3)
    parameters = type(HEADS.parameters).random(config)
    run = graph.advance(parameters, HEADS.x, {})
    told = set()
    for words, law in LAWS.items():
        size = max((s for s in SIZES if s in words), key=len)
        pattern = words.replace(size, "{}", 1)
        power = {"sqrt({})": 0.5, "1/sqrt({})": -0.5, "{}": 1, "1/{}": -1, "{}^2": 2, "{}^(-1/4)": -0.25}[pattern]
        assert law(run) == near(SIZES[size] ** power, 2 * LIBRARY), words
        told.add((size, power))
    assert len(told) == len(LAWS) == 6 * len(SIZES)


def test_laws_of_one_token_and_of_width_one_are_finite():
    config = replace(HEADS.parameters.config, width=1, heads=1, kv_heads=1, query_width=2, feedback_width=1)
    run = graph.advance(type(HEADS.parameters).random(config), HEADS.x[:, :1, :1], {})
    assert all(np.isfinite(law(run)) and law(run) > 0 for law in LAWS.values())
