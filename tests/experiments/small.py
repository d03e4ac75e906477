"""Settings that train in a second, and a death on the way."""

from dataclasses import replace
from importlib.util import find_spec

import pytest

from experiments.mixers import MIXERS, NEED_TRANSFORMERS
from experiments.settings import Settings

_MISSING = pytest.mark.skipif(find_spec("transformers") is None, reason="transformers, an extra, is not installed")
EVERY_MIXER = [pytest.param(name, marks=_MISSING if name in NEED_TRANSFORMERS else ()) for name in MIXERS]

SMALL = Settings(
    options={"symbols": 4, "starts": 3, "lag": 6}, tests=({"lag": 3}, {"lag": 6}), test_sequences=10,
    width=8, heads=2, layers=2, steps=6, batch=4, warmup=2, record_every=4, watch_every=2, save_every=2,
)  # fmt: skip


def small(mixer: str = "sessa", **entries) -> Settings:
    return replace(SMALL, mixer=mixer, **entries)


class KilledError(Exception):
    """In place of a kill."""


def kill_after(step: int):
    """What `run` can be given to be told of every step."""

    def progress(done):
        if done.step == step:
            raise KilledError

    return progress
