import json
from pathlib import Path

import pytest

from sessa_ref.commands import verify
from sessa_ref.oracle import IncompleteError, Report, Result
from sessa_ref.oracle.report import files
from sessa_ref.oracle.report.results import Status

WRONG = Path(__file__).parents[1] / "oracle" / "wrong_layers.py"


def test_conforming_layer(command, tmp_path):
    result = command("verify", "sessa_ref.optimized:SessaLayer", "--json", tmp_path / "report.json")
    assert result.exit_code == 0
    assert "verdict: sessa_ref.optimized:SessaLayer conforms" in result.output
    assert "gain_high, float32" in result.output, "progress"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["verdict"] == "conforms"
    assert report["target"] == "sessa_ref.optimized:SessaLayer"
    assert {r["check"] for r in report["results"]} >= {"forward", "gradients", "decode", "causality"}
    assert all(r["status"] == "passed" and 0 <= r["ratio"] < 1 for r in report["results"])


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("RotaryHalfSplit", "forward"),
        ("DiagonalIncluded", "forward"),
        ("HeadScaleInFeedback", "forward"),
        ("MissingGainClamp", "forward"),
        ("StaleDecodeCache", "decode"),
        ("DetachedGradient", "gradients"),
    ],
)
def test_wrong_layer(command, name, check):
    result = command("verify", f"{WRONG}:{name}", "--dtype", "float64")
    assert result.exit_code == 1
    assert f"failed: {check}" in result.output
    assert "does not conform" in result.output


def test_departure_is_named(command):
    result = command("verify", f"{WRONG}:Float32Angles")
    assert result.exit_code == 0
    assert "float32 rotary angles" in result.output
    assert "conforms with departures" in result.output


def test_infinite_ratio_is_valid_json(command, tmp_path):
    command("verify", f"{WRONG}:LeaksNaN", "--json", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert {r["ratio"] for r in report["results"] if r["status"] == "failed"} == {"inf"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nothing", "is not of the form"),
        ("absent_module:Layer", "absent_module does not import: ModuleNotFoundError"),
        ("absent/file.py:Layer", "there is no file absent/file.py"),
        (f"{WRONG}:Absent", "has no Absent"),
        (f"{WRONG}:exit_on_import", "does not take one argument, a SessaConfig"),
        (f"{WRONG}:OtherConstructor", "lacks the published constructor"),
        (f"{WRONG}:OtherParameters", "it adds ['extra']"),
    ],
)
def test_what_cannot_be_run_is_one_clear_line(command, target, message):
    result = command("verify", target)
    assert result.exit_code == 2
    (line,) = [line for line in result.output.splitlines() if "cannot check" in line]
    assert message in line


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import absent_package", "ModuleNotFoundError: No module named 'absent_package'"),
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_a_file_that_does_not_import(command, tmp_path, source, message):
    path = tmp_path / f"broken_{abs(hash(source))}.py"
    path.write_text(source)
    result = command("verify", f"{path}:Layer")
    assert result.exit_code == 2
    assert message in result.output


