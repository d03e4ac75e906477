"""Finding the Python object that a target names, and the adapter that it is or needs."""

import importlib
import inspect
import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.candidate import Adapter, TargetError, UnsupportedError

CONSTRUCTOR = "SessaLayer(D, n_heads, n_kv_heads, max_len, ln_eps, use_flash, use_forward_rope, gamma_max)"
_NEEDED = ("D", "n_heads", "n_kv_heads", "ln_eps", "use_forward_rope", "gamma_max")


def load_target(target: str) -> Adapter:
    """The adapter for `package.module:name` or `path/to/file.py:name`.

    The name may be that of a torch module class with the published constructor, of a function that takes a
    `SessaConfig` and returns a torch module (also "Class.method"), or of an `Adapter` (an object, or a class without
    arguments). A
    file inside a package is imported as part of it. The current directory is searched for modules.

    Raises:
        TargetError: the target does not exist, does not import, or is none of these.
    """
    location, colon, name = target.rpartition(":")
    if not colon or not location or not name:
        raise TargetError(f"{target!r} is not of the form package.module:name or path/to/file.py:name")
    module_name = _module_of_file(Path(location)) if location.endswith(".py") else location
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        summary = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TargetError(f"{location} does not import: {summary}") from error
    try:
        implementation = attrgetter(name)(module)
    except AttributeError:
        raise TargetError(f"{location} has no {name}") from None
    return as_adapter(implementation, target)


def as_adapter(implementation: Any, name: str) -> Adapter:
    """The adapter that an implementation is, or the one that it needs.

    Args:
        implementation: see `load_target`.
        name: what error messages call it.

    Raises:
        TargetError: it is neither a torch module class with the published constructor, nor a function, nor an
            adapter.
    """
    torch = sys.modules.get("torch")
    if torch is not None and inspect.isclass(implementation) and issubclass(implementation, torch.nn.Module):
        from sessa_ref.oracle.torch_adapter import TorchAdapter

        try:
            inspect.signature(implementation).bind(**dict.fromkeys(_NEEDED))
        except TypeError as error:
            message = f"{name} lacks the published constructor {CONSTRUCTOR}: {error}"
            raise TargetError(message) from None
        return TorchAdapter(name, lambda config: implementation(**_published_arguments(config)))
    if hasattr(implementation, "build"):
        return _without_arguments(implementation, name) if inspect.isclass(implementation) else implementation
    if inspect.isroutine(implementation):
        return _factory_adapter(implementation, name)
    kind = "a class" if inspect.isclass(implementation) else f"an object of type {type(implementation).__name__}"
    raise TargetError(
        f"{name} is {kind}, but neither a torch module class with the published constructor, nor a function that "
        "takes a SessaConfig, nor an object with a method build(parameters, dtype)"
    )


def _published_arguments(config: SessaConfig) -> dict[str, Any]:
    if not config.is_published:
        raise UnsupportedError("the published constructor has no such config")
    return config.published_arguments()


def _without_arguments(implementation: type, name: str) -> Adapter:
    try:
        return implementation()
    except Exception as error:
        raise TargetError(f"{name}() failed: {type(error).__name__}: {error}") from error


def _factory_adapter(factory: Callable, name: str) -> Adapter:
    try:
        from sessa_ref.oracle.torch_adapter import TorchAdapter
    except ModuleNotFoundError:
        raise TargetError(
            'a function that returns a torch module needs torch: pip install "sessa-ref[torch]"'
        ) from None
    try:
        inspect.signature(factory).bind(None)
    except TypeError as error:
        raise TargetError(f"{name} does not take one argument, a SessaConfig: {error}") from None
    return TorchAdapter(name, factory)


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
        raise TargetError(f"{path} would be imported as {name!r}, which is another module; rename the file")
    return name
