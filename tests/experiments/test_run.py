import json
import subprocess
import sys
from dataclasses import replace

import pytest
import safetensors
import safetensors.numpy

from experiments import samples
from experiments.checkpoints import load_model, resume
from experiments.results import CHECKPOINT, DIVERGED, METRICS, MODEL, RESULT, Result
from experiments.run import run
from experiments.training import Training, accuracy
from tests.experiments.small import KilledError, kill_after, small


def untimed(result):
    return replace(result, seconds=0, seconds_per_step=0)


@pytest.mark.parametrize(
    ("mixer", "step"), [("sessa", 0), ("sessa", 3), ("sessa-constant-gain", 3), ("gated-linear", 3)]
)
def test_a_run_that_was_killed_goes_on_to_the_same_numbers(tmp_path, mixer, step):
    settings = small(mixer)
    whole = run(settings, tmp_path / "whole", "a command")
    with pytest.raises(KilledError):
        run(settings, tmp_path / "killed", "a command", kill_after(step))
    with (tmp_path / "killed" / METRICS).open("a") as metrics:
        metrics.write('{"step": 4, "lo')
    again = run(settings, tmp_path / "killed", "a command")
    assert untimed(again) == untimed(whole)
    assert [point.step for point in whole.curve] == [0, 4]
    assert (tmp_path / "killed" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()
    killed, never = (
        [json.loads(line) for line in (tmp_path / name / METRICS).read_text().splitlines()]
        for name in ("killed", "whole")
    )
    assert [line | {"seconds": 0} for line in killed] == [line | {"seconds": 0} for line in never]
    assert [line["step"] for line in never if "loss" in line] == list(range(6))


def test_a_process_that_is_killed_while_it_runs(tmp_path):
    """By a signal that it cannot catch, somewhere between two steps or in one, or while it saves."""
    settings = small("gated-linear", steps=20)
    (tmp_path / "settings.json").write_text(json.dumps(settings.entries()))
    text = (
        "import json, sys; from experiments.run import run; from experiments.settings import Settings; "
        "run(Settings.of(json.load(open(sys.argv[1]))), sys.argv[2], '', lambda step: print(step.step, flush=True))"
    )
    command = [sys.executable, "-c", text, str(tmp_path / "settings.json"), str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(9):
            process.stdout.readline()
        process.kill()
    assert not (tmp_path / "killed" / RESULT).exists()
    again = run(settings, tmp_path / "killed", "")
    assert untimed(again) == untimed(run(settings, tmp_path / "whole", ""))


def test_a_run_that_diverged_is_recorded_and_not_begun_again(tmp_path, monkeypatch):
    """Far below the patience of real runs, with a rate that makes the model worse than a guess, and finite."""
    monkeypatch.setattr("experiments.divergence.PATIENCE", 5)
    settings = small(steps=60, learning_rate=30.0)
    for message in (r"above log\(4\) \+ 1 = 2.39 in 5 steps in a row, .* training has diverged", None):
        with pytest.raises(ArithmeticError if message else ValueError, match=message or "holds a finished run"):
            run(settings, tmp_path, "a command")
    found = json.loads((tmp_path / DIVERGED).read_text())
    assert (found["command"], found["settings"]["learning_rate"]) == ("a command", 30.0)
    assert 7 <= found["step"] < 60


def test_the_result_and_the_model_are_kept(tmp_path):
    settings = small()
    result = run(settings, tmp_path, "a command")
    assert Result.read(tmp_path / RESULT) == result
    assert [look["step"] for look in result.watched] == [0, 2, 4, 6]
    model, carried = load_model(tmp_path / MODEL)
    assert carried == settings
    assert [accuracy(model, samples.to_test(settings, options)) for options in settings.tests] == [
        test.accuracy for test in result.tests
    ]
    assert result.accuracy_by("lag") == {
        test["lag"]: found.accuracy for test, found in zip(settings.tests, result.tests, strict=True)
    }
    assert (result.tests[0].chance, result.tests[0].ceiling, result.tests[0].ceiling_error) == (0.25, 1, 0)
    assert result.validation == accuracy(model, samples.to_validate(settings))


def test_a_finished_run_is_not_overwritten(tmp_path):
    run(small(), tmp_path, "a command")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="holds a finished run; choose another folder"):
        run(small(seed=1), tmp_path, "a command")
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_a_checkpoint_of_other_settings_is_not_overwritten(tmp_path):
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command", kill_after(3))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(
        ValueError, match=r"is a checkpoint of other settings: batch 4 instead of 5; choose another folder"
    ):
        run(small(batch=5), tmp_path, "a command")
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_metrics_that_do_not_reach_the_checkpoint(tmp_path):
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command", kill_after(3))
    for line in ("3", '{"step": 0, "loss": 1}', '{"step": "0"}'):
        (tmp_path / METRICS).write_text(line)
        with pytest.raises(ValueError, match=r"metrics.jsonl must be the metrics of the interrupted run"):
            run(small(), tmp_path, "a command")
        assert (tmp_path / METRICS).read_text() == line
    (tmp_path / METRICS).unlink()
    with pytest.raises(ValueError, match=r"metrics.jsonl must have all steps before the checkpoint, 2, got 0"):
        run(small(), tmp_path, "a command")


def with_other_step(tensors, header):
    header["step"] = "0"


def without_momentum(tensors, header):
    del tensors["optimizer.0.exp_avg"]


def with_one_other_bit(tensors, header):
    tensors["model.head.bias"].view("int32")[0] ^= 1


@pytest.mark.parametrize("damage", [with_other_step, without_momentum, with_one_other_bit])
def test_a_damaged_checkpoint_is_not_gone_on_from(tmp_path, damage):
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command", kill_after(3))
    file = tmp_path / CHECKPOINT
    tensors = safetensors.numpy.load(file.read_bytes())
    with safetensors.safe_open(file, framework="np") as opened:
        header = dict(opened.metadata())
    damage(tensors, header)
    file.write_bytes(safetensors.numpy.save(tensors, header))
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"checkpoint.safetensors is damaged"):
        run(small(), tmp_path, "a command")
    assert before == {one.name: one.read_bytes() for one in tmp_path.iterdir()}


def test_bad_checkpoints(tmp_path):
    file = tmp_path / CHECKPOINT
    file.write_bytes(b"not a file of tensors")
    with pytest.raises(ValueError, match=r"checkpoint.safetensors must be a safetensors file"):
        resume(file, Training(small()))
    file.write_bytes(safetensors.numpy.save({}))
    with pytest.raises(ValueError, match="carries no experiment_settings"):
        resume(file, Training(small()))
    run(small(), tmp_path / "run", "a command")
    with pytest.raises(ValueError, match="is a trained model, not a checkpoint"):
        resume(tmp_path / "run" / MODEL, Training(small()))
    with pytest.raises(ValueError, match="does not fit the model of its settings"):
        load_model(tmp_path / "run" / CHECKPOINT)


def test_a_file_is_replaced_at_once(tmp_path, monkeypatch):
    """A run that dies while it saves leaves the checkpoint before it."""
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command", kill_after(2))
    before = (tmp_path / CHECKPOINT).read_bytes()

    def fails(*_):
        raise KilledError

    monkeypatch.setattr("experiments.files.os.replace", fails)
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command")
    assert (tmp_path / CHECKPOINT).read_bytes() == before
