import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from sessa_ref.tasks import Stories

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")
from transformers import AutoModelForCausalLM, AutoTokenizer

import experiments.stories.run
import experiments.stories.texts
from experiments.__main__ import app
from experiments.results import KEPT, RESULT
from experiments.stories.run import MODEL, run
from experiments.stories.settings import Settings
from experiments.stories.texts import FileText, StoryText, as_tokens
from experiments.stories.training import bits_per_byte, possible, tell
from tests.experiments.small import KilledError
from tests.rounding import near

SMALL = Settings(width=8, heads=2, layers=1, length=40, batch=4, steps=3, test_rows=3)


def test_a_run_and_what_it_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments.stories.texts, "_COUNTED_BYTES", 3000)
    monkeypatch.setattr(experiments.stories.run, "tell", lambda model: tell(model, 2, longest=20))
    text, told = StoryText(SMALL), []
    result = run(SMALL, text, tmp_path, "the command", lambda step, bits: told.append(bits))
    assert json.loads((tmp_path / RESULT).read_text()) == json.loads(json.dumps(result))
    assert [round(bits, 4) for bits in told] == result["curve"]
    assert result["limits"]["best_possible"] < result["limits"]["from_last_bytes"][1] < result["bits_per_byte"]
    assert len(result["told"]) == result["possible"]["stories"] == 2
    model: Any = AutoModelForCausalLM.from_pretrained(tmp_path / MODEL)
    assert bits_per_byte(model, text.test()) == result["bits_per_byte"]  # the same sums of the same weights
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / MODEL)
    row = text.test()[0]
    assert torch.equal(as_tokens([row])[0], torch.tensor(tokenizer(row.decode(), add_special_tokens=False).input_ids))
    with pytest.raises(ValueError, match="holds a finished run"):
        run(SMALL, text, tmp_path, "again")


def test_an_interrupted_run_goes_on_to_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments.stories.run, "tell", lambda model: tell(model, 1, longest=20))
    (tmp_path / "text").write_bytes(Stories().text(3000, 0))
    settings = replace(SMALL, steps=6, save_every=2)

    def killed(step, bits):
        if step == 3:
            raise KilledError

    def finished(name):
        result = run(settings, FileText(tmp_path / "text", settings), tmp_path / name, "")
        return {**result, "seconds": 0}

    with pytest.raises(KilledError):
        run(settings, FileText(tmp_path / "text", settings), tmp_path / "killed", "", killed)
    for other, text, message in (
        (settings, StoryText(settings), "text with SHA-256 .* instead of generated stories"),
        (replace(settings, batch=5), FileText(tmp_path / "text", settings), "batch 4 instead of 5"),
    ):
        with pytest.raises(ValueError, match=f"is a checkpoint of other settings: .*{message}"):
            run(other, text, tmp_path / "killed", "")
    assert finished("killed") == finished("whole")


def test_rows_are_predicted_from_the_end_of_a_line():
    text = StoryText(SMALL)
    rows = [*text.batch(0), *text.batch(1), *text.test()]
    assert len(set(rows)) == len(rows)
    assert all(len(row) == 41 and row[:1] == b"\n" and Stories().bits(row[1:]).max() < 20 for row in rows)
    assert text.batch(1) == StoryText(SMALL).batch(1)


def test_rows_of_a_file_keep_the_test_apart(tmp_path):
    file = tmp_path / "text"
    file.write_bytes(b"a" * 900 + b"b" * 100)
    text = FileText(file, SMALL)
    assert all(row == b"a" * 41 for row in text.batch(5))
    assert text.test() == [b"b" * 41] * 2
    assert text.limits()["from_last_bytes"][1] > 5


def test_possible_stories():
    story = Stories().text(300, 0).split(b"\n")[0].decode() + "\n"
    assert possible([story, story[:-1], story.replace("had a", "had the"), "\ufffd\n"]) == 1


def stories(*options):
    return CliRunner().invoke(app, ["stories", *options])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "0"], "steps must be positive, got 0"),
        (["--seed", "-1"], "seed must be at least 0, got -1"),
        (["--seed", "99999999999999999999"], "seed must be below 2^63, got 99999999999999999999"),
        (["--threads", "0"], "--threads must be from 1 to 4096, got 0"),
        (["--text", "nowhere.txt"], "No such file or directory: nowhere.txt"),
        (["--text", "empty"], "empty is empty: there is nothing to learn from"),
        (["--text", "short"], "short must have at least 2570 bytes"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "short").write_bytes(b"a" * 100)
    done = stories(*options, "--out", "out")
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_divergence_has_an_exit_code_of_its_own(tmp_path):
    (tmp_path / "text").write_bytes(b"ab" * 1300)
    done = stories(
        "--text", str(tmp_path / "text"), "--steps", "6", "--learning-rate", "1e30", "--out", str(tmp_path / "out")
    )
    assert done.exit_code == 1
    assert "training has diverged" in " ".join(done.output.split())


def test_the_kept_result_lies_between_the_best_possible_and_counts():
    kept = json.loads((KEPT / "stories" / "0.json").read_text())
    settings = Settings(**kept["settings"])
    assert kept["command"] == "python -m experiments stories"
    assert settings == Settings()
    assert len(kept["curve"]) == settings.steps
    limits = kept["limits"]
    assert limits["best_possible"] < kept["bits_per_byte"] < min(limits["from_last_bytes"].values())
    assert limits["entropy_rate"] == near(Stories().bits_per_byte, 2 * 64)  # a quotient of two dozen terms each
    assert kept["possible"] == {"stories": 16, "possible": 0}
    assert possible(kept["told"]) == 0
