import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from experiments.__main__ import app
from experiments.comparison import Experiment, read_experiments
from experiments.figures import draw
from experiments.results import DIVERGED, GRID, KEPT, RESULT, Diverged, Result, Score
from experiments.run import run_name
from experiments.tables import to_markdown
from tests.experiments.small import small


def result(mixer: str, rate: float, seed: int, validation: float, accuracy: float) -> Result:
    settings = small(mixer, learning_rate=rate, seed=seed)
    tests = [Score(options, accuracy, 0.25, 0.5, 0.9, 0.002) for options in settings.tests]
    return Result("", settings, 789, {}, 2.0, 0.125, validation, tests, [], [])


def diverged(mixer: str, rate: float, seed: int) -> Diverged:
    return Diverged("", small(mixer, learning_rate=rate, seed=seed), 3, "lost")


RESULTS = [
    result("sessa", 1e-3, 0, 0.6, 0.5),
    result("sessa", 1e-3, 1, 0.8, 0.7),
    result("sessa", 1e-2, 0, 1.0, 1.0),  # better where it does not diverge: 0.5 on average
    result("gain-0", 1e-3, 0, 0.4, 0.1),
    result("gain-0", 1e-2, 0, 0.4, 0.2),  # as good in the validation: the smaller rate is taken
]
LOST = [diverged("sessa", 1e-2, 1), diverged("one-hop", 1e-2, 0)]
ASKED = [(mixer, rate, seed) for mixer in ("sessa", "gain-0", "one-hop") for rate in (1e-3, 1e-2) for seed in (0, 1)]
EXPERIMENT = Experiment("a task", RESULTS, LOST, ASKED)


def test_learning_rates_are_chosen_by_the_validation():
    found = [(one.mixer, one.learning_rate, len(one.runs), one.diverged) for one in EXPERIMENT.chosen()]
    assert found == [("sessa", 1e-3, 2, 0), ("gain-0", 1e-3, 1, 0), ("one-hop", 1e-2, 0, 1)]
    assert EXPERIMENT.chosen()[0].accuracies(1) == [0.5, 0.7]
    assert EXPERIMENT.not_run() == [("gain-0", 1e-3, 1), ("gain-0", 1e-2, 1), ("one-hop", 1e-3, 0), ("one-hop", 1e-3, 1), ("one-hop", 1e-2, 1)]  # fmt: skip


def test_learning_rates_are_compared_by_the_seeds_that_all_of_them_have():
    unlucky = [result("sessa", 1e-3, 0, 0.9, 0), result("sessa", 1e-3, 1, 0.1, 0), result("sessa", 1e-2, 0, 0.8, 0)]
    (one,) = Experiment("a task", unlucky, [], []).chosen()
    assert (one.learning_rate, len(one.runs)) == (1e-3, 2), "0.9 against 0.8 with seed 0, 0.5 against 0.8 over all"
    apart = [result("sessa", 1e-3, 0, 0.7, 0), result("sessa", 1e-2, 1, 0.8, 0)]
    assert Experiment("a task", apart, [], []).chosen()[0].learning_rate == 1e-2, "with no seed in common: all of them"


def test_the_table():
    lines = to_markdown(EXPERIMENT).splitlines()
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in lines
        if line.startswith("|")
    }
    assert rows["mixer"] == ["parameters", "learning rate", "validation", "lag 3", "lag 6", "s per step", "seeds"]
    assert rows["sessa"] == ["789", "0.001", "70.0 (60.0 to 80.0)", *["60.0 (50.0 to 70.0)"] * 2, "0.125", "2"]
    assert rows["gain-0"] == ["789", "0.001", "40.0", "10.0", "10.0", "0.125", "1"]
    assert rows["one-hop"] == ["–", "0.01", "–", "–", "–", "–", "0, 1 diverged"]
    assert rows["ceiling"][3] == "90.0 ± 0.2"
    assert (rows["chance"][3], rows["from counts"][3]) == ("25.0", "50.0")
    assert lines[-2].strip() == "Diverged: sessa at 0.01, seed 1; one-hop at 0.01, seed 0."
    assert (
        lines[-1].strip()
        == "Not run: gain-0 at 0.001, seed 1; gain-0 at 0.01, seed 1; one-hop at 0.001, seed 0 1; one-hop at 0.01, seed 1."
    )


def test_the_figure_has_a_line_for_each_mixer_with_runs_and_for_what_can_be_reached():
    (panel,) = draw([EXPERIMENT]).axes
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["chance", "from counts", "ceiling", "sessa", "gain-0"]  # fmt: skip


def test_files_are_read_back(tmp_path):
    for run in RESULTS + LOST:
        place = tmp_path / "a task" / run_name(run.settings)
        place.mkdir(parents=True)
        (place / (RESULT if isinstance(run, Result) else DIVERGED)).write_text(run.to_json())
    (found,) = read_experiments(tmp_path)
    assert set(found.asked) == set(ASKED), "without a list, the product of all that occur"
    (tmp_path / "a task" / GRID).write_text(json.dumps(ASKED[:1]))
    (found,) = read_experiments(tmp_path / "a task")
    assert found.not_run() == []
    assert {run_name(run.settings) for run in found.results} == {run_name(run.settings) for run in RESULTS}
    (tmp_path / "a task" / GRID).write_text("[1]")
    with pytest.raises(ValueError, match=r"grid.json must be a list of mixers, learning rates and seeds"):
        read_experiments(tmp_path)
    with pytest.raises(ValueError, match="there are no results of runs in"):
        read_experiments(tmp_path / "none")


def test_runs_of_other_settings_are_not_put_into_one_table():
    other = replace(RESULTS[0], settings=small(batch=5, seed=2))
    with pytest.raises(
        ValueError, match=r"must differ in mixer, learning rate and seed alone, got sessa, 0\.001, 0 and"
    ):
        Experiment("a task", [*RESULTS, other], [], [])


def test_kept_results_make_tables():
    done = CliRunner().invoke(app, ["table"])
    assert done.exit_code == 0, done.output
    headings = [line.removeprefix("### ") for line in done.output.splitlines() if line.startswith("###")]
    assert headings == sorted(place.name for place in KEPT.iterdir() if any(place.glob(f"*/{RESULT}")))
