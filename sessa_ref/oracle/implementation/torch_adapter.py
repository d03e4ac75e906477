"""Torch modules as implementations: anything with the published parameter names."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.implementation import devices
from sessa_ref.oracle.implementation.protocol import ImplementationError, Layer, TargetError, describe
from sessa_ref.oracle.levels import LAYER, Level
from sessa_ref.parameters import SessaParameters


class TorchAdapter:
    """Builds torch modules and fills them with parameters.

    Args:
        name: what error messages call the implementation.
        construct: makes the module for a config.
        level: the layer, or the mixer, whose parameters have the names that they have in the mixer itself.
        device: where the module, its inputs and its caches are.
    """

    def __init__(
        self,
        name: str,
        construct: Callable[[SessaConfig], Any],
        level: Level = LAYER,
        device: torch.device = devices.CPU,
    ) -> None:
        self.name = name
        self.construct = construct
        self.level = level
        self.prefix = level.prefix
        self.device = device

    def about(self) -> dict[str, str]:
        """What it runs on."""
        return devices.about(self.device)

    def build(self, parameters: SessaParameters, dtype: str) -> Layer:
        """The module with these parameters, in `dtype` and in evaluation mode.

        Wrappers of torch's own (`torch.compile`, `DataParallel`), and buffers, make no difference.

        Raises:
            TargetError: it is no torch module, or its parameters are not those of the published layer.
            UnsupportedError: the function that makes it declines the config.
        """
        torch_dtype = getattr(torch, dtype)
        module = self.construct(parameters.config)
        if not isinstance(module, torch.nn.Module):
            raise TargetError(f"{self.name} made {describe(module)}, not a torch module")
        module = module.to(device=self.device, dtype=torch_dtype).eval()
        devices.check_moved(module, self.device, self.name)
        own = {self.prefix + _published_name(name): name for name, _ in module.named_parameters()}
        if own.keys() != parameters.keys():
            added, missing = sorted(own.keys() - parameters.keys()), sorted(parameters.keys() - own.keys())
            raise TargetError(
                f"{self.name} does not have the published parameters: it adds {added or 'none'} "
                f"and lacks {missing or 'none'}"
            )
        tensors = {own[name]: _as_tensor(array, torch_dtype) for name, array in parameters.items()}
        try:
            result = module.load_state_dict(tensors, strict=False)
            unexpected = getattr(result, "unexpected_keys", ())  # a method of its own may return nothing
        except RuntimeError as error:
            problem = " ".join(str(error).split())
            raise TargetError(f"{self.name} does not take the published state_dict: {problem}") from None
        if unexpected:
            raise TargetError(f"{self.name} does not take the published state_dict: it refuses {sorted(unexpected)}")
        has_cache = all(hasattr(module, name) for name in ("init_cache", "prefill", "decode_step"))
        decodes = has_cache and "decode" not in self.level.leaves_out
        return (DecodingTorchLayer if decodes else TorchLayer)(module, torch_dtype, self.prefix, self.device)


class TorchLayer:
    """A torch module behind the adapter protocol."""

    def __init__(
        self, module: torch.nn.Module, dtype: torch.dtype, prefix: str = "", device: torch.device = devices.CPU
    ) -> None:
        self.module: Any = module
        self.dtype = dtype
        self.prefix = prefix
        self.device = device

    @property
    def parameters(self) -> dict[str, Any]:
        """The module's parameters under their published names."""
        return {self.prefix + _published_name(name): leaf for name, leaf in self.module.named_parameters()}

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The module's output; autograd records it in training mode.

        The module gets x's own memory and layout where torch can represent them.
        """
        tokens = self._tensor(x)
        with torch.set_grad_enabled(self.module.training):
            y = self._output(self._run(self.module, tokens), "it")
        devices.put_back(tokens, x)
        return y

    def forward_padded(self, x: np.ndarray, attention_mask: np.ndarray) -> np.ndarray | None:
        """The module's output with `attention_mask`, a tensor of booleans, if its forward has such an argument."""
        if not _takes_mask(self.module.forward):
            return None
        with torch.no_grad():
            y = self._run(self.module, self._tensor(x), attention_mask=self._mask(attention_mask))
            return self._output(y, "it")

    def vjp(self, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Gradients by autograd; what autograd finds unconnected counts as zero."""
        names, leaves = zip(*self.parameters.items(), strict=True)
        frozen = [name for name, leaf in self.parameters.items() if not leaf.requires_grad]
        if frozen:
            raise ImplementationError(f"its parameters {', '.join(frozen)} have requires_grad=False")
        dx, *gradients = self._gradients(x, dy, leaves, with_x=True)
        return dx, dict(zip(names, gradients, strict=True))

    def partial_vjp(
        self, x: np.ndarray, dy: np.ndarray, of: Literal["x", "parameters"]
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """The same where the parameters are frozen, or x is data and another input comes before the backward pass."""
        names, leaves = zip(*self.parameters.items(), strict=True)
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
            for name, own in self.parameters.items():
                own.copy_(_as_tensor(parameters[name], self.dtype))

    def trace(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """What the submodules of published name return: n, a, g, q, k, v, o, f, q_fb, k_fb, s, as far as they ran."""
        seen: dict[str, torch.Tensor] = {}
        handles = [
            child.register_forward_hook(
                lambda _module, inputs, output, name=name: seen.update({name: output, f"{name} input": inputs[0]})
            )
            for path, child in self.module.named_modules()
            if (name := self.prefix + _published_name(path))
        ]
        try:
            self.forward(x)
        finally:
            for handle in handles:
                handle.remove()
        return _by_symbol({n: _to_numpy(t) for n, t in seen.items() if isinstance(t, torch.Tensor)})

    def _run(self, function: Any, *arguments: Any, **named: Any) -> Any:
        with devices.one_device(self.device, self.module):
            return function(*arguments, **named)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return as_given(array, self.dtype, self.device)

    def _mask(self, attention_mask: np.ndarray) -> torch.Tensor:
        return devices.put(torch.from_numpy(attention_mask), self.device)

    def _output(self, y: Any, source: str) -> np.ndarray:
        """The output as an array; `source` is what gave it, in messages."""
        if not isinstance(y, torch.Tensor):
            advice = "return the output alone, or name a function whose module does"
            raise ImplementationError(f"{source} returns {describe(y)} in place of the output tensor; {advice}")
        return as_array(y, self.dtype, f"the output that {source} returns", self.device)

    def _gradients(
        self, x: np.ndarray, dy: np.ndarray, leaves: Sequence[Any], with_x: bool, meanwhile: bool = False
    ) -> list[np.ndarray]:
        """Gradients by `backward`, as training calls it; `meanwhile`, another input comes before it."""
        _check_recording()
        tokens = self._tensor(x.copy()).requires_grad_(with_x)
        wanted = [tokens, *leaves] if with_x else list(leaves)
        for leaf in wanted:
            leaf.grad = None
        y = self._run(self.module, tokens)
        if meanwhile:
            self._run(self.module, -tokens.detach())
        _check_recording()
        self._output(y, "it")
        if not y.requires_grad:
            how = "runs in torch.inference_mode" if y.is_inference() else "runs under torch.no_grad, or detaches it"
            raise ImplementationError(f"its output has no gradient: its forward {how}")
        self._run(y.backward, self._tensor(dy))
        return [_to_numpy(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad) for leaf in wanted]


class DecodingTorchLayer(TorchLayer):
    """A torch module with the published cache methods."""

    _cache: Any = None

    def prefill(self, x: np.ndarray, capacity: int) -> np.ndarray:
        """A fresh cache for `capacity` tokens, and the module's output for the prompt."""
        with torch.no_grad():
            self._cache = self._run(self.module.init_cache, len(x), dtype=self.dtype, max_len=max(capacity, 1))
            if not x.shape[1]:  # decoding from the start needs no prompt
                return x
            return self._kept(self._run(self.module.prefill, self._tensor(x), self._cache), "its prefill")

    def prefill_padded(self, x: np.ndarray, attention_mask: np.ndarray, capacity: int) -> np.ndarray | None:
        """The same with `attention_mask`, if the module's prefill has such an argument."""
        if not _takes_mask(self.module.prefill):
            return None
        with torch.no_grad():
            self._cache = self._run(self.module.init_cache, len(x), dtype=self.dtype, max_len=capacity)
            mask, prefill = self._mask(attention_mask), self.module.prefill
            return self._kept(self._run(prefill, self._tensor(x), self._cache, attention_mask=mask), "its prefill")

    def decode_step(self, x_t: np.ndarray) -> np.ndarray:
        """The module's output for the next token."""
        with torch.no_grad():
            return self._kept(self._run(self.module.decode_step, self._tensor(x_t), self._cache), "its decode_step")

    def _kept(self, result: Any, source: str) -> np.ndarray:
        """The output of a step, whose cache is kept."""
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise ImplementationError(f"{source} returns {describe(result)}, expected (y, cache)")
        y, self._cache = result
        return self._output(y, source)

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
    readers = [outputs.get(f"mixer.{name} input") for name in ("q_proj", "k_proj", "v_proj", "proj_fb")]
    first, *others = readers
    if first is not None and all(other is not None and np.array_equal(first, other) for other in others):
        symbols.setdefault("u", first)  # what all of them read is the mixer's input
    return symbols


_WRAPPERS = {"_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""Names by which torch's wrappers hold the module that they wrap; the published layer has none of them."""


def _published_name(path: str) -> str:
    """The name of a parameter or submodule without those of wrappers."""
    return ".".join(part for part in path.split(".") if part not in _WRAPPERS)


def as_given(array: np.ndarray, dtype: torch.dtype, device: torch.device = devices.CPU) -> torch.Tensor:
    """A tensor of the array's own layout, and on the CPU of its memory, where torch can represent them."""
    if 0 in array.strides[:1]:  # equal rows, stored once
        return devices.put(torch.from_numpy(array[:1].copy()).to(dtype), device).expand(array.shape)
    return devices.put(torch.from_numpy(array).to(dtype), device)


def as_array(tensor: torch.Tensor, dtype: torch.dtype, name: str, device: torch.device = devices.CPU) -> np.ndarray:
    """A tensor that an implementation returned, as an array.

    Raises:
        ImplementationError: it has another dtype than this one, is on another device, or holds no numbers; `name` says
            in messages what it is.
    """
    if tensor.dtype != dtype:
        raise ImplementationError(f"{name} is {tensor.dtype}, expected {dtype}")
    if tensor.layout != torch.strided:
        raise ImplementationError(f"{name} is {tensor.layout}, expected a dense tensor")
    if tensor.is_meta:
        raise ImplementationError(f"{name} lies on the device meta and has no numbers")
    if tensor.device != device:
        raise ImplementationError(f"it mixes devices: {name} is on {tensor.device}, its inputs are on {device}")
    return _to_numpy(tensor)


def _as_tensor(array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor(array, dtype=dtype, device="cpu")  # the implementation may have set another default


def _check_recording() -> None:
    """An implementation may switch gradients off for the whole process. That is an error, not a wrong gradient."""
    if torch.is_inference_mode_enabled():
        raise ImplementationError("it leaves torch.inference_mode switched on, so that there are no gradients")
    if not torch.is_grad_enabled():
        raise ImplementationError("it leaves gradients switched off (torch.set_grad_enabled(False))")


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu().resolve_neg()
    if tensor.dtype == torch.bfloat16:  # NumPy has none; float32 holds its values exactly
        tensor = tensor.float()
    return tensor.numpy()
