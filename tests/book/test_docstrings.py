"""Docstrings become markup that means what they say."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest


def test_text_is_plain_and_code_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "book" / "_extensions")
    lines = ["|x| is `f(x)`, thus:", "", "    plan | {'a': rows}", "    g(x_)", "", "Args:", "    x_: a number."]
    importlib.import_module("docstrings")._as_plain_text(None, "", "", None, None, lines)
    code = ["    plan | {'a': rows}", "    g(x_)"]
    assert lines == [r"\|x\| is ``f(x)``, thus::", "", *code, "", "Args:", r"    x\_: a number."]
