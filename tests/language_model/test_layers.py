import pytest

from sessa_ref.optimized import SessaLayer
from sessa_ref.testing import assert_conforms

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")
from tests.language_model.small import small


def test_a_layer_taken_out_conforms_and_is_drawn_as_a_layer():
    layer = small().model.layers[1]
    assert type(layer) is SessaLayer
    report = assert_conforms(layer, dtypes=["float64"], require=["gradients", "decode", "padding"])
    assert report.verdict == "conforms"
    assert layer.mixer.gamma_bias.item() == 1
    assert layer.W_in.weight.abs().max().item() == pytest.approx(12**-0.5, rel=0.05)
