"""Run as a program: a layer whose data, parameters or weights two processes share computes what one process does."""

import os
import sys

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.parallel import ColwiseParallel, ParallelStyle, RowwiseParallel, parallelize_module
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel

from sessa_ref.optimized import SessaLayer


def layer() -> SessaLayer:
    torch.manual_seed(0)
    return SessaLayer(16, 4).double()


def main(rank: int, file: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    mesh = init_device_mesh("cpu", (2,))
    x = torch.randn(4, 13, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for how in (replicated, sharded, tensor_parallel):
        compare(how.__name__, *how(layer(), mesh), x, rank)
    distributed.destroy_process_group()


def replicated(module: SessaLayer, mesh: DeviceMesh) -> tuple[nn.Module, bool]:
    return DistributedDataParallel(module), True


def sharded(module: SessaLayer, mesh: DeviceMesh) -> tuple[nn.Module, bool]:
    """As the layer's docstring says: the mean of the scalar's gradient is left to us."""
    bias = module.mixer.gamma_bias
    fully_shard(module, mesh=mesh, ignored_params={bias})

    def mean(parameter: Tensor) -> None:
        assert parameter.grad is not None
        distributed.all_reduce(parameter.grad)
        parameter.grad /= 2

    bias.register_post_accumulate_grad_hook(mean)
    return module, True


def tensor_parallel(module: SessaLayer, mesh: DeviceMesh) -> tuple[nn.Module, bool]:
    """As the layer's docstring says: every matrix is shared, by its outputs, or by its inputs where those come last."""
    columns, rows = ColwiseParallel(output_layouts=Replicate()), RowwiseParallel(input_layouts=Replicate())
    plan: dict[str, ParallelStyle] = {"mixer.out_proj": rows, "W_out": rows}
    plan |= dict.fromkeys(["W_in", "mixer.q_proj", "mixer.k_proj", "mixer.v_proj", "mixer.proj_fb"], columns)
    return parallelize_module(module, mesh, plan), False


def compare(name: str, module: nn.Module, shares_data: bool, x: Tensor, rank: int) -> None:
    """The largest error of the loss or of a gradient, in roundings; and how many parameters there are only in part."""
    alone = layer()
    wanted = alone(x).sin().mean()
    wanted.backward()
    loss = module(x.chunk(2)[rank] if shares_data else x).sin().mean()
    loss.backward()
    if shares_data:
        distributed.all_reduce(loss.data)
        loss.data /= 2
    parameters = {n.removeprefix("module."): p for n, p in module.named_parameters()}
    errors, parts = [((loss - wanted) / wanted).abs()], 0
    for n, parameter in alone.named_parameters():
        found, grad = parameters[n].grad, parameter.grad
        if isinstance(found, DTensor):
            parts += found.numel() == 2 * found.to_local().numel()
            found = found.full_tensor()
        assert found is not None, n
        assert grad is not None, n
        errors.append((found - grad).abs().max() / grad.abs().max())
    worst = torch.tensor(errors).max().item()  # NaN stays NaN
    os.write(1, f"{name} {parts} {2 * worst / torch.finfo(x.dtype).eps}\n".encode())


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    spawn(main, (sys.argv[1],), nprocs=2)
