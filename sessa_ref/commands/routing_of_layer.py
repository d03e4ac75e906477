"""What `sessa-ref hops` does, apart from reading its options: B of a layer, influences by hops, pictures."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from rich.console import Console

from sessa_ref import reference
from sessa_ref.commands.checkpoint import load
from sessa_ref.commands.hop_table import print_hop_table
from sessa_ref.influence.hop_shares import HopShares, by_hops
from sessa_ref.notation import Array
from sessa_ref.parameters import decode, read_safetensors
from sessa_ref.plotting import hop_figure, picture_files, power_figure
from sessa_ref.reference.layer import as_tokens

_FilePath = str | os.PathLike[str] | None


def check(most_hops: int, rows: int, *pictures: _FilePath) -> None:
    """Refuse numbers that are too small, and pictures as `picture_files.check_files` does, before any work is done.

    Raises:
        ValueError: `most_hops` is negative or `rows` not positive.
        ValueError, OSError, MissingMatplotlibError: as `picture_files.check_files`.
    """
    for name, value, least in (("most", most_hops, 0), ("rows", rows, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    picture_files.check_files(*pictures)


def routing_matrix(
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
    parameters = load(checkpoint, config)
    try:
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
) -> tuple[HopShares, HopShares]:
    """Print the influences on a token by hops; returns them, and what the shares were taken from.

    Raises:
        ValueError: there is no such token, or `most_hops` is negative.
    """
    target = len(B) - 1 if target is None else target
    signed = by_hops(B, target, most_hops)
    shares = signed if (B >= 0).all() else by_hops(np.abs(B), target, most_hops)
    console.print(f"influences on token {target} of {len(B)}, by number of hops", highlight=False)
    print_hop_table(console, signed, shares, rows)
    if shares is not signed:
        console.print("some gains are negative: shares are those of the paths' magnitudes", highlight=False)
    return signed, shares


def draw(
    B: Float64[Array, "T T"], shown: tuple[HopShares, HopShares], plot: _FilePath, powers: _FilePath
) -> Iterator[_FilePath]:
    """Draw shares by hops to `plot` and the powers of B to `powers`, where given; as `routing_of_symbols.draw`."""
    if plot is not None:
        picture_files.save(hop_figure.draw_hops(*shown), plot)
        yield plot
    if powers is not None:
        picture_files.save(power_figure.draw_powers(B), powers)
        yield powers


def _read_tokens(path: Path) -> Array:
    if path.suffix.lower() == ".npy":
        return _read_npy(path)
    entries = read_safetensors(path)
    if "x" not in entries and len(entries) != 1:
        raise ValueError(f"{path} must hold one tensor, or one named x, got {', '.join(sorted(entries)) or 'none'}")
    name = "x" if "x" in entries else next(iter(entries))
    return decode(name, entries[name])


def _read_npy(path: Path) -> Array:
    """The array; mapped, so that a file shorter than its header says is refused before memory is asked for."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except OSError:
        raise
    except Exception as error:  # NumPy raises whatever its parser of the header comes upon
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path} is not a .npy file of numbers: {reason}") from None
    return np.array(array)
