"""Layers from files: a config beside the checkpoint, and clear errors."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from sessa_ref.commands import checkpoint
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters


@pytest.fixture
def bare(tmp_path):
    """A file with the arrays alone, and the layer that they belong to."""
    parameters = SessaParameters.random(SessaConfig.published(8, 2, gamma_max=0.7), seed=3)
    save_file({name: np.array(array) for name, array in parameters.items()}, tmp_path / "bare.safetensors")
    return tmp_path / "bare.safetensors", parameters


def test_a_layer_carries_its_config(layer):
    assert checkpoint.load(layer[0]).config == SessaConfig.published(8, 2)


def test_a_config_is_read_for_a_checkpoint_that_carries_none(bare, tmp_path):
    file, parameters = bare
    (tmp_path / "config.json").write_text(parameters.config.to_json())
    loaded = checkpoint.load(file, tmp_path / "config.json")
    assert loaded.config == parameters.config
    np.testing.assert_array_equal(loaded["W_in.weight"], parameters["W_in.weight"])


@pytest.mark.parametrize("text", ["{", "[]", '{"width": "eight"}', '{"no_such_choice": 1}'])
def test_a_wrong_config_is_named_by_its_file(bare, tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json: "):
        checkpoint.load(bare[0], tmp_path / "config.json")


def test_files_that_are_absent_or_hold_something_else(layer, tmp_path):
    with pytest.raises(OSError, match="absent"):
        checkpoint.load(tmp_path / "absent.safetensors")
    with pytest.raises(OSError, match="absent"):
        checkpoint.load(layer[0], tmp_path / "absent.json")
    with pytest.raises(ValueError, match="is not a safetensors file"):
        checkpoint.load(layer[1])
