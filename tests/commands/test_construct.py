"""`sessa-ref construct`: its commands, and options that no command takes."""

from typing import get_args

import pytest

from sessa_ref.commands.construct import Route
from sessa_ref.constructions.universal import Route as Routes
from tests.commands.running import run


def test_the_commands_are_listed():
    output = run("construct").output
    for name, about in (
        ("selective-retrieval", "memory of one token"),
        ("causal-map", "continuous causal map"),
        ("positions", "without positional encoding"),
    ):
        assert name in output
        assert about in " ".join(output.replace("│", " ").split())


def test_routes_are_those_of_the_construction():
    assert tuple(route.value for route in Route) == get_args(Routes)


@pytest.mark.parametrize(
    "options", [("selective-retrieval", "--beta", "much"), ("causal-map",), ("causal-map", "a.py:F", "--route", "deep")]
)
def test_options_that_make_no_sense(options):
    assert run("construct", *options).exit_code == 2
