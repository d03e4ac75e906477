"""Run as a program: two and four processes solve together what one solves alone; prints the errors and their bounds."""

import os
import sys

import torch
from torch import distributed
from torch.multiprocessing.spawn import start_processes

from sessa_ref.optimized import feedback_solve
from sessa_ref.optimized.context_parallel import context_parallel_solve, own_tokens

CASES = [  # ranks, blocks per rank, block, batch, d_b, D, dtype
    (2, 1, 1, (1,), 1, 1, torch.float64),
    (2, 3, 5, (2, 2), 3, 5, torch.float64),
    (4, 1, 6, (), 2, 4, torch.float64),
    (4, 4, 3, (2,), 3, 3, torch.float64),  # fewer columns than ranks
    (4, 2, 8, (1,), 4, 8, torch.float32),
]


def main(rank: int, file: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=4)
    groups = {2: distributed.new_group([0, 1]), 4: None}
    for ranks, blocks, block, batch, d_b, D, dtype in CASES:
        if rank < ranks:
            compare(groups[ranks], ranks * blocks * block, block, batch, d_b, D, dtype)
    if rank < 2:
        spoil(groups[2])
    distributed.destroy_process_group()


def compare(group, T, block, batch, d_b, D, dtype) -> None:
    """The error of s and of every gradient, in rounding errors of this system."""
    generator = torch.Generator().manual_seed(T)
    shapes = [(*batch, T, d_b)] * 2 + [(*batch, T), (*batch, T, D), (*batch, T, D)]
    q, k, gamma, f, ds = (torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes)
    gamma = 0.9 * gamma.tanh()
    own = own_tokens(T, block, group)
    alone = [z.requires_grad_() for z in (q, k, gamma, f)]
    s = feedback_solve(q, k, gamma, f)
    gradients = torch.autograd.grad(s, alone, ds)
    mine = [z.detach().index_select(len(batch), own).requires_grad_() for z in alone]
    shared = context_parallel_solve(mine[0], mine[1], mine[2], mine[3], block, group)
    found = torch.autograd.grad(shared, mine, ds.index_select(len(batch), own))
    logits = (q.detach() @ k.detach().mT).abs().max() * d_b**-0.5
    size = max(z.abs().max() for z in (s.detach(), ds, *gradients))
    # weights to max(logits, 1) roundings and more, sums of T terms, and feedback makes errors 1 / (1 - 0.9) times as large
    allowed = 10 * (logits + T**0.5) * torch.finfo(dtype).eps * size
    pairs = zip((shared, *found), (s, *gradients), strict=True)
    errors = [(z - w.index_select(len(batch), own)).abs().max() for z, w in pairs]
    say(torch.stack(errors).max(), allowed)  # NaN stays NaN


def spoil(group) -> None:
    """A token that is not finite spoils what follows it, on every rank, and nothing before it."""
    q, k, gamma, f = torch.ones(8, 2), torch.ones(8, 2), torch.full((8,), 0.5), torch.ones(8, 3)
    gamma[4] = torch.inf
    own = own_tokens(8, 2, group)
    s = context_parallel_solve(q[own], k[own], gamma[own], f[own], 2, group)
    say((s.isnan().all(-1) != (own >= 4)).sum() + (s.isnan().any(-1) != (own >= 4)).sum(), 0)


def say(error, allowed) -> None:
    """One line in one piece: four processes write at once."""
    os.write(1, f"{torch.as_tensor(error).item()} {torch.as_tensor(allowed).item()}\n".encode())


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    start_processes(main, (sys.argv[1],), nprocs=4, start_method="fork")  # the imports are the most work: made once
