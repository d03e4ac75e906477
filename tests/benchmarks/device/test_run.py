"""The whole path on the CPU, at sizes that take no time."""

import json

import pytest
import torch
import typer
from typer.testing import CliRunner

from benchmarks import __main__
from benchmarks.device import correctness
from benchmarks.device import run as device_run
from benchmarks.device.correctness import admission_cases
from benchmarks.device.methods import ATTENTION, SOLVE, Method, gradients
from benchmarks.device.precision import precisions
from benchmarks.device.results import Results
from benchmarks.device.run import Plan, run
from benchmarks.report import main as report
from sessa_ref.optimized import feedback_solve
from sessa_ref.optimized.solve import block_substitution

CPU = torch.device("cpu")
FEW = [c for c in admission_cases() if c.name == "kernel_gain_low"]
TINY = Plan(CPU, lengths=(70,), widths=(8,), repetitions=1, budget=0)


def test_all_that_is_asked_for_is_measured(tmp_path, monkeypatch, capsys):
    steps = []
    results = run(TINY, steps.append, FEW)
    assert {name: a.admitted for name, a in results.admissions.items()} == {"float32": True, "bfloat16": True}
    found = {(row.precision, row.backward, row.method): row for row in results.rows}
    assert set(found) >= {(p, b, m) for p in results.admissions for b in (False, True) for m in ("solve", "attention")}
    assert all(row.status == "measured" and row.rate for row in results.rows if row.method in ("solve", "attention"))
    assert steps[-1].endswith("both passes")
    slow, fast = found["float32", True, "solve"], found["float32", True, "attention"]
    assert slow.median is not None
    assert slow.rate == 7 * 70**2 * 8 / slow.median
    assert results.share(slow) == (slow.rate or 0) / (fast.rate or 1)
    file = tmp_path / "results.json"
    file.write_text(results.to_json())
    assert Results.from_json(file.read_text()) == results
    assert results.machine["torch"] == torch.__version__
    monkeypatch.setattr("sys.argv", ["report", str(file)])
    report()
    assert capsys.readouterr().out.count("| 70 | 8 |") == len(results.rows)


def test_nothing_wrong_is_timed_and_what_cannot_be_timed_is_said(monkeypatch):
    def doubled(q, k, gamma, f):
        return feedback_solve(q, k, 2 * gamma, f)

    def fails(q, k, gamma, f):
        raise RuntimeError("no kernel for this width")

    def too_large(q, k, gamma, f):
        raise torch.OutOfMemoryError

    monkeypatch.setattr("benchmarks.device.correctness.feedback_solve", doubled)
    chosen = (SOLVE, Method("peer", fails), Method("another", too_large))
    monkeypatch.setattr(device_run, "methods", lambda: (chosen, ""))
    results = run(TINY, lambda step: None, FEW)
    assert not any(a.admitted for a in results.admissions.values())
    peers = {(row.method, row.status, row.message) for row in results.rows}
    assert peers == {("peer", "failed", "RuntimeError: no kernel for this width"), ("another", "over memory", "")}


@pytest.mark.parametrize("fault", ["outputs", "gradients"])
def test_large_pieces_that_small_ones_contradict_are_not_admitted(monkeypatch, fault):
    def solve(q, k, gamma, f):
        s = feedback_solve(q, k, gamma, f)
        if block_substitution.sizes(q.device) is correctness._SMALL:
            return s
        return 1.5 * s if fault == "outputs" else s + (0 * q.sum()).sqrt()  # whose derivative is NaN

    monkeypatch.setattr(correctness, "SOLVE", Method("solve", solve, in_heads=False))
    admission = correctness.admit(precisions(CPU)["float32"], CPU, 70, 8, FEW, lambda step: None)
    assert "conforms; small and large pieces differ by" in admission.verdict
    assert not admission.admitted


def test_attention_attends_and_its_operations_are_those_of_the_solve():
    q, k, gamma, f = ATTENTION.inputs(9, 256, torch.float64, CPU)
    assert q.shape == (2, 9, 128)
    visible = torch.ones(9, 9, dtype=torch.bool).tril()
    alpha = ((q @ k.mT) * 128**-0.5).masked_fill(~visible, -torch.inf).softmax(-1)
    # A logit is off by 128 products and sums and two roundings more, relative to the sum of its terms' sizes. Weights are
    # off by twice that of the largest logit, relatively, and by 9 terms of their sum, an exponential of two units, and a
    # quotient; the output by 9 products and sums more. Either side may be off by it all.
    logits = 130 * ((q.abs() @ k.abs().mT) * 128**-0.5).amax(-1, keepdim=True)
    allowed = 2 * 2.0**-53 * (2 * logits + (9 + 2 * 2 + 1) + 9) * (alpha @ f.abs())
    assert torch.all((gradients(ATTENTION, [q, k, gamma, f], f)[0] - alpha @ f).abs() <= allowed)
    assert SOLVE.inputs(9, 256, torch.float64, CPU)[0].shape == (1, 9, 256)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "nowhere"], "device must be one that torch knows"),
        (["--device", "meta"], "device must hold numbers, which meta does not"),
        (["--device", "cpu", "--methods", "dense"], "--device takes no --methods"),
        (["--device", "cpu", "--width", "200"], "--width must be at most 128, or a multiple of it, got [200]"),
        (["--device", "cpu", "--lengths", "9,1"], "--lengths must be increasing numbers of at least 2 tokens"),
        (["--device", "cpu", "--json", "nowhere/results.json"], "to write results.json into"),
    ],
)
def test_bad_options(arguments, message):
    app = typer.Typer()
    app.command()(__main__.main)
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 2
    assert message in outcome.output


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_there_is_one_clear_line():
    app = typer.Typer()
    app.command()(__main__.main)
    outcome = CliRunner().invoke(app, ["--device", "cuda"])
    assert outcome.exit_code == 2
    assert "device cuda" in outcome.output
    assert outcome.output.count("\n") == 1


def test_the_command_writes_its_file(tmp_path, monkeypatch):
    app = typer.Typer()
    app.command()(__main__.main)
    monkeypatch.setattr(device_run, "admission_cases", lambda: FEW)
    file = tmp_path / "results.json"
    arguments = ["--device", "cpu", "--lengths", "65", "--width", "8", "--json", str(file)]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    assert {(row["T"], row["D"]) for row in json.loads(file.read_text())["rows"]} == {(65, 8)}
