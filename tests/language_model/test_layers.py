import pytest

from sessa_ref.optimized import SessaLayer
from sessa_ref.testing import assert_conforms
from tests.rounding import roundings

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")
from tests.language_model.small import small


def test_a_layer_taken_out_conforms_and_is_drawn_as_a_layer():
    layer = small().model.layers[1]
    assert type(layer) is SessaLayer
    report = assert_conforms(layer, dtypes=["float64"], require=["gradients", "decode", "padding"])
    assert report.verdict == "conforms"
    assert layer.mixer.gamma_bias.item() == 1
    # Drawn in float32, evenly up to 12^-1/2; that all 24 x 12 of them are below 0.95 of it has probability 4e-7.
    assert 0.95 <= layer.W_in.weight.abs().max().item() * 12**0.5 <= 1 + roundings(2, "float32")
