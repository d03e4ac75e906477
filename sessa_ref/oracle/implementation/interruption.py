"""What the command line does when it is told to end."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_PATIENCE = 3.0


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end this process with status 128 + signal, and without a traceback.

    The first one raises SystemExit, so that everything is left in order; one that comes `_PATIENCE` seconds later ends
    the process at once. Implementations, their children and the processes of `preparation` end in either case: they watch
    for it. Only the main thread may use it.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            # A signal that came stays in force until the process has ended.
            if signal.getsignal(number) is _end:
                signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    first = time.monotonic()

    def insist(number: int, frame: FrameType | None) -> None:
        if time.monotonic() - first > _PATIENCE:
            os._exit(128 + number)

    for each in _SIGNALS:
        signal.signal(each, insist)
    raise SystemExit(128 + number)
