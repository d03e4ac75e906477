"""Functions of arrays as implementations of the solve: s = function(q, k, gamma, f), in torch, JAX or NumPy."""

import copy
import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.implementation.protocol import (
    ImplementationError,
    TargetError,
    UnsupportedError,
    describe,
    first_line,
)
from sessa_ref.oracle.levels import SOLVE, Values
from sessa_ref.parameters import SessaParameters
from sessa_ref.precision import PRECISIONS

_TRIED = 64
"""Tokens of the call that finds out which arrays a function takes: many kernels want multiples of a block."""


class FunctionAdapter:
    """A function of q, k, (batch, T, d_b), gamma, (batch, T), and f, (batch, T, D), that returns s of f's shape.

    It is tried with arrays of the imported libraries, first of those that its module uses, until what it returns is of
    the library that it was given. It may raise `UnsupportedError` for widths that it does not offer. Gradients come
    from the library, or from its attribute `vjp`, a function of q, k, gamma, f and ds with values (dq, dk, dgamma, df).

    Args:
        name: what messages call it.
        function: the function.
        device: torch's device for all arrays, which then are torch's alone; by default those of every library are
            where the library has them.
    """

    def __init__(self, name: str, function: Callable[..., Any], device: Any = None) -> None:
        self.name = name
        self.function = function if device is None else _moved(function, device)
        self.device = device
        self._found: dict[tuple[SessaConfig, str], _Solve | _Differentiable] = {}
        self._kind: type[_Solve] | None = None

    def about(self) -> dict[str, str]:
        """What it runs on, once it has been called."""
        return {} if self._kind is None else self._kind.about(self.device)

    def build(self, parameters: SessaParameters, dtype: str) -> "_Solve | _Differentiable":
        """The function as a layer without parameters, for arrays of `dtype`.

        Raises:
            TargetError: it takes no arrays of any library.
            UnsupportedError: it declines these widths.
        """
        key = (parameters.config, dtype)
        if key not in self._found:
            self._found[key] = self._solve(parameters.config, dtype)
        return self._found[key]

    def _solve(self, config: SessaConfig, dtype: str) -> "_Solve | _Differentiable":
        generator, problems = np.random.default_rng(0), []
        width, carrier = sum(SOLVE.inputs(config).values()), PRECISIONS[dtype].carrier
        tokens = (0.5 * generator.uniform(-1, 1, size=(1, _TRIED, width))).astype(carrier)
        ds = np.ones((1, _TRIED, config.width), dtype=carrier)
        for kind in _kinds(self.function) if self.device is None else [_TorchSolve]:
            solve = kind(self.function, config, dtype, self.device)
            try:
                s = solve.call(tokens)
            except UnsupportedError:
                raise
            except Exception as error:  # whatever the function raises
                told = str(error) if isinstance(error, ImplementationError) else first_line(error)
                problems.append(f"with {kind.arrays}: {told}")
                continue
            if kind.owns(s):
                self._kind = kind
                return _Differentiable(solve) if _has_gradients(solve, tokens, ds) else solve
            problems.append(f"with {kind.arrays} it returns {describe(s)}")
        if self.device is not None:
            problems.append(f"arrays of other libraries are not tried, as device {self.device} is torch's")
        raise TargetError(
            f"{self.name} is no function of (q, k, gamma, f) that returns s for {_TRIED} tokens; {'; '.join(problems)}"
        )


class _NoGradientError(Exception):
    """A function has no gradients."""


