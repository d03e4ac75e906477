"""Products as tensor cores make them in TF32: factors of eleven bits, sums in float32."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "dot", "mv"}


class TF32(TorchDispatchMode):
    """A context in which every product of float32 matrices has its factors rounded, or cut off, to TF32."""

    def __init__(self, cut: bool = False) -> None:
        super().__init__()
        self.cut = cut

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket.__name__ in _PRODUCTS:
            *added, left, right = args
            args = (*added, self._factor(left), self._factor(right))
        return func(*args, **(kwargs or {}))

    def _factor(self, x: torch.Tensor) -> torch.Tensor:
        if x.dtype != torch.float32:
            return x
        bits = x.contiguous().view(torch.int32)
        half = 0 if self.cut else 0xFFF + ((bits >> 13) & 1)
        return ((bits + half) & ~0x1FFF).view(torch.float32)
