"""`sessa-ref`: a thin command line over the package."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import sessa_ref
from sessa_ref.commands.terminal import FAILED, TRACEBACK, Commands, Console, is_exit
from sessa_ref.messages import one_line, reason
from sessa_ref.oracle import IncompleteError, Report, TargetError, battery
from sessa_ref.oracle import verify as run_oracle
from sessa_ref.oracle.checks import CHECKS
from sessa_ref.oracle.explain.known_mistakes import explained
from sessa_ref.oracle.implementation.interruption import ending_on_signals
from sessa_ref.oracle.implementation.isolation import DEFAULT_LIMITS, Limits
from sessa_ref.oracle.implementation.runners import CommandImplementation, WorkerImplementation
from sessa_ref.oracle.report import files
from sessa_ref.oracle.report.console import print_fault, print_faults, print_report
from sessa_ref.precision import PRECISIONS, STANDARD_DTYPES

main = typer.Typer(
    name="sessa-ref",
    cls=Commands,
    help="The verified mathematical reference of Sessa.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"sessa-ref {sessa_ref.__version__}")
        raise typer.Exit


@main.callback()
def _options(
    version: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = None,
) -> None:
    pass


@main.command()
def verify(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[TARGET]",
            help="package.module:name or path/to/file.py:name, naming a torch module class with the published "
            "constructor, a function that takes a SessaConfig and returns a torch module, or an adapter.",
        ),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="Instead of TARGET: a program in any language; {case_dir} is the request."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller battery: one case for each kind of mistake.")
    ] = False,
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
            help=f"A check that must not be skipped; may be repeated. One of {', '.join(CHECKS)}.",
        ),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one HTML page.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that one request may take.")] = DEFAULT_LIMITS.seconds,
    memory_limit: Annotated[
        int, typer.Option(help="MiB of memory that the implementation may use.")
    ] = DEFAULT_LIMITS.memory // 2**20,
) -> None:
    """Check an implementation of the layer against the reference.

    Exit code 0: it conforms. 1: it does not. 2: there is no verdict, or a report could not be written.
    """
    console, log = Console(width=None if Console().is_terminal else 120), Console(stderr=True)
    dtypes, require = dtype or list(STANDARD_DTYPES), require or []
    name = target or command or "nothing"
    given = {"json": json_file, "junit": junit, "html": html}
    paths = {form: path for form, path in given.items() if path is not None}
    with _errors(f"cannot check {name}", log), ending_on_signals():
        _check_options(target, command, dtypes, require)
        limits = _limits(time_limit, memory_limit)
        files.try_out(paths)
        implementation = CommandImplementation(command, limits) if command else WorkerImplementation(name, limits)
        cases = battery(quick)
        steps = 2 + sum(d in case.dtypes for case in cases for d in dtypes)
        shown = one_line(name)
        log.print(f"checking {shown} on {len(cases)} cases in {' and '.join(dtypes)}", soft_wrap=True)
        processes = max((os.cpu_count() or 1) - 1, 1)
        try:
            with _progress(log, steps) as show:
                report = run_oracle(implementation, dtypes, cases, show, processes, require=require)
        except IncompleteError as error:
            report = error.report
        finally:
            implementation.close()
        lengths = {case.name: case.x.shape[1] for case in cases}
        written = dict(files.write(report, paths, lengths))
        for path, problem in written.items():
            what = f"the report could not be written to {path}: {problem}" if problem else f"report written to {path}"
            log.print(one_line(what), style="red" if problem else None, soft_wrap=True)
        print_report(console, report)
        if report.incomplete:
            raise TargetError(report.remark)
    raise typer.Exit(FAILED if any(written.values()) else _status(report))


@main.command()
def explain(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A fault; without it, all are listed.")] = None,
) -> None:
    """Explain a fault that the oracle can name: what it does, its usual cause, and the fix."""
    if name is None:
        print_faults(Console())
        return
    fault = explained(name)
    if fault is None:
        message = f"there is no fault {one_line(name)}; sessa-ref explain lists them"
        Console(stderr=True).print(message, style="red", soft_wrap=True)
        raise typer.Exit(FAILED)
    print_fault(Console(), fault)


vectors = typer.Typer(
    help="Test vectors as files, for implementations that cannot run the oracle.", no_args_is_help=True
)
main.add_typer(vectors, name="vectors")


@vectors.command("export")
def export_vectors(directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the vectors go.")]) -> None:
    """Write cases with true values, error radii, tolerances, and the faults that each case exposes."""
    from sessa_ref.oracle.cases.exposed_faults import exposed_faults
    from sessa_ref.oracle.vectors import export

    log = Console(stderr=True)
    with _errors(f"cannot write vectors to {directory}", log), _progress(log, 0) as show:
        names = export(directory, exposes=exposed_faults, progress=show)
    log.print(one_line(f"{len(names)} vectors written to {directory}"), soft_wrap=True)


@vectors.command("check")
def check_vectors(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="What `vectors export` wrote.")],
    outputs: Annotated[Path, typer.Argument(metavar="OUTPUTS", help="Holds NAME/out.safetensors for the cases.")],
    require: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="gradients, if they must not be skipped.")
    ] = None,
) -> None:
    """Judge outputs that someone else computed. Exit codes as for `verify`."""
    from sessa_ref.oracle.vectors import check

    with _errors(f"cannot check {outputs}", Console(stderr=True)):
        report = check(directory, outputs, require or [])
        print_report(Console(width=None if Console().is_terminal else 120), report)
    raise typer.Exit(_status(report))


@main.command()
def paths(
    length: Annotated[int, typer.Option(metavar="T", help="Number of tokens.")],
    source: Annotated[int, typer.Option(help="Token where the paths begin.")] = 0,
    target: Annotated[int | None, typer.Option(help="Token where they end; the last by default.")] = None,
    routing: Annotated[
        str, typer.Option(help="general, gains (gamma_t alpha_tj), uniform, predecessor or banded.")
    ] = "general",
    matrix: Annotated[bool, typer.Option("--matrix", help="Sum by powers of B instead of listing the paths.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the paths: .svg, .pdf or .png.")] = None,
    powers: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw B, its powers and (I - B)^(-1).")] = None,
    gamma: Annotated[
        float, typer.Option(help="The gain in pictures, in [-1, 1]; other symbols count as 1 there.")
    ] = 0.9,
) -> None:
    """Print all ways by which one token reaches a later one, sorted by hops."""
    from sessa_ref.commands import paths_and_hops

    log = Console(stderr=True)
    with _errors("cannot expand", log):
        paths_and_hops.check_paths(gamma, plot, powers)
        expansion = paths_and_hops.expand_routing(routing, length, source, target, matrix)
        paths_and_hops.print_or_latex(Console(), expansion, latex)
        for path in paths_and_hops.draw_routing(routing, length, expansion, gamma, plot, powers):
            typer.echo(f"picture written to {path}", err=True)


@main.command()
def hops(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT", help="A layer: what SessaParameters.save wrote, or a state_dict as safetensors."
        ),
    ],
    tokens: Annotated[
        Path, typer.Argument(metavar="INPUT", help="x of shape (T, D): .npy, or safetensors with one tensor or an x.")
    ],
    target: Annotated[int | None, typer.Option(help="Token that hears the others; the last by default.")] = None,
    most: Annotated[int, typer.Option(help="Numbers of hops that are shown one by one.")] = 6,
    rows: Annotated[int, typer.Option(help="Sources that are shown, the strongest.")] = 12,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw shares by source: .svg, .pdf or .png.")
    ] = None,
    powers: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw B, its powers and (I - B)^(-1).")] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The config of a checkpoint that carries none: SessaConfig.to_json()."),
    ] = None,
) -> None:
    """Show how much of each influence on a token of a real layer arrives in how many hops."""
    from sessa_ref.commands import paths_and_hops

    log = Console(stderr=True)
    with _errors(f"cannot show hops in {checkpoint} on {tokens}", log):
        paths_and_hops.check_hops(most, rows, plot, powers)
        B = paths_and_hops.routing_of_layer(checkpoint, tokens, config)
        shown = paths_and_hops.print_hops(Console(width=None if Console().is_terminal else 120), B, target, most, rows)
        for path in paths_and_hops.draw_hops(B, shown, plot, powers):
            typer.echo(f"picture written to {path}", err=True)


def _check_options(target: str | None, command: str | None, dtypes: list[str], require: list[str]) -> None:
    if bool(target) == bool(command):
        raise TargetError("give either a TARGET or --command")
    for option, given, known in (("--dtype", dtypes, PRECISIONS), ("--require", require, CHECKS)):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise TargetError(f"{option} must be one of {', '.join(known)}, got {', '.join(unknown)}")


def _limits(seconds: float, mebibytes: int) -> Limits:
    if not (math.isfinite(seconds) and seconds > 0):
        raise TargetError(f"--time-limit must be a positive number of seconds, got {seconds:g}")
    if mebibytes < 1:
        raise TargetError(f"--memory-limit must be a positive number of MiB, got {mebibytes}")
    return Limits(seconds, mebibytes * 2**20)


def _status(report: Report) -> int:
    return 0 if report.conforms else 1


@contextmanager
def _errors(doing: str, log: Console) -> Iterator[None]:
    """Whatever fails in here is told in one line, and there is no verdict."""
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
def _progress(log: Console, steps: int) -> Iterator[Callable[[str], None]]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=log, transient=True, disable=not log.is_terminal) as bar:
        task = bar.add_task("starting", total=steps)

        def show(step: str) -> None:
            bar.update(task, description=step, advance=1)
            if not log.is_terminal:
                log.print(f"  {step}")

        yield show