def test_a_file_inside_a_package_is_imported_with_its_package(command, tmp_path):
    package = tmp_path / "implementation_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("from sessa_ref.optimized import SessaLayer\n")
    (package / "layer.py").write_text("from .inner import SessaLayer\n")
    assert command("verify", f"{package / 'layer.py'}:SessaLayer", "--dtype", "float32").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dtype", "float8"), "--dtype must be one of"),
        (("--json", "absent/folder/report.json"), "there is no folder"),
        (("--json", "."), "is a folder, expected a file to write"),
        (("--json", "r", "--html", "./r"), "reports must go into different files"),
        (("--require", "backward"), "--require must be one of forward, gradients"),
        (("--time-limit", "nan"), "--time-limit must be a positive number of seconds, got nan"),
        (("--time-limit", "0"), "--time-limit must be a positive number of seconds, got 0"),
        (("--memory-limit", "-1"), "--memory-limit must be a positive number of MiB, got -1"),
    ],
)
def test_wrong_options(command, arguments, message):
    result = command("verify", "sessa_ref.optimized:SessaLayer", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1, "before any work"


def test_what_is_skipped_is_counted_and_may_be_required(command):
    result = command("verify", f"{WRONG}:WithoutCache", "--dtype", "float32")
    assert result.exit_code == 0
    assert "conforms; 3 of 14 checks were skipped: decode (3)" in result.output.splitlines()[-1]
    result = command("verify", f"{WRONG}:WithoutCache", "--dtype", "float32", "--require", "decode")
    assert result.exit_code == 1
    assert "decode cannot be declined, it is required" in result.output


def test_messages_of_implementations_are_data(command, tmp_path):
    folder = tmp_path / "[old]"
    folder.mkdir()
    (folder / "late.py").write_text(
        """from sessa_ref.optimized import SessaLayer
class Layer(SessaLayer):
    def forward(self, x):
        if x.shape[1] == 2: raise OSError("cannot open [/data/w.bin] \\x1b[2J :warning: \\ud800")
        return super().forward(x)
""",
        encoding="utf-8",
    )
    paths = {form: tmp_path / f"r.{form}" for form in ("json", "junit", "html")}
    options = [word for form, path in paths.items() for word in (f"--{form}", path)]
    result = command("verify", f"{folder}/late.py:Layer", "--dtype", "float32", *options)
    assert result.exit_code == 1
    shown = r"cannot open [/data/w.bin] \x1b[2J :warning: \ud800"
    assert shown in result.output
    assert f"verdict: {folder}/late.py:Layer does not conform" in result.output
    assert shown in {
        r["message"].partition(": ")[2] for r in json.loads(paths["json"].read_text(encoding="utf-8"))["results"]
    }
    for form in ("junit", "html"):
        assert shown in paths[form].read_text(encoding="utf-8")
    assert "\x1b" not in result.output


def test_a_failing_oracle_gives_no_verdict_but_its_report(command, tmp_path, monkeypatch):
    def full(*arguments, **options):
        report = Report("layer", [Result("c", "float32", "forward", Status.PASSED, 0.5)], {}, incomplete="disk full")
        raise IncompleteError(report)

    monkeypatch.setattr(verify, "run_oracle", full)
    result = command("verify", "sessa_ref.optimized:SessaLayer", "--json", tmp_path / "r.json")
    assert result.exit_code == 2
    assert "the run ended early: disk full" in result.stderr.splitlines()[-1]
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["verdict"] == "is not judged"


ELSEWHERE = """
import torch
from sessa_ref.optimized import SessaLayer
from tests.oracle import faraway

faraway.LACKS.add(torch.float64)
faraway._Library.mem_get_info = None
"""


def test_what_a_device_cannot_do_is_told(command, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)

    def passed(implementation, dtypes, *arguments, **options):
        assert dtypes == ["float32"]
        return Report("layer", [Result("c", "float32", "forward", Status.PASSED, 0.5)], implementation.about())

    monkeypatch.setattr(verify, "run_oracle", passed)
    result = command("verify", f"{tmp_path / 'elsewhere.py'}:SessaLayer", "--device", "faraway")
    assert result.exit_code == 0
    assert "layer conforms; not checked in float64, which faraway lacks" in result.output
    assert "--memory-limit has no effect on the device's memory" in result.output


def test_a_report_that_fails_is_told_and_the_others_are_written(command, tmp_path, monkeypatch):
    report = Report("layer", [Result("c", "float32", "forward", Status.PASSED, 0.5)], {})
    monkeypatch.setattr(verify, "run_oracle", lambda *arguments, **options: report)

    def broken(report, lengths):
        raise RuntimeError("no backend")

    monkeypatch.setattr(files, "to_html", broken)
    options = ("--html", tmp_path / "r.html", "--junit", tmp_path / "r.xml")
    result = command("verify", "sessa_ref.optimized:SessaLayer", *options)
    assert result.exit_code == 2
    assert f"the report could not be written to {tmp_path / 'r.html'}: RuntimeError: no backend" in result.stderr
    assert "conforms" in result.stdout
    assert (tmp_path / "r.xml").exists()


def test_every_report_is_written(command, tmp_path):
    files = {option: tmp_path / f"report.{option}" for option in ("json", "junit", "html")}
    options = [word for option, path in files.items() for word in (f"--{option}", path)]
    assert command("verify", f"{WRONG}:StaleDecodeCache", "--dtype", "float64", "--quick", *options).exit_code == 1
    assert "DecodeStatesStale" in files["json"].read_text()
    assert files["junit"].read_text().startswith("<?xml")
    assert "DecodeStatesStale" in files["html"].read_text()


def test_either_target_or_command(command):
    for arguments in ((), ("",), ("--command", ""), ("sessa_ref.optimized:SessaLayer", "--command", "x {case_dir}")):
        result = command("verify", *arguments)
        assert result.exit_code == 2
        assert "give either a TARGET or --command" in result.output


def test_a_solve_is_a_level_of_its_own(command, tmp_path):
    solve = Path(__file__).parents[2] / "examples" / "implementations" / "solve_torch.py"
    options = ("--level", "solve", "--dtype", "float64", "--require", "gradients,differences")
    result = command("verify", f"{solve}:solve", *options, "--json", tmp_path / "report.json")
    assert result.exit_code == 0, result.output
    assert "as a solve on 3 cases" in result.output
    assert json.loads((tmp_path / "report.json").read_text())["about"]["level"] == "solve"


def test_known_failures_are_read_from_a_file(command, tmp_path):
    known = tmp_path / "known.txt"
    known.write_text("* * * a test\n")
    result = command("verify", f"{WRONG}:RotaryHalfSplit", "--dtype", "float64", "--known-failures", known)
    assert result.exit_code == 0
    assert "conforms but for known failures" in result.output
    known.write_text("forward\n")
    result = command("verify", f"{WRONG}:RotaryHalfSplit", "--known-failures", known)
    assert result.exit_code == 2
    assert "line 1: expected CHECK CASE DTYPE REASON" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--level", "head"), "--level must be one of layer, mixer, solve, got head"),
        (("--block-size", "0"), "--block-size must be a positive number of tokens, got 0"),
    ],
)
def test_levels_and_block_sizes_that_do_not_exist(command, options, message):
    result = command("verify", f"{WRONG}:RotaryHalfSplit", *options)
    assert result.exit_code == 2
    assert message in result.output
