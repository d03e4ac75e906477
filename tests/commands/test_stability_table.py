"""The table of `sessa-ref stability`, and what it refuses."""

import numpy as np
import pytest
from rich.console import Console

from sessa_ref import reference
from sessa_ref.commands import stability_table
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound
from sessa_ref.influence.worst_inputs import worst_input
from sessa_ref.parameters import SessaParameters


def test_options_out_of_range(tmp_path):
    stability_table.check(1.0, 4096, 1, 1, 0, tmp_path / "x.npy")
    for wrong in ((0.0, 1, 1, 1, 0), (float("inf"), 1, 1, 1, 0), (1.0, 4097, 1, 1, 0), (1.0, 1, 1, 1, -1)):
        with pytest.raises(ValueError, match=r"radius|length|seed"):
            stability_table.check(*wrong, None)


def test_tokens_are_written_as_they_are(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 4))
    stability_table.write(tmp_path / "x.npy", x)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), x)


def test_the_table_sets_bounds_beside_what_is_reached():
    parameters = SessaParameters.random(SessaConfig.paper(3), seed=2)
    bound, worst = ball_bound(parameters, 1.5, 6), worst_input(parameters, 1.5, 6, 0, 1, 2)
    console = Console(record=True, width=200)
    stability_table.print_bounds(console, parameters, bound, worst)
    text = console.export_text()
    states = np.linalg.norm(reference.trace(parameters, worst.x).s, axis=-1).max()
    for name, numbers in (
        ("forward signal", (bound.paper.F, bound.sharper.F)),
        ("states |s_t|", (bound.paper.states, bound.sharper.states, states)),
        ("output |y_t|", (bound.paper.output, bound.sharper.output, worst.output)),
    ):
        (line,) = (line for line in text.splitlines() if name in line)
        assert all(f"{number:.6g}" in line for number in numbers)
    assert "LayerNorm" not in text
