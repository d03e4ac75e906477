"""`python -m benchmarks.block_size`: which number of rows per block solves fastest, forward and backward.

Block sizes take turns, so that a drift of the machine affects all alike; the numbers are medians in milliseconds.
"""

from statistics import median
from time import perf_counter
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

from sessa_ref.optimized.solve import blocked

BLOCKS = (16, 32, 64, 96, 128, 192, 256, 384, 512)


def main(
    width: Annotated[int, typer.Option(help="Model width D; feedback queries and keys are as wide.")] = 512,
    lengths: Annotated[str, typer.Option(help="Numbers of tokens.")] = "64,128,256,512,1024,2048,4096",
    rounds: Annotated[int, typer.Option(help="Calls behind a median.")] = 7,
) -> None:
    """Time the blocked solve for many block sizes."""
    table = Table("T", *(f"{block} rows" for block in BLOCKS))
    for T in map(int, lengths.split(",")):
        tensors = [torch.randn(1, T, width, requires_grad=True) for _ in range(3)]
        gamma = (torch.rand(1, T) * 1.8 - 0.9).requires_grad_()
        q, k, f = tensors
        ds = torch.randn(1, T, width)
        times: dict[int, list[float]] = {block: [] for block in BLOCKS if block < 2 * T}
        for round_number in range(rounds + 1):
            for block, seconds in times.items():
                start = perf_counter()
                torch.autograd.grad(blocked(q, k, gamma, f, block=block), (q, k, gamma, f), ds)
                if round_number > 0:  # the first round is a warm-up
                    seconds.append(perf_counter() - start)
        medians = {block: 1000 * median(seconds) for block, seconds in times.items()}
        best = min(medians.values())
        cells = [medians.get(block) for block in BLOCKS]
        table.add_row(
            str(T), *("" if c is None else f"[bold]{c:.2f}[/]" if c <= 1.03 * best else f"{c:.2f}" for c in cells)
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
