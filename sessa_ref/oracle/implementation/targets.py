"""Finding the Python object that a target names, and the adapter that it is or needs."""

import functools
import importlib
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.implementation.functions import FunctionAdapter
from sessa_ref.oracle.implementation.protocol import Adapter, TargetError, UnsupportedError, first_line
from sessa_ref.oracle.levels import LAYER, SOLVE, Level

CONSTRUCTOR = {
    "layer": "SessaLayer(D, n_heads, n_kv_heads, max_len, ln_eps, use_flash, use_forward_rope, gamma_max)",
    "mixer": "SessaMixer(D, n_heads, n_kv_heads, max_len, use_flash, use_forward_rope, gamma_max)",
}
"""The published constructors, by level."""
_NEEDED = {
    "layer": ("D", "n_heads", "n_kv_heads", "ln_eps", "use_forward_rope", "gamma_max"),
    "mixer": ("D", "n_heads", "n_kv_heads", "use_forward_rope", "gamma_max"),
}


def load_target(target: str, level: Level = LAYER, device: str = "cpu") -> Adapter:
    """The adapter for `package.module:name` or `path/to/file.py:name`.

    At the level of the solve the name is that of a function of q, k, gamma and f that returns s, or of an `Adapter`. At
    the others it may be that of a torch module class with the published constructor, of a function that takes a
    `SessaConfig` and returns a torch module (also "Class.method", or any other callable), or of an `Adapter` (an
    object, or a class without arguments). A file inside a package is imported as part of it. The current directory
    is searched for modules, and the folder of a file for those that it imports: after the standard library, before
    installed packages.

    Raises:
        TargetError: the target does not exist, does not import, or is none of these; or the device cannot be used.
    """
    return as_adapter(load_object(target), target, level, device)


def load_object(target: str) -> Any:
    """What `package.module:name` or `path/to/file.py:name` names; see `load_target` for what is searched.

    Raises:
        TargetError: it does not exist, or does not import.
    """
    location, colon, name = target.rpartition(":")
    if not colon or not location or not name:
        raise TargetError(f"{target!r} is not of the form package.module:name or path/to/file.py:name")
    try:
        with suppress(FileNotFoundError):  # it was removed; a file elsewhere needs none
            _search(Path.cwd())
        module = _file(Path(location)) if location.endswith(".py") else importlib.import_module(location)
    except TargetError:
        raise
    except (Exception, SystemExit) as error:
        raise TargetError(f"{location} does not import: {first_line(error)}") from error
    try:
        return attrgetter(name)(module)
    except AttributeError:
        raise TargetError(f"{location} has no {name}") from None


def block_sizes_of(implementation: Any) -> tuple[int, ...]:
    """Tokens per block that an implementation declares, in an attribute `block_size`; empty if it declares none.

    Raises:
        TargetError: it declares a number that is not positive.
    """
    while isinstance(implementation, functools.partial):
        implementation = implementation.func
    size = getattr(implementation, "block_size", None)
    if not isinstance(size, int) or isinstance(size, bool):
        return ()
    if size < 1:
        raise TargetError(f"its block_size must be a positive number of tokens, got {size}")
    return (size,)


def as_adapter(implementation: Any, name: str, level: Level = LAYER, device: str = "cpu") -> Adapter:
    """The adapter that an implementation is, or the one that it needs.

    Args:
        implementation: see `load_target`.
        name: what error messages call it.
        level: what it implements.
        device: where a torch module or the tensors of a torch function are.

    Raises:
        TargetError: it is neither a torch module class with the published constructor, nor a function, nor an
            adapter; the device cannot be used; or it is not the CPU and the implementation is not torch's.
    """
    where = _device(device, name, implementation)
    if level == SOLVE:
        return _of_solve(implementation, name, where)
    torch = sys.modules.get("torch")
    essence: Any = implementation
    while isinstance(essence, functools.partial):
        essence = essence.func
    if torch is not None and inspect.isclass(essence) and issubclass(essence, torch.nn.Module):
        from sessa_ref.oracle.implementation.torch_adapter import TorchAdapter

        try:
            inspect.signature(implementation).bind(**dict.fromkeys(_NEEDED[level.name]))
        except TypeError as error:
            message = f"{name} lacks the published constructor {CONSTRUCTOR[level.name]}: {error}"
            raise TargetError(message) from None
        return TorchAdapter(name, lambda config: implementation(**_published_arguments(config, level)), level, *where)
    if hasattr(essence, "build"):
        return _without_arguments(implementation, name) if inspect.isclass(essence) else implementation
    is_module = torch is not None and isinstance(essence, torch.nn.Module)
    if callable(implementation) and not inspect.isclass(essence) and not is_module:
        return _factory_adapter(implementation, name, level, where)
    kind = "a class" if inspect.isclass(essence) else f"an object of type {type(essence).__name__}"
    raise TargetError(
        f"{name} is {kind}, but neither a torch module class with the published constructor, nor a function that "
        "takes a SessaConfig, nor an object with a method build(parameters, dtype)"
    )


