"""Checkpoints, configs and tokens in the forms that exist; anything else is one clear line."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as torch_file

from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from tests.commands.running import run


def test_tokens_from_safetensors(layer, tmp_path):
    x = np.load(layer[1])
    save_file({"x": x.astype(np.float32), "other": x}, tmp_path / "two.safetensors")
    save_file({"tokens": x}, tmp_path / "one.safetensors")
    for name in ("two", "one"):
        assert run("hops", layer[0], tmp_path / f"{name}.safetensors").exit_code == 0


def test_inputs_that_are_none(layer, tmp_path):
    x = np.load(layer[1])
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "integers.npy", np.ones((3, 8), dtype=int))
    np.save(tmp_path / "wide.npy", np.ones((3, 9)))
    np.save(tmp_path / "batch.npy", np.ones((1, 3, 8)))
    np.save(tmp_path / "nan.npy", np.full((3, 8), np.nan))
    (tmp_path / "text.npy").write_text("x")
    (tmp_path / "text.safetensors").write_text("x")
    save_file({"a": x, "b": x}, tmp_path / "two.safetensors")
    for name, message in {
        "absent.npy": "No such file",
        "objects.npy": "is not a .npy file of numbers",
        "text.npy": "is not a .npy file of numbers",
        "text.safetensors": "is not a safetensors file",
        "two.safetensors": "must hold one tensor, or one named x, got a, b",
        "integers.npy": "x must hold floating-point numbers, got int64",
        "wide.npy": "with D=8, got (3, 9)",
        "batch.npy": "x must have shape (T, D) with D=8, got (1, 3, 8)",
        "nan.npy": "be finite",
    }.items():
        result = run("hops", layer[0], tmp_path / name)
        assert result.exit_code == 2, name
        assert message in result.output, name
    assert run("hops", tmp_path / "absent.safetensors", layer[1]).exit_code == 2
    result = run("hops", *layer, "--target", 20)
    assert "target must be one of the tokens 0 .. 19, got 20" in result.output


@pytest.fixture
def published(layer, tmp_path):
    """The same arrays in a file without a config."""
    save_file(SessaParameters.load(layer[0]).state_dict(), tmp_path / "published.safetensors")
    return tmp_path / "published.safetensors"


def test_the_config_of_a_checkpoint_that_carries_none(layer, published, tmp_path):
    result = run("hops", published, layer[1])
    assert result.exit_code == 2
    assert "give the config" in result.output
    config = tmp_path / "config.json"
    config.write_text(SessaConfig.published(8, 2).to_json(), encoding="utf-8")
    assert run("hops", published, layer[1], "--config", config).output == run("hops", *layer).output
    for text, message in {'{"width": 0}': "width must be a positive integer", "": "JSON object", "{}": "width"}.items():
        config.write_text(text, encoding="utf-8")
        result = run("hops", published, layer[1], "--config", config)
        assert result.exit_code == 2
        assert f"{config}: " in result.output
        assert message in result.output
    config.write_text('{"width": 8, "heads": 4}', encoding="utf-8")
    assert "carries another config" in run("hops", *layer, "--config", config).output


def test_checkpoints_that_are_none(layer, tmp_path):
    parameters = SessaParameters.load(layer[0])
    text = parameters.config.to_json()
    integers = {**parameters.state_dict(), "W_in.weight": np.zeros((16, 8), np.int8)}
    save_file(integers, tmp_path / "integers", metadata={"sessa_config": text})
    save_file(parameters.state_dict(), tmp_path / "text", metadata={"sessa_config": text.replace("8", "0", 1)})
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    for name, message in {
        "integers": "W_in.weight must be stored as F64, F32, F16 or BF16, got I8",
        "text": "width must be a positive integer, got 0",
        "empty": "is not a safetensors file",
        "folder": "Is a directory",
    }.items():
        result = run("hops", tmp_path / name, layer[1])
        assert result.exit_code == 2, name
        assert message in result.output, name


def test_tokens_in_other_formats(layer, tmp_path):
    x = np.load(layer[1]).astype(np.float16).astype(np.float64)
    np.save(tmp_path / "x.npy", x)
    expected = run("hops", layer[0], tmp_path / "x.npy").output
    for name, stored in {"half": x.astype(np.float16), "big": x.astype(">f8"), "columns": np.asfortranarray(x)}.items():
        np.save(tmp_path / f"{name}.npy", stored)
        assert run("hops", layer[0], tmp_path / f"{name}.npy").output == expected, name
    rounded = torch.tensor(x).bfloat16()
    torch_file({"x": rounded}, tmp_path / "x.safetensors")
    np.save(tmp_path / "rounded.npy", rounded.double().numpy())
    results = [run("hops", layer[0], tmp_path / name) for name in ("x.safetensors", "rounded.npy")]
    assert results[0].exit_code == 0
    assert results[0].output == results[1].output


def test_tokens_that_are_none(layer, tmp_path):
    x = np.load(layer[1])
    whole = layer[1].read_bytes()
    for name, stored in {"complex": x + 1j, "row": x[0], "none": x[:0]}.items():
        np.save(tmp_path / f"{name}.npy", stored)
    for name, data in {
        "cut": whole[:-20],
        "empty": b"",
        "bomb": whole.replace(b"(20, 8), ", b"(20, 8000000000000), "),
        "syntax": whole.replace(b"(20, 8), }", b"(20, 8)**"),
        "version": whole[:6] + b"\x09" + whole[7:],
        "zip": b"PK\x03\x04",
    }.items():
        (tmp_path / f"{name}.npy").write_bytes(data)
    (tmp_path / "folder.npy").mkdir()
    save_file({"x": np.ones((3, 8), dtype=int)}, tmp_path / "integers.safetensors")
    for name, message in {
        "complex.npy": "x must hold real numbers",
        "row.npy": "with D=8, got (8,)",
        "none.npy": "at least one token",
        "integers.safetensors": "must be stored as F64, F32, F16 or BF16, got I64",
        "folder.npy": "Is a directory",
        **{
            f"{name}.npy": "is not a .npy file of numbers"
            for name in ("cut", "empty", "bomb", "syntax", "version", "zip")
        },
    }.items():
        result = run("hops", layer[0], tmp_path / name)
        assert result.exit_code == 2, name
        assert message in result.output, name
        assert len(result.output.splitlines()) == 1, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--most", -1), "most must be at least 0, got -1"),
        (("--rows", 0), "rows must be at least 1, got 0"),
        (("--plot", "hops.gif"), "a picture must end in one of"),
        (("--plot", "absent/hops.svg"), "there is no folder"),
    ],
)
def test_bad_options_of_hops_are_refused_first(arguments, message):
    result = run("hops", "absent.safetensors", "absent.npy", *arguments)
    assert result.exit_code == 2
    assert message in result.output
