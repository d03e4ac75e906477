"""Layer, mixer and solve are one computation, begun at three places; each level accepts what is right and names what is not."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sessa_ref import reference
from sessa_ref.oracle import UnsupportedError, Verdict, battery, verify
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.implementation.runners import CommandImplementation
from sessa_ref.oracle.implementation.targets import as_adapter, load_target
from sessa_ref.oracle.levels import KERNEL_WIDTH, LEVELS, MIXER, SOLVE
from sessa_ref.oracle.report.known_failures import KnownFailure
from sessa_ref.oracle.report.results import Status
from sessa_ref.testing import assert_conforms
from tests.oracle import solves

EXAMPLES = Path(__file__).parents[2] / "examples" / "implementations"
NAMES = ("heads", "two_tokens", "other_widths", "length_65", "kernel", "kernel_129", "gains_up_to_2", "gain_high")
CASES = tuple(case for case in cases_of(SOLVE) if case.name in NAMES)
FEW = tuple(case for case in CASES if case.name in ("two_tokens", "kernel", "gains_up_to_2"))
ONE_HEAD = next(case for case in battery() if case.name == "one_head")


def report_on(name, dtypes=("float64",), cases=CASES, **options):
    return verify(as_adapter(getattr(solves, name), name, SOLVE), dtypes, cases, **options)


@pytest.mark.parametrize("level", [MIXER, SOLVE], ids=str)
def test_a_case_of_a_level_is_a_part_of_the_layers_computation(level):
    steps = reference.trace(ONE_HEAD.parameters, ONE_HEAD.x)
    part = ONE_HEAD.at(level)
    assert np.array_equal(level.forward(part.parameters, part.x), steps.s)
    config = part.parameters.config
    assert np.array_equal(level.join(level.split(config, part.x)), part.x)
    assert np.array_equal(part.moved({name: 0 * array for name, array in part.inputs().items()}).x, part.x)


@pytest.mark.parametrize("level", [MIXER, SOLVE], ids=str)
def test_the_gradients_of_a_level_are_those_of_its_output(level):
    part = ONE_HEAD.at(level)
    true, expectation = level.evaluate(part.parameters, part.x, part.dy), Expectation(part, "float64")
    for name, array in part.inputs().items():
        direction = np.cos(np.arange(array.size)).reshape(array.shape)
        moved = part.moved({n: 1e-30j * direction if n == name else 0j * a for n, a in part.inputs().items()})
        slope = np.sum(part.dy * np.imag(level.forward(moved.parameters, moved.x))) / 1e-30
        allowed = np.sum(expectation.bounds(name) * np.abs(direction))
        assert abs(slope - np.sum(true[name] * direction)) <= allowed, name


@pytest.mark.parametrize("name", solves.RIGHT)
def test_right_solves_conform(name):
    report = report_on(name, ("float64", "float32"), explain=False)
    assert report.conforms, [r for r in report.results if r.status not in (Status.PASSED, Status.SKIPPED)]


@pytest.mark.parametrize("name", solves.WRONG)
def test_wrong_solves_are_rejected_and_named(name):
    report = report_on(name)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert " ".join(diagnosis.name for diagnosis in report.diagnosis) == solves.WRONG[name], report.diagnosis


def test_messages_have_the_names_of_the_level():
    report = report_on("sign", cases=FEW, explain=False)
    messages = {result.message.split("[")[0] for result in report.results if result.status is Status.FAILED}
    assert messages <= {"s", "dq", "dk", "dgamma", "df", "s after another input", "dgamma again", "df again"}


def test_the_torch_mixer_conforms_and_a_wrong_one_is_named():
    cases = [case.at(MIXER) for case in battery() if case.name in ("heads", "other_widths", "no_rope", "two_tokens")]
    assert verify(load_target("sessa_ref.optimized.backends:mixer", MIXER), ("float64", "float32"), cases).conforms

    def wrong(config):
        mixer = backends.mixer(config)
        mixer.gain = lambda u: config.gamma_max * torch.sigmoid(mixer.gamma_ctx(u)[..., 0] + mixer.gamma_bias)
        return mixer

    from sessa_ref.optimized import backends

    report = verify(as_adapter(wrong, "wrong", MIXER), ("float64",), cases)
    assert [diagnosis.name for diagnosis in report.diagnosis] == ["GainSigmoid"]


@pytest.mark.parametrize("target", ["solve_torch.py:solve", "solve_numpy.py:solve"])
def test_the_examples_conform_with_their_gradients(target):
    report = verify(load_target(f"{EXAMPLES / target}", SOLVE), ("float64", "float32"), FEW, require=["gradients"])
    assert report.conforms, report.diagnosis


def test_a_program_is_asked_for_the_arrays_of_the_level():
    program = CommandImplementation(f"{sys.executable} {EXAMPLES / 'solve_numpy.py'} {{case_dir}}")
    try:
        report = verify(program, ("float64",), [case for case in FEW if case.name == "two_tokens"])
    finally:
        program.close()
    assert report.verdict is Verdict.CONFORMS
    assert {r.check for r in report.results if r.ratio is not None} >= {"forward", "gradients", "causality"}


class TestFunctions:
    def test_our_solve_conforms(self):
        report = verify(
            load_target("sessa_ref.optimized:feedback_solve", SOLVE), ("float32",), FEW, require=["gradients"]
        )
        assert report.verdict is Verdict.CONFORMS

    def test_half_precisions_in_jax(self):
        jax = pytest.importorskip("jax")

        @jax.jit
        def solve(q, k, gamma, f):
            past = np.tril(np.ones((q.shape[-2],) * 2, dtype=bool), -1)
            lowest = jax.numpy.finfo(q.dtype).min
            logits = jax.numpy.where(past, q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5, lowest)
            B = (gamma[..., None] * jax.numpy.where(past, jax.nn.softmax(logits), 0)).astype("float32")
            s = jax.scipy.linalg.solve_triangular(np.eye(len(past)) - B, f.astype("float32"), lower=True)
            return s.astype(f.dtype)

        cases = [case for case in FEW if case.name == "two_tokens"]
        report = verify(as_adapter(solve, "solve", SOLVE), ("bfloat16", "float16"), cases, require=["gradients"])
        assert report.verdict is Verdict.CONFORMS
        assert "jax" in report.about["libraries"]

    def test_without_gradients_these_alone_are_skipped(self):
        report = report_on("numpy_loop", cases=FEW)
        assert report.verdict is Verdict.CONFORMS
        assert report.skipped == {"gradients": len(FEW), "differences": 1}
        assert "checks were skipped: gradients" in report.remark
        assert not report_on("numpy_loop", cases=FEW, require=["gradients"]).conforms

    def test_widths_other_than_a_kernels_may_be_declined(self):
        def only(width):
            def solve(q, k, gamma, f):
                if f.shape[-1] != width:
                    raise UnsupportedError(f"only for width {width}")
                return solves.dense(q, k, gamma, f)

            return verify(as_adapter(solve, "solve", SOLVE), ("float64",), FEW, explain=False)

        assert only(KERNEL_WIDTH).conforms
        with pytest.raises(Exception, match="only for width 7"):
            only(7)

    @pytest.mark.parametrize(
        ("target", "message"),
        [(torch.nn.Linear, "is a class"), (3, "an object of type int"), (lambda q: q, "no function of")],
    )
    def test_what_is_no_solve_is_told(self, target, message):
        with pytest.raises(Exception, match=message):
            assert_conforms(target, ("float64",), level="solve")

    def test_the_wrong_level_is_told(self):
        with pytest.raises(ValueError, match="level must be one of layer, mixer, solve, got 'head'"):
            assert_conforms(solves.dense, level="head")


def test_levels_survive_a_process():
    import pickle

    for level in LEVELS.values():
        assert pickle.loads(pickle.dumps(level)) == level
    assert replace(CASES[0], level=MIXER).level != SOLVE


def test_known_failures_are_a_verdict_of_their_own():
    known = [
        KnownFailure("gradients", "*", "float64", "no tail"),
        KnownFailure("calls", "*", "*", "no tail"),
        KnownFailure("forward", "kernel", "float64", "long repaired"),
        KnownFailure("forward", "elsewhere", "float64", "no such case"),
    ]
    report = report_on("gradient_without_tail", cases=FEW, explain=False, known_failures=known)
    assert report.verdict is Verdict.DOES_NOT_CONFORM, "differences fail as well, and nobody expects it"
    known.append(KnownFailure("differences", "kernel", "float64", "no tail"))
    report = report_on("gradient_without_tail", cases=FEW, explain=False, known_failures=known)
    assert report.verdict is Verdict.CONFORMS_BUT_FOR_KNOWN_FAILURES
    assert report.conforms
    assert report.now_passing == ["forward kernel float64 (it passes)", "forward elsewhere float64 (it was not run)"]
    assert "known failures that are none any more: forward kernel" in report.remark
    assert any(result.message.startswith("no tail (dq") for result in report.results)
