"""Network: blocks of the layer one after the other, between linear adapters."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save

from sessa_ref.config import SessaConfig
from sessa_ref.influence.jacobian import STEP
from sessa_ref.influence.tangents import forward_derivative
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters, decode, read_safetensors
from sessa_ref.reference import gradients, layer
from sessa_ref.reference.formulas import DEFINITION, Formulas
from sessa_ref.reference.traces import Trace


@dataclass(frozen=True)
class Adapter:
    """A token-wise affine map x -> x weight^T + bias; weight is (outputs, inputs)."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        """Of tokens x, (..., inputs)."""
        return x @ self.weight.T + self.bias

    @classmethod
    def linear(cls, weight: Any, bias: Any = None) -> "Adapter":
        """An adapter of this weight, by default without bias."""
        weight = np.array(weight, dtype=np.float64)
        return cls(weight, np.zeros(len(weight)) if bias is None else np.array(bias, dtype=np.float64))


@dataclass(frozen=True)
class Network:
    """Blocks of one width, in the order in which they run, between two adapters.

    Attributes:
        blocks: their parameters.
        names: a name for each.
        embed: from the input's width to the blocks'; None is the identity.
        unembed: from the blocks' width to the output's; None is the identity.
    """

    blocks: tuple[SessaParameters, ...]
    names: tuple[str, ...]
    embed: Adapter | None = None
    unembed: Adapter | None = None
    notes: dict[str, Any] = field(default_factory=dict, compare=False)
    """What the construction chose, as JSON: saved with the network."""

    def __post_init__(self) -> None:
        widths = {block.config.width for block in self.blocks}
        if len(widths) != 1 or len(self.names) != len(self.blocks):
            raise ValueError(f"a network needs blocks of one width with a name each, got {widths}, {self.names}")

    @property
    def width(self) -> int:
        """D of the blocks."""
        return self.blocks[0].config.width

    def __call__(self, x: Any, formulas: Formulas = DEFINITION) -> Array:
        """The output for tokens x, (..., T, inputs)."""
        h = self._in(x)
        for block in self.blocks:
            h = layer.forward(block, h, formulas=formulas)
        return h if self.unembed is None else self.unembed(h)

    def traces(self, x: Any, formulas: Formulas = DEFINITION) -> Iterator[Trace]:
        """The trace of each block in turn, for tokens x."""
        h = self._in(x)
        for block in self.blocks:
            steps = layer.trace(block, h, formulas=formulas)
            yield steps
            h = steps.y

    def vjp(self, x: Any, dy: Any) -> Array:
        """The gradient of sum(dy * y) with respect to x, backwards through every block."""
        traces = list(self.traces(x))
        dh = np.asarray(dy, dtype=np.float64) @ (self.unembed.weight if self.unembed else np.eye(self.width))
        for block, steps in zip(reversed(self.blocks), reversed(traces), strict=True):
            dh = gradients.backward(block, steps, dh)[0]
        return dh @ self.embed.weight if self.embed else dh

    def derivative(self, x: Any, dx: Any) -> Array:
        """dy for each of n directions dx, (n, T, inputs), at tokens x, (T, inputs): exact, forward through every block.

        Blocks with a norm are differentiated by complex step.
        """
        if any(block.config.norm != "identity" for block in self.blocks):
            return np.imag(self(np.asarray(x) + STEP * 1j * np.asarray(dx))) / STEP
        *_, dh = self.derivatives(x, dx)
        return dh if self.unembed is None else dh @ self.unembed.weight.T

    def derivatives(self, x: Any, dx: Any) -> Iterator[Array]:
        """The same behind every block in turn, before the last adapter; for blocks without norm."""
        dh = np.asarray(dx, dtype=np.float64)
        dh = dh if self.embed is None else dh @ self.embed.weight.T
        for block, steps in zip(self.blocks, self.traces(x), strict=True):
            dh = forward_derivative(block, steps, dh)
            yield dh

    def then(self, other: "Network") -> "Network":
        """This network followed by the other, which must have no adapter at its input."""
        if self.unembed is not None or other.embed is not None:
            raise ValueError("networks can only be joined without adapters between them")
        return Network(
            self.blocks + other.blocks, self.names + other.names, self.embed, other.unembed, self.notes | other.notes
        )

    def without_feedback(self, names: Sequence[str] | None = None) -> "Network":
        """The same network with the gain of every block, or of those of these names, set to 0."""
        off = {"mixer.gamma_bias": np.zeros(()), "mixer.gamma_ctx.weight": np.zeros((1, self.width))}
        blocks = (
            block.replace(off) if names is None or name in names else block
            for name, block in zip(self.names, self.blocks, strict=True)
        )
        return replace(self, blocks=tuple(blocks))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one safetensors file: every block's arrays under `blocks.N.`, the adapters', configs and names.

        Raises:
            OSError: the file cannot be written.
        """
        arrays = {f"blocks.{n}.{name}": a for n, block in enumerate(self.blocks) for name, a in block.items()}
        for name, adapter in (("embed", self.embed), ("unembed", self.unembed)):
            if adapter is not None:
                arrays |= {f"{name}.weight": adapter.weight, f"{name}.bias": adapter.bias}
        header = {
            "names": list(self.names),
            "configs": [b.config.to_json() for b in self.blocks],
            "notes": self.notes,
        }
        copies = {name: np.array(a, order="C") for name, a in arrays.items()}
        Path(path).write_bytes(save(copies, metadata={"sessa_network": json.dumps(header)}))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Network":
        """The network that `save` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no safetensors file, or holds no network.
        """
        entries = {name: decode(name, entry) for name, entry in read_safetensors(path).items()}
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("sessa_network")
        if text is None:
            raise ValueError(f"{path} holds no network of blocks: it has no sessa_network in its header")
        header = json.loads(text)
        blocks = [
            SessaParameters(SessaConfig.from_json(config), _under(f"blocks.{n}.", entries))
            for n, config in enumerate(header["configs"])
        ]
        adapters = (_under(f"{name}.", entries) for name in ("embed", "unembed"))
        embed, unembed = (Adapter.linear(a["weight"], a["bias"]) if a else None for a in adapters)
        return cls(tuple(blocks), tuple(header["names"]), embed, unembed, header["notes"])

    @classmethod
    def of(cls, named: Sequence[tuple[str, SessaParameters]], **others: Any) -> "Network":
        """A network of (name, block) pairs."""
        return cls(tuple(block for _, block in named), tuple(name for name, _ in named), **others)

    def _in(self, x: Any) -> Array:
        x = np.asanyarray(x)
        return x if self.embed is None else self.embed(x)


def _under(prefix: str, entries: dict[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): a for name, a in entries.items() if name.startswith(prefix)}
