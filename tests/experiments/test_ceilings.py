import json

import pytest
from typer.testing import CliRunner

from experiments.__main__ import app
from experiments.ceilings import CEILINGS, RANGES
from sessa_ref.tasks.symbol_soup import SymbolSoup, measure

KEPT = json.loads(CEILINGS.read_text(encoding="utf-8"))


def test_the_kept_ceilings_are_what_other_sequences_give():
    """Within five standard errors, which fails by chance less than once in a million."""
    assert [(row["least"], row["most"]) for row in KEPT["symbol_soup"]] == list(RANGES)
    assert KEPT["command"] == "python -m experiments ceilings --out experiments/results/ceilings.json"
    row = KEPT["symbol_soup"][0]
    for name, found in measure(SymbolSoup(least=row["least"], most=row["most"]), 200, 1).items():
        assert abs(found.value - row[name]["value"]) < 5 * (found.error + row[name]["error"]), name


@pytest.mark.parametrize("options", [["--sequences", "1"], ["--seed", "-1"]])
def test_bad_options_leave_nothing(tmp_path, options):
    done = CliRunner().invoke(app, ["ceilings", "--out", str(tmp_path / "found.json"), *options])
    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["none/found.json", "folder"])
def test_a_folder_that_is_not_there_and_one_that_is(tmp_path, name):
    (tmp_path / "folder").mkdir()
    done = CliRunner().invoke(app, ["ceilings", "--out", str(tmp_path / name)])
    assert done.exit_code == 2
    assert "--out must be a file in a folder that exists" in done.output


def test_a_file_that_cannot_be_written_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    monkeypatch.setattr("experiments.commands.ceilings.measure_ceilings", lambda *_: pytest.fail("it worked"))
    done = CliRunner().invoke(app, ["ceilings", "--out", str(tmp_path / "found.json")])
    assert done.exit_code == 2
    assert "--out must be a file that can be written, got" in " ".join(done.output.split())
