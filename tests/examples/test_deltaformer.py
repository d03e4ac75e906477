"""A backward pass in blocks that goes wrong where they do not divide T is found by what every solve goes through.

DeltaFormer's kernel, of the optional package fla-core, has this fault; `gradient_walked_from_the_end` is made like it.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest

from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.checks import Observation, run_checks
from sessa_ref.oracle.explain.first_wrong_value import locate
from sessa_ref.oracle.explain.which_behaviour import behaviours
from sessa_ref.oracle.implementation.isolation import DEFAULT_LIMITS
from sessa_ref.oracle.implementation.protocol import Implementation
from sessa_ref.oracle.implementation.runners import InProcessImplementation, WorkerImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.levels import SOLVE
from sessa_ref.oracle.report.results import Status

ROOT = Path(__file__).parents[2]
MUTANT = f"{ROOT / 'tests' / 'oracle' / 'solves.py'}:gradient_walked_from_the_end"
EXAMPLE = ROOT / "examples" / "implementations" / "deltaformer.py"


def observations(implementation: Implementation, names: tuple[str, ...], block: int) -> list[Observation]:
    cases = [case for case in cases_of(SOLVE, quick=True, blocks=(block,)) if case.name in names]
    assert len(cases) == len(names)
    return [o for case in cases for o in run_checks(implementation, expectations(case, ("float32",))["float32"])]


def is_located(implementation: Implementation, block: int) -> None:
    wrong, right = (block + 1, 2 * block + 1), (block, 2 * block)
    found = observations(implementation, tuple(f"block_{T}" for T in (*wrong, *right)), block)
    failed = {(o.result.check, o.result.case) for o in found if o.result.status is not Status.PASSED}
    assert failed == {("gradients", f"block_{T}") for T in wrong}
    (told,) = behaviours(found, implementation)
    assert told.name == "WrongForSomeLengths"
    assert f"the gradients are wrong wherever T > {block} is no multiple of {block}" in told.text
    part, place = locate(implementation, found)
    assert "only the gradients are wrong" in part
    assert f"on block_{block + 1} (T = {block + 1}), wrong are" in place
    assert f"df between tokens 0 and {block - 1}" in place, "the last token has no later one, and is right"


def test_gradients_that_miss_a_partial_block_are_located():
    is_located(InProcessImplementation(MUTANT, load_target(MUTANT, SOLVE)), 16)


class TestDeltaFormer:
    @pytest.fixture(autouse=True)
    def _package(self):
        for name in ("fla", "triton"):
            if find_spec(name) is None:
                pytest.skip(f"{name} is not installed, so DeltaFormer's functions cannot run")

    def test_the_plain_form_conforms(self):
        plain = WorkerImplementation(f"{EXAMPLE}:plain", DEFAULT_LIMITS, SOLVE)
        try:
            found = observations(plain, ("two_tokens", "gains_up_to_2", "kernel"), 64)
        finally:
            plain.close()
        assert {o.result.check for o in found if o.result.ratio is not None} >= {"forward", "gradients", "calls"}
        assert all(o.result.status is Status.PASSED for o in found if o.result.required)

    def test_the_gradients_of_the_kernel_are_located(self):
        kernel = WorkerImplementation(f"{EXAMPLE}:kernel", DEFAULT_LIMITS, SOLVE)
        try:
            is_located(kernel, 64)
        finally:
            kernel.close()
