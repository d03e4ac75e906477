"""An instance is judged as it is: its settings, its patches, its config; and it is left alone."""

import functools

import pytest
import torch

from sessa_ref import testing
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer
from sessa_ref.oracle import TargetError, verify
from sessa_ref.oracle.cases import of_config
from sessa_ref.oracle.implementation.instance import adapter_of, capacity_of, config_of

FEW = ("one_token", "two_tokens")


@pytest.fixture(autouse=True)
def _few_cases(monkeypatch):
    whole = of_config.battery_of
    monkeypatch.setattr(testing, "battery_of", lambda *given: [c for c in whole(*given) if c.name in FEW])
    monkeypatch.setattr(testing, "verify", functools.partial(verify, explain=False))


class Scaled(SessaLayer):
    """A right class with a setting that makes an instance wrong."""

    def __init__(self, D, n_heads=1, scale=1.0, **others):
        super().__init__(D, n_heads, **others)
        self.scale = scale

    def forward(self, x, attention_mask=None):
        return super().forward(x, attention_mask) * self.scale


def test_settings_of_an_instance_count():
    testing.assert_conforms(Scaled(8, 2, scale=1.0), ["float32"])
    with pytest.raises(AssertionError, match=r"Scaled does not conform\nfailed forward on one_token in float32"):
        testing.assert_conforms(Scaled(8, 2, scale=5.0), ["float32"])


def test_a_patched_forward_counts():
    layer = SessaLayer(8, 2)
    layer.forward = lambda x, attention_mask=None: 0 * x
    with pytest.raises(AssertionError, match="does not conform"):
        testing.assert_conforms(layer, ["float32"])


def test_departures_of_an_instance_can_be_refused():
    layer = SessaLayer(8, 2, rotary_dtype="float32")
    report = testing.assert_conforms(layer, ["float64"])
    assert report.verdict == "conforms with departures"
    with pytest.raises(AssertionError, match="departures are not accepted\ndeparted forward on two_tokens"):
        testing.assert_conforms(layer, ["float64"], departures=False)


@pytest.mark.parametrize(
    "config",
    [
        SessaConfig.published(6, 3, 1, use_forward_rope=False, ln_eps=0.01, gamma_max=0.5),
        SessaConfig.paper(5),
        SessaConfig(width=6, heads=3, query_width=4, feedback_width=5, rope_base=50.0, norm="identity"),
    ],
)
def test_any_config_is_judged_on_cases_of_its_own(config):
    report = testing.assert_conforms(SessaLayer.from_config(config), ["float32"])
    assert {result.status for result in report.results} == {"passed"}
    other = SessaConfig(width=6, heads=3, rope=False, norm_eps=0.02, kv_heads=1, gamma_max=0.5)
    if config.norm_eps == 0.01:
        layer = SessaLayer.from_config(other)
        layer.config = config  # what it says is not what it does
        with pytest.raises(AssertionError, match="does not conform"):
            testing.assert_conforms(layer, ["float32"])


def test_the_instance_is_left_alone():
    layer = SessaLayer(8, 2).train()
    layer(torch.ones(1, 3, 8)).sum().backward()
    layer.W_in.weight.requires_grad_(False)
    before = {name: (own, own.detach().clone(), own.grad, own.requires_grad) for name, own in layer.named_parameters()}
    testing.assert_conforms(layer, ["float64"])
    assert layer.training
    assert not layer.W_in.weight.requires_grad
    for name, own in layer.named_parameters():
        same, values, gradient, required = before[name]
        assert own is same
        assert own.dtype == torch.float32
        assert torch.equal(own, values), name
        assert own.grad is gradient
        assert own.requires_grad == required


def test_a_frozen_instance_is_no_wrong_one():
    assert testing.assert_conforms(SessaLayer(8, 2).requires_grad_(False), ["float32"]).verdict == "conforms"


