"""Products in TF32 are called so; what else fails in float32 is not."""

import pytest
import torch

from sessa_ref.optimized import feedback_solve
from sessa_ref.oracle import verify
from sessa_ref.oracle.implementation.targets import as_adapter
from sessa_ref.oracle.levels import SOLVE
from tests.oracle import solves
from tests.oracle.tensor_cores import TF32
from tests.oracle.test_levels import CASES, FEW


def report_on(solve, cases=FEW):
    return verify(as_adapter(solve, "solve", SOLVE), ("float32",), cases)


def test_factors_that_are_cut_off_are_called_tf32():
    """Two cases would not tell it from a rounding of the queries alone."""
    with TF32(cut=True):
        report = report_on(feedback_solve, CASES)
    (diagnosis,) = report.diagnosis
    assert diagnosis.name == "ProductsInTfloat32"
    assert "may explain all" in diagnosis.text
    assert "TF32 is not switched on in torch" in diagnosis.text


@pytest.fixture
def _switched_on():
    torch.set_float32_matmul_precision("high")
    yield
    torch.set_float32_matmul_precision("highest")


@pytest.mark.usefixtures("_switched_on")
def test_where_tf32_is_switched_on_it_is_named_with_certainty():
    with TF32():
        report = report_on(feedback_solve)
    assert "float32 products in TF32" in report.about["settings"]
    (diagnosis,) = report.diagnosis
    assert diagnosis.text.endswith("as large as products in TF32 make them, which is switched on")


@pytest.mark.usefixtures("_switched_on")
def test_a_larger_mistake_is_not_laid_to_tf32():
    report = report_on(solves.sign)
    assert [diagnosis.name for diagnosis in report.diagnosis] == [solves.WRONG["sign"]]
    assert report.location[0].startswith("TF32 is switched on, which does not explain all of it")
