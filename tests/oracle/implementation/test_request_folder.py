import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import sessa_ref.oracle.implementation.request_folder
from sessa_ref.oracle import battery
from sessa_ref.oracle.implementation.protocol import ImplementationError, UnsupportedError
from sessa_ref.oracle.implementation.request_folder import (
    check_supported,
    read_case,
    read_output,
    write_case,
    write_output,
)

SCHEMA = json.loads(
    Path(sessa_ref.oracle.implementation.request_folder.__file__).with_suffix(".schema.json").read_text()
)
CASE = next(case for case in battery() if case.name == "grouped_heads")


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_round_trip(tmp_path, dtype):
    rounded = CASE.rounded(dtype)
    write_case(tmp_path, "decode", rounded, dtype)
    jsonschema.validate(json.loads((tmp_path / "case.json").read_text()), SCHEMA)
    operation, case, read_dtype = read_case(tmp_path)
    assert (operation, read_dtype, case.split) == ("decode", dtype, CASE.split)
    assert np.array_equal(case.x, rounded.x)
    assert np.array_equal(case.dy, rounded.dy)
    assert case.parameters.config == rounded.parameters.config
    assert all(np.array_equal(case.parameters[name], array) for name, array in rounded.parameters.items())


def test_the_schema_has_teeth(tmp_path):
    write_case(tmp_path, "forward", CASE, "float64")
    request = json.loads((tmp_path / "case.json").read_text())
    for bent in ({"protocol": 1}, {"operation": "guess"}, {"split": -1}, {"config": {}}, {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(request | bent, SCHEMA)


def test_another_version_is_refused(tmp_path):
    write_case(tmp_path, "forward", CASE, "float64")
    request = json.loads((tmp_path / "case.json").read_text())
    (tmp_path / "case.json").write_text(json.dumps(request | {"protocol": 1}))
    with pytest.raises(ValueError, match="protocol version 1, expected 2"):
        read_case(tmp_path)


def test_outputs(tmp_path):
    with pytest.raises(ImplementationError, match=r"it wrote no out\.safetensors"):
        read_output(tmp_path)
    values = {"y": np.arange(6.0).reshape(2, 3).T, "grad.mixer.gamma_bias": np.array(2.0)}
    write_output(tmp_path, values)
    back = read_output(tmp_path)
    assert all(np.array_equal(back[name], array) and back[name].shape == array.shape for name, array in values.items())


def test_declining(tmp_path):
    check_supported(tmp_path)
    reason = tmp_path / "unsupported.txt"
    reason.write_text("no gradients: γ is fixed\nmore\n", encoding="utf-8")
    with pytest.raises(UnsupportedError, match=r"^no gradients: γ is fixed$"):
        check_supported(tmp_path)
    reason.write_bytes(b" \n")
    with pytest.raises(ImplementationError, match=r"unsupported\.txt is empty"):
        check_supported(tmp_path)
    reason.write_bytes(b"\xff" * 10**6)
    with pytest.raises(UnsupportedError, match=r"^\ufffd{1000}$"):
        check_supported(tmp_path)
    write_output(tmp_path, {"y": np.zeros(1)})
    with pytest.raises(ImplementationError, match=r"both out\.safetensors and unsupported\.txt"):
        check_supported(tmp_path)


def test_huge_output_is_not_read(tmp_path):
    with (tmp_path / "out.safetensors").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(ImplementationError, match="too large: 2048 MiB"):
        read_output(tmp_path)
