import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiments.__main__ import app
from experiments.grid import run_grid, settings_of
from experiments.results import DIVERGED, GRID, RESULT
from experiments.run import run_name
from tests.experiments.small import small

RATE, TOO_LARGE = 1e-3, 1e9


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_grid_goes_on_where_it_stopped_and_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.mixers.find_spec", lambda name: None)
    runs, said = settings_of(small(), ["gain-0", "mamba-2"], [RATE, TOO_LARGE], [0, 1]), []
    assert run_grid(runs, tmp_path, "a command", minutes=0).left == 8
    begun = []
    done = run_grid(runs, tmp_path, "", say=said.append, progress=lambda number, name, step: begun.append(name))
    assert (done.finished, done.diverged, done.left) == (2, 2, 4)
    assert list(dict.fromkeys(begun)) == [f"gain-0-{rate:.5f}-{seed}" for seed in (0, 1) for rate in (RATE, TOO_LARGE)]
    assert [line.split(":")[0] for line in said] == [
        "mamba-2 is left out",
        *(f"gain-0-{TOO_LARGE:.5f}-{seed}" for seed in (0, 1)),
    ]
    assert json.loads((tmp_path / GRID).read_text()) == [[one.mixer, one.learning_rate, one.seed] for one in runs]
    assert {file.name for file in (tmp_path / run_name(runs[1])).iterdir()} >= {DIVERGED}
    before = contents(tmp_path)
    assert run_grid(runs, tmp_path, "") == done
    with pytest.raises(ValueError, match="holds a run of other settings; choose another folder"):
        run_grid(settings_of(small(batch=5), ["gated-linear", "gain-0"], [RATE], [0]), tmp_path, "")
    assert contents(tmp_path) == before


CONFIG = "width = 8\nheads = 2\nlayers = 1\nsteps = 3\nbatch = 2\ntest_sequences = 4\n[options]\nlag = 4\n"


def grid(tmp_path, *options):
    (tmp_path / "config.toml").write_text(CONFIG)
    out = tmp_path / "out"
    given = ["grid", "--config", str(tmp_path / "config.toml"), "--out", str(out), *options]
    return CliRunner().invoke(app, given), out


def test_the_command(tmp_path):
    done, out = grid(tmp_path, "--mixers", "gain-0,gated-linear", "--learning-rates", "1e-3,1e-2", "--seeds", "3")
    assert done.exit_code == 0, done.output
    assert "4 of 4 runs are finished, 0 diverged, 0 are left" in done.output
    assert len(list(out.glob(f"*-3/{RESULT}"))) == 4
    table = CliRunner().invoke(app, ["table", str(out), "--figure", str(tmp_path / "table.svg")])
    assert table.exit_code == 0, table.output
    assert "| ceiling |" in table.output
    assert "gated-linear" in (tmp_path / "table.svg").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mixers", "gain-0,mamba"], "mixer must be one of sessa"),
        (["--mixers", "gain-0", "--seeds", "0,x"], "--seeds must be whole numbers with commas between them, got 0,x"),
        (["--mixers", "gain-0", "--learning-rates", "1e-3,0"], "learning_rate must be positive, got 0.0"),
        (["--mixers", "gain-0", "--seeds", "0,0"], "the runs of a grid must differ"),
        (["--mixers", "gain-0", "--minutes", "nan"], "--minutes must be at least 0, got nan"),
        (["--mixers", "gain-0", "--task", "mqr"], "the nearest are mqar"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(tmp_path, options, message):
    done, out = grid(tmp_path, *options)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not out.exists()
