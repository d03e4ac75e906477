"""Torch modules as candidates: anything with the published parameter names."""

from collections.abc import Callable
from typing import Any

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
        """The module's output. It gets x's own memory and layout where torch can represent them."""
        with torch.no_grad():
            return _to_numpy(self.module(self._tensor(x)))

    def vjp(self, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Gradients by autograd; what autograd finds unconnected counts as zero."""
        names, leaves = zip(*self.module.named_parameters(), strict=True)
        tokens = self._tensor(x.copy()).requires_grad_()
        y = self.module(tokens)
        dx, *gradients = torch.autograd.grad(
            y, [tokens, *leaves], self._tensor(dy), allow_unused=True, materialize_grads=True
        )
        return _to_numpy(dx), dict(zip(names, map(_to_numpy, gradients), strict=True))

    def train(self) -> None:
        """Put the module into training mode."""
        self.module.train()

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
        return torch.from_numpy(array).to(self.dtype)


class DecodingTorchLayer(TorchLayer):
    """A torch module with the published cache methods."""

    def prefill(self, x: np.ndarray, capacity: int) -> np.ndarray:
        """A fresh cache for `capacity` tokens, and the module's output for the prompt."""
        with torch.no_grad():
            cache = self.module.init_cache(len(x), dtype=self.dtype, max_len=max(capacity, 1))
            y, self.cache = self.module.prefill(self._tensor(x), cache)
        return _to_numpy(y)

    def decode_step(self, x_t: np.ndarray) -> np.ndarray:
        """The module's output for the next token."""
        with torch.no_grad():
            y, self.cache = self.module.decode_step(self._tensor(x_t), self.cache)
        return _to_numpy(y)


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
