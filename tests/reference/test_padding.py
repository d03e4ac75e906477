"""Padding: what real tokens have is what they have with the padding removed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation, evaluate
from sessa_ref.oracle.cases.case import Case
from sessa_ref.parameters import SessaParameters
from tests.rounding import assert_equal_but_for_rounding
from tests.strategies import cases

CONFIG = SessaConfig.published(12, 6, 2)


def masks(drawn: Case, data: st.DataObject) -> np.ndarray:
    entries = st.lists(st.booleans(), min_size=drawn.x[..., 0].size, max_size=drawn.x[..., 0].size)
    return np.array(data.draw(entries), dtype=bool).reshape(drawn.x.shape[:2])


def without_padding(drawn: Case, r: int, real: np.ndarray) -> tuple[Expectation, dict[str, np.ndarray]]:
    """A row of a case without its padding: its bounds, and what the reference gives for it."""
    case = Case("row", "", drawn.parameters, drawn.x[r : r + 1, real], drawn.dy[r : r + 1, real], 0)
    return Expectation(case, "float64"), evaluate(case, case.x, case.dy)


def assert_close(expectation: Expectation, wanted: dict[str, np.ndarray], values: dict[str, np.ndarray]) -> None:
    """Two right results lie within one bound of the truth each, so within two of each other."""
    for name, value in values.items():
        assert value.shape == wanted[name].shape
        assert np.all(expectation.ratios(name, value, wanted[name]) <= 2), name


@settings(max_examples=6)
@given(cases(max_T=8), st.data())
def test_outputs_and_gradients_are_those_without_padding(drawn, data):
    """Wherever it stands and whatever it holds; a row may be all padding."""
    mask = masks(drawn, data)
    x = np.where(mask[..., None], drawn.x, data.draw(st.sampled_from([0.0, 3.0, np.nan, np.inf])))
    dy = np.where(mask[..., None], drawn.dy, 0)
    y = reference.forward(drawn.parameters, x, mask)
    dx, gradients = reference.vjp(drawn.parameters, x, dy, mask.astype(np.int64))
    total = {name: np.zeros(array.shape) for name, array in drawn.parameters.items()}
    tolerance = {name: np.zeros(()) for name in total}
    for r, real in enumerate(mask):
        expectation, wanted = without_padding(drawn, r, real)
        assert_close(expectation, wanted, {"y": y[r : r + 1, real], "dx": dx[r : r + 1, real]})
        for name in total:
            total[name] = total[name] + wanted[f"grad.{name}"]
            tolerance[name] = tolerance[name] + 2 * expectation.bounds(f"grad.{name}")
        if np.isfinite(x).all():
            assert np.array_equal(y[r, ~real], x[r, ~real] + drawn.parameters["W_out.bias"])
    assert not dx[~mask].any()
    for name, gradient in gradients.items():
        assert np.all(np.abs(gradient - total[name]) <= tolerance[name]), name


@settings(max_examples=6)
@given(cases(max_T=8), st.data())
def test_decoding_is_the_forward_pass(drawn, data):
    mask = masks(drawn, data)
    y = reference.decode(drawn.parameters, drawn.x, drawn.split, mask)
    for r, real in enumerate(mask):
        assert_close(*without_padding(drawn, r, real), {"y": y[r : r + 1, real]})


def test_rows_of_a_prompt_go_on_from_their_own_lengths():
    """A mask for the prompt alone, and one that begins with a step."""
    parameters, x = SessaParameters.random(CONFIG), np.random.default_rng(0).normal(size=(2, 6, 12))
    mask = np.array([[False, False, True, True, True, True], [True] * 6])
    _, cache = reference.prefill(parameters, x[:, :4], mask[:, :4])
    for t in (4, 5):
        y, cache = reference.decode_step(parameters, x[:, t], cache)
        assert_equal_but_for_rounding(lambda x, t=t: reference.forward(parameters, x, mask)[:, t], x, y)
    _, cache = reference.prefill(parameters, x[:, :2])
    _, cache = reference.decode_step(parameters, x[:, 2], cache, np.array([True, False]))
    y, cache = reference.decode_step(parameters, x[:, 3], cache)
    assert_equal_but_for_rounding(lambda x: reference.forward(parameters, x)[2], x[1, [0, 1, 3]], y[1])
    assert cache.real is not None
    assert np.array_equal(cache.real, [[True] * 4, [True, True, False, True]])


@pytest.mark.parametrize("batch", [(), (2,), (3, 2)])
def test_any_batch_axes(batch):
    """Every row is what it is alone, in a sequence and in decoding."""
    parameters, generator = SessaParameters.random(CONFIG), np.random.default_rng(0)
    x, mask = generator.normal(size=(*batch, 5, 12)), generator.random((*batch, 5)) < 0.6
    for y in (reference.forward(parameters, x, mask), reference.decode(parameters, x, 2, mask)):
        for row in np.ndindex(batch):
            real = mask[row]
            assert_equal_but_for_rounding(lambda x: reference.forward(parameters, x), x[row][real], y[row][real])


def test_all_real_is_no_padding():
    parameters, x = SessaParameters.random(CONFIG), np.random.default_rng(0).normal(size=(2, 6, 12))
    assert np.array_equal(
        reference.forward(parameters, x, np.ones((2, 6), dtype=int)), reference.forward(parameters, x)
    )


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (np.ones((2, 6)), TypeError, "attention_mask must hold booleans, or 0 and 1, got float64"),
        (np.ones(6, dtype=bool), ValueError, r"attention_mask must have shape \(2, 6\), .* got \(6,\)"),
        (np.ma.array(np.ones((2, 6), dtype=bool), mask=True), TypeError, "attention_mask .* got a masked array"),
        ([[1], [1, 0]], ValueError, "attention_mask must be an array"),
        (np.full((2, 6), 2), ValueError, r"attention_mask must hold booleans, or 0 and 1, got \[2\]"),
    ],
)
def test_wrong_masks(mask, error, message):
    parameters, x = SessaParameters.random(CONFIG), np.zeros((2, 6, 12))
    with pytest.raises(error, match=message):
        reference.forward(parameters, x, mask)
    with pytest.raises(error, match="attention_mask"):
        reference.decode_step(parameters, x[:, 0], reference.prefill(parameters, x)[1], mask)