class _Solve(ABC):
    """A function on arrays of one library, behind the protocol of layers."""

    arrays: ClassVar[str]

    def __init__(self, function: Callable[..., Any], config: SessaConfig, dtype: str, device: Any = None) -> None:
        self.function: Any = function
        self.config = config
        self.dtype = dtype
        self.device = device

    @staticmethod
    def about(device: Any) -> dict[str, str]:
        """What arrays of this library are computed on."""
        return {}

    @staticmethod
    @abstractmethod
    def owns(array: Any) -> bool:
        """Whether an array is of this library."""

    @abstractmethod
    def given(self, array: np.ndarray) -> Any:
        """An array of this library, of the same memory and strides where it can have them."""

    @abstractmethod
    def plain(self, array: Any) -> np.ndarray:
        """An array of NumPy's."""

    @abstractmethod
    def pulled_back(self, parts: Values, ds: np.ndarray, of: tuple[str, ...]) -> Values:
        """The gradients of sum(ds * s) with respect to these inputs, by the library's own means."""

    def run(self, function: Callable[..., Any], arrays: Iterable[Any]) -> Any:
        """Call the function, or its vjp, with arrays of this library."""
        return function(*arrays)

    @abstractmethod
    def put_back(self, given: Any, array: np.ndarray) -> None:
        """Write what the function made of an argument into the array that it was made from."""

    def call(self, x: np.ndarray) -> Any:
        """What the function returns for these tokens."""
        return self.run(self.function, map(self.given, self._parts(x).values()))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """s, as an array of NumPy's. What the function changes in its arguments is changed in x."""
        parts = self._parts(x)
        given = {name: self.given(part) for name, part in parts.items()}
        s = self.run(self.function, given.values())
        for name, part in SOLVE.split(self.config, x).items():
            self.put_back(given[name], parts[name])
            if not np.shares_memory(part, parts[name]):
                part[...] = parts[name]
        return self._result("s", s)

    def gradients(self, x: np.ndarray, ds: np.ndarray, of: tuple[str, ...]) -> Values:
        """The gradients of some inputs, by name.

        Raises:
            _NoGradientError: the function has none.
        """
        parts, own = self._parts(x), getattr(self.function, "vjp", None)
        if own is None:
            return self.pulled_back(parts, ds, of)
        result = self.run(own, map(self.given, (*parts.values(), ds)))
        if not isinstance(result, tuple | list) or len(result) != 4:
            raise ImplementationError(f"its vjp returns {describe(result)}; expected (dq, dk, dgamma, df)")
        return {name: self._result(f"d{name}", one) for name, one in zip(parts, result, strict=True) if name in of}

    def _parts(self, x: np.ndarray) -> Values:
        """The inputs, each in memory of its own; views where x is strided, so that they are strided too."""
        parts = SOLVE.split(self.config, x)
        return {n: np.ascontiguousarray(part) for n, part in parts.items()} if x.flags.c_contiguous else parts

    def _result(self, name: str, array: Any) -> np.ndarray:
        if not self.owns(array):
            raise ImplementationError(f"{name} is {describe(array)}, expected one of {self.arrays}")
        return self.plain(array)


