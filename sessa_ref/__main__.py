"""The entry point of `sessa-ref` and `python -m sessa_ref`, which Ctrl-C can end even during the imports."""

import os
import signal


def main() -> None:
    """Run the command line; it ends with SystemExit.

    Ctrl-C during the imports ends the process as it does later: with status 130 and one line.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where Ctrl-C is ignored
        # End at once: a library could catch an exception during its imports, and there is nothing to clean up yet.
        signal.signal(signal.SIGINT, _end)
    from sessa_ref.commands.app import main as command_line

    try:
        signal.signal(signal.SIGINT, before)
        command_line(prog_name="sessa-ref")
    except KeyboardInterrupt:  # before the command line's own guard
        _end()


def _end(*_: object) -> None:
    os.write(2, b"sessa-ref: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
