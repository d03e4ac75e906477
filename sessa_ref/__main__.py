"""`python -m sessa_ref`: the command line, as `sessa-ref`."""

import sys

from sessa_ref.commands.app import main

if __name__ == "__main__":
    sys.exit(main(prog_name="sessa-ref"))
