"""What `sessa-ref paths` and `sessa-ref hops` do, apart from reading their options."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from rich.console import Console

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence import hop_shares
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters, decode, read_safetensors
from sessa_ref.plotting import hop_figure, path_figure, power_figure, saving
from sessa_ref.reference.layer import as_tokens
from sessa_ref.symbolic import expansion, latex, paths, routing, text

LONGEST = 100
"""Tokens of the longest symbolic matrix whose powers are taken."""

_FilePath = str | os.PathLike[str] | None


def check_paths(gamma: float, *pictures: _FilePath) -> None:
    """Refuse a gain that is none, and pictures as `saving.check_files` does, before any work is done.

    Raises:
        ValueError: gamma is not in [-1, 1].
        ValueError, OSError, MissingMatplotlibError: as `saving.check_files`.
    """
    if not -1 <= gamma <= 1:
        raise ValueError(f"gamma must lie in [-1, 1], got {gamma}")
    saving.check_files(*pictures)


def expand_routing(
    name: str, length: int, source: int, target: int | None, by_powers: bool = False
) -> expansion.Expansion:
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


def draw_routing(
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
        saving.save(path_figure.draw_paths(B, found.source, found.target, values), plot)
        yield plot
    if powers is not None:
        saving.save(power_figure.draw_powers(np.array(routing.numbers(B, values).tolist(), dtype=np.float64)), powers)
        yield powers


def check_hops(most_hops: int, rows: int, *pictures: _FilePath) -> None:
    """Refuse numbers that are too small, and pictures as `saving.check_files` does, before any work is done.

    Raises:
        ValueError: `most_hops` is negative or `rows` not positive.
        ValueError, OSError, MissingMatplotlibError: as `saving.check_files`.
    """
    for name, value, least in (("most", most_hops, 0), ("rows", rows, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    saving.check_files(*pictures)


def routing_of_layer(
    checkpoint: str | os.PathLike[str], tokens: str | os.PathLike[str], config: _FilePath = None
) -> Float64[Array, "T T"]:
    """B of the layer in one file on the tokens, shape (T, D), in the other.

    Args:
        checkpoint: what `SessaParameters.save` wrote, or a published layer's `state_dict` as safetensors.
        tokens: a .npy file, or safetensors with one tensor or one named x.
        config: a JSON file as `SessaConfig.to_json` writes it, for a checkpoint that carries none.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file holds something else, or numbers so large that the layer overflows.
    """
    try:
        parameters = SessaParameters.load(checkpoint, None if config is None else _read_config(Path(config)))
        x = as_tokens(parameters.config, _read_tokens(Path(tokens)))
    except TypeError as error:
        raise ValueError(str(error)) from None
    if x.ndim != 2:
        raise ValueError(f"x must have shape (T, D) with D={parameters.config.width}, got {x.shape}")
    if np.iscomplexobj(x):
        raise ValueError("x must hold real numbers, got complex ones")
    if not len(x) or not np.isfinite(x).all():
        raise ValueError(f"x must hold at least one token and be finite, got shape {x.shape}")
    try:
        with np.errstate(over="raise", invalid="raise"):
            return reference.trace(parameters, x).B.astype(np.float64)
    except FloatingPointError:
        raise ValueError("x, or a parameter, is so large that the layer overflows") from None


def print_hops(
    console: Console, B: Float64[Array, "T T"], target: int | None, most_hops: int, rows: int
) -> tuple[hop_shares.Arrivals, hop_shares.Arrivals]:
    """Print the influences on a token by hops; returns them, and what the shares were taken from.

    Raises:
        ValueError: there is no such token, or `most_hops` is negative.
    """
    target = len(B) - 1 if target is None else target
    signed = hop_shares.arrivals(B, target, most_hops)
    shares = signed if (B >= 0).all() else hop_shares.arrivals(np.abs(B), target, most_hops)
    console.print(f"influences on token {target} of {len(B)}, by number of hops", highlight=False)
    hop_figure.print_arrivals(console, signed, shares, rows)
    if shares is not signed:
        console.print("some gains are negative: shares are those of the paths' magnitudes", highlight=False)
    return signed, shares


def draw_hops(
    B: Float64[Array, "T T"], shown: tuple[hop_shares.Arrivals, hop_shares.Arrivals], plot: _FilePath, powers: _FilePath
) -> Iterator[_FilePath]:
    """Draw shares by hops to `plot` and the powers of B to `powers`, where given; as `draw_routing`."""
    if plot is not None:
        saving.save(hop_figure.draw_arrivals(*shown), plot)
        yield plot
    if powers is not None:
        saving.save(power_figure.draw_powers(B), powers)
        yield powers


def _read_config(path: Path) -> SessaConfig:
    try:
        return SessaConfig.from_json(path.read_bytes())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _read_tokens(path: Path) -> Array:
    if path.suffix.lower() == ".npy":
        return _read_npy(path)
    entries = read_safetensors(path)
    if "x" not in entries and len(entries) != 1:
        raise ValueError(f"{path} must hold one tensor, or one named x, got {', '.join(sorted(entries)) or 'none'}")
    name = "x" if "x" in entries else next(iter(entries))
    return decode(name, entries[name])


def _read_npy(path: Path) -> Array:
    """The array; mapped, so that a file that is shorter than it says is refused before memory is asked for."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except OSError:
        raise
    except Exception as error:  # NumPy raises whatever its parser of the header comes upon
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path} is not a .npy file of numbers: {reason}") from None
    return np.array(array)
