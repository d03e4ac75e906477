from dataclasses import replace

import pytest
from typer.testing import CliRunner

from experiments.__main__ import app
from experiments.agreement import agreements, loss_difference
from experiments.results import DIVERGED, RESULT, Diverged, Result, Score
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
    copy = tmp_path / "kept" / "copy"
    copy.mkdir()
    (copy / RESULT).write_text(Result.read(again).to_json())  # the same seed does not count twice
    assert CliRunner().invoke(app, ["rerun", str(places[0])]).exit_code == 1
    (copy / RESULT).unlink()
    other = tmp_path / "kept" / "other"
    other.mkdir()
    wider = replace(
        kept, settings=small("sessa", seed=2, width=16), tests=[replace(kept.tests[0], accuracy=9.0), kept.tests[1]]
    )
    (other / RESULT).write_text(wider.to_json())  # nor does a run of other settings
    assert CliRunner().invoke(app, ["rerun", str(places[0])]).exit_code == 1
    (other / RESULT).unlink()
    (places[1] / RESULT).unlink()
    found = CliRunner().invoke(app, ["rerun", str(places[0])])
    assert found.exit_code == 0
    assert "how far two runs of this model may be apart is not known" in found.output


def test_bad_folders(tmp_path, monkeypatch):
    """One line each, before anything is trained."""
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept" / "run"
    kept.mkdir(parents=True)

    def refused(*arguments: str) -> str:
        found = CliRunner().invoke(app, ["rerun", "kept/run", *arguments])
        assert found.exit_code == 2
        return found.output

    assert "RUN must be the folder of a finished run, with its result.json, got kept/run" in refused()
    (kept / RESULT).write_text(result(0, 1, 1).to_json())
    (tmp_path / "link").symlink_to(kept)
    for out in ("kept/run", "kept/again", "kept", "./kept/../link"):
        assert "--out must be outside the folder of the kept runs" in refused("--out", out)
    (tmp_path / "file").write_text("mine")
    assert "--out must be a folder, got the file file" in refused("--out", "file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert refused("--out", "loop")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / RESULT).write_text(result(1, 1, 1).to_json())
    assert "--out must not hold a run of other settings, got taken" in refused("--out", "taken")
    (kept / DIVERGED).write_text(Diverged("", small("sessa"), 3, "lost").to_json())
    assert "got kept/run, which diverged at step 3" in refused()


def test_a_rerun_that_diverged_says_so_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept" / "run"
    kept.mkdir(parents=True)
    settings = small("sessa", learning_rate=1e30)
    (kept / RESULT).write_text(replace(result(0, 1, 1), settings=settings).to_json())
    for _ in range(2):
        found = CliRunner().invoke(app, ["rerun", "kept/run"])
        assert found.exit_code == 1
        assert "training has diverged" in found.output


def test_curves_with_other_steps():
    first = result(0, 1, 1)
    with pytest.raises(ValueError, match="a rerun must have the training curve's steps"):
        loss_difference(first, replace(first, curve=first.curve[1:]))
