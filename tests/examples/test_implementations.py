"""The example implementations conform, each under the command protocol; what is missing here is said."""

import shutil
import sys
from pathlib import Path

import pytest

from sessa_ref.oracle import Verdict, battery, verify
from sessa_ref.oracle.implementation.isolation import Limits
from sessa_ref.oracle.implementation.runners import CommandImplementation
from sessa_ref.oracle.report.results import Status

FOLDER = Path(__file__).parents[2] / "examples" / "implementations"
LIMITS = Limits(120.0, 4 * 2**30)


def cases(*names):
    return [case for case in battery() if case.name in names]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, so sessa.mjs cannot run")
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_javascript(dtype):
    implementation = CommandImplementation(f"node {FOLDER / 'sessa.mjs'} {{case_dir}}", LIMITS)
    names = ("heads", "grouped_heads", "no_rope", "no_token", "one_token", "length_65", "long_chains", "logits_low")
    report = verify(implementation, [dtype], cases(*names))
    assert report.verdict is Verdict.CONFORMS, report.diagnosis
    assert {r.check for r in report.results if r.status is Status.SKIPPED} == {"gradients", "calls", "padding"} | (
        {"differences"} if dtype == "float64" else set()
    )


def test_jax():
    pytest.importorskip("jax", reason="jax is not installed, so sessa_jax.py cannot run")
    implementation = CommandImplementation(f"{sys.executable} {FOLDER / 'sessa_jax.py'} {{case_dir}}", LIMITS)
    report = verify(implementation, ["float64"], cases("grouped_heads"))
    assert report.verdict is Verdict.CONFORMS, report.diagnosis
    assert {r.check for r in report.results if r.status is Status.SKIPPED} == {"calls", "padding"}
