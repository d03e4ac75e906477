"""`sessa-ref verify`: check an implementation of the layer."""

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.terminal import FAILED, Console, errors, progress, verdict_status, wide_console
from sessa_ref.messages import one_line
from sessa_ref.oracle import Case, IncompleteError, TargetError
from sessa_ref.oracle import verify as run_oracle
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.checks import CHECKS
from sessa_ref.oracle.implementation.interruption import ending_on_signals
from sessa_ref.oracle.implementation.isolation import DEFAULT_LIMITS, Limits
from sessa_ref.oracle.implementation.runners import CommandImplementation, WorkerImplementation
from sessa_ref.oracle.levels import LAYER, LEVELS, Level
from sessa_ref.oracle.report import files
from sessa_ref.oracle.report.console import print_report
from sessa_ref.oracle.report.known_failures import KnownFailure, read_known_failures
from sessa_ref.precision import PRECISIONS, STANDARD_DTYPES


def verify(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[TARGET]",
            help="package.module:name or path/to/file.py:name, naming a torch module class with the published "
            "constructor, a function that takes a SessaConfig and returns a torch module, or an adapter; "
            "with --level solve, a function.",
        ),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="Instead of TARGET: a program in any language; {case_dir} is the request."
        ),
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            metavar="LEVEL",
            help="What TARGET implements: the layer (x -> y), the mixer (u -> s, with the published mixer's parameters), "
            "or the solve, a function of q, k, gamma and f that returns s.",
        ),
    ] = LAYER.name,
    device: Annotated[
        str,
        typer.Option(
            metavar="DEVICE",
            help="Where a torch module, its inputs and its caches are: cpu, cuda, cuda:1, mps, xpu, ...",
        ),
    ] = "cpu",
    block_size: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            help="Tokens per block of the implementation, whose multiples' neighbours are tried; may be repeated. "
            "By default, what TARGET declares as its attribute block_size.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller battery: one case for each kind of mistake.")
    ] = False,
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead of the battery: the blocks of a network that `sessa-ref construct` saved, each on the tokens "
            "that reach it.",
        ),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Check this precision; may be repeated. One of {', '.join(PRECISIONS)}; "
            f"{' and '.join(STANDARD_DTYPES)} by default."
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECK",
            help=f"A check that must not be skipped; may be repeated, or hold several with commas between. Of {', '.join(CHECKS)}.",
        ),
    ] = None,
    known_failures: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Failures that are expected, one line each: CHECK CASE DTYPE REASON."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one HTML page.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that one request may take.")] = DEFAULT_LIMITS.seconds,
    memory_limit: Annotated[
        int, typer.Option(help="MiB of memory, of the machine or of the device, that the implementation may use.")
    ] = DEFAULT_LIMITS.memory // 2**20,
) -> None:
    """Check an implementation of the layer against the reference.

    Exit code 0: it conforms. 1: it does not. 2: there is no verdict, or a report could not be written.
    """
    console, log = wide_console(), Console(stderr=True)
    dtypes = dtype or list(STANDARD_DTYPES)
    require = [name for names in require or [] for name in names.split(",")]
    name = target or command or "nothing"
    given = {"json": json_file, "junit": junit, "html": html}
    paths = {form: path for form, path in given.items() if path is not None}
    with errors(f"cannot check {name}", log), ending_on_signals():
        _check_options(target, command, level, dtypes, require, device)
        limits, known = _limits(time_limit, memory_limit), _known(known_failures)
        files.try_out(paths)
        blocks, missing = block_size or [], []
        if command:
            implementation = CommandImplementation(command, limits)
        else:
            implementation = WorkerImplementation(name, limits, LEVELS[level], device)
            implementation.start()
            blocks = blocks or ([] if network else list(implementation.block_sizes))
            missing = [one for one in dtypes if one in implementation.lacking]
            dtypes = _had_by(device, missing, dtypes, bool(dtype))
        cases = _cases(network, quick, LEVELS[level], blocks)
        if network is not None and not dtype:
            dtypes = [one for one in dtypes if any(one in case.dtypes for case in cases)]
        steps = 2 + sum(d in case.dtypes for case in cases for d in dtypes)
        shown = one_line(name)
        what = "" if level == LAYER.name else f" as a {level}"
        what += "" if device == "cpu" else f" on {device}"
        around = f", with blocks of {' and '.join(map(str, blocks))} tokens" if blocks else ""
        log.print(f"checking {shown}{what} on {len(cases)} cases in {' and '.join(dtypes)}{around}", soft_wrap=True)
        processes = max((os.cpu_count() or 1) - 1, 1)
        try:
            with progress(log, steps) as show:
                report = run_oracle(
                    implementation, dtypes, cases, show, processes, require=require, known_failures=known
                )
        except IncompleteError as error:
            report = error.report
        finally:
            implementation.close()
        if missing:
            report = replace(report, unchecked=f"{' and '.join(missing)}, which {device} lacks")
        lengths = {case.name: case.x.shape[1] for case in cases}
        written = dict(files.write(report, paths, lengths))
        for path, problem in written.items():
            what = f"the report could not be written to {path}: {problem}" if problem else f"report written to {path}"
            log.print(one_line(what), style="red" if problem else None, soft_wrap=True)
        print_report(console, report)
        if report.incomplete:
            raise TargetError(report.remark)
    raise typer.Exit(FAILED if any(written.values()) else verdict_status(report.conforms))


def _check_options(
    target: str | None, command: str | None, level: str, dtypes: list[str], require: list[str], device: str
) -> None:
    if bool(target) == bool(command):
        raise TargetError("give either a TARGET or --command")
    if command and device != "cpu":
        raise TargetError(f"--device is for torch; a --command places its arrays itself, got {device}")
    for option, given, known in (
        ("--level", [level], LEVELS),
        ("--dtype", dtypes, PRECISIONS),
        ("--require", require, CHECKS),
    ):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise TargetError(f"{option} must be one of {', '.join(known)}, got {', '.join(unknown)}")


def _had_by(device: str, missing: Sequence[str], dtypes: list[str], chosen: bool) -> list[str]:
    """The precisions that the device has; all have to be there if the user chose them."""
    if missing and (chosen or len(missing) == len(dtypes)):
        raise TargetError(f"the device {device} has no {' and no '.join(missing)}: choose others with --dtype")
    return [one for one in dtypes if one not in missing]


def _cases(network: Path | None, quick: bool, level: Level, blocks: Sequence[int]) -> Sequence[Case]:
    if any(size < 1 for size in blocks):
        raise TargetError(f"--block-size must be a positive number of tokens, got {min(blocks)}")
    if network is None:
        return cases_of(level, quick, tuple(blocks))
    if level != LAYER or blocks:
        raise TargetError("--level and --block-size are about the battery; --network has cases of layers alone")
    if quick:
        raise TargetError("--quick is about the battery; --network takes every block of the network")
    from sessa_ref.commands.network_cases import saved_cases

    return saved_cases(network)


def _known(path: Path | None) -> list[KnownFailure]:
    try:
        return [] if path is None else read_known_failures(path)
    except ValueError as error:
        raise TargetError(str(error)) from None


def _limits(seconds: float, mebibytes: int) -> Limits:
    if not (math.isfinite(seconds) and seconds > 0):
        raise TargetError(f"--time-limit must be a positive number of seconds, got {seconds:g}")
    if mebibytes < 1:
        raise TargetError(f"--memory-limit must be a positive number of MiB, got {mebibytes}")
    return Limits(seconds, mebibytes * 2**20)
