"""Every module of the oracle is found under its own name: nothing that a package defines hides one."""

import importlib
import pkgutil
import sys

from sessa_ref import oracle


def test_no_function_hides_a_module():
    found = [info.name for info in pkgutil.walk_packages(oracle.__path__, "sessa_ref.oracle.")]
    assert "sessa_ref.oracle.run" in found
    for name in found:
        module = importlib.import_module(name)
        package, _, own = name.rpartition(".")
        assert getattr(sys.modules[package], own) is module, name
