"""`python -m experiments ceilings`: what can be reached in SymbolSoup."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.ceilings import measure_ceilings
from experiments.commands.terminal import command, exit_codes


def ceilings(
    sequences: Annotated[int, typer.Option(help="For each range of lengths.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the sequences.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="A JSON file; runs/ceilings.json.")] = None,
) -> None:
    """Estimate what can be reached in SymbolSoup, by exact inference and by counting, in several ranges of lengths.

    Exit code 0: it is done. 2: bad options, or a file that cannot be written.
    """
    log = Console(stderr=True)
    with exit_codes(log):
        if out is None:
            out = Path("runs") / "ceilings.json"
            out.parent.mkdir(exist_ok=True)
        # Said before the work, not after it.
        if out.is_dir() or not out.parent.is_dir():
            raise ValueError(f"--out must be a file in a folder that exists, got {out}")
        if not os.access(out if out.exists() else out.parent, os.W_OK):
            raise ValueError(f"--out must be a file that can be written, got {out}")
        found = measure_ceilings(sequences, seed, command(), log.print)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")
