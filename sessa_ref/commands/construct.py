"""`sessa-ref construct`: build a network from one of the paper's existence proofs, and measure its claim."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.terminal import Console, errors, verdict_status, wide_console


class Route(StrEnum):
    """The read-out of a causal map's network."""

    BEST = "best"
    DIRECT = "direct"
    RECURSIVE = "recursive"


construct = typer.Typer(
    help="Build a network from an existence proof, and measure what it claims.", no_args_is_help=True
)


@construct.command("selective-retrieval")
def selective_retrieval(
    k: Annotated[int, typer.Option("--k", help="Macro-layers; the margin grows like lag^(k (1 - beta) - 1).")] = 2,
    beta: Annotated[float, typer.Option(help="In (0, 1).")] = 0.5,
    horizon: Annotated[int, typer.Option(help="The largest lag H.")] = 128,
    target: Annotated[int, typer.Option(help="The token that is remembered.")] = 0,
    width: Annotated[int, typer.Option(help="D, at least 6; above 7 the channels lie along random directions.")] = 7,
    radius: Annotated[float, typer.Option(help="A bound on the tokens' norms.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the tokens and the directions.")] = 0,
    improved: Annotated[
        bool,
        typer.Option(
            "--improved/--printed",
            help="Move the seed and damp less (1024 for 4): the margin is then nearly the power that the proof bounds.",
        ),
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the margin: .svg, .pdf or .png.")] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the network is saved, as safetensors.")
    ] = None,
) -> None:
    """A network whose memory of one token decays, stays or grows (Theorem 12)."""
    from sessa_ref.commands import construct_retrieval

    log = Console(stderr=True)
    with errors("cannot construct selective retrieval", log):
        holds = construct_retrieval.run(
            wide_console(),
            log,
            k,
            beta,
            horizon,
            target=target,
            width=width,
            radius=radius,
            seed=seed,
            improved=improved,
            plot=plot,
            output=output,
        )
    raise typer.Exit(verdict_status(holds))


@construct.command("causal-map")
def causal_map(
    function: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:F", help="F takes tokens (T, d), or batches of them, and gives the same shape."
        ),
    ],
    length: Annotated[int, typer.Option(help="Number of tokens T.")] = 5,
    width: Annotated[int, typer.Option(help="Width d of a token.")] = 1,
    low: Annotated[float, typer.Option(help="Lower end of the domain, for every coordinate.")] = -1.0,
    high: Annotated[float, typer.Option(help="Upper end of the domain.")] = 1.0,
    tolerance: Annotated[float, typer.Option(help="The largest error of an entry of the output.")] = 0.05,
    route: Annotated[Route, typer.Option(help="The read-out: of the whole prefix, or step by step.")] = Route.BEST,
    units: Annotated[int, typer.Option(help="Hidden units at most, for each fit.")] = 64,
    seed: Annotated[int, typer.Option(help="Of all random choices.")] = 0,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the network is saved, as safetensors.")
    ] = None,
) -> None:
    """A network for your own continuous causal map (Theorem 14). Exit code 1 where the tolerance is not reached."""
    from sessa_ref.commands import construct_causal_map

    log = Console(stderr=True)
    with errors(f"cannot construct a network for {function}", log):
        reached = construct_causal_map.run(
            wide_console(),
            log,
            function,
            length=length,
            width=width,
            low=low,
            high=high,
            tolerance=tolerance,
            route=route.value,
            units=units,
            seed=seed,
            output=output,
        )
    raise typer.Exit(verdict_status(reached))


@construct.command("positions")
def positions(
    length: Annotated[int, typer.Option(help="Number of tokens T, at least 2.")] = 64,
    width: Annotated[int, typer.Option(help="Width of a token.")] = 3,
    gamma: Annotated[float, typer.Option(help="The gain, in (0, 1).")] = 0.9,
    radius: Annotated[float, typer.Option(help="A bound on the tokens' norms.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the tokens.")] = 0,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the network is saved, as safetensors.")
    ] = None,
) -> None:
    """One block that makes every token's position readable, without positional encoding (Lemma 4.10)."""
    from sessa_ref.commands import construct_positions

    log = Console(stderr=True)
    with errors("cannot construct positions", log):
        holds = construct_positions.run(
            wide_console(), log, length=length, width=width, gamma=gamma, radius=radius, seed=seed, output=output
        )
    raise typer.Exit(verdict_status(holds))
