"""The helper for other projects' tests."""

import pytest
import torch

from sessa_ref import testing
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer
from sessa_ref.oracle import TargetError, battery
from tests.oracle import wrong_layers
from tests.oracle.hostile import Right


@pytest.fixture(autouse=True)
def _few_cases(monkeypatch):
    few = tuple(case for case in battery() if case.name in ("heads", "two_tokens"))
    monkeypatch.setattr(testing, "cases_of", lambda level, quick, blocks: [case.at(level) for case in few])


@pytest.mark.parametrize(
    "implementation",
    [SessaLayer, SessaLayer(8, 2), SessaLayer.from_config, "sessa_ref.optimized:SessaLayer"],
    ids=["class", "module", "factory", "target"],
)
def test_right_layers_pass(implementation):
    assert testing.assert_conforms(implementation, ["float64"]).conforms


def test_wrong_layers_fail_with_what_is_wrong():
    with pytest.raises(AssertionError, match=r"(?s)does not conform.*failed decode.*diagnosis: DecodeStatesStale"):
        testing.assert_conforms(wrong_layers.StaleDecodeCache, ["float64"])


def test_departures_are_accepted_unless_refused():
    testing.assert_conforms(wrong_layers.Float32Angles, ["float64"])
    with pytest.raises(AssertionError, match="departed forward on heads"):
        testing.assert_conforms(wrong_layers.Float32Angles, ["float64"], departures=False)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        (torch.no_grad, "torch.no_grad"),
        (torch.inference_mode, "torch.inference_mode and torch.no_grad"),
        (lambda: torch.autocast("cpu", torch.bfloat16), "torch.autocast"),
    ],
)
def test_modes_of_the_caller_are_not_held_against_a_layer(mode, name):
    with mode(), pytest.raises(TargetError, match=f"^assert_conforms cannot judge under {name}: call it outside$"):
        testing.assert_conforms(SessaLayer)


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
def test_autocast_is_refused_wherever_an_instance_may_be(kind):
    torch.set_autocast_enabled(kind, True)
    try:
        with pytest.raises(TargetError, match=r"judge under torch\.autocast"):
            testing.assert_conforms(SessaLayer(8, 2))
    finally:
        torch.set_autocast_enabled(kind, False)


def test_a_layer_that_takes_no_token_is_not_judged():
    layer = SessaLayer(8, 2)
    vars(layer)["max_len"] = 0
    with pytest.raises(TargetError, match="takes no token: its max_len is 0"):
        testing.assert_conforms(layer)


def test_adapters_may_return_tensors():
    class Tensors(Right):
        def build(self, parameters, dtype):
            layer = super().build(parameters, dtype)
            forward = layer.forward
            layer.forward = lambda x: torch.from_numpy(forward(x))
            return layer

    assert testing.assert_conforms(Tensors, ["float64"]).conforms


def test_adapters_may_return_more_gradients():
    class More(Right):
        def build(self, parameters, dtype):
            layer = super().build(parameters, dtype)
            vjp = layer.vjp

            def more(x, dy):
                dx, gradients = vjp(x, dy)
                return dx, {**gradients, "mixer.rope_inv_freq": dx, 3: dx}

            layer.vjp = more
            return layer

    assert testing.assert_conforms(More, ["float64"]).conforms


def test_loading_need_not_return_anything():
    class Silent(SessaLayer):
        def load_state_dict(self, *arguments, **options):  # type: ignore[override]
            super().load_state_dict(*arguments, **options)

    assert testing.assert_conforms(Silent, ["float32"]).conforms


def test_factories_take_a_config():
    built = []

    def factory(config: SessaConfig):
        built.append(config)
        return SessaLayer.from_config(config)

    testing.assert_conforms(factory, ["float32"])
    assert all(isinstance(config, SessaConfig) for config in built)
    with pytest.raises(TargetError, match="not a torch module"):
        testing.assert_conforms(lambda config: 3, ["float32"])
