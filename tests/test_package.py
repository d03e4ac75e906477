"""What holds for every module of the package."""

import importlib
import pkgutil
from types import ModuleType

import pytest

import sessa_ref

MODULES = sorted(module.name for module in pkgutil.walk_packages(sessa_ref.__path__, "sessa_ref."))


@pytest.mark.parametrize("name", [name for name in MODULES if name.count(".") > 1])
def test_no_function_hides_a_module(name):
    """`from package import name` gives the module, not a function of its name."""
    package, _, module = name.rpartition(".")
    importlib.import_module(name)
    assert isinstance(getattr(importlib.import_module(package), module), ModuleType)