def _device(device: str, name: str, implementation: Any) -> list[Any]:
    """Torch's device of this name as an argument for an adapter; none for the CPU, which needs no torch."""
    if device == "cpu":
        return []
    if hasattr(implementation, "build"):
        raise TargetError(f"device must be cpu for {name}: it is an adapter, which places its arrays itself")
    if "torch" not in sys.modules:
        raise TargetError(
            f"device must be cpu for {name}, which does not use torch: NumPy's arrays are on the CPU, and JAX places "
            "its own (set JAX_PLATFORMS)"
        )
    from sessa_ref.oracle.implementation import devices

    found = devices.find(device)
    return [] if found == devices.CPU else [found]


def _of_solve(implementation: Any, name: str, where: list[Any]) -> Adapter:
    """The adapter of a solve. A torch module is a function, too."""
    if hasattr(implementation, "build"):
        return _without_arguments(implementation, name) if inspect.isclass(implementation) else implementation
    if inspect.isclass(implementation) or not callable(implementation):
        kind = "a class" if inspect.isclass(implementation) else f"an object of type {type(implementation).__name__}"
        raise TargetError(
            f"{name} is {kind}, but neither a function of (q, k, gamma, f) that returns s, nor an object with a method "
            "build(parameters, dtype)"
        )
    return FunctionAdapter(name, implementation, *where)


def _published_arguments(config: SessaConfig, level: Level) -> dict[str, Any]:
    if not config.is_published:
        raise UnsupportedError("the published constructor has no such config")
    return {name: value for name, value in config.published_arguments().items() if name in _NEEDED[level.name]}


def _without_arguments(implementation: Callable, name: str) -> Adapter:
    try:
        return implementation()
    except Exception as error:
        raise TargetError(f"{name}() failed: {first_line(error)}") from error


def _factory_adapter(factory: Callable, name: str, level: Level, where: list[Any]) -> Adapter:
    try:
        from sessa_ref.oracle.implementation.torch_adapter import TorchAdapter
    except ModuleNotFoundError:
        raise TargetError(
            'a function that returns a torch module needs torch: pip install "sessa-ref[torch]"'
        ) from None
    try:
        inspect.signature(factory).bind(None)
    except TypeError as error:
        raise TargetError(f"{name} does not take one argument, a SessaConfig: {error}") from None
    except ValueError:
        pass  # it has no signature; the first call will tell
    return TorchAdapter(name, factory, level, *where)


def _file(path: Path) -> ModuleType:
    """Import a Python file, whatever its name, as part of its package if it has one."""
    if not path.is_file():
        raise TargetError(f"there is no file {path}")
    path = path.resolve()
    folder, packages = path.parent, []
    while (folder / "__init__.py").exists() and folder.name.isidentifier():
        packages.insert(0, folder.name)
        folder = folder.parent
    package = ".".join(packages)
    for name in {path.stem, "torch"}:  # what the file means by these names is not what lies beside it
        if not package and _lies_in(name, folder) and _is_importable(name):
            importlib.import_module(name)
    stem = path.stem if path.stem.isidentifier() and (package or not _is_importable(path.stem)) else _another(path)
    _search(folder)
    if package:
        parent = importlib.import_module(package)
        if str(path.parent) not in map(str, getattr(parent, "__path__", ())):
            raise TargetError(f"{path} would be imported from {package!r}, which is another package; rename its folder")
        if path.name == "__init__.py":
            return parent
    return _loaded(f"{package}.{stem}" if package else stem, path)


def _loaded(name: str, path: Path) -> ModuleType:
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, f"{path} ends in .py"
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return sys.modules.get(name, module)


def _search(folder: Path) -> None:
    """Search a folder for modules, but only after the standard library: files are often named like its modules."""
    if str(folder) not in sys.path:
        standard = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
        standard |= {path / "lib-dynload" for path in standard}
        last = max((i for i, entry in enumerate(sys.path) if Path(entry) in standard), default=-1)
        sys.path.insert(last + 1, str(folder))


def _lies_in(name: str, folder: Path) -> bool:
    return (folder / f"{name}.py").exists() or (folder / name).is_dir()


def _is_importable(name: str) -> bool:
    if not name.isidentifier():
        return False
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except ValueError:  # a module without a spec
        return True


def _another(path: Path) -> str:
    """A module name for a file whose own name is not a valid one, or is that of another module."""
    return "implementation_" + re.sub(r"\W", "_", path.stem)
