import pytest

from sessa_ref.config import SessaConfig

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")
from sessa_ref.language_model import SessaModelConfig


def test_layers_are_published_ones():
    config = SessaModelConfig(hidden_size=24, num_attention_heads=4, num_key_value_heads=2, rope=False, gamma_max=0.5)
    assert config.layer_config == SessaConfig.published(24, 4, 2, use_forward_rope=False, gamma_max=0.5)
    assert SessaModelConfig.from_dict(config.to_dict()).to_dict() == config.to_dict()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hiden_size": 8}, "^SessaModelConfig has no field hiden_size; the nearest are hidden_size"),
        ({"hidden_size": 10, "num_attention_heads": 4}, "hidden_size=10.*must be divisible by heads"),
        ({"gamma_max": 1.0}, "gamma_max=1.0: gamma_max must lie in"),
        ({"vocab_size": 0}, "^vocab_size must be a positive whole number, got 0"),
        ({"num_hidden_layers": 1.5}, "^num_hidden_layers must be a positive whole number, got 1.5"),
        ({"initializer_range": 0}, "^initializer_range must be a positive number, got 0"),
    ],
)
def test_bad_fields(fields, message):
    with pytest.raises(ValueError, match=message):
        SessaModelConfig(**fields)


def test_wrong_types():
    with pytest.raises(TypeError, match="tie_word_embeddings must be True or False, got 'no'"):
        SessaModelConfig.from_dict({"tie_word_embeddings": "no"})
    with pytest.raises(TypeError, match="rope=5 and gamma_max="):
        SessaModelConfig.from_dict({"rope": 5})


def test_a_width_that_is_none():
    with pytest.raises(TypeError, match="there is no layer with hidden_size=wide"):
        SessaModelConfig.from_dict({"hidden_size": "wide"})
