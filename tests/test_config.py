import copy
import pickle

import pytest
from hypothesis import given

from sessa_ref.config import SessaConfig
from tests.strategies import configs


def test_defaults_follow_from_the_width():
    config = SessaConfig(width=12, heads=3, rope=True)
    assert (config.kv_heads, config.query_width, config.value_width, config.feedback_width) == (3, 4, 4, 12)


def test_paper_block():
    config = SessaConfig.paper(7)
    assert (config.heads, config.query_width, config.feedback_width) == (1, 2, 2)
    assert (config.gamma_max, config.norm, config.projection_bias) == (1.0, "identity", False)


def test_published_arguments_round_trip():
    arguments = {
        "D": 24, "n_heads": 6, "n_kv_heads": 2, "ln_eps": 1e-3, "use_forward_rope": True, "gamma_max": 0.5,
    }  # fmt: skip
    assert SessaConfig.published(**arguments).published_arguments() == arguments


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"query_width": 6}, "query_width"),
        ({"feedback_width": 2}, "feedback_width"),
        ({"norm": "identity"}, "norm"),
        ({"rope_base": 500.0}, "rope_base"),
        ({"projection_bias": False}, "projection_bias"),
    ],
)
def test_what_the_published_layer_cannot_compute_is_named(change, named):
    with pytest.raises(ValueError, match=f"cannot choose {named}"):
        SessaConfig(**{"width": 8, "heads": 2, **change}).published_arguments()


@given(configs())
def test_json_round_trip(config):
    assert SessaConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("text", ['{"width": 4, "depth": 3}', "[4]", '{"width": 4, "gamma_max": 7.0}'])
def test_bad_json_is_refused(text):
    with pytest.raises(ValueError, match=r"depth|JSON object|gamma_max"):
        SessaConfig.from_json(text)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"width": 10, "heads": 3}, "width must be divisible by heads"),
        ({"width": 12, "heads": 4, "kv_heads": 3}, "kv_heads must divide heads"),
        ({"width": 12, "heads": 2, "kv_heads": 4}, "kv_heads must divide heads"),
        ({"width": 15, "heads": 5}, "query_width must be even with rope=True"),
        ({"width": 8, "query_width": 3}, "query_width must be even with rope=True"),
        ({"width": 8, "gamma_max": 0.0}, "gamma_max"),
        ({"width": 8, "gamma_max": -0.5}, "gamma_max"),
        ({"width": 8, "gamma_max": 1.001}, "gamma_max"),
        ({"width": 8, "gamma_max": float("nan")}, "gamma_max must be finite"),
        ({"width": 8, "gamma_max": 1.0}, "gamma_max = 1"),
        ({"width": 8, "heads": 2, "gamma_max": 1.0, "projection_bias": False}, "gamma_max = 1"),
        ({"width": 0}, "width"),
        ({"width": 8, "heads": 0}, "heads"),
        ({"width": 8, "kv_heads": -1}, "kv_heads"),
        ({"width": 8, "norm_eps": -1e-5}, "norm_eps"),
        ({"width": 8, "rope_base": 1.0}, "rope_base"),
    ],
)
def test_values_out_of_range_are_named(fields, named):
    with pytest.raises(ValueError, match=named):
        SessaConfig(**fields)


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: SessaConfig.published(8, 2, 0), "n_kv_heads"),
        (lambda: SessaConfig.published(8, gamma_max=1.0), "gamma_max"),
        (lambda: SessaConfig.paper(8, 0), "query_width"),
        (lambda: SessaConfig.paper(8, 3), "query_width"),
    ],
)
def test_constructors_name_their_argument(build, named):
    with pytest.raises(ValueError, match=named):
        build()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", ValueError, "a config must be a JSON object"),
        ("[" * 100_000, ValueError, "a config must be a JSON object"),
        (b"\xff", ValueError, "a config must be a JSON object"),
        ('{"heads": 2}', ValueError, "a config must have an entry named width"),
        ('{"width": 8, "width": 4}', ValueError, "must name each entry once, got width, width"),
        ('{"width": 8, "gamma_max": NaN}', ValueError, "gamma_max must be finite, got nan"),
    ],
)
def test_json_is_taken_as_it_is(text, error, message):
    with pytest.raises(error, match=message):
        SessaConfig.from_json(text)


def test_json_in_any_unicode_encoding():
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert SessaConfig.from_json('{"width": 8}'.encode(encoding)) == SessaConfig(width=8)


def test_copies_are_equal():
    config = SessaConfig.published(8, 4, 2)
    for twin in (pickle.loads(pickle.dumps(config)), copy.deepcopy(config), copy.copy(config)):
        assert twin == config
        assert hash(twin) == hash(config)
