"""An experiment as a table in Markdown."""

from collections.abc import Sequence

import numpy as np

from experiments.comparison import Asked, Chosen, Experiment

_MISSING = "–"


def to_markdown(experiment: Experiment) -> str:
    """A heading, a row for each mixer and for what can be reached, and what diverged or was not run."""
    settings, tests = experiment.settings, experiment.results[0].tests
    head = ["mixer", "parameters", "learning rate", "validation", *(test.name for test in tests), "s per step", "seeds"]
    limits = {
        "chance": [percent([test.chance]) for test in tests],
        "from counts": [percent([test.from_counts]) for test in tests],
        "ceiling": [
            percent([test.ceiling]) + (f" ± {100 * test.ceiling_error:.1f}" if test.ceiling_error else "")
            for test in tests
        ],
    }
    rows = [_row(one, len(tests)) for one in experiment.chosen()]
    rows += [[name, "", "", "", *values, "", ""] for name, values in limits.items()]
    options = ", ".join(f"{option} {value}" for option, value in settings.options.items()) or "as it comes"
    lines = [
        f"### {experiment.name}",
        "",
        f"Task {settings.task}: {options}. {settings.layers} layers, width {settings.width}; {settings.steps} steps of "
        f"{settings.batch} sequences. Accuracy in percent on {settings.test_sequences} sequences, the mean over seeds and "
        "in brackets the lowest and the highest. The learning rate is the one with the highest accuracy in the validation, by the "
        "seeds that all rates of a mixer have; a run that diverged counts as 0 there, and of equal ones the smallest is taken.",
        "",
        _line(head),
        _line(["---", *["---:"] * (len(head) - 1)]),
        *map(_line, rows),
        "",
        _listed("Diverged", [(run.settings.mixer, run.settings.learning_rate, run.settings.seed) for run in experiment.diverged]),
        _listed("Not run", experiment.not_run()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def percent(values: Sequence[float]) -> str:
    """Accuracies of several seeds in percent: their mean and, of more than one, in brackets the lowest and the highest."""
    if not len(values):
        return _MISSING
    mean, least, most = (f"{100 * value:.1f}" for value in (np.mean(values), min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} ({least} to {most})"


def _row(chosen: Chosen, tests: int) -> list[str]:
    runs, rate = chosen.runs, f"{chosen.learning_rate:g}"
    seeds = str(len(runs)) + (f", {chosen.diverged} diverged" if chosen.diverged else "")
    if not runs:
        return [chosen.mixer, _MISSING, rate, *[_MISSING] * (tests + 2), seeds]
    validations = [run.validation for run in runs if run.validation is not None]
    seconds = [run.seconds_per_step for run in runs if run.seconds_per_step is not None]
    return [
        chosen.mixer,
        str(runs[0].parameters),
        rate,
        percent(validations),
        *(percent(chosen.accuracies(test)) for test in range(tests)),
        f"{min(seconds):.3f}" if seconds else _MISSING,
        seeds,
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _listed(name: str, runs: Sequence[Asked]) -> str:
    """Mixer and learning rate, with the seeds: a line of text."""
    seeds: dict[str, list[str]] = {}
    for mixer, rate, seed in runs:
        seeds.setdefault(f"{mixer} at {rate:g}", []).append(str(seed))
    found = "; ".join(f"{run}, seed {' '.join(some)}" for run, some in seeds.items())
    return f"{name}: {found or 'nothing'}.  "  # two spaces: a line break
