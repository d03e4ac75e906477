import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from safetensors.numpy import save_file

from sessa_ref.config import SessaConfig
from sessa_ref.parameters import IGNORED_BUFFERS, SessaParameters, shapes
from tests import published_vectors
from tests.strategies import configs

CONFIG = SessaConfig.published(8, 2)


@pytest.mark.parametrize("name", published_vectors.NAMES)
def test_names_and_shapes_are_the_published_ones(name):
    vector = published_vectors.load(name)
    published = {name: array.shape for name, array in vector.part("param.").items()}
    assert shapes(vector.parameters().config) == published


@given(configs())
def test_file_round_trip(tmp_path_factory, config):
    path = tmp_path_factory.mktemp("files") / "layer.safetensors"
    parameters = SessaParameters.random(config, 3)
    parameters.save(path)
    loaded = SessaParameters.load(path)
    assert loaded.config == config
    assert all(np.array_equal(loaded[name], parameters[name]) for name in shapes(config))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_published_file_loads_exactly(tmp_path, dtype):
    arrays = SessaParameters.random(CONFIG, 1).state_dict(dtype)
    buffers = {name: np.ones((3, 3), dtype=np.float32) for name in IGNORED_BUFFERS}
    save_file(arrays | buffers, tmp_path / "published.safetensors")
    loaded = SessaParameters.load(tmp_path / "published.safetensors", CONFIG)
    assert all(np.array_equal(loaded[name], array.astype(np.float64)) for name, array in arrays.items())


def test_bfloat16_file_loads_exactly(tmp_path):
    from safetensors.torch import save_file as save_torch

    arrays = {n: torch.tensor(a).bfloat16() for n, a in SessaParameters.random(CONFIG, 1).items()}
    save_torch(arrays, tmp_path / "half.safetensors")
    loaded = SessaParameters.load(tmp_path / "half.safetensors", CONFIG)
    assert all(np.array_equal(loaded[name], array.double().numpy()) for name, array in arrays.items())


def test_torch_state_dict_loads():
    from sessa_ref.optimized import SessaLayer

    layer = SessaLayer(8, 2)
    parameters = SessaParameters.from_state_dict(layer.state_dict(), layer.config)
    assert np.array_equal(parameters["W_in.weight"], layer.W_in.weight.detach().double().numpy())


def test_initial_distribution_is_the_published_one():
    parameters = SessaParameters.random(SessaConfig.published(64, 4), 0)
    weights = parameters["mixer.proj_fb.weight"]
    assert np.abs(weights).max() <= 1 / 8
    # uniform on +-1/8: variance 1/192; the sample variance of n uniform numbers scatters by sqrt(4/5n) of it
    assert weights.var() * 192 == pytest.approx(1, abs=5 * np.sqrt(0.8 / weights.size))
    assert parameters["mixer.gamma_bias"] == 1
    assert np.all(parameters["ln.weight"] == 1)
    assert np.all(parameters["ln.bias"] == 0)


def test_initial_scales_are_torchs():
    from sessa_ref.optimized import SessaLayer

    torch.manual_seed(0)
    drawn = SessaLayer(64, 4).state_dict()
    for name, array in SessaParameters.random(SessaConfig.published(64, 4), 0).items():
        if array.size >= 64 and array.std() > 0:
            # both uniform, and a deviation scatters by half of what its square does: five standard errors of the quotient
            scatter = np.sqrt(2 * 0.8 / array.size) / 2
            assert drawn[name].double().std().item() == pytest.approx(array.std(), rel=5 * scatter), name


def test_seeds_repeat():
    first, again, other = (SessaParameters.random(CONFIG, seed) for seed in (1, 1, 2))
    assert np.array_equal(first["W_in.weight"], again["W_in.weight"])
    assert not np.array_equal(first["W_in.weight"], other["W_in.weight"])


def test_unchecked_parameters_hold_what_they_are_given():
    right = SessaParameters.random(CONFIG, 0)
    arrays = {name: np.asarray(array + 1j) for name, array in right.items()}
    parameters = SessaParameters.unchecked(CONFIG, arrays)
    assert parameters.config is CONFIG
    assert list(parameters) == list(right)
    assert all(parameters[name] is array for name, array in arrays.items())
    with pytest.raises(TypeError, match="got complex128"):
        SessaParameters(CONFIG, arrays)


