"""How far two evaluations of one function in float64 may be apart because they round differently."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

SAFETY_FACTOR = 16.0
"""The oracle's: a few for what one evaluation happens to lose, the rest for another order of operations."""


def rounding(function: Callable, *inputs: Any) -> list[Tensor]:
    """What rounding may do to each tensor that a function gives: one number for all its elements.

    `inputs` are tensors in float64, modules in float64, and other things. The function is evaluated in float32, too: to
    first order, rounding errors are proportional to the unit roundoff, so float64 loses 2^-29 of what float32 does. The
    largest loss in a tensor serves for all of it; where it happens to be small, two roundings of the largest number do.
    """
    true, rough = _tensors(function(*inputs)), _tensors(function(*map(_float32, inputs)))
    return [_allowed(*pair) for pair in zip(true, rough, strict=True)]


def rounding_ratio(found: Any, function: Callable, *inputs: Any) -> float:
    """The largest error of `found` beside `function(*inputs)` in units of `rounding`; NaN where a number is NaN."""
    ratios = [torch.zeros((), dtype=torch.float64)]
    wanted, single = _tensors(function(*inputs)), _tensors(function(*map(_float32, inputs)))
    for ours, true, rough in zip(_tensors(found), wanted, single, strict=True):
        assert ours.shape == true.shape
        assert ours.dtype == true.dtype == torch.float64
        if true.numel():
            difference = (ours - true).abs().max()
            ratios.append(difference if difference == 0 else difference / _allowed(true, rough))
    return torch.stack(ratios).max().item()  # torch's maximum keeps NaN


def assert_equal_but_for_rounding(found: Any, function: Callable, *inputs: Any) -> None:
    """`found` is `function(*inputs)`, within what rounding may do."""
    ratio = rounding_ratio(found, function, *inputs)
    assert ratio <= 1, f"off by {ratio:.3g} bounds"


def _allowed(true: Tensor, rough: Tensor) -> Tensor:
    assert (true.dtype, rough.dtype) == (torch.float64, torch.float32)
    if not true.numel():
        return torch.zeros((), dtype=torch.float64)
    return (SAFETY_FACTOR * 2.0**-29 * (rough - true).abs().max() + 2 * 2.0**-53 * true.abs().max()).detach()


def _tensors(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(result)


def _float32(value: Any) -> Any:
    if isinstance(value, nn.Module):
        return copy.deepcopy(value).float()
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.detach().float().requires_grad_(value.requires_grad)
    return value
