"""The command line's output and exit: data is shown as it is, and every exit status comes from one place."""

import io
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import rich.console
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from sessa_ref.messages import one_line, reason

TRACEBACK = "SESSA_REF_TRACEBACK"
"""Environment variable: if it is set, errors show where they come from."""

FAILED, INTERRUPTED = 2, 130


class Console(rich.console.Console):
    """A console for data: no markup, no emoji codes and no highlighting."""

    def __init__(self, **settings: Any) -> None:
        defaults: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
        super().__init__(**(defaults | settings))


def wide_console() -> Console:
    """Standard output, with room for a table where it is no terminal."""
    return Console(width=None if Console().is_terminal else 120)


class Commands(TyperGroup):
    """The commands behind one guard: exit status 0 and 1 are what a command asks for, all else is 2 and one line.

    Ctrl-C is 130, a SystemExit goes through, and nothing shows a traceback unless `TRACEBACK` asks for it.
    """

    def main(self, args: Any = None, prog_name: str | None = None, *others: Any, **extra: Any) -> NoReturn:
        """Run the command that `args`, by default those of the process, name; ends with SystemExit."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # what the terminal cannot show becomes an escape
                stream.reconfigure(errors="backslashreplace")
        name = prog_name or "sessa-ref"

        def run() -> None:
            with self.make_context(name, list(sys.argv[1:] if args is None else args)) as context:
                self.invoke(context)

        sys.exit(exit_status(run, name))


def exit_status(run: Callable[[], None], name: str) -> int:
    """Run a command; its exit status, or 2 and one line on standard error where it fails."""
    try:
        try:
            run()
            status = 0
        except typer.Exit as wanted:
            status = wanted.exit_code
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk or a closed pipe shows here at the latest
        return status
    except (KeyboardInterrupt, typer.Abort):
        complain(f"{name}: interrupted")
        return INTERRUPTED
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        return _failed(end.__context__, name)  # rich ends so, with a status of 1
    except Exception as error:
        return _failed(error, name)


def verdict_status(conforms: bool) -> int:
    """The exit status of a verdict."""
    return 0 if conforms else 1


def is_exit(error: Exception) -> bool:
    """Whether an exception is the command line's own way to end, or to refuse its arguments."""
    return isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "format_message")


@contextmanager
def errors(doing: str, log: Console) -> Iterator[None]:
    """Report any failure in here in one line; there is then no verdict."""
    try:
        yield
    except Exception as error:
        if is_exit(error) or isinstance(error, BrokenPipeError) or os.environ.get(TRACEBACK):
            raise
        log.print(one_line(f"{doing}: {reason(error)}{_adrift()}"), style="red", soft_wrap=True)
        raise typer.Exit(FAILED) from None


def _adrift() -> str:
    """What to add to a message where the current folder is gone: libraries and implementations fail in odd ways then."""
    try:
        os.getcwd()
    except OSError:
        return "; the current folder does not exist any more"
    return ""


@contextmanager
def progress(log: Console, steps: int) -> Iterator[Callable[[str], None]]:
    """A bar that shows the steps done, on a terminal; elsewhere a line for each step."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=log, transient=True, disable=not log.is_terminal) as bar:
        task = bar.add_task("starting", total=steps)

        def show(step: str) -> None:
            bar.update(task, description=step, advance=1)
            if not log.is_terminal:
                log.print(f"  {step}")

        yield show


def complain(line: str) -> None:
    """Write a line to standard error, where there is one."""
    with suppress(Exception):
        print(line, file=sys.stderr, flush=True)


def _failed(error: Exception, name: str) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # no error: the help is what was asked for
        error.show()  # type: ignore[attr-defined]
        return FAILED
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    if isinstance(error, OSError):
        _discard_output()
    complain(f"{name}: {_told(error)}")
    return FAILED


def _told(error: Exception) -> str:
    if isinstance(error, BrokenPipeError):
        return "standard output was closed before everything was written"
    if hasattr(error, "format_message"):  # the arguments are wrong
        return one_line(error.format_message())  # type: ignore[attr-defined]
    return reason(error)


def _discard_output() -> None:
    """Keep Python from failing once more, with a status of its own, when it flushes what could not be written."""
    with suppress(Exception):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
