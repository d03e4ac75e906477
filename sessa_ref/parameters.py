"""SessaParameters: the layer's arrays, named as in the published `state_dict`, with their config."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from jaxtyping import Float64
from safetensors.numpy import save

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array, Real, as_floats

IGNORED_BUFFERS = ("mixer.rope_inv_freq", "mixer.causal_mask_f_full", "mixer.causal_mask_fb_full")
"""Buffers of the published layer that are no parameters: they follow from the config."""

_SAFETENSORS_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}


def shapes(config: SessaConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter that a layer of this config has, in the published order.

    Matrices are stored as in torch: (outputs, inputs).
    """
    D, H, G = config.width, config.heads, config.kv_heads
    result: dict[str, tuple[int, ...]] = {}

    def linear(name: str, outputs: int, inputs: int, bias: bool) -> None:
        result[f"{name}.weight"] = (outputs, inputs)
        if bias:
            result[f"{name}.bias"] = (outputs,)

    if config.norm == "layernorm":
        result["ln.weight"] = (D,)
        result["ln.bias"] = (D,)
    linear("W_in", 2 * D, D, bias=True)
    result["mixer.gamma_bias"] = ()
    linear("mixer.q_proj", H * config.query_width, D, config.projection_bias)
    linear("mixer.k_proj", G * config.query_width, D, config.projection_bias)
    linear("mixer.v_proj", G * config.value_width, D, config.projection_bias)
    linear("mixer.proj_fb", 2 * config.feedback_width, D, config.projection_bias)
    if H > 1:  # one head: the output projection is the identity and has no weight
        linear("mixer.out_proj", D, D, bias=False)
    linear("mixer.gamma_ctx", 1, D, bias=False)
    linear("W_out", D, D, bias=True)
    return result


