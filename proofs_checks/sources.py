"""A fingerprint of the sources that a row rests on, so that a changed check makes its recorded status stale."""

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from proofs_checks.statement import Statement

ROOMS = ("proofs_checks", "sessa_ref.theory")
"""Where a change makes a status stale: the statement, its check and what checks share, and the formulas."""


def fingerprint(statement: Statement) -> str:
    """Twelve hexadecimal digits for a row's file and all that it imports from `ROOMS`; "" without a check."""
    if statement.check is None:
        return ""
    digest = hashlib.sha256(statement.id.encode())
    for module in sorted(_reached(statement.check.__module__)):
        digest.update(module.encode() + b"\0" + _source(module))
    return digest.hexdigest()[:12]


def _reached(module: str) -> set[str]:
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imports(name)
    return found


@cache
def _imports(module: str) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in names if name.startswith(ROOMS) and _file(name))


@cache
def _source(module: str) -> bytes:
    file = _file(module)
    return b"" if file is None else file.read_bytes().replace(b"\r\n", b"\n")


@cache
def _file(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except (ModuleNotFoundError, AttributeError):
        return None  # a name inside a module
    return Path(spec.origin) if spec and spec.origin else None
