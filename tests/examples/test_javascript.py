"""sessa.mjs names what does not fit: files, configs, parameters and tokens."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from tests.rounding import assert_all_equal_but_for_rounding, assert_equal_but_for_rounding

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, so sessa.mjs cannot run")
MODULE = Path(__file__).parents[2] / "examples" / "implementations" / "sessa.mjs"
CONFIG = SessaConfig.published(8, 4, 2)
PARAMETERS = SessaParameters.random(CONFIG, 0)
X = np.random.default_rng(0).normal(size=(5, 8))


def output(x):
    return reference.forward(PARAMETERS, x)


def run(folder, expressions):
    """What each expression gives, or the message of its error; c, P and x are config, parameters and tokens."""
    PARAMETERS.save(folder / "layer.safetensors")
    given = {"config": json.loads(CONFIG.to_json()), "x": X.tolist(), "expressions": expressions}
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    (folder / "run.mjs").write_text(
        f"""
import * as S from {json.dumps(MODULE.as_uri())};
import {{ readFileSync }} from "node:fs";
const {{ config: c, x, expressions }} = JSON.parse(readFileSync("given.json", "utf8"));
const read = (file) => S.readSafetensors(new Uint8Array(readFileSync(file)).buffer);
const P = read("layer.safetensors");
const without = (object, name) => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
const results = expressions.map((expression) => {{
  try {{
    return new Function("S", "c", "P", "x", "read", "readFileSync", "without", "return " + expression)(
      S, c, P, x, read, readFileSync, without,
    );
  }} catch (error) {{
    return error.message;
  }}
}});
console.log(JSON.stringify(results));
""",
        encoding="utf-8",
    )
    done = subprocess.run(["node", "run.mjs"], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_what_fits_is_computed(tmp_path):
    large = "S.forward(c, P, x.map((x_t) => x_t.map((number) => 2 ** 532 * number))).s"
    y, zero_sized, s = run(tmp_path, ["S.forward(c, P, x).y", "S.forward(c, P, []).y", large])
    assert_equal_but_for_rounding(output, X, y)
    assert zero_sized == []
    # Beside tokens of either size epsilon is nothing, and the norm takes the power of two out without rounding.
    assert_equal_but_for_rounding(lambda x: reference.trace(PARAMETERS, 2.0**100 * x).s, X, s)


def test_queries_and_keys_before_and_after_they_turn(tmp_path):
    names = ("q", "k", "q_rotated", "k_rotated")
    found = run(tmp_path, [f"S.forward(c, P, x).{name}" for name in names])

    def turned(x):
        steps = reference.trace(PARAMETERS, x)
        return {name: getattr(steps, name) for name in names}

    by_head = {name: np.swapaxes(tokens, 0, 1) for name, tokens in zip(names, found, strict=True)}
    assert_all_equal_but_for_rounding(turned, X, by_head)


def test_a_file_may_carry_its_config_and_buffers(tmp_path):
    buffers = {"mixer.causal_mask_f_full": np.ones((3, 3), bool), "mixer.rope_inv_freq": np.ones(1)}
    (tmp_path / "published").write_bytes(save(PARAMETERS.state_dict() | buffers))
    (tmp_path / "no_json").write_bytes(save(PARAMETERS.state_dict(), metadata={"sessa_config": "{"}))
    PARAMETERS.save(tmp_path / "own")
    config = "S.readConfig(new Uint8Array(readFileSync('{}')).buffer)"
    carried, none, broken, names, y = run(
        tmp_path,
        [
            *(config.format(name) for name in ("own", "published", "no_json")),
            "Object.keys(read('published'))",
            "S.forward(c, read('published'), x).y",
        ],
    )
    assert carried == json.loads(CONFIG.to_json())
    assert none is None
    assert "its sessa_config is not JSON" in broken
    assert sorted(names) == sorted(PARAMETERS)
    assert_equal_but_for_rounding(output, X, y)


def test_what_does_not_fit_is_named(tmp_path):
    messages = {
        "S.forward(null, P, x)": "the config lacks width",
        "S.forward(c, null, x)": "the parameters lack ln.weight",
        "S.forward(without(c, 'rope'), P, x)": "the config lacks rope",
        "S.forward(without(c, 'heads'), P, x)": "the config lacks heads",
        "S.forward({ ...c, width: '8' }, P, x)": 'the config\'s width cannot be "8"',
        "S.forward({ ...c, gamma_max: true }, P, x)": "the config's gamma_max cannot be true",
        "S.forward({ ...c, norm_eps: null }, P, x)": "the config's norm_eps cannot be null",
        "S.forward({ ...c, norm: 'rms' }, P, x)": 'the config\'s norm cannot be "rms"',
        "S.forward({ ...c, heads: 3 }, P, x)": "heads must divide width, and kv_heads heads",
        "S.forward(c, without(P, 'W_in.bias'), x)": "the parameters lack W_in.bias",
        "S.forward(c, without(P, 'mixer.q_proj.bias'), x)": "the parameters lack mixer.q_proj.bias",
        "S.forward(c, { ...P, 'ln.bias': P['W_in.bias'] }, x)": "ln.bias must have shape [8], got [16] with 16 numbers",
        "S.forward(c, { ...P, 'ln.bias': { shape: [8], data: [1] } }, x)": "got [8] with 1 numbers",
        "S.forward(c, { ...P, other: P['ln.bias'] }, x)": "the config has no parameters named other",
        "S.forward({ ...c, projection_bias: false }, P, x)": "no parameters named mixer.k_proj.bias",
        "S.forward(c, P, 'x')": "x must be an array of tokens",
        "S.forward(c, P, [x[0], x[1].slice(1)])": "token 1 must hold 8 numbers, got 7",
        "S.forward(c, P, [x[0], null])": "token 1 must hold 8 numbers, got undefined",
        "S.forward(c, P, [x[0].map(String)])": "token 0 must hold numbers alone",
        "new S.Decoder(c, P).step([1])": "a token must hold 8 numbers, got 1",
        "S.forwardSubstitution([[], []], [[1], [2]])": "row 1 of B must have 1 entries, got 0",
        "S.forwardSubstitution([[], [0]], [[1], []])": "row 1 of f must have width 1, got 0",
        "S.writeSafetensors({ a: { dtype: 'F64', shape: [2], data: [1] } })": "a of shape [2] got 1 numbers",
        "S.writeSafetensors({ a: { dtype: 'toString', shape: [], data: [1] } })": "a must be F64, F32 or F16",
    }
    for (expression, message), result in zip(messages.items(), run(tmp_path, list(messages)), strict=True):
        assert message in str(result), expression


def stored(header, size=0):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


def entry(shape, start, end, dtype="F64"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_broken_files_are_named(tmp_path):
    whole = save(PARAMETERS.state_dict())
    files = {
        "half": (whole[: len(whole) // 2], f"a file of {len(whole) // 2} bytes is not safetensors"),
        "longer": (whole + b"x", f"its tensors end at byte {len(whole)}"),
        "empty": (b"", "a file of 0 bytes is not safetensors: it ends before its header's length"),
        "header": (struct.pack("<Q", 2**63) + b"{}", "its header is said to have"),
        "text": (stored(b"{"), "its header is not JSON"),
        "list": (stored([]), "its header does not describe tensors"),
        "number": (stored({"a": 1}), "its header does not describe tensors"),
        "integers": (stored({"a": entry([1], 0, 8, "I64")}, 8), "a must be F64, F32 or F16, got I64"),
        "beyond": (stored({"a": entry([2], 0, 16)}, 8), "a ends at byte"),
        "size": (stored({"a": entry([2], 0, 8)}, 8), "a of shape [2] must have the offsets 0 and 16, got 0,8"),
        "negative": (stored({"a": entry([-1], 0, -8)}), "a has no shape"),
        "overlap": (
            stored({"a": entry([1], 0, 8), "b": entry([1], 4, 12)}, 12),
            "b of shape [1] must have the offsets 8",
        ),
        "gap": (stored({"a": entry([1], 8, 16)}, 16), "a of shape [1] must have the offsets 0 and 8, got 8,16"),
        "offsets": (stored({"a": {"dtype": "F64", "shape": [1]}}, 8), "a of shape [1] must have the offsets 0 and 8"),
    }
    for name, (data, _) in files.items():
        (tmp_path / name).write_bytes(data)
    results = run(tmp_path, [f"read('{name}')" for name in files])
    for (name, (_, message)), result in zip(files.items(), results, strict=True):
        assert message in str(result), name


def test_empty_tensors_are_read(tmp_path):
    (tmp_path / "file").write_bytes(
        stored({"b": entry([1], 0, 8), "a": entry([0, 3], 0, 0), "c": entry([], 8, 16)}, 16)
    )
    (shapes,) = run(tmp_path, ["Object.entries(read('file')).map(([name, { shape }]) => [name, shape])"])
    assert dict(shapes) == {"a": [0, 3], "b": [1], "c": []}
