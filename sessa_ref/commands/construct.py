"""`sessa-ref construct`: build a network from one of the paper's existence proofs, and measure its claim."""

from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.terminal import Console, errors, wide_console

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
    seed: Annotated[int, typer.Option(help="Of the tokens, and of the directions.")] = 0,
    improved: Annotated[
        bool,
        typer.Option("--improved/--printed", help="A profile that is a truer power than the proof's; see Lemma K.20."),
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
        construct_retrieval.run(
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
