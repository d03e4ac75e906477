"""The true values of all cases, computed in further processes while the implementation runs."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import NamedTuple

from sessa_ref.oracle.bounds.expectation import Expectation, expectations
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import OracleError

Job = tuple[Case, tuple[str, ...]]


def prepared(cases: Sequence[Case], dtypes: Sequence[str], processes: int) -> Generator[Expectation, None, None]:
    """The expectations of every case in every precision that it has, in order.

    Args:
        cases: what to compute.
        dtypes: precisions, by name.
        processes: further processes to compute in; 0 for none. They end with this generator, and with this process.

    Raises:
        OracleError: the processes cannot be had, or one of them was ended, or memory is not enough.
    """
    jobs = [(case, tuple(dtype for dtype in dtypes if dtype in case.dtypes)) for case in cases]
    try:
        if processes <= 0:
            for case, wanted in jobs:
                yield from expectations(case, wanted).values()
        else:
            with _computing(jobs, processes) as results:
                for ready in results:
                    yield from ready.values()
    except MemoryError:
        raise OracleError("there is not enough memory to compute the true values") from None


class _Helper(NamedTuple):
    process: SpawnProcess
    connection: Connection

    def compute(self, job: Job) -> dict[str, Expectation]:
        try:
            self.connection.send(job)
            result = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(1)
            raise OracleError(
                f"a process that computes true values ended with status {self.process.exitcode}, perhaps for lack of "
                "memory, or because the main module cannot be imported"
            ) from None
        if isinstance(result, Exception):
            raise result
        return result


@contextmanager
def _computing(jobs: Sequence[Job], processes: int) -> Iterator[Iterator[dict[str, Expectation]]]:
    """Results in the order of the jobs. Each thread waits for a process; that one ends is seen at once."""
    helpers: queue.SimpleQueue[_Helper] = queue.SimpleQueue()

    def compute(job: Job) -> dict[str, Expectation]:
        helper = helpers.get()
        try:
            return helper.compute(job)
        finally:
            helpers.put(helper)

    with ExitStack() as stack:
        threads = ThreadPoolExecutor(processes)
        stack.callback(threads.shutdown, cancel_futures=True)
        for helper in _started(processes):
            stack.callback(helper.process.join)
            stack.callback(helper.process.kill)
            helpers.put(helper)
        yield threads.map(compute, jobs)


def _started(processes: int) -> Iterator[_Helper]:
    context = multiprocessing.get_context("spawn")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read by the new processes: one thread each
    for _ in range(processes):
        try:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            with _signals_held():
                process.start()
        except OSError as error:
            raise OracleError(f"no process can be started: {error.strerror or error}") from None
        theirs.close()  # so that what we wait for ends with the process
        yield _Helper(process, ours)


def _serve(connection: Connection) -> None:
    """In a new process: compute until the oracle ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            result = expectations(*job)
        except Exception as error:
            result = error
        connection.send(result)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Processes started in here never see a terminal's Ctrl-C or its end, which are for this process to handle."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
