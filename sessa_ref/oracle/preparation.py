"""The true values of all cases, computed in further processes while the candidate runs."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection

from sessa_ref.oracle.candidate import OracleError
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.expectation import Expectation, expectations


def prepared(cases: Sequence[Case], dtypes: Sequence[str], processes: int) -> Iterator[Expectation]:
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
            return
        with _pool(processes) as pool:
            with _signals_held():
                results = pool.map(expectations, *zip(*jobs, strict=True))
            for ready in results:
                yield from ready.values()
    except BrokenProcessPool:
        raise OracleError("a process that computes true values was ended, perhaps for lack of memory") from None
    except MemoryError:
        raise OracleError("there is not enough memory to compute the true values") from None


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read by the new processes: one thread each
    try:
        alive, end = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(processes, context, initializer=_end_with, initargs=(alive,))
    except OSError as error:
        raise OracleError(f"no processes can be started: {error.strerror or error}") from None
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        end.close()  # and so the processes end, also in the middle of a computation
        pool.shutdown()
        alive.close()


def _end_with(alive: Connection) -> None:
    """In a new process: end when the other end of the pipe is closed, as it also is when its process is killed."""

    def wait() -> None:
        try:
            alive.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


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
