"""Torch layers that return something else than a plain differentiable output are told so."""

import pytest

from sessa_ref.oracle import TargetError
from sessa_ref.oracle.report.results import Status
from tests.oracle.implementation.unusual_layers import run


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Tuple", "it returns a tuple of 2 in place of the output tensor; return the output alone"),
        ("Dict", "it returns a dict with 'y' in place of the output tensor"),
        ("Nothing", "it returns None in place"),
        ("Double", "the output that it returns is torch.float64, expected torch.float32"),
        ("Sparse", "expected a dense tensor"),
    ],
)
def test_are_told_what_they_return(layers, name, message):
    with pytest.raises(TargetError, match=message):
        run(f"{layers}:{name}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NoGrad", "its output has no gradient: its forward runs under torch.no_grad, or detaches it"),
        ("Inference", "its output has no gradient: its forward runs in torch.inference_mode"),
        ("switched_off", "it leaves gradients switched off (torch.set_grad_enabled(False))"),
        ("frozen", "its parameters mixer.gamma_bias have requires_grad=False"),
    ],
)
def test_are_told_that_gradients_are_off(layers, name, message):
    report = run(f"{layers}:{name}")
    errors = {r.check: r.message for r in report.results if r.status is Status.ERRORED}
    assert errors["gradients"] == message
    assert "forward" not in errors