def test_arrays_are_copies_and_read_only():
    arrays = SessaParameters.random(CONFIG, 0).state_dict()
    parameters = SessaParameters(CONFIG, arrays)
    arrays["W_in.bias"][:] = 7
    assert not np.any(parameters["W_in.bias"] == 7)
    with pytest.raises(ValueError, match="read-only"):
        parameters["W_in.bias"][0] = 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"W_in.bias": None}, ValueError, r"missing \['W_in.bias'\]"),
        ({"mixer.extra": np.ones(3)}, ValueError, r"unexpected \['mixer.extra'\]"),
        ({"W_in.bias": np.ones(3)}, ValueError, r"W_in.bias must have shape \(16,\), got \(3,\)"),
        ({"W_in.bias": np.ones(16, dtype=int)}, TypeError, "W_in.bias must hold floating-point numbers, got int64"),
        ({"W_in.bias": np.ones(16, dtype=complex)}, TypeError, "got complex128"),
        ({"W_in.bias": np.full(16, np.nan)}, ValueError, "W_in.bias must be finite"),
    ],
)
def test_wrong_arrays_are_named(change, error, message):
    arrays = {**SessaParameters.random(CONFIG, 0), **change}
    with pytest.raises(error, match=message):
        SessaParameters(CONFIG, {name: array for name, array in arrays.items() if array is not None})


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError):
        SessaParameters.load(tmp_path / "absent.safetensors")
    (tmp_path / "text.safetensors").write_text("not weights")
    with pytest.raises(ValueError, match="not a safetensors file"):
        SessaParameters.load(tmp_path / "text.safetensors")
    save_file(SessaParameters.random(CONFIG, 0).state_dict(), tmp_path / "bare.safetensors")
    with pytest.raises(ValueError, match="carries no sessa_config"):
        SessaParameters.load(tmp_path / "bare.safetensors")
    save_file({"W_in.bias": np.ones(16)}, tmp_path / "network.safetensors", metadata={"sessa_network": "[]"})
    with pytest.raises(ValueError, match="is a network of blocks, not a layer"):
        SessaParameters.load(tmp_path / "network.safetensors")
    save_file({"W_in.bias": np.ones(16, dtype=int)}, tmp_path / "integers.safetensors")
    with pytest.raises(TypeError, match=r"W_in\.bias must be stored as F64, F32, F16 or BF16, got I64"):
        SessaParameters.load(tmp_path / "integers.safetensors", CONFIG)


def test_equality():
    first, again, other = (SessaParameters.random(CONFIG, seed) for seed in (1, 1, 2))
    assert first == again
    assert hash(first) == hash(again)
    assert first != other
    assert first != dict(first)
    assert first != SessaParameters(SessaConfig.published(8, 4), dict(first)), "the same arrays, another map"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))])
def test_copies_are_equal_and_read_only(duplicate):
    parameters = SessaParameters.random(CONFIG, 0)
    twin = duplicate(parameters)
    assert twin == parameters
    assert not any(array.flags.writeable for array in twin.values())


def test_the_config_cannot_be_exchanged():
    parameters = SessaParameters.random(CONFIG, 0)
    with pytest.raises(AttributeError, match="parameters cannot be changed, got a new config"):
        parameters.config = SessaConfig.published(8, 4)


@pytest.mark.parametrize("kind", [">f8", ">f4", np.float16, "bfloat16"])
def test_arrays_of_any_floating_point_format_are_taken_exactly(kind):
    weight = SessaParameters.random(CONFIG, 0)["W_out.weight"].astype(np.float16).astype(np.float64)
    if kind == "bfloat16":
        given = torch.tensor(weight).bfloat16()
        weight = given.double().numpy()
    else:
        given = weight.astype(kind)
    taken = SessaParameters.random(CONFIG, 0).replace({"W_out.weight": given})["W_out.weight"]
    assert np.array_equal(taken, weight)
    assert taken.dtype.isnative


def test_a_mask_is_not_ignored():
    weight = SessaParameters.random(CONFIG, 0)["W_out.weight"]
    with pytest.raises(TypeError, match=r"W_out\.weight must be a plain array, got a masked array"):
        SessaParameters.random(CONFIG, 0).replace({"W_out.weight": np.ma.masked_array(weight, weight > 0)})


def test_a_config_that_contradicts_the_file_is_refused(tmp_path):
    path = tmp_path / "layer.safetensors"
    SessaParameters.random(CONFIG, 0).save(path)
    assert SessaParameters.load(path, CONFIG) == SessaParameters.random(CONFIG, 0)
    with pytest.raises(ValueError, match="carries another config"):
        SessaParameters.load(path, SessaConfig.published(8, 4))


@pytest.mark.parametrize("cut", [0, 7, 8, 100, -1])
def test_truncated_files_are_refused(tmp_path, cut):
    path = tmp_path / "layer.safetensors"
    SessaParameters.random(CONFIG, 0).save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="not a safetensors file"):
        SessaParameters.load(path)


def test_where_nothing_can_be_written(tmp_path):
    parameters = SessaParameters.random(CONFIG, 0)
    for place in (tmp_path, tmp_path / "absent" / "layer.safetensors"):
        with pytest.raises(OSError, match=r"Is a directory|No such file|Permission denied"):
            parameters.save(place)


def test_long_lists_of_names_are_cut():
    with pytest.raises(ValueError, match=r"'n7'\] and 992 more"):
        SessaParameters(CONFIG, {f"n{i}": np.ones(1) for i in range(1000)})
