"""Who solves what, and when: a wave over blocks of tokens and slices of the width.

Tokens come in blocks, dealt out to the P ranks in turn: block i belongs to rank i mod P. The width D is cut into P
slices. A slice of a block needs the same slice of the blocks before it, and no other. So in step n the ranks solve
slice n - i of the blocks i = n, n - 1, ..., n - P + 1, and every rank has one of these. After each step the pieces are
gathered. A rank only waits in the P - 1 steps at the beginning and at the end.
"""

import math
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed

from sessa_ref.optimized.arguments import whole_number


def own_tokens(T: int, block: int, group: distributed.ProcessGroup | None = None) -> Int[Tensor, " own"]:
    """Positions of the tokens that this rank holds, in its order: blocks rank, rank + P, rank + 2 P, ...

    Raises:
        ValueError: T is no multiple of the block times the number of ranks P. Tokens appended as padding change nothing
            before them.
    """
    ranks = distributed.get_world_size(group)
    if T % (whole_number("block", block, least=1) * ranks):
        raise ValueError(f"T must be a multiple of block x ranks = {block} x {ranks}, got {T}")
    return torch.arange(T).view(-1, ranks, block)[:, distributed.get_rank(group)].flatten()


class Wave:
    """Which rank does what in each step, and how the ranks exchange results."""

    def __init__(self, block: int, group: distributed.ProcessGroup | None) -> None:
        self.block, self.group = block, group
        self.ranks, self.rank = distributed.get_world_size(group), distributed.get_rank(group)

    def gather(self, own: Tensor) -> list[Tensor]:
        """The tensor of every rank, by rank."""
        found = [torch.empty_like(own, memory_format=torch.contiguous_format) for _ in range(self.ranks)]
        distributed.all_gather(found, own.contiguous(), group=self.group)
        return found

    def all(self, own: Float[Tensor, "N own *width"]) -> Float[Tensor, "N T *width"]:
        """The rows of all tokens, from those of every rank."""
        return torch.stack([z.unflatten(1, (-1, self.block)) for z in self.gather(own)], dim=2).flatten(1, 3)

    def own(self, all_tokens: Tensor) -> Tensor:
        """This rank's rows."""
        return all_tokens.unflatten(1, (-1, self.ranks, self.block))[:, :, self.rank].flatten(1, 2)

    def spread(self, own: Float[Tensor, "N own width"]) -> Float[Tensor, "N T padded"]:
        """This rank's rows among zeros, its width padded to whole slices."""
        N, held, width = own.shape
        spread = own.new_zeros(N, held * self.ranks, math.ceil(width / self.ranks) * self.ranks)
        spread.unflatten(1, (-1, self.ranks, self.block))[:, :, self.rank, :, :width] = own.unflatten(
            1, (-1, self.block)
        )
        return spread

    def rows(self, number: int) -> slice:
        """The tokens of a block."""
        return slice(number * self.block, (number + 1) * self.block)

    def steps(self, blocks: int, rank: int) -> Iterator[tuple[int, int] | None]:
        """(block, slice) of a rank in each step; None where it waits."""
        for step in range(blocks + self.ranks - 1):
            part = (step - rank) % self.ranks
            yield (step - part, part) if 0 <= step - part < blocks else None

    def run(
        self, solve: Callable[[int, int, slice], Tensor], out: Float[Tensor, "N T padded"], backwards: bool
    ) -> None:
        """Fill `out` slice by slice with what `solve(block, slice's columns)` returns, on all ranks."""
        blocks, width = out.shape[1] // self.block, out.shape[2] // self.ranks
        plans = [list(self.steps(blocks, self.ranks - 1 - r if backwards else r)) for r in range(self.ranks)]
        for tasks in zip(*plans, strict=True):
            mine = tasks[self.rank]
            piece = out.new_zeros(out.shape[0], self.block, width)
            places = [self._place(task, blocks, width, backwards) for task in tasks]
            if mine is not None:
                piece = solve(places[self.rank][0], mine[1], places[self.rank][2])
            for found, (_, rows, columns) in zip(self.gather(piece), places, strict=True):
                out[:, rows, columns] = found[:, : rows.stop - rows.start]

    def _place(
        self, task: tuple[int, int] | None, blocks: int, width: int, backwards: bool
    ) -> tuple[int, slice, slice]:
        if task is None:
            return 0, slice(0, 0), slice(0, width)
        number = blocks - 1 - task[0] if backwards else task[0]
        return number, self.rows(number), slice(task[1] * width, (task[1] + 1) * width)
