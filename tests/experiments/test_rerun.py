from dataclasses import replace

import pytest
from typer.testing import CliRunner

from experiments.__main__ import app
from experiments.agreement import agreements, loss_difference
from experiments.results import RESULT, Result, Score
from experiments.run import run, run_name
from experiments.training import Step
from tests.experiments.small import small


def result(seed: int, *accuracies: float) -> Result:
    settings = small("sessa", seed=seed)
    tests = [Score(options, one, 0.25, 0.25, 1.0, 0.0) for options, one in zip(settings.tests, accuracies, strict=True)]
    return Result("", settings, 1, {}, 1.0, None, None, tests, [], [Step(0, 2.0, 0.25), Step(10, 1.0, 0.5)])


def test_a_rerun_may_be_as_far_away_as_the_kept_seeds_are():
    seeds = [result(0, 0.5, 1.0), result(1, 0.75, 1.0), result(2, 0.625, 1.0)]
    found = agreements(seeds[0], result(0, 0.25, 1.0), seeds)
    assert [(one.difference, one.lowest, one.highest, one.holds) for one in found] == [
        (0.25, 0.5, 0.75, True),
        (0, 1, 1, True),
    ]
    assert [one.holds for one in agreements(seeds[0], result(0, 0.8, 0.99), seeds)] == [False, False]
    with pytest.raises(ValueError, match="a rerun must have the settings of the run that it is compared with"):
        agreements(seeds[0], seeds[1], seeds)


def test_the_difference_of_the_training_curves():
    first = result(0, 1, 1)
    other = replace(first, curve=[Step(0, 1.875, 0.25), Step(10, 1.0625, 0.5)])
    assert loss_difference(first, other) == 0.125
    assert loss_difference(first, first) == 0


def test_the_command(tmp_path, monkeypatch):
    """On this machine a rerun finds the same numbers; a kept result that says something else is noticed."""
    monkeypatch.chdir(tmp_path)
    places = []
    for seed in (0, 1):
        settings = small("sessa", seed=seed)
        places.append(tmp_path / "kept" / run_name(settings))
        run(settings, places[-1], "python -m experiments train")
    found = CliRunner().invoke(app, ["rerun", str(places[0])])
    assert found.exit_code == 0, found.output
    assert "largest difference of the training curves: 0.00000 nats" in found.output
    assert found.output.count("agrees") == 2
    again = tmp_path / "runs" / "rerun" / "kept" / places[0].name / RESULT
    before = again.stat().st_mtime_ns
    kept = Result.read(places[0] / RESULT)
    wrong = replace(kept, tests=[replace(kept.tests[0], accuracy=2.5), *kept.tests[1:]])
    (places[0] / RESULT).write_text(wrong.to_json())
    other = Result.read(places[1] / RESULT)
    (places[1] / RESULT).write_text(
        replace(other, tests=[replace(other.tests[0], accuracy=2.5), *other.tests[1:]]).to_json()
    )
    found = CliRunner().invoke(app, ["rerun", str(places[0])])
    assert found.exit_code == 1
    assert found.output.count("DIFFERS BY MORE") == 1
    assert again.stat().st_mtime_ns == before, "a finished rerun is compared and not made again"
    (places[1] / RESULT).unlink()
    found = CliRunner().invoke(app, ["rerun", str(places[0])])
    assert found.exit_code == 0
    assert "how far two runs of this model may be apart is not known" in found.output


@pytest.mark.parametrize(
    ("out", "message"),
    [("kept/run", "--out must be another folder than the run's own"), ("elsewhere", "No such file or directory")],
)
def test_bad_folders(tmp_path, monkeypatch, out, message):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept" / "run"
    kept.mkdir(parents=True)
    if out == "kept/run":
        (kept / RESULT).write_text(result(0, 1, 1).to_json())
    found = CliRunner().invoke(app, ["rerun", "kept/run", "--out", out])
    assert found.exit_code == 2
    assert message in found.output
