import pytest

from sessa_ref.commands import verify
from sessa_ref.oracle import battery
from tests.commands.running import run


@pytest.fixture
def command(monkeypatch):
    """The command on a few cases; the whole battery runs in tests/oracle/test_run.py."""
    monkeypatch.setattr(
        verify, "battery", lambda quick: [c for c in battery() if c.name in ("heads", "gain_high", "two_tokens")]
    )

    return run