class SessaParameters(Mapping[str, Array]):
    """The layer's arrays (read-only float64, exact copies of what was given) and the config they belong to.

    A mapping from published parameter name to array; `shapes(config)` lists names and shapes.

    Args:
        config: the map that the arrays are for.
        arrays: one array or torch tensor of real floating-point numbers per parameter name.

    Raises:
        ValueError: a name is missing or unexpected, a shape is wrong, or a value is not finite.
        TypeError: an array is not of real floating-point numbers.
    """

    def __init__(self, config: SessaConfig, arrays: Mapping[str, Any]) -> None:
        expected = shapes(config)
        missing = [name for name in expected if name not in arrays]
        unexpected = [name for name in arrays if name not in expected]
        if missing or unexpected:
            raise ValueError(
                f"parameter names do not fit the config: missing {_some(missing)}, "
                f"unexpected {_some(unexpected)} (for {config})"
            )
        self.config = config
        self._arrays = {name: _exact_float64(name, arrays[name], shape) for name, shape in expected.items()}

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self):
            raise AttributeError(f"parameters cannot be changed, got a new {name}; `replace` makes a changed copy")
        super().__setattr__(name, value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Copies and unpickled parameters have read-only arrays as well."""
        for array in state["_arrays"].values():
            array.setflags(write=False)
        vars(self).update(state)

    def __eq__(self, other: object) -> bool:
        """Whether configs and all numbers are equal."""
        if not isinstance(other, SessaParameters):
            return NotImplemented
        return self.config == other.config and all(np.array_equal(self[name], other[name]) for name in self)

    def __hash__(self) -> int:
        return hash(self.config)

    def __getitem__(self, name: str) -> Real[Array, "..."]:
        return self._arrays[name]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        numbers = sum(array.size for array in self._arrays.values())
        return f"SessaParameters({numbers} numbers in {len(self)} arrays, {self.config})"

    @classmethod
    def unchecked(cls, config: SessaConfig, arrays: Mapping[str, Array]) -> "SessaParameters":
        """Parameters that hold these arrays themselves, of any dtype, such as complex numbers for derivatives."""
        parameters = cls.__new__(cls)
        parameters.config = config
        parameters._arrays = dict(arrays)
        return parameters

    def replace(self, arrays: Mapping[str, Any]) -> "SessaParameters":
        """The same parameters with some arrays replaced; names and shapes are checked as in the constructor."""
        return type(self)(self.config, {**self._arrays, **arrays})

    @classmethod
    def random(cls, config: SessaConfig, seed: int | np.random.Generator = 0) -> "SessaParameters":
        """Parameters drawn from the published layer's initial distribution.

        Linear maps are uniform on +-1/sqrt(inputs), weights and biases alike; the layer norm starts as
        the identity affine map and the gain's bias at 1. Equal seeds give equal parameters.
        """
        generator = np.random.default_rng(seed)
        constants = {"ln.weight": 1.0, "ln.bias": 0.0, "mixer.gamma_bias": 1.0}
        bound = config.width**-0.5  # every linear map of the layer has `width` inputs
        arrays = {
            name: np.full(shape, constants[name]) if name in constants else generator.uniform(-bound, bound, shape)
            for name, shape in shapes(config).items()
        }
        return cls(config, arrays)

    @classmethod
    def from_state_dict(cls, state_dict: Mapping[str, Any], config: SessaConfig) -> "SessaParameters":
        """Parameters from a `state_dict` of the published layer or of ours; its buffers are ignored.

        Raises:
            ValueError, TypeError: as the constructor.
        """
        return cls(config, {name: v for name, v in state_dict.items() if name not in IGNORED_BUFFERS})

    def state_dict(self, dtype: Any = np.float64) -> dict[str, Array]:
        """Writable NumPy copies of all arrays in `dtype`, under the published names."""
        return {name: array.astype(dtype, order="C") for name, array in self._arrays.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file (float64) that carries the config in its header.

        Raises:
            OSError: the file cannot be written.
        """
        Path(path).write_bytes(save(self.state_dict(), metadata={"sessa_config": self.config.to_json()}))

    @classmethod
    def load(cls, path: str | os.PathLike[str], config: SessaConfig | None = None) -> "SessaParameters":
        """Parameters from a safetensors file: one that `save` wrote, or a published `state_dict`.

        Args:
            path: the file; float64, float32, float16 and bfloat16 are read exactly.
            config: needed where the file carries none, since shapes do not determine heads, gamma_max or norm_eps.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is not safetensors or is a network of blocks; it carries no config and none is given,
                or a config that differs from the given one; or its content does not fit the config.
            TypeError: the file stores something other than floating-point numbers, or its config has a wrong type.
        """
        entries = read_safetensors(path)
        with safetensors.safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
        if "sessa_network" in header:
            raise ValueError(
                f"{path} is a network of blocks, not a layer: sessa_ref.constructions.Network.load reads it"
            )
        text = header.get("sessa_config")
        if text is not None:
            carried = SessaConfig.from_json(text)
            if config not in (None, carried):
                raise ValueError(f"{path} carries another config than the one given: {carried} instead of {config}")
            config = carried
        if config is None:
            raise ValueError(f"{path} carries no sessa_config: give the config that it was trained with")
        wanted = {name: e for name, e in entries.items() if name not in IGNORED_BUFFERS}
        return cls(config, {name: decode(name, entry) for name, entry in wanted.items()})


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Mapping[str, Any]]:
    """The entries of a safetensors file by name, as `decode` takes them.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a safetensors file.
    """
    try:
        return dict(safetensors.deserialize(Path(path).read_bytes()))
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from None


def decode(name: str, entry: Mapping[str, Any]) -> Array:
    """The array that an entry of a safetensors file stores: float64, float32 or float16, and bfloat16 as float32.

    Raises:
        TypeError: it is stored in another format.
    """
    # NumPy has no bfloat16, so safetensors' own NumPy reader refuses such checkpoints; the 16 bits
    # are the upper half of a float32.
    if entry["dtype"] == "BF16":
        return (
            (np.frombuffer(entry["data"], np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
        )
    if entry["dtype"] not in _SAFETENSORS_FLOATS:
        raise TypeError(f"{name} must be stored as F64, F32, F16 or BF16, got {entry['dtype']}")
    return np.frombuffer(entry["data"], _SAFETENSORS_FLOATS[entry["dtype"]]).reshape(entry["shape"])


def _exact_float64(name: str, value: Any, shape: tuple[int, ...]) -> Float64[Array, "..."]:
    given = as_floats(name, value)
    if given.dtype != np.float64:
        raise TypeError(f"{name} must be an array of float64 or narrower real numbers, got {given.dtype}")
    if given.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    exact = np.array(given, dtype=np.float64)
    exact.setflags(write=False)
    return exact


def _some(names: list[str]) -> str:
    """A list of names for a message, cut where it is long: a checkpoint of a whole model has thousands."""
    return f"{names[:8]} and {len(names) - 8} more" if len(names) > 8 else str(names or "none")
