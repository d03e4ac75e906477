"""Products in TF32 are called so; what else fails in float32 is not."""

import pytest
import torch

from sessa_ref.optimized import feedback_solve
from sessa_ref.oracle import verify
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.checks import run_checks
from sessa_ref.oracle.explain.tensor_cores import is_switched_on, products_in_tf32
from sessa_ref.oracle.implementation.protocol import MAYBE_TF32
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.targets import as_adapter
from sessa_ref.oracle.levels import SOLVE
from tests.oracle import faraway, solves
from tests.oracle.tensor_cores import TF32
from tests.oracle.test_levels import CASES, FEW


def report_on(solve, cases=FEW, device="cpu"):
    return verify(as_adapter(solve, "solve", SOLVE, device), ("float32",), cases)


def test_factors_that_are_cut_off_are_called_tf32():
    """Two cases would not tell it from a rounding of the queries alone."""
    with TF32(cut=True):
        report = report_on(feedback_solve, CASES)
    (diagnosis,) = report.diagnosis
    assert diagnosis.name == "ProductsInTfloat32"
    assert "may explain all" in diagnosis.text
    assert "it is not known to be switched on" in diagnosis.text


@pytest.fixture
def _switched_on():
    torch.set_float32_matmul_precision("high")
    yield
    torch.set_float32_matmul_precision("highest")


@pytest.mark.usefixtures("_switched_on")
def test_where_tf32_is_switched_on_it_is_named_with_certainty():
    with TF32():
        report = report_on(feedback_solve, device=faraway.DEVICE)
    assert report.about["settings"].startswith(MAYBE_TF32)
    (diagnosis,) = report.diagnosis
    assert diagnosis.text.endswith("as large as products in TF32 make them, which is switched on")


def other_sign(q, k, gamma, f):
    return feedback_solve(q, k, -gamma, f)


def bfloat16_factors(q, k, gamma, f):
    return feedback_solve(q.bfloat16().float(), k.bfloat16().float(), gamma, f)


@pytest.mark.usefixtures("_switched_on")
@pytest.mark.parametrize(
    ("solve", "name"),
    [(other_sign, solves.WRONG["sign"]), (bfloat16_factors, "FeedbackQueriesAndKeysInBfloat16")],
)
def test_a_larger_mistake_is_not_laid_to_tf32(solve, name):
    report = report_on(solve, CASES if solve is bfloat16_factors else FEW, faraway.DEVICE)
    assert [diagnosis.name for diagnosis in report.diagnosis] == [name]
    assert report.location[0].startswith("TF32 is switched on, which does not explain all of it")


@pytest.mark.usefixtures("_switched_on")
def test_nothing_on_a_cpu_is_laid_to_a_setting_for_gpus():
    adapter = as_adapter(feedback_solve, "solve", SOLVE)
    assert not is_switched_on(InProcessImplementation("solve", adapter))


def test_nan_is_no_product_in_tf32():
    def undefined(q, k, gamma, f):
        s = feedback_solve(q, k, gamma, f)
        return torch.where(torch.arange(s.shape[-2])[:, None] > 0, s, torch.nan)

    (expectation,) = expectations(FEW[0], ("float32",)).values()
    implementation = InProcessImplementation("solve", as_adapter(undefined, "solve", SOLVE))
    failed = [o for o in run_checks(implementation, expectation, ()) if o.result.check == "forward"]
    assert [o.result.status for o in failed] == ["failed"]
    assert products_in_tf32(failed, switched_on=True) is None
