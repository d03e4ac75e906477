"""How the command line ends on a signal."""

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

    The first signal raises SystemExit, so that everything is cleaned up. A second one, `_PATIENCE` seconds later, ends
    the process at once. Implementations, their children and the processes of `preparation` end in either case, because
    they watch this process. Only the main thread may use this.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            # After a signal, its handler stays until the process has ended.
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
