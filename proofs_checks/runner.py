"""Runs rows of the ledger, over all cores, with their bends."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any

from proofs_checks.ledger import row
from proofs_checks.outcome import BendOutcome, Outcome, Status, level_of, status_of, tightness_of
from proofs_checks.sources import fingerprint
from proofs_checks.statement import Bend, Statement

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that say how many threads the numerical libraries use."""

PLAIN = (bool, int, float, str)
"""Values of constants that a record can hold; others are recorded as text."""


def run_row(identifier: str, quick: bool = False, teeth: bool = True, **bent: Any) -> Outcome:
    """Run the check of one row; `teeth` also runs its bends, always quickly.

    Raises:
        ValueError: there is no such row, `bent` names a constant that the row does not have, or the row has no check.
    """
    statement = row(identifier)
    if statement.check is None and not bent:
        return Outcome(identifier, Status.UNCHECKED)
    unknown = set(bent) - set(statement.constants())
    if unknown:
        statement.run(quick, **bent)  # raises with its message
    started = time.perf_counter()
    try:
        pieces, error = tuple(statement.run(quick, **bent).pieces), ""
    except Exception as problem:
        pieces, error = (), f"{type(problem).__name__}: {problem}"
    return Outcome(
        identifier,
        Status.ERRORED if error else status_of(pieces),
        level_of(pieces),
        tightness_of(pieces),
        sum(piece.cases for piece in pieces),
        round(time.perf_counter() - started, 2),
        fingerprint(statement),
        pieces,
        tuple(run_bend(statement, bend) for bend in statement.bends) if teeth else (),
        error,
    )


def run_bend(statement: Statement, bend: Bend) -> BendOutcome:
    """Run a bent statement: its check has to fail, by what it compares and not by an error."""
    values = {name: value if isinstance(value, PLAIN) else str(value) for name, value in bend.values.items()}
    try:
        failed = [piece for piece in statement.run(quick=True, **bend.values).pieces if not piece.holds]
    except Exception as problem:
        return BendOutcome(bend.about, values, False, f"{type(problem).__name__}: {problem}")
    example = f"{failed[0].claim}: {failed[0].example or failed[0].how}" if failed else ""
    return BendOutcome(bend.about, values, bool(failed), example)


def run_rows(
    identifiers: Iterable[str],
    quick: bool = False,
    teeth: bool = True,
    workers: int | None = None,
    done: Callable[[Outcome], None] = lambda outcome: None,
    seconds: Callable[[str], float] = lambda identifier: 0.0,
) -> dict[str, Outcome]:
    """Run rows in parallel, the slowest first.

    Args:
        identifiers: the rows.
        quick: see `run_row`.
        teeth: see `run_row`.
        workers: number of processes; by default one for each core.
        done: called with each outcome as it comes.
        seconds: how long a row took last time.
    """
    waiting = sorted(identifiers, key=seconds, reverse=True)
    outcomes: dict[str, Outcome] = {}

    def note(outcome: Outcome) -> None:
        outcomes[outcome.id] = outcome
        done(outcome)

    for name in waiting:
        if row(name).check is None:
            note(Outcome(name, Status.UNCHECKED))
    for name in THREADS:  # the processes inherit it: each computes on one core
        os.environ.setdefault(name, "1")
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn"), _end_with_parent) as pool:
        tasks = [pool.submit(run_row, name, quick, teeth) for name in waiting if name not in outcomes]
        try:
            for task in as_completed(tasks):
                note(task.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()
            raise
    return outcomes


def _end_with_parent() -> None:
    """Ctrl-C is the parent's to handle, and nothing outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
