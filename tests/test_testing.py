"""The helper for other projects' tests."""

import pytest

from sessa_ref import testing
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer
from sessa_ref.oracle import TargetError, battery
from tests.oracle import wrong_layers


@pytest.fixture(autouse=True)
def _few_cases(monkeypatch):
    few = tuple(case for case in battery() if case.name in ("heads", "two_tokens"))
    monkeypatch.setattr(testing, "battery", lambda quick: few)


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


def test_factories_take_a_config():
    built = []

    def factory(config: SessaConfig):
        built.append(config)
        return SessaLayer.from_config(config)

    testing.assert_conforms(factory, ["float32"])
    assert all(isinstance(config, SessaConfig) for config in built)
    with pytest.raises(TargetError, match="not a torch module"):
        testing.assert_conforms(lambda config: 3, ["float32"])
