"""Wrong types give a clear error of our own, also where no run-time type checker is at work."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("SessaConfig(width=8.5)", "width must be an integer, got 8.5"),
        ("SessaConfig(width='8')", "width must be an integer, got '8'"),
        ("SessaConfig(width=8, heads=True)", "heads must be an integer, got True"),
        ("SessaConfig(width=8, rope=1)", "rope must be True or False, got 1"),
        ("SessaConfig(width=8, gamma_max='0.9')", "gamma_max must be a number, got '0.9'"),
        (
            "SessaConfig(width=8, norm='rmsnorm')",
            "norm must be one of ('layernorm', 'identity'), got 'rmsnorm'",
        ),
        (
            "SessaConfig(width=8, rotary_dtype='bfloat16')",
            "rotary_dtype must be one of ('float64', 'float32'), got 'bfloat16'",
        ),
        ("SessaConfig.published(8, n_kv_heads=1.5)", "n_kv_heads must be an integer, got 1.5"),
    ],
)
def test_message(expression, message):
    script = f"""
from sessa_ref.config import SessaConfig
try:
    {expression}
except (TypeError, ValueError) as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == message
