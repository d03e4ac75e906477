"""Docstrings become markup that means what they say."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest


def test_text_is_plain_and_code_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "book" / "_extensions")
    lines = ["|x| is `f(x)`, thus:", "", "    plan | {'a': rows}", "    g(x_)", "", "Args:", "    x_: a number."]
    importlib.import_module("docstrings")._as_plain_text(None, "", "", None, None, lines)
    code = ["    plan | {'a': rows}", "    g(x_)"]
    assert lines == [r"\|x\| is ``f(x)``, thus::", "", *code, "", "Args:", r"    x\_: a number."]


def test_a_colon_in_an_attribute_makes_no_type(monkeypatch: pytest.MonkeyPatch) -> None:
    from sphinx.ext.napoleon import Config
    from sphinx.ext.napoleon.docstring import GoogleDocstring

    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "book" / "_extensions")
    config: Any = Config()
    made = partial(GoogleDocstring, config=config, what="attribute", name="chance")
    lines = ["Chance: 1 / classes."]
    assert ":type:" in str(made(list(lines)))
    importlib.import_module("docstrings")._as_plain_text(None, "attribute", "", None, None, lines)
    assert str(made(lines)) == "..\n\nChance: 1 / classes."
