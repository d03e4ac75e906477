import json
from dataclasses import replace

import pytest
import safetensors.numpy

from experiments.checkpoints import load_model, resume
from experiments.results import Result
from experiments.run import CHECKPOINT, METRICS, MODEL, RESULT, run
from experiments.training import accuracy_at
from tests.experiments.small import small


class KilledError(Exception):
    pass


def kill_after(step):
    def progress(done):
        if done.step == step:
            raise KilledError

    return progress


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
    assert replace(again, seconds=0) == replace(whole, seconds=0)
    assert [step.step for step in whole.steps] == list(range(6))
    assert (tmp_path / "killed" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()
    lines = [(tmp_path / name / METRICS).read_text() for name in ("killed", "whole")]
    assert lines[0] == lines[1]
    assert all(json.loads(line) for line in lines[0].splitlines())


def test_the_result_and_the_model_are_kept(tmp_path):
    settings = small()
    result = run(settings, tmp_path, "a command")
    assert Result.read(tmp_path / RESULT) == result
    assert [look["step"] for look in result.watched] == [0, 2, 4, 6]
    model, carried = load_model(tmp_path / MODEL)
    assert carried == settings
    assert {lag: accuracy_at(model, settings, lag) for lag in settings.test_lags} == result.accuracy_by_lag


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
        ValueError, match=r"is a checkpoint of other settings: lag 6 instead of 7; choose another folder"
    ):
        run(small(lag=7), tmp_path, "a command")
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_bad_checkpoints(tmp_path):
    file = tmp_path / CHECKPOINT
    file.write_bytes(b"not a file of tensors")
    with pytest.raises(ValueError, match=r"checkpoint.safetensors must be a safetensors file"):
        resume(file, small())
    file.write_bytes(safetensors.numpy.save({}))
    with pytest.raises(ValueError, match="carries no experiment_settings"):
        resume(file, small())
    run(small(), tmp_path / "run", "a command")
    with pytest.raises(ValueError, match="is a trained model, not a checkpoint"):
        resume(tmp_path / "run" / MODEL, small())
    with pytest.raises(ValueError, match="does not fit the model of its settings"):
        load_model(tmp_path / "run" / CHECKPOINT)


def test_a_file_is_replaced_at_once(tmp_path, monkeypatch):
    """A run that dies while it saves leaves the checkpoint before it."""
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command", kill_after(2))
    before = (tmp_path / CHECKPOINT).read_bytes()

    def fails(*_):
        raise KilledError

    monkeypatch.setattr("experiments.checkpoints.os.replace", fails)
    with pytest.raises(KilledError):
        run(small(), tmp_path, "a command")
    assert (tmp_path / CHECKPOINT).read_bytes() == before
