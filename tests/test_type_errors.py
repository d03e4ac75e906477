"""Wrong types give a clear error of our own, also where no run-time type checker is at work."""

import json
import subprocess
import sys

CASES = [
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
    ("SessaConfig(width=8, gamma_max=True)", "gamma_max must be a number, got True"),
    ("SessaConfig(width=8, gamma_max=b'0.5')", "gamma_max must be a number, got b'0.5'"),
    ("SessaConfig(width=8, gamma_max=0.5j)", "gamma_max must be a number, got 0.5j"),
    ("SessaConfig(width=8, gamma_max=10**400)", "gamma_max must be finite, got inf"),
    ('SessaConfig.from_json(\'{"width": "8"}\')', "width must be an integer, got '8'"),
    ("SessaConfig.from_json('{\"width\": 8.0}')", "width must be an integer, got 8.0"),
    ("SessaConfig.from_json('{\"width\": true}')", "width must be an integer, got True"),
    ("SessaConfig.from_json('{\"width\": null}')", "width must be an integer, got None"),
    ('SessaConfig.from_json(\'{"width": 8, "gamma_max": null}\')', "gamma_max must be a number, got None"),
    ('SessaConfig.from_json(\'{"width": 8, "rope": 1}\')', "rope must be True or False, got 1"),
    ('SessaConfig.from_json(\'{"width": 8, "norm": []}\')', "norm must be one of ('layernorm', 'identity'), got []"),
    ("MarkedRecall(lag=4.0)", "lag must be a whole number, got 4.0"),
    ("MarkedRecall(lag=4, symbols=True)", "symbols must be a whole number, got True"),
]


def test_messages():
    script = f"""
import json
from sessa_ref.config import SessaConfig
from sessa_ref.tasks import MarkedRecall
messages = []
for expression in {[expression for expression, _ in CASES]!r}:
    try:
        messages.append(repr(eval(expression)))
    except (TypeError, ValueError) as error:
        messages.append(str(error))
print(json.dumps(messages))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [message for _, message in CASES]


def test_what_is_no_implementation():
    script = """
from sessa_ref.oracle import verify
for thing in (dict, "sessa_ref.optimized:SessaLayer", None):
    try:
        verify(thing)
    except TypeError as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told = [line.partition(";")[0] for line in run.stdout.splitlines()]
    what = ("an object of type type", "an object of type str", "None")
    assert told == [f"implementation must be an Adapter or an Implementation, got {thing}" for thing in what]


def test_what_no_mixer_takes():
    script = """
import torch
from sessa_ref.config import SessaConfig
from sessa_ref.optimized.mixer import SessaMixer
config = SessaConfig.published(8, 2)
mixer = SessaMixer(config, max_len=3)
for call in (
    lambda: SessaMixer(config, backend="fast"),
    lambda: mixer(torch.zeros(8)),
    lambda: mixer.prefill(torch.zeros(3, 8), mixer.init_cache(1)),
):
    try:
        call()
    except ValueError as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told = run.stdout.splitlines()
    wanted = ("backend must be one of", "u must have shape (..., T, D) with D=8", "u must have shape (batch, T, D)")
    assert [line[: len(start)] for line, start in zip(told, wanted, strict=True)] == list(wanted)
