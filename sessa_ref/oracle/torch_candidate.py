"""Torch modules as candidates: any class with the published constructor and parameter names."""

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sessa_ref.oracle.candidate import CandidateLayer, TargetError
from sessa_ref.parameters import IGNORED_BUFFERS, SessaParameters


def load_target(target: str) -> "TorchCandidate":
    """The class that `package.module:Class` or `path/to/file.py:Class` names, as a candidate.

    A file inside a package is imported as part of it. The current directory is searched for modules.

    Raises:
        TargetError: the target does not exist, does not import, is no torch module
            class, or lacks the published constructor.
    """
    location, colon, name = target.rpartition(":")
    if not colon or not location or not name:
        raise TargetError(f"{target!r} is not of the form package.module:Class or path/to/file.py:Class")
    module_name = _module_of_file(Path(location)) if location.endswith(".py") else location
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        summary = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TargetError(f"{location} does not import: {summary}") from error
    layer_class = getattr(module, name, None)
    if layer_class is None:
        raise TargetError(f"{location} has no {name}")
    if not (inspect.isclass(layer_class) and issubclass(layer_class, torch.nn.Module)):
        raise TargetError(f"{target} is not a class of torch modules")
    wanted = {"D", "n_heads", "n_kv_heads", "ln_eps", "use_forward_rope", "gamma_max"}
    try:
        inspect.signature(layer_class).bind(**dict.fromkeys(wanted))
    except TypeError as error:
        raise TargetError(
            f"{target} lacks the published constructor SessaLayer(D, n_heads, n_kv_heads, max_len, ln_eps, "
            f"use_flash, use_forward_rope, gamma_max): {error}"
        ) from None
    return TorchCandidate(target, layer_class)


class TorchCandidate:
    """A class of torch modules with the published constructor and parameter names."""

    def __init__(self, name: str, layer_class: type) -> None:
        self.name = name
        self.layer_class = layer_class

    def build(self, parameters: SessaParameters, dtype: str) -> CandidateLayer:
        """The module with these parameters, in `dtype` and in evaluation mode.

        Raises:
            TargetError: the module's parameters are not those of the published layer.
        """
        torch_dtype = getattr(torch, dtype)
        module = self.layer_class(**parameters.config.published_arguments()).to(torch_dtype).eval()
        tensors = {name: torch.tensor(array, dtype=torch_dtype) for name, array in parameters.items()}
        own = {name for name, _ in module.named_parameters()}
        try:
            outcome = module.load_state_dict(tensors, strict=False)
        except RuntimeError as error:
            raise TargetError(
                f"{self.name} does not take the published state_dict: {' '.join(str(error).split())}"
            ) from None
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
        """The module's output."""
        with torch.no_grad():
            return _to_numpy(self.module(self._tensor(x)))

    def vjp(self, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Gradients by autograd; what autograd finds unconnected counts as zero."""
        names, leaves = zip(*self.module.named_parameters(), strict=True)
        tokens = self._tensor(x).requires_grad_()
        y = self.module(tokens)
        dx, *gradients = torch.autograd.grad(
            y, [tokens, *leaves], self._tensor(dy), allow_unused=True, materialize_grads=True
        )
        return _to_numpy(dx), dict(zip(names, map(_to_numpy, gradients), strict=True))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, dtype=self.dtype)


class DecodingTorchLayer(TorchLayer):
    """A torch module with the published cache methods."""

    def prefill(self, x: np.ndarray, capacity: int) -> np.ndarray:
        """A fresh cache for `capacity` tokens, and the module's output for the prompt."""
        with torch.no_grad():
            cache = self.module.init_cache(len(x), dtype=self.dtype, max_len=capacity)
            y, self.cache = self.module.prefill(self._tensor(x), cache)
        return _to_numpy(y)

    def decode_step(self, x_t: np.ndarray) -> np.ndarray:
        """The module's output for the next token."""
        with torch.no_grad():
            y, self.cache = self.module.decode_step(self._tensor(x_t), self.cache)
        return _to_numpy(y)


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    if tensor.dtype == torch.bfloat16:  # NumPy has none; float32 holds its values exactly
        tensor = tensor.float()
    return tensor.detach().numpy()


def _module_of_file(path: Path) -> str:
    """Make a Python file importable and return the module name to import it by."""
    if not path.is_file():
        raise TargetError(f"there is no file {path}")
    path = path.resolve()
    parts, root = [path.stem], path.parent
    while (root / "__init__.py").exists():
        parts.insert(0, root.name)
        root = root.parent
    sys.path.insert(0, str(root))
    name = ".".join(parts)
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) != str(path):
        raise TargetError(
            f"{path} would be imported as {name!r}, which is already another module; rename the file"
        )
    return name
