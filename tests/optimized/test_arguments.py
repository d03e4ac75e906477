"""What arguments have to be is said in one line that names them."""

import numpy as np
import pytest
import torch
from torch import nn

from sessa_ref.optimized.arguments import require_floating, require_floating_dtype, require_tokens, whole_number

LINEAR = nn.Linear(4, 4)


def unchecked(function):
    """Without the type checks at run time, which would speak first."""
    return getattr(function, "__wrapped__", function)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_floating_point_numbers_pass(dtype):
    require_floating(q=torch.zeros(2, dtype=dtype), k=torch.zeros(2, 3, dtype=dtype).mT)
    require_floating_dtype("dtype", dtype)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.zeros(2), "k must be a torch tensor, got ndarray"),
        (None, "k must be a torch tensor, got NoneType"),
        (torch.zeros(2, dtype=torch.int64), "k must be float16, bfloat16, float32 or float64, got torch.int64"),
        (torch.zeros(2, dtype=torch.complex64), "k must be float16, bfloat16, float32 or float64, got torch.complex64"),
        (torch.zeros(2, dtype=torch.float8_e4m3fn), "k must be float16, bfloat16, float32 or float64, got torch.float8_e4m3fn"),
        (torch.zeros(2, 2).to_sparse(), "k must be a dense tensor, padded where rows differ in length, got torch.sparse_coo"),
        (
            torch.nested.nested_tensor([torch.zeros(1), torch.zeros(2)], layout=torch.jagged),
            "k must be a dense tensor, padded where rows differ in length, got a nested one",
        ),
    ],
)  # fmt: skip
def test_other_tensors_are_refused(value, told):
    with pytest.raises(TypeError) as raised:
        unchecked(require_floating)(q=torch.zeros(1), k=value)
    assert str(raised.value) == told


@pytest.mark.parametrize("value", [3, np.int32(3), torch.tensor(3), np.array(3)])
def test_whole_numbers_of_all_kinds(value):
    number = whole_number("T", value, least=3)
    assert (type(number), number) == (int, 3)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (3.0, "T must be a whole number, got 3.0"),
        (True, "T must be a whole number, got True"),
        ("3", "T must be a whole number, got '3'"),
        (None, "T must be a whole number, got None"),
    ],
)
def test_what_is_no_whole_number(value, told):
    with pytest.raises(TypeError) as raised:
        whole_number("T", value)
    assert str(raised.value) == told


def test_numbers_that_are_too_small():
    assert whole_number("T", 0) == 0
    for least, value in ((0, -1), (1, 0)):
        with pytest.raises(ValueError, match=f"^T must be at least {least}, got {value}$"):
            whole_number("T", value, least)


@pytest.mark.parametrize(
    ("x", "axes", "error", "told"),
    [
        (torch.zeros(3, 5), 2, ValueError, r"u must have shape \(..., T, D\) with D=4, got \(3, 5\)"),
        (torch.zeros(4), 2, ValueError, r"u must have shape \(..., T, D\) with D=4, got \(4,\)"),
        (torch.zeros(3, 4), 3, ValueError, r"u must have shape \(batch, T, D\) with D=4, got \(3, 4\)"),
        (
            torch.zeros(3, 4, dtype=torch.float64),
            2,
            TypeError,
            "u must have the dtype of the parameters, torch.float32, got torch.float64",
        ),
        (torch.zeros(3, 4, device="meta"), 2, ValueError, "u must be on the device of the parameters, cpu, got meta"),
        (
            torch.zeros(3, 4, dtype=torch.int32),
            2,
            TypeError,
            "u must be float16, bfloat16, float32 or float64, got torch.int32",
        ),
    ],
)
def test_tokens_that_do_not_fit(x, axes, error, told):
    with pytest.raises(error, match=f"^{told}$"):
        require_tokens("u", x, axes, 4, LINEAR)


def test_tokens_that_fit():
    require_tokens("u", torch.zeros(3, 4), 2, 4, LINEAR)
    require_tokens("u", torch.zeros(2, 0, 4), 3, 4, LINEAR)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        require_tokens("u", torch.zeros(3, 4, dtype=torch.bfloat16), 2, 4, LINEAR)


def test_a_map_of_another_kind_looks_after_itself():
    """One with hooks that move it, or with a forward of its own."""
    hooked = nn.Linear(4, 4)
    hooked.register_forward_pre_hook(lambda module, inputs: None)
    patched = nn.Linear(4, 4)
    patched.forward = lambda x: x  # type: ignore[method-assign, assignment]
    for linear in (hooked, patched, nn.Identity()):
        require_tokens("u", torch.zeros(3, 4, dtype=torch.float64), 2, 4, linear)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:`torch.jit.trace:DeprecationWarning")
def test_tracing_is_refused():
    def traced(x):
        require_tokens("u", x, 2, 4, LINEAR)
        return x

    with pytest.raises(RuntimeError, match=r"torch\.jit\.trace would tie the layer to one number of tokens"):
        torch.jit.trace(traced, torch.zeros(3, 4))
