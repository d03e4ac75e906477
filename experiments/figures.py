"""Experiments as a figure: accuracy of every mixer at every test, between chance and ceiling."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np

from experiments.comparison import Experiment
from sessa_ref.plotting import style


def draw(experiments: Sequence[Experiment]) -> Any:
    """A matplotlib figure with a panel for each experiment.

    A line for each mixer, with its chosen learning rate: the mean over seeds, and a bar from the lowest to the highest.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    with style.applied():
        figure = style.new_figure(7.2, 3.2 * len(experiments))
        for number, experiment in enumerate(experiments, start=1):
            draw_panel(figure.add_subplot(len(experiments), 1, number), experiment)
    return figure


def draw_panel(panel: Any, experiment: Experiment) -> None:
    """One experiment, on axes of matplotlib."""
    tests = experiment.results[0].tests
    places = np.arange(len(tests))
    looks = cycle((colour, mark) for mark in "osv" for colour in style.colours())
    finished = [one for one in experiment.chosen() if one.runs]
    for number, (one, (colour, mark)) in enumerate(zip(finished, looks, strict=False)):
        each = np.array([one.accuracies(test) for test in range(len(tests))])
        mean = each.mean(axis=1)
        beside = places + 0.4 * (number / max(len(finished) - 1, 1) - 0.5)  # so that bars do not hide each other
        bars = [mean - each.min(axis=1), each.max(axis=1) - mean]
        panel.errorbar(beside, mean, bars, color=colour, marker=mark, lw=1, elinewidth=1, label=one.mixer)
    for name, line in (("chance", ":"), ("from_counts", "-."), ("ceiling", "--")):
        values = [getattr(test, name) for test in tests]
        ends = [places - 0.45, places + 0.45]
        panel.hlines(values, *ends, colors=style.GREY, linestyles=line, lw=1.2, label=name.replace("_", " "))
    panel.set_xticks(places, [test.name.replace(", ", "\n") for test in tests])
    panel.set(ylabel="accuracy", ylim=(-0.03, 1.05), title=experiment.name)
    panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7)
