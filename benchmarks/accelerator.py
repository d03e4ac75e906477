"""`python -m benchmarks.accelerator`: a model of the blocked solve's time on a large GPU; nothing is measured.

The walk itself runs on torch's meta device, which computes nothing. Every operation is counted: its arithmetic, the
bytes that it reads and writes, and its launch. An operation then takes the longest of the three at a machine's rates;
caches are not counted. Beside it stands causal attention, whose logits a fused kernel never writes: arithmetic alone.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from sessa_ref.optimized.solve import block_substitution

RATES: Final = {"float32": 60e12, "tf32": 400e12, "bfloat16": 800e12}
"""Operations per second of matrix products on an H100, some 85 % of its data sheet."""
BANDWIDTH: Final = 3e12
"""Bytes per second of its memory."""
LAUNCH: Final = 4e-6
"""Seconds from one launch to the next."""
LINKS: Final = {8: 300e9, 64: 40e9}
"""Bytes per second into one of so many GPUs: within a machine, and between machines."""
_OUT_OF_PLACE: Final = {torch.ops.aten.baddbmm_: torch.ops.aten.baddbmm}
_HALVES = torch.ops.aten.baddbmm.dtype_out
"""Products of half precision that add up in float32; the meta device lacks them."""
LONGEST: Final = 2**20
"""Tokens that several GPUs share."""


@dataclass
class Count(TorchDispatchMode):
    """Seconds of the operations that run inside, by what limits them."""

    rate: float
    seconds: dict[str, float] = field(default_factory=lambda: {"products": 0.0, "memory": 0.0, "launches": 0.0})
    operations: int = 0
    """Of matrix products, without the triangular solves."""

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """Run an operation, and count it unless it only makes a view."""
        result = kwargs["out"] if func is _HALVES and kwargs else func(*args, **(kwargs or {}))
        if func.is_view:
            return result
        read = {name: value for name, value in (kwargs or {}).items() if name != "out"}
        moved = _size((args, read)) + _size(result)
        packet = func.overloadpacket
        if packet == torch.ops.aten.linalg_solve_triangular:
            operations, rate = args[0].shape[-1] * args[1].numel(), RATES["float32"]
        else:
            counted = flop_registry.get(_OUT_OF_PLACE.get(packet, packet))
            operations, rate = counted(*args[:3], out_val=result) if counted else 0, self.rate
            self.operations += operations
        needs = {"products": operations / rate, "memory": moved / BANDWIDTH, "launches": LAUNCH}
        limit = max(needs, key=needs.__getitem__)
        self.seconds[limit] += needs[limit]
        return result


def _size(tensors: Any) -> int:
    """Bytes of the tensors, each once."""
    found = [z for z in tree_leaves(tensors) if isinstance(z, torch.Tensor)]
    distinct = {(z.untyped_storage()._cdata, z.storage_offset(), z.shape): z for z in found}
    return sum(z.numel() * z.element_size() for z in distinct.values())


@cache
def walk(T: int, D: int, precision: str, backward: bool) -> Count:
    """The count of a solve of T tokens of width D, and of its vector-Jacobian product."""
    factors = torch.bfloat16 if precision == "bfloat16" else torch.float32
    q, k, f = (torch.empty(1, T, D, dtype=dtype, device="meta") for dtype in (factors, factors, torch.float32))
    gamma = torch.empty(1, T, device="meta")
    block = block_substitution.sizes(q.device).rows(T)
    with Count(RATES[precision]) as count:
        s, w = block_substitution.solve(q, k, gamma, f, block)
        if backward:
            block_substitution.vjp(q, k, gamma, s, w, torch.empty_like(s), block)
    return count


def attention(T: int, D: int, precision: str, backward: bool) -> float:
    """Seconds of causal attention by a fused kernel: two products forwards, five more backwards, half of each masked."""
    return (7 if backward else 2) * T * T * D / RATES[precision]


@dataclass(frozen=True)
class Shared:
    """The solve of `context_parallel` over several GPUs, forwards and backwards."""

    ranks: int
    D: int
    precision: str

    @property
    def received(self) -> int:
        """Bytes that a GPU receives: q, k, s and lambda of all others, in float32."""
        return 4 * (self.ranks - 1) * LONGEST * 4 * self.D // self.ranks

    @property
    def speed_up(self) -> float:
        """Speed-up over one GPU with enough memory, where sending does not overlap with computing."""
        alone = sum(walk(LONGEST, self.D, self.precision, backward=True).seconds.values())
        blocks = LONGEST / block_substitution.ACCELERATOR.block
        filled = blocks / (blocks + self.ranks - 1)
        return alone / (alone / self.ranks / filled + self.received / LINKS[self.ranks])


def row(T: int, D: int, precision: str, backward: bool) -> list[str]:
    """A row of the table for one GPU."""
    count, fused = walk(T, D, precision, backward), attention(T, D, precision, backward)
    total = sum(count.seconds.values())
    shares = [f"{seconds / total:.0%}" for seconds in count.seconds.values()]
    times = [f"{1e3 * fused:.1f}", f"{total / fused:.1f}"]
    return [f"{T:,}", str(D), precision, "both" if backward else "forward", f"{1e3 * total:.1f}", *shares, *times]


def main(
    lengths: Annotated[str, typer.Option(help="Numbers of tokens.")] = "4096,32768,131072",
    widths: Annotated[str, typer.Option(help="Widths D.")] = "512,1024",
) -> None:
    """Print what the model expects of an H100."""
    console = Console(width=120)
    one = Table("T", "D", "products in", "pass", "solve, ms", "products", "memory", "launches", "attention, ms",
                "times attention", title="Model of the blocked solve on one H100, batch 1")  # fmt: skip
    for T in map(int, lengths.split(",")):
        for D in map(int, widths.split(",")):
            for precision in RATES:
                for backward in (False, True):
                    one.add_row(*row(T, D, precision, backward))
    console.print(one)
    several = Table("GPUs", "D", "GiB received by each", "speed-up",
                    title=f"Model of context_parallel_solve, T = {LONGEST:,}, both passes, TF32")  # fmt: skip
    for ranks in LINKS:
        for D in map(int, widths.split(",")):
            shared = Shared(ranks, D, "tf32")
            several.add_row(str(ranks), str(D), f"{shared.received / 2**30:.1f}", f"{shared.speed_up:.1f}")
    console.print(several)


if __name__ == "__main__":
    typer.run(main)
