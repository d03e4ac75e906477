"""Processes that share a training: torchrun starts them, and each takes its rows of every batch.

All make the same batches from the same seeds. Their shares are equally large, and each row has as many answers as any
other, so that the mean of the processes' losses is the loss of the batch, and likewise with gradients.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from experiments.decoder import Decoder
from sessa_ref.messages import one_line
from sessa_ref.tasks import Sample

KINDS: Final = ("ddp", "fsdp")
"""`ddp`: every process has the whole model. `fsdp`: each has a part of every parameter, and of the optimizer's state."""


@dataclass(frozen=True)
class Processes:
    """One of the processes that share a training; by default there is no other."""

    kind: str | None = None
    """One of `KINDS`."""
    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """Of the model; losses are computed on the CPU."""

    @property
    def first(self) -> bool:
        """Whether it is this one that writes and speaks."""
        return self.rank == 0

    def check_batch(self, batch: int) -> None:
        """Check that a batch can be divided.

        Raises:
            ValueError: it cannot.
        """
        if batch % self.count:
            raise ValueError(f"batch must be a multiple of the {self.count} processes, got {batch}")

    def rows(self, batch: Sample) -> Sample:
        """This process's rows of a batch that can be divided."""
        share = len(batch.tokens) // self.count
        return batch[self.rank * share : (self.rank + 1) * share]

    def share(self, model: Decoder) -> Callable[[Tensor, Tensor], Tensor]:
        """`model.answers`, spread: `backward` gives each parameter the mean of the processes' gradients.

        With `fsdp` the parameters become parts of themselves, so that the optimizer has to be made afterwards.
        """
        if self.kind is None:
            return model.answers
        module: nn.Module = _Answers(model.to(self.device))
        if self.kind == "ddp":
            # A graph that stays the same may leave parameters out, as that of gain 0 does.
            module = DistributedDataParallel(module, static_graph=True)
        else:
            self._shard(module)
        return lambda tokens, positions: module(tokens.to(self.device), positions.to(self.device)).cpu()

    def _shard(self, module: "_Answers") -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(self.device.type, (self.count,))
        numbers = {one for one in module.parameters() if one.ndim == 0}  # which FSDP refuses
        for part in (*module.model.blocks, module):
            fully_shard(part, mesh=mesh, ignored_params=numbers)
        for one in numbers:
            one.register_post_accumulate_grad_hook(self._average_gradient)

    def _average_gradient(self, parameter: Tensor) -> None:
        assert parameter.grad is not None
        distributed.all_reduce(parameter.grad)
        parameter.grad /= self.count

    def mean(self, *values: float) -> list[float]:
        """Over the processes, of each of the values; in float64."""
        if self.kind is None:
            return list(values)
        found = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(found)
        return (found / self.count).tolist()

    def whole(self, value: Tensor) -> Tensor:
        """A tensor of the shared model or its optimizer as one process has it; all processes have to ask for it."""
        if self.kind == "fsdp":
            from torch.distributed.tensor import DTensor

            value = value.full_tensor() if isinstance(value, DTensor) else value
        return value.detach().cpu()

    def part(self, whole: Tensor, like: Tensor | None) -> Tensor:
        """What this process keeps of a whole tensor, if it is to stand where `like` stands."""
        if self.kind == "fsdp":
            from torch.distributed.tensor import DTensor, distribute_tensor

            if isinstance(like, DTensor) and like.shape == whole.shape:
                return distribute_tensor(whole, like.device_mesh, like.placements, src_data_rank=None)
        return whole

    def describe(self) -> dict[str, int | str]:
        """For results."""
        return {"processes": self.count} if self.kind is None else {"processes": self.count, "parallel": self.kind}


ALONE: Final = Processes()


class _Answers(nn.Module):
    """What is computed by `forward` can be spread."""

    def __init__(self, model: Decoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        return self.model.answers(tokens, positions).clone()  # FSDP warns of a view, which nobody should change


@contextmanager
def started(kind: str | None) -> Iterator[Processes]:
    """This process among those that torchrun has started: on GPUs, one for each, where there are any.

    Raises:
        ValueError: `kind` is none of `KINDS`, or torchrun and `kind` are not there together.
    """
    under_torchrun = distributed.is_torchelastic_launched()
    if kind is None and under_torchrun:
        raise ValueError("torchrun starts processes that have to share a training: --parallel ddp or --parallel fsdp")
    if kind is None:
        yield ALONE
        return
    if kind not in KINDS:
        raise ValueError(f"--parallel must be ddp or fsdp, got {one_line(kind)}")
    if not under_torchrun:
        raise ValueError(
            f"--parallel needs torchrun: torchrun --nproc-per-node 2 -m experiments train --parallel {kind}"
        )
    rank, count, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    distributed.init_process_group("gloo" if device.type == "cpu" else "nccl")
    try:
        yield Processes(kind, rank, count, device)
    finally:
        distributed.destroy_process_group()


def check_alone() -> None:
    """Check that torchrun has not started several processes for what they cannot share.

    Raises:
        ValueError: it has.
    """
    if distributed.is_torchelastic_launched():
        raise ValueError("of the commands, torchrun can share train alone")


def let_the_first_speak() -> None:
    """Wait, in all processes but the first: it mostly has the same to say, and with it torchrun ends the others."""
    if distributed.is_torchelastic_launched() and os.environ["RANK"] != "0":
        time.sleep(10)
