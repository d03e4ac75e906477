"""In what precision a device computes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import torch


class Precision(NamedTuple):
    """A dtype of the inputs, and torch's setting for products of float32."""

    dtype: torch.dtype
    rounds_as: str
    """The precision whose unit roundoff products have, by the oracle's name; float16's is that of TF32."""
    products: str = "highest"

    @contextmanager
    def on(self) -> Iterator[None]:
        """Compute in this precision inside."""
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(self.products)
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)


_ALL: Final = {
    "float32": Precision(torch.float32, "float32"),
    "tf32": Precision(torch.float32, "float16", "high"),
    "bfloat16": Precision(torch.bfloat16, "bfloat16"),
}


def precisions(device: torch.device) -> dict[str, Precision]:
    """Those that the device has, by name; TF32 is that of NVIDIA's GPUs since Ampere."""
    has_tf32 = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return {name: precision for name, precision in _ALL.items() if name != "tf32" or has_tf32}