class _Differentiable:
    """A solve that has gradients, too."""

    def __init__(self, solve: _Solve) -> None:
        self.forward = solve.forward
        self._gradients = solve.gradients

    def vjp(self, x: np.ndarray, dy: np.ndarray) -> tuple[Values, Values]:
        """The gradients of the four inputs by name, and none of parameters."""
        return self._gradients(x, dy, ("q", "k", "gamma", "f")), {}

    def vjp_of(self, name: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """The gradient of one input, where no other is wanted, and another call comes before the backward pass."""
        return self._gradients(x, dy, (name,))[name]


class _NumpySolve(_Solve):
    arrays = "NumPy arrays"

    @staticmethod
    def owns(array: Any) -> bool:
        return isinstance(array, np.ndarray)

    def given(self, array: np.ndarray) -> np.ndarray:
        return array

    def put_back(self, given: Any, array: np.ndarray) -> None:
        pass  # it is that array

    def plain(self, array: Any) -> np.ndarray:
        return array

    def pulled_back(self, parts: Values, ds: np.ndarray, of: tuple[str, ...]) -> Values:
        raise _NoGradientError


class _TorchSolve(_Solve):
    arrays = "torch tensors"

    @staticmethod
    def owns(array: Any) -> bool:
        import torch

        return isinstance(array, torch.Tensor)

    def given(self, array: np.ndarray) -> Any:
        import torch

        from sessa_ref.oracle.implementation.torch_adapter import as_given

        return as_given(array, getattr(torch, self.dtype), *self._where)

    def plain(self, array: Any) -> np.ndarray:
        import torch

        from sessa_ref.oracle.implementation.torch_adapter import as_array

        return as_array(array, getattr(torch, self.dtype), "what it returns", *self._where)

    @staticmethod
    def about(device: Any) -> dict[str, str]:
        from sessa_ref.oracle.implementation import devices

        return devices.about(device or devices.CPU)

    @property
    def _where(self) -> list[Any]:
        return [] if self.device is None else [self.device]

    def run(self, function: Callable[..., Any], arrays: Iterable[Any]) -> Any:
        from sessa_ref.oracle.implementation import devices

        with devices.one_device(self.device or devices.CPU, function):
            return function(*arrays)

    def put_back(self, given: Any, array: np.ndarray) -> None:
        from sessa_ref.oracle.implementation import devices

        devices.put_back(given, array)

    def pulled_back(self, parts: Values, ds: np.ndarray, of: tuple[str, ...]) -> Values:
        import torch

        tensors = {name: self.given(part.copy()) for name, part in parts.items()}
        leaves = [tensors[name].requires_grad_() for name in of]
        with torch.enable_grad():
            s = self.run(self.function, tensors.values())
            if len(of) == 1:
                self.run(self.function, (-tensor.detach() for tensor in tensors.values()))
        self._result("s", s)
        if not s.requires_grad:
            raise _NoGradientError
        found = torch.autograd.grad(s, leaves, self.given(ds), allow_unused=True)
        none = (torch.zeros_like(leaf) if one is None else one for leaf, one in zip(leaves, found, strict=True))
        return {name: self.plain(one) for name, one in zip(of, none, strict=True)}


class _JaxSolve(_Solve):
    arrays = "JAX arrays"

    @staticmethod
    def owns(array: Any) -> bool:
        import jax

        return isinstance(array, jax.Array)

    def given(self, array: np.ndarray) -> Any:
        import jax

        jax.config.update("jax_enable_x64", True)  # otherwise arrays of float64 would become float32
        return jax.numpy.asarray(array, dtype=self.dtype)

    def put_back(self, given: Any, array: np.ndarray) -> None:
        pass  # nothing changes arrays of JAX

    @staticmethod
    def about(device: Any) -> dict[str, str]:
        import jax

        config: Any = jax.config
        products = config.jax_default_matmul_precision or "default"
        settings = f"precision of products: {products}"
        return {"device": str(jax.devices()[0]), "libraries": f"jax {jax.__version__}", "settings": settings}

    def plain(self, array: Any) -> np.ndarray:
        if str(array.dtype) != self.dtype:
            raise ImplementationError(f"what it returns is {array.dtype}, expected {self.dtype}")
        return np.asarray(array.astype("float32") if self.dtype == "bfloat16" else array)

    def pulled_back(self, parts: Values, ds: np.ndarray, of: tuple[str, ...]) -> Values:
        import jax

        arrays = {name: self.given(part) for name, part in parts.items()}

        def function(*wanted: Any) -> Any:
            return self.function(*(arrays | dict(zip(of, wanted, strict=True))).values())

        gradients = jax.vjp(function, *(arrays[name] for name in of))[1](self.given(ds))
        return {name: self.plain(one) for name, one in zip(of, gradients, strict=True)}


def _moved(function: Callable[..., Any], device: Any) -> Callable[..., Any]:
    """A torch module with its parameters and buffers on a device; any other function as it is."""
    import torch

    return copy.deepcopy(function).to(device) if isinstance(function, torch.nn.Module) else function


def _has_gradients(solve: _Solve, tokens: np.ndarray, ds: np.ndarray) -> bool:
    """Whether there are gradients, right or wrong; one that fails with an error counts, too."""
    try:
        solve.gradients(tokens, ds, ("q",))
    except _NoGradientError:
        return False
    except Exception:
        return True
    return True


_KINDS: dict[str, type[_Solve]] = {"torch": _TorchSolve, "jax": _JaxSolve, "numpy": _NumpySolve}


def _kinds(function: Callable[..., Any]) -> list[type[_Solve]]:
    """The libraries that are imported, first those that the function's own module uses."""
    named = getattr(inspect.unwrap(function), "__globals__", {}).values()
    used = {
        str(getattr(thing, "__module__", None) or getattr(thing, "__name__", "")).partition(".")[0] for thing in named
    }
    imported = [library for library in _KINDS if library in sys.modules]
    return [_KINDS[library] for library in sorted(imported, key=lambda library: library not in used)]