class Foreign(torch.nn.Module):
    """A layer of someone else's: no attribute `config`."""

    def __init__(self, layer):
        super().__init__()
        for name, child in layer.named_children():
            self.add_module(name, child)
        self.inner = [layer.config]

    def forward(self, x):
        layer = SessaLayer.from_config(self.inner[0])
        return torch.func.functional_call(layer.to(x.dtype), dict(self.named_parameters()), (x,))


def test_a_config_that_cannot_be_read_off_is_asked_for():
    config = SessaConfig.published(8, 2)
    foreign = Foreign(SessaLayer.from_config(config))
    with pytest.raises(TargetError, match=r"Foreign has no attribute config .*: give config=SessaConfig\.published"):
        testing.assert_conforms(foreign, ["float32"])
    report = testing.assert_conforms(foreign, ["float32"], config=config)
    assert report.skipped == {"decode": 2}
    with pytest.raises(AssertionError, match=r"errored decode on one_token .* cannot be declined, it is required"):
        testing.assert_conforms(foreign, ["float32"], config=config, require=["decode"])


def test_contradicting_configs_are_refused():
    with pytest.raises(TargetError, match="config must be that of the instance"):
        config_of(SessaLayer(8, 2), SessaConfig.published(8, 4))
    with_angles = SessaConfig.published(8, 2, rotary_dtype="float32")
    assert config_of(SessaLayer(8, 2), with_angles) == SessaConfig.published(8, 2)


def test_a_config_for_a_class():
    report = testing.assert_conforms(SessaLayer, ["float32"], config=SessaConfig.published(10, 5))
    assert {result.case for result in report.results} == set(FEW)


def patch_with_a_closure(layer):
    original = layer.forward
    layer.forward = lambda x: original(x)


def patch_with_a_default(layer):
    layer.forward = lambda x, original=layer.forward: original(x)


def patch_through_a_partial(layer):
    original = layer.forward
    layer.forward = functools.partial(lambda extra, x: original(x), None)


def patch_a_part(layer):
    weight = layer.W_in.weight
    layer.W_in.forward = lambda x: x @ weight.T


def hook_with_a_closure(layer):
    layer.register_forward_hook(lambda module, inputs, output: output + 0 * layer.W_in.bias.sum())


@pytest.mark.parametrize(
    "patch", [patch_with_a_closure, patch_with_a_default, patch_through_a_partial, patch_a_part, hook_with_a_closure]
)
def test_functions_that_hold_the_original_are_refused(patch):
    """A copy would go on to compute with the original's parameters: a right layer would be called wrong."""
    layer = SessaLayer(8, 2)
    patch(layer)
    with pytest.raises(TargetError, match="is a function that holds the instance itself"):
        adapter_of(layer)


def test_bound_methods_go_with_the_copy():
    layer = SessaLayer(8, 2)
    layer.forward = layer.forward
    layer.register_forward_hook(lambda module, inputs, output: output.clone())
    assert testing.assert_conforms(layer, ["float32"]).conforms


def test_other_devices_and_what_cannot_be_copied_are_refused():
    with pytest.raises(TargetError, match=r"this SessaLayer is on meta, where it has no numbers"):
        adapter_of(SessaLayer(8, 2).to("meta"))
    layer = SessaLayer(8, 2)
    layer.W_in.to("meta")
    with pytest.raises(TargetError, match="this SessaLayer mixes devices, it is on cpu and meta"):
        adapter_of(layer)
    layer = SessaLayer(8, 2)
    layer.state = torch.ones(2, requires_grad=True) * 2  # no leaf
    with pytest.raises(TargetError, match="this SessaLayer cannot be copied: RuntimeError"):
        adapter_of(layer)


def test_cases_beyond_max_len_are_left_out():
    assert capacity_of(SessaLayer(8, 2)) == float("inf")
    assert capacity_of(SessaLayer(8, 2, max_len=5)) == 5
    report = testing.assert_conforms(SessaLayer(8, 2, max_len=1), ["float32"])
    assert {result.case for result in report.results} == {"one_token"}
