import dataclasses

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.notation import AXES, SYMBOLS
from sessa_ref.parameters import SessaParameters


def test_every_trace_quantity_is_in_the_table_with_its_shape():
    config = SessaConfig(width=12, heads=6, kv_heads=3, query_width=4, feedback_width=5)
    sizes = {"*batch": 7, "T": 9, "D": 12, "H": 6, "G": 3, "d_k": 4, "d_v": 2, "d_b": 5, "pairs": 2}
    assert sizes.keys() == AXES.keys()
    steps = reference.trace(SessaParameters.random(config, 0), np.ones((7, 9, 12)))
    rows = {symbol.identifier: symbol for symbol in SYMBOLS}
    for field in dataclasses.fields(steps):
        if field.name == "real":  # the mask of padding: no quantity of the paper
            assert steps.real is None
            continue
        expected = tuple(sizes[axis] for axis in rows[field.name].shape.split())
        assert getattr(steps, field.name).shape == expected, field.name


def test_names_are_unique_and_config_symbols_are_fields():
    names = [symbol.identifier for symbol in SYMBOLS]
    assert len(names) == len(set(names))
    scalars = {symbol.identifier for symbol in SYMBOLS if not symbol.shape}
    assert scalars <= {field.name for field in dataclasses.fields(SessaConfig)}
