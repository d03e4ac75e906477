import numpy as np
import pytest

from sessa_ref.commands import verify
from sessa_ref.config import SessaConfig
from sessa_ref.oracle import battery
from sessa_ref.parameters import SessaParameters
from tests.commands.running import run


@pytest.fixture
def command(monkeypatch):
    """The command on a few cases; the whole battery runs in tests/oracle/test_run.py."""
    few = [c for c in battery() if c.name in ("heads", "gain_high", "two_tokens")]
    monkeypatch.setattr(verify, "cases_of", lambda level, quick, blocks: [c.at(level) for c in few])

    return run


@pytest.fixture
def layer(tmp_path):
    """A checkpoint and tokens for it."""
    SessaParameters.random(SessaConfig.published(8, 2)).save(tmp_path / "layer.safetensors")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(20, 8)))
    return tmp_path / "layer.safetensors", tmp_path / "x.npy"
