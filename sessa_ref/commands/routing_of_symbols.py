"""What `sessa-ref paths` does, apart from reading its options: expansions of a routing with symbols, and pictures."""

import os
from collections.abc import Iterator

import numpy as np
from rich.console import Console

from sessa_ref.plotting import path_figure, picture_files, power_figure
from sessa_ref.symbolic import expansion, latex, paths, routing, text

LONGEST = 100
"""Tokens of the longest symbolic matrix whose powers are taken."""

_FilePath = str | os.PathLike[str] | None


def check(gamma: float, *pictures: _FilePath) -> None:
    """Refuse a gain out of range, and pictures as `picture_files.check_files` does, before any work is done.

    Raises:
        ValueError: gamma is not in [-1, 1].
        ValueError, OSError, MissingMatplotlibError: as `picture_files.check_files`.
    """
    if not -1 <= gamma <= 1:
        raise ValueError(f"gamma must lie in [-1, 1], got {gamma}")
    picture_files.check_files(*pictures)


def expand(name: str, length: int, source: int, target: int | None, by_powers: bool = False) -> expansion.Expansion:
    """The influence of `source` on `target`, by default the last token, under one of `routing.ROUTINGS`.

    Raises:
        ValueError: there is no such routing or no such token, or `length` is not positive or too large.
        TooManyPathsError: there are too many paths to list; the message offers --matrix.
    """
    if name not in routing.ROUTINGS:
        raise ValueError(f"routing must be one of {', '.join(routing.ROUTINGS)}, got {name}")
    if length < 1:
        raise ValueError(f"length must be positive, got {length}")
    target = length - 1 if target is None else target
    routing.check_tokens(length, source, target)
    if not by_powers:
        try:
            paths.enumerate_paths(source, target)
        except paths.TooManyPathsError as error:
            raise paths.TooManyPathsError(f"{error}: --matrix, for a length of at most {LONGEST}") from None
    if length > LONGEST:
        raise ValueError(
            f"length must be at most {LONGEST} for symbols, got {length}; sessa_ref.certified.exact sums the paths of "
            f"longer rational matrices exactly"
        )
    B = routing.ROUTINGS[name](length)
    return expansion.by_powers(B, source, target) if by_powers else expansion.by_paths(B, source, target)


def print_or_latex(console: Console, found: expansion.Expansion, as_latex: bool) -> None:
    """Print an expansion as a table, or as LaTeX without line breaks of the terminal's."""
    if as_latex:
        console.print(latex.expansion_to_latex(found), highlight=False, markup=False, soft_wrap=True)
    else:
        text.print_expansion(console, found)


def draw(
    name: str, length: int, found: expansion.Expansion, gamma: float, plot: _FilePath, powers: _FilePath
) -> Iterator[_FilePath]:
    """Draw the paths to `plot` and the powers of B to `powers`, where given; yields each file after writing it.

    Raises:
        ValueError: a file has an ending that is no picture's.
        OSError: a file cannot be written.
        MissingMatplotlibError: matplotlib is not installed.
    """
    B = routing.ROUTINGS[name](length)
    values = {routing.GAMMA: gamma}
    if plot is not None:
        picture_files.save(path_figure.draw_paths(B, found.source, found.target, values), plot)
        yield plot
    if powers is not None:
        picture_files.save(
            power_figure.draw_powers(np.array(routing.numbers(B, values).tolist(), dtype=np.float64)), powers
        )
        yield powers
