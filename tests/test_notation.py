import dataclasses

import numpy as np
import pytest
import torch

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.notation import AXES, SYMBOLS, as_floats
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


NUMBERS = np.array([[0.5, -3.0, 5e-324], [0.0, 2.0**-14, 448.0]])


@pytest.mark.parametrize(
    "given",
    [
        NUMBERS.astype(">f8"),
        np.asfortranarray(NUMBERS),
        NUMBERS.view(np.matrix),
        NUMBERS.tolist(),
        torch.tensor(NUMBERS, requires_grad=True),
        NUMBERS.astype(np.longdouble).astype(np.dtype(np.longdouble).newbyteorder()),
    ],
)
def test_arrays_are_taken_exactly(given):
    taken = as_floats("x", given)
    assert taken.dtype.isnative
    assert not isinstance(taken, np.matrix)
    assert np.array_equal(taken, NUMBERS)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2, torch.float8_e4m3fn]
)
def test_narrow_tensors_become_float64(dtype):
    narrow = torch.tensor(NUMBERS).to(dtype)
    taken = as_floats("x", narrow)
    assert taken.dtype == np.float64
    assert np.array_equal(taken, narrow.double().numpy())


def test_complex_numbers_keep_both_parts():
    taken = as_floats("x", (NUMBERS[:, :1] + 2j).astype(">c8"))
    assert taken.dtype == np.complex128
    assert np.array_equal(taken, NUMBERS[:, :1] + 2j)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.ma.masked_array(NUMBERS, NUMBERS > 0), TypeError, "x must be a plain array, got a masked array"),
        (NUMBERS.astype(object), TypeError, "x must hold floating-point numbers, got object"),
        (np.ones(3, dtype=int), TypeError, "x must hold floating-point numbers, got int64"),
        (torch.ones(3, dtype=torch.int64), TypeError, "x must hold floating-point numbers, got int64"),
        (torch.ones(3, device="meta"), TypeError, "x must have values"),
        (["a"], TypeError, "x must hold floating-point numbers"),
        (None, TypeError, "x must hold floating-point numbers, got object"),
        ([[1.0], [1.0, 2.0]], ValueError, "x must be an array"),
    ],
)
def test_what_is_no_array_of_floating_point_numbers(given, error, message):
    with pytest.raises(error, match=message):
        as_floats("x", given)
