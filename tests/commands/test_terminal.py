"""Every exit status comes from one place, and nothing but a verdict is 0 or 1."""

import io
import os
import subprocess
import sys

import pytest
import typer
from rich.table import Table
from typer.testing import CliRunner

from sessa_ref.commands import app, terminal
from sessa_ref.oracle import IncompleteError, Report, TargetError


def raising(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (typer.Exit(0), 0, ""),
        (typer.Exit(1), 1, ""),
        (KeyboardInterrupt(), 130, "sessa-ref: interrupted"),
        (typer.Abort(), 130, "sessa-ref: interrupted"),
        (TargetError("no\nsuch [bold]layer"), 2, "sessa-ref: no such [bold]layer"),
        (KeyError("y"), 2, "sessa-ref: KeyError: 'y'"),
        (MemoryError(), 2, "sessa-ref: there is not enough memory"),
        (RecursionError("deep"), 2, "sessa-ref: RecursionError: deep"),
        (EOFError(), 2, "sessa-ref: EOFError: "),
        (BrokenPipeError(32, "Broken pipe"), 2, "sessa-ref: standard output was closed before everything was written"),
        (OSError(28, "No space left on device"), 2, "sessa-ref: No space left on device"),
        (IncompleteError(Report("x", [], {}, incomplete="full")), 2, "sessa-ref: full"),
        (typer.BadParameter("three [/x]"), 2, "sessa-ref: Invalid value: three [/x]"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_end_has_its_status(error, status, line, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "_discard_output", lambda: None)  # it would be pytest's
    assert terminal.exit_status(raising(error), "sessa-ref") == status
    assert capsys.readouterr().err.strip() == line.strip()


def test_system_exits_go_through():
    with pytest.raises(SystemExit) as caught:
        terminal.exit_status(raising(SystemExit(143)), "sessa-ref")
    assert caught.value.code == 143


def test_a_closed_pipe_is_no_verdict_either_where_rich_says_so(monkeypatch):
    monkeypatch.setattr(terminal, "_discard_output", lambda: None)

    def run():
        try:
            raise BrokenPipeError
        except BrokenPipeError:
            raise SystemExit(1)  # noqa: B904

    assert terminal.exit_status(run, "sessa-ref") == 2


def test_output_that_cannot_be_flushed_is_no_verdict(monkeypatch, capsys):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert terminal.exit_status(raising(typer.Exit(0)), "sessa-ref") == 2
    assert capsys.readouterr().err == "sessa-ref: No space left on device\n"


def test_tracebacks_are_shown_only_on_request(monkeypatch, capsys):
    terminal.exit_status(raising(KeyError("y")), "sessa-ref")
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv(terminal.TRACEBACK, "1")
    terminal.exit_status(raising(KeyError("y")), "sessa-ref")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["absent"], ["verify", "--absent"], ["verify", "--time-limit", "long"], ["hops"], ["--absent"]]
)
def test_wrong_arguments_are_one_line(arguments):
    result = CliRunner().invoke(app.main, arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("sessa-ref: ")
    assert not result.stdout


def test_help_is_help():
    for arguments in (["--help"], ["verify", "--help"]):
        assert CliRunner().invoke(app.main, arguments).exit_code == 0
    assert "Usage" in CliRunner().invoke(app.main, []).output


def test_data_is_no_markup():
    stream = io.StringIO()
    console = terminal.Console(file=stream, width=60)
    table = Table()
    table.add_column("name")
    table.add_row("[red]cell[/] :warning:")
    console.print("[enforce fail at x.cpp:1] [/] :warning:", table)
    assert "[enforce fail at x.cpp:1] [/] :warning:" in stream.getvalue()
    assert "[red]cell[/] :warning:" in stream.getvalue()


COMMAND = [sys.executable, "-c", "from sessa_ref.commands.app import main; main()", "explain"]


@pytest.mark.skipif(os.name != "posix", reason="closes a pipe")
def test_a_closed_pipe_is_no_verdict():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        run = subprocess.run(COMMAND, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert run.returncode == 2
    assert run.stderr == "sessa-ref: standard output was closed before everything was written\n"


def test_a_narrow_encoding_is_no_error():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = subprocess.run([*COMMAND, "γ≠"], env=environment, capture_output=True, check=False)
    assert run.returncode == 2
    assert run.stderr.decode("ascii").startswith("there is no fault ")
    assert run.stderr.decode("ascii").endswith("sessa-ref explain lists them\n")


INTERRUPTED = """
import signal, sys
from sessa_ref.__main__ import main

class CommandLine:  # stands for the module
    @property
    def main(self):  # `from ... import main` asks for it
        if "importing" in sys.argv:
            signal.raise_signal(signal.SIGINT)
        return self.run

    def run(self, prog_name):
        if "beginning" in sys.argv:
            signal.raise_signal(signal.SIGINT)
        print(prog_name, "with" if signal.getsignal(signal.SIGINT) is before else "without", "its Ctrl-C")

before = signal.SIG_IGN if "ignored" in sys.argv else signal.default_int_handler
signal.signal(signal.SIGINT, before)
sys.modules["sessa_ref.commands.app"] = CommandLine()
main()
"""


@pytest.mark.parametrize(
    ("when", "status", "output", "error"),
    [
        (["importing"], 130, "", "sessa-ref: interrupted\n"),
        (["beginning"], 130, "", "sessa-ref: interrupted\n"),
        (["importing", "ignored"], 0, "sessa-ref with its Ctrl-C\n", ""),
        (["never"], 0, "sessa-ref with its Ctrl-C\n", ""),
    ],
)
def test_ctrl_c_before_the_command_line_is_ready(when, status, output, error):
    run = subprocess.run([sys.executable, "-c", INTERRUPTED, *when], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (status, output, error)


@pytest.mark.skipif(os.name != "posix", reason="removes the folder that a process is in")
@pytest.mark.parametrize("arguments", [["verify", "--command", "absent {case_dir}"], ["vectors", "export", "vectors"]])
def test_a_folder_that_is_gone_is_named(tmp_path, arguments):
    program = f"import os; os.chdir({str(tmp_path)!r}); os.rmdir({str(tmp_path)!r}); {COMMAND[2]}"
    run = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.endswith("; the current folder does not exist any more\n")
    assert "Traceback" not in run.stderr
