"""The battery of one config has what the config allows."""

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases import of_config


def test_the_battery_of_a_config_has_what_the_config_allows():
    names = {c.name for c in of_config.battery_of(SessaConfig.published(8, 2), False)}
    assert {"positions", "long_chains", "every_length"} <= names
    plain = {c.name for c in of_config.battery_of(SessaConfig.published(9, 3, use_forward_rope=False), False)}
    assert {"logits_high", "logits_low"} <= plain
    assert "positions" not in plain
    wide = of_config.battery_of(SessaConfig.published(128, 2), False)
    assert max(c.x.shape[1] for c in wide) <= 65
    assert all(c.parameters.config == SessaConfig.paper(4) for c in of_config.battery_of(SessaConfig.paper(4), False))
