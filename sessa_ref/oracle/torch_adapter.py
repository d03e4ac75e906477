"""Torch modules as candidates: anything with the published parameter names."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.candidate import CandidateLayer, TargetError
from sessa_ref.parameters import IGNORED_BUFFERS, SessaParameters


class TorchAdapter:
    """Builds torch modules and fills them with parameters.

    Args:
        name: what error messages call the candidate.
        construct: makes the module for a config.
    """

    def __init__(self, name: str, construct: Callable[[SessaConfig], Any]) -> None:
        self.name = name
        self.construct = construct

    def build(self, parameters: SessaParameters, dtype: str) -> CandidateLayer:
        """The module with these parameters, in `dtype` and in evaluation mode.

        Raises:
            TargetError: it is no torch module, or its parameters are not those of the published layer.
        """
        torch_dtype = getattr(torch, dtype)
        module = self.construct(parameters.config)
        if not isinstance(module, torch.nn.Module):
            raise TargetError(f"{self.name} made a {type(module).__name__}, not a torch module")
        module = module.to(torch_dtype).eval()
        tensors = {name: torch.tensor(array, dtype=torch_dtype) for name, array in parameters.items()}
        own = {name for name, _ in module.named_parameters()}
        try:
            outcome = module.load_state_dict(tensors, strict=False)
        except RuntimeError as error:
            problem = " ".join(str(error).split())
            raise TargetError(f"{self.name} does not take the published state_dict: {problem}") from None
        missing = sorted((set(outcome.missing_keys) - set(IGNORED_BUFFERS)) | (own - tensors.keys()))
        absent = sorted(set(outcome.unexpected_keys) | (tensors.keys() - own))
        if missing or absent:
            raise TargetError(
                f"{self.name} does not have the published parameters: it adds {missing or 'none'} "
                f"and lacks {absent or 'none'}"
            )
        has_cache = all(hasattr(module, name) for name in ("init_cache", "prefill", "decode_step"))
        return (DecodingTorchLayer if has_cache else TorchLayer)(module, torch_dtype)


class TorchLayer:
    """A torch module behind the adapter protocol."""

    def __init__(self, module: torch.nn.Module, dtype: torch.dtype) -> None:
        self.module: Any = module
        self.dtype = dtype

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The module's output; autograd records it in training mode.

        The module gets x's own memory and layout where torch can represent them.
        """
        with torch.set_grad_enabled(self.module.training):
            return self._output(self.module(self._tensor(x)))

    def forward_padded(self, x: np.ndarray, attention_mask: np.ndarray) -> np.ndarray | None:
        """The module's output with `attention_mask`, a tensor of booleans, if its forward has such an argument."""
        if not _takes_mask(self.module.forward):
            return None
        with torch.no_grad():
            return self._output(self.module(self._tensor(x), attention_mask=torch.from_numpy(attention_mask)))

    def vjp(self, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Gradients by autograd; what autograd finds unconnected counts as zero."""
        names, leaves = zip(*self.module.named_parameters(), strict=True)
        dx, *gradients = self._gradients(x, dy, leaves, with_x=True)
        return dx, dict(zip(names, gradients, strict=True))

    def partial_vjp(
        self, x: np.ndarray, dy: np.ndarray, of: Literal["x", "parameters"]
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """The same where the parameters are frozen, or x is data and another input comes before the backward pass."""
        names, leaves = zip(*self.module.named_parameters(), strict=True)
        if of == "parameters":
            gradients = self._gradients(x, dy, leaves, with_x=False, meanwhile=True)
            return None, dict(zip(names, gradients, strict=True))
        try:
            self.module.requires_grad_(False)
            return self._gradients(x, dy, (), with_x=True)[0], {}
        finally:
            self.module.requires_grad_(True)

    def train(self) -> None:
        """Put the module into training mode."""
        self.module.train()

    def load(self, parameters: SessaParameters) -> None:
        """Write these parameters into those of the module."""
        with torch.no_grad():
            for name, own in self.module.named_parameters():
                own.copy_(torch.tensor(parameters[name], dtype=self.dtype))

    def trace(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """What the submodules of published name return: n, a, g, q, k, v, o, f, q_fb, k_fb, s, as far as they ran."""
        seen: dict[str, torch.Tensor] = {}
        handles = [
            child.register_forward_hook(
                lambda _module, inputs, output, name=name: seen.update({name: output, f"{name} input": inputs[0]})
            )
            for name, child in self.module.named_modules()
            if name
        ]
        try:
            self.forward(x)
        finally:
            for handle in handles:
                handle.remove()
        return _by_symbol({n: _to_numpy(t) for n, t in seen.items() if isinstance(t, torch.Tensor)})

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        if 0 in array.strides[:1]:  # equal rows, stored once
            return torch.from_numpy(array[:1].copy()).to(self.dtype).expand(array.shape)
        return torch.from_numpy(array).to(self.dtype)

    def _output(self, y: torch.Tensor) -> np.ndarray:
        if y.dtype != self.dtype:
            raise TypeError(f"its output is {y.dtype}, expected {self.dtype}")
        return _to_numpy(y)

    def _gradients(
        self, x: np.ndarray, dy: np.ndarray, leaves: Sequence[Any], with_x: bool, meanwhile: bool = False
    ) -> list[np.ndarray]:
        """Gradients by `backward`, as training calls it; `meanwhile`, another input comes before it."""
        tokens = self._tensor(x.copy()).requires_grad_(with_x)
        wanted = [tokens, *leaves] if with_x else list(leaves)
        for leaf in wanted:
            leaf.grad = None
        y = self.module(tokens)
        if meanwhile:
            self.module(-tokens.detach())
        if y.requires_grad:  # else nothing of what is wanted is connected
            y.backward(self._tensor(dy))
        return [_to_numpy(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad) for leaf in wanted]


class DecodingTorchLayer(TorchLayer):
    """A torch module with the published cache methods."""

    _cache: Any = None

    def prefill(self, x: np.ndarray, capacity: int) -> np.ndarray:
        """A fresh cache for `capacity` tokens, and the module's output for the prompt."""
        with torch.no_grad():
            self._cache = self.module.init_cache(len(x), dtype=self.dtype, max_len=max(capacity, 1))
            if not x.shape[1]:  # decoding from the start needs no prompt
                return x
            y, self._cache = self.module.prefill(self._tensor(x), self._cache)
        return self._output(y)

    def prefill_padded(self, x: np.ndarray, attention_mask: np.ndarray, capacity: int) -> np.ndarray | None:
        """The same with `attention_mask`, if the module's prefill has such an argument."""
        if not _takes_mask(self.module.prefill):
            return None
        with torch.no_grad():
            self._cache = self.module.init_cache(len(x), dtype=self.dtype, max_len=capacity)
            mask = torch.from_numpy(attention_mask)
            y, self._cache = self.module.prefill(self._tensor(x), self._cache, attention_mask=mask)
        return self._output(y)

    def decode_step(self, x_t: np.ndarray) -> np.ndarray:
        """The module's output for the next token."""
        with torch.no_grad():
            y, self._cache = self.module.decode_step(self._tensor(x_t), self._cache)
        return self._output(y)

    def suspend(self) -> Any:
        """The cache as it is: the module must not share it between sequences."""
        return self._cache

    def resume(self, state: Any) -> None:
        """Go on with a cache."""
        self._cache = state


def _takes_mask(method: Callable) -> bool:
    try:
        return "attention_mask" in inspect.signature(method).parameters
    except (TypeError, ValueError):  # it has no signature
        return False


def _by_symbol(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs of the published submodules under the paper's symbols, where axes need no rearranging."""
    whole = {"ln": "n", "GELU": "u", "mixer": "s", "mixer.out_proj": "f", "mixer.out_proj input": "o"}
    whole |= {"mixer input": "u"}
    halves = {"W_in": ("a", "g"), "mixer.proj_fb": ("q_fb", "k_fb")}
    symbols = {symbol: outputs[name] for name, symbol in whole.items() if name in outputs}
    for name, (first, second) in halves.items():
        if name in outputs:
            symbols[first], symbols[second] = np.split(outputs[name], 2, axis=-1)
    return symbols


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:  # NumPy has none; float32 holds its values exactly
        tensor = tensor.float()
    return tensor.numpy()
