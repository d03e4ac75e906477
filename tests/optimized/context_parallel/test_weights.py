"""Weights in parts against those of the dense form."""

import pytest
import torch

from sessa_ref.optimized.context_parallel.weights import Columns, Rows
from sessa_ref.optimized.solve.matrix import weights
from tests.optimized.solve.problems import problem


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_rows_and_columns_are_alphas(pieces):
    """Within a few roundings of exponentials of logits: entries are at most 1, and sums of T of them."""
    q, k, gamma, _ = problem(12, batch=2, d=3).tensors()
    alpha = weights(q, k)
    unit = 2.0**-52 * 12 * (1 + float((q @ k.mT).abs().max()))
    rows, found, lse = Rows(q, k, 4, pieces), torch.zeros_like(alpha), torch.zeros_like(gamma)
    for start in (0, 4, 8):
        block = slice(start, start + 4)
        if start == 8:  # made beside another block's slices
            for part in range(pieces):
                rows.prepare(block, part)
        parts, lse[:, block] = rows.finish(block)
        for columns, values, factor in parts:
            found[:, block, columns] = values * factor
    assert torch.all((found - alpha).abs() <= unit)
    columns, found = Columns(q, k, gamma, lse, 4, pieces), torch.zeros_like(alpha)
    for start in (8, 4, 0):
        block = slice(start, start + 4)
        for later, entries in columns.finish(block):
            found[:, later, block] = entries.mT
    assert torch.all((found - gamma[..., None] * alpha).abs() <= unit)


def test_parts_are_as_long_as_one_another():
    rows = Rows(torch.ones(1, 12, 1), torch.ones(1, 12, 1), 4, 3)
    assert rows.cut(4, 12) == [slice(4, 6), slice(6, 9), slice(9, 12)]


def test_logits_far_apart_overflow_nothing():
    q, k = torch.tensor([[[0.0], [1e4], [-1e4]]]), torch.tensor([[[1.0], [-1.0], [0.0]]])
    parts, lse = Rows(q, k, 3, 2).finish(slice(0, 3))
    assert lse.tolist() == [[0, 1e4, 1e4]]
    inside = parts[-1][1] * parts[-1][2]
    assert inside.tolist() == [[[0, 0, 0], [1, 0, 0], [0, 1, 0]]]
