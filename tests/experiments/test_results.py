import json
import re
from copy import deepcopy

import numpy as np
import pytest

from experiments import samples
from experiments.checkpoints import load_model
from experiments.results import KEPT, MODEL, RESULT, Result, kept
from experiments.settings import CONFIGS, Settings
from experiments.training import accuracy
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR
from tests.rounding import near

EXPERIMENTS = ("recall", "tiny")
GRIDS = sorted({file.parent.parent.name for file in KEPT.glob(f"*/*/{RESULT}")} - set(EXPERIMENTS))


@pytest.mark.parametrize("experiment", [*EXPERIMENTS, *GRIDS])
def test_kept_results_are_those_of_the_configuration_that_comes_along(experiment):
    """All settings but mixer, learning rate and seed are those of the file, and every run is finished."""
    for run in (run for of_mixer in kept(experiment).values() for run in of_mixer):
        mixer, rate, seed = run.settings.mixer, run.settings.learning_rate, run.settings.seed
        own = {"mixer": mixer, "learning_rate": rate, "seed": seed}
        assert run.settings == Settings.read(CONFIGS / f"{experiment}.toml", own)
        assert [point.step for point in run.curve] == list(range(0, run.settings.steps, run.settings.record_every))
        assert [test.options for test in run.tests] == list(run.settings.tests)
        assert bool(run.watched) == mixer.startswith("sessa")
        config = f"experiments/configs/{experiment}.toml"
        if run.validation is None:  # of the first runs, or made one by one
            assert run.command == f"python -m experiments train --config {config} --mixer {mixer} --seed {seed}"
        else:
            program = "python -m experiments grid"
            assert run.command.startswith((f"{program} --task {experiment} ", f"{program} --config {config} "))
            for test, options in zip(run.tests, run.settings.tests, strict=True):
                limits = run.settings.make_task(**options)
                # That of permutations is a mean over tokens of sums of at most as many positive terms, made token by token.
                assert test.chance == near(limits.chance, 16 * limits.length)
                assert test.ceiling_error > 0 or test.ceiling == limits.ceiling


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_kept_model_has_the_accuracy_of_its_result(experiment, monkeypatch):
    """On the test sequences of the training lag, but for the answers that rounding decides."""
    (file,) = (KEPT / experiment).glob(f"*/{MODEL}")
    model, settings = load_model(file)
    result = Result.read(file.with_name(RESULT))
    assert settings == result.settings
    exact, plain, margins, errors = deepcopy(model).double(), model.answers, [], []

    def answers(tokens, positions):
        logits = plain(tokens, positions)
        first, second = logits.flatten(0, 1).topk(2).values.unbind(-1)
        margins.extend((first - second).tolist())
        if not errors:  # of the first sequences
            errors.append((logits - exact.answers(tokens, positions)).abs().max().item())
        return logits

    monkeypatch.setattr(model, "answers", answers)
    options = {"lag": settings.options["lag"]}
    found = accuracy(model, samples.to_test(settings, options))
    # Another machine's logits are off by as much as these, up to the oracle's factor; two of them make a margin.
    undecided = np.mean(np.array(margins) <= 2 * SAFETY_FACTOR * errors[0])
    assert undecided < 0.5 / np.sqrt(len(margins))  # the largest standard error of an accuracy of so many answers
    assert abs(found - result.accuracy_by("lag")[options["lag"]]) <= undecided


def test_series_of_what_was_watched():
    result = kept()["sessa"][0]
    steps, rho = result.series(0, "rho")
    assert steps[0] == 0
    assert steps[-1] == result.settings.steps
    assert np.all((rho > 0) & (rho < 1))
    shares = result.series(1, "hop_shares")[1]
    assert shares.shape == (len(steps), 5)
    # Means over 8 sequences of quotients that sum to 1: fewer than 32 roundings of numbers below 1.
    assert np.all(np.abs(shares.sum(axis=1) - 1) <= 32 * 2.0**-53)


def test_bad_results(tmp_path):
    file = tmp_path / "result.json"
    for text in ("[]", "{}", "{", '{"command": 1, "settings": {"steps": 0}}'):
        file.write_text(text)
        with pytest.raises(ValueError, match=r"result.json must be a result of `python -m experiments`"):
            Result.read(file)
    kept_run = json.loads((KEPT / "mqar" / "sessa-0.00300-0" / RESULT).read_text())
    wrong = {
        "seconds must be float, got 'long'": {"seconds": "long"},
        "validation must be float | None, got": {"validation": [0.5]},
        "accuracy must be float, got 'high'": {"tests": [kept_run["tests"][0] | {"accuracy": "high"}]},
        "loss must be float, got None": {"curve": [kept_run["curve"][0] | {"loss": None}]},
        "parameters must be int, got 1.5": {"parameters": 1.5},
        "loss must be finite, got nan": {"curve": [kept_run["curve"][0] | {"loss": float("nan")}]},
        "tests must be those of its settings, got others": {"tests": kept_run["tests"][1:]},
    }
    for message, entries in wrong.items():
        file.write_text(json.dumps(kept_run | entries))
        with pytest.raises(ValueError, match=rf"result.json must be a result of .*: {re.escape(message)}"):
            Result.read(file)
    file.write_text(json.dumps(kept_run | {"seconds": 3}))
    assert Result.read(file).seconds == 3
    with pytest.raises(ValueError, match="there are no results of nothing"):
        kept("nothing")
