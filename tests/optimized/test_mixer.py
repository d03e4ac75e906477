"""The mixer by itself: the map u -> s of the reference, its parameters, its cache."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.optimized.mixer import SessaMixer
from sessa_ref.oracle.cases.case import Case, case
from sessa_ref.parameters import SessaParameters
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.strategies import configs

CONFIG = SessaConfig.published(8, 4, 2)


def mixer_of(layer: Case, **arguments) -> SessaMixer:
    mixer = SessaMixer(layer.parameters.config, dtype=torch.float64, **arguments)
    prefix = "mixer."
    state = {n.removeprefix(prefix): torch.tensor(a) for n, a in layer.parameters.items() if n.startswith(prefix)}
    mixer.load_state_dict(state)
    return mixer


@settings(max_examples=15)
@given(configs(), st.integers(0, 12), st.sampled_from(["blocked", "dense", "hops"]))
def test_it_is_the_references_map(config, T, backend):
    layer = case(f"mixer {T} {config}", "", config, T=T)
    steps = reference.trace(layer.parameters, layer.x)
    with torch.no_grad():
        mixer = mixer_of(layer, backend=backend)
        assert_equal_but_for_rounding(torch.tensor(steps.s), SessaMixer.__call__, mixer, torch.tensor(steps.u))


@pytest.mark.parametrize("backend", ["blocked", "dense", "hops"])
def test_it_solves_by_its_backend(monkeypatch, backend):
    asked = []
    monkeypatch.setattr("sessa_ref.optimized.mixer.feedback_solve", lambda *given: asked.append(given[-1]) or given[3])
    with torch.no_grad():
        SessaMixer(CONFIG, backend=backend)(torch.zeros(5, 8))
    assert asked == [backend]


def test_what_decoding_keeps_is_the_trace():
    layer = case("mixer states", "", CONFIG, T=6)
    steps = reference.trace(layer.parameters, layer.x)
    with torch.no_grad():
        wanted = np.moveaxis(steps.k_rotated, -3, -2), np.moveaxis(steps.v, -3, -2), steps.k_fb, steps.s
        tensors = [torch.tensor(array) for array in wanted]
        assert_equal_but_for_rounding(tensors, SessaMixer.states, mixer_of(layer), torch.tensor(steps.u))


def test_prefill_and_steps_go_on_where_the_last_call_ended():
    """As the whole sequence at once."""
    layer = case("mixer decoding", "", CONFIG, T=9)
    mixer = mixer_of(layer, max_len=9)
    u = torch.tensor(reference.trace(layer.parameters, layer.x).u)
    cache = mixer.init_cache(2)
    parts = [mixer.prefill(u[:, :3], cache), mixer.prefill(u[:, 3:3], cache), mixer.prefill(u[:, 3:7], cache)]
    parts += [mixer.decode_step(u[:, t], cache)[:, None] for t in (7, 8)]
    assert_equal_but_for_rounding(torch.cat(parts, dim=1), SessaMixer.__call__, mixer, u)
    with pytest.raises(ValueError, match="9"):
        mixer.decode_step(u[:, 0], cache)
    assert tuple(cache.lengths) == (9, 9)


def test_the_gain_is_not_rounded_to_one():
    """In bfloat16 0.999 is 1."""
    mixer = SessaMixer(CONFIG, dtype=torch.bfloat16)
    with torch.no_grad():
        mixer.gamma_bias.fill_(40.0)
        gain = mixer.gain(torch.zeros(1, 3, 8, dtype=torch.bfloat16))
    assert gain.dtype == torch.float32
    assert torch.equal(gain, torch.full((1, 3), 0.999))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308])
def test_a_bad_token_spoils_only_what_comes_after(bad):
    """One that is not finite, and one whose projections overflow."""
    layer = case("mixer bad token", "", CONFIG, T=6)
    mixer = mixer_of(layer)
    u = torch.tensor(reference.trace(layer.parameters, layer.x).u)
    spoiled = u.clone()
    spoiled[0, 3] = bad
    with torch.no_grad():
        s, right = mixer(spoiled), mixer(u)
    assert torch.equal(s[0, :3], right[0, :3])
    assert torch.equal(s[1], right[1])
    assert torch.isnan(s[0, 3:]).all()


def test_parameters_are_drawn_anew_with_the_seed():
    torch.manual_seed(3)
    mixer = SessaMixer(CONFIG)
    first = {name: value.clone() for name, value in mixer.state_dict().items()}
    mixer.to_empty(device="cpu")
    torch.manual_seed(3)
    mixer.reset_parameters()
    assert mixer.state_dict().keys() == first.keys()
    assert all(torch.equal(value, first[name]) for name, value in mixer.state_dict().items())
    assert float(mixer.gamma_bias.detach()) == 1
    mixer.reset_parameters()
    assert not torch.equal(mixer.q_proj.weight, first["q_proj.weight"])


def test_names_and_shapes_are_those_of_the_parameters():
    for config in (CONFIG, SessaConfig.paper(6, 4), SessaConfig.published(6, 3, use_forward_rope=False)):
        wanted = {
            n.removeprefix("mixer."): a.shape
            for n, a in SessaParameters.random(config).items()
            if n.startswith("mixer.")
        }
        assert {name: tuple(p.shape) for name, p in SessaMixer(config).named_parameters()} == wanted


def test_frequencies_of_half_precision_are_accepted_at_any_size():
    """Of 32 pairs, down to 1.5e-6, which float16 holds with one digit."""
    mixer = SessaMixer(replace(SessaConfig.published(64, 1), rope_base=1e6))
    own = mixer.state_dict()["rope_inv_freq"]
    assert own.min() < 2e-6
    for good in (own.bfloat16(), own.half(), own.double()):
        mixer.load_state_dict({"rope_inv_freq": good}, strict=False)
    with pytest.raises(RuntimeError, match="holds other rotary frequencies"):
        mixer.load_state_dict({"rope_inv_freq": own * 1.01}, strict=False)
    assert SessaMixer(CONFIG, device="meta").state_dict()["rope_inv_freq"].device.type == "meta"


def test_frequencies_of_another_layer_are_refused():
    """Those of half precision are the same as far as these can tell, and missing ones and published masks do no harm."""
    mixer = SessaMixer(CONFIG)
    state = mixer.state_dict()
    for good in (state["rope_inv_freq"].bfloat16(), state["rope_inv_freq"].half()):
        mixer.load_state_dict({**state, "rope_inv_freq": good, "causal_mask_f_full": torch.ones(1)})
    for other in (torch.ones(5), torch.ones(5, device="meta")):
        with pytest.raises(RuntimeError, match="size mismatch for rope_inv_freq"):
            mixer.load_state_dict({**state, "rope_inv_freq": other})
    mixer.load_state_dict({name: value for name, value in state.items() if name != "rope_inv_freq"})
    assert torch.equal(mixer.rope_inv_freq, state["rope_inv_freq"])
    other = SessaMixer(SessaConfig(width=16, heads=2, rope_base=500.0))
    with pytest.raises(
        RuntimeError, match="rope_inv_freq in the state_dict holds other rotary frequencies than those of the config"
    ):
        other.load_state_dict(
            {**other.state_dict(), "rope_inv_freq": SessaMixer(SessaConfig(width=16, heads=2)).rope_inv_freq}
        )


def in_float64(call, u):
    """Tokens and a cache that a float32 mixer cannot take."""
    mixer = SessaMixer(CONFIG)
    return call(mixer, u.double(), mixer.init_cache(1, dtype=torch.float64, max_len=4))


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: SessaMixer(CONFIG)(torch.ones(2, 3, 5)), ValueError, r"u must have shape \(..., T, D\) .* got \(2, 3, 5\)"),
        (lambda: in_float64(SessaMixer.prefill, torch.ones(1, 2, 8)), TypeError, "u must have the dtype of the parameters"),
        (lambda: in_float64(SessaMixer.decode_step, torch.ones(1, 8)), TypeError, "u must have the dtype of the parameters"),
        (lambda: SessaMixer(CONFIG, dtype=torch.int32), TypeError, "dtype must be float16"),
        (lambda: SessaMixer(CONFIG, max_len=0), ValueError, "max_len must be at least 1, got 0"),
        (lambda: SessaMixer(CONFIG).init_cache(2, max_len=0), ValueError, "max_len must be at least 1, got 0"),
        (lambda: SessaMixer(CONFIG).init_cache(2), ValueError, "init_cache needs max_len, a positive number of tokens, got None"),
        (lambda: SessaMixer(CONFIG, max_len=3).init_cache(-1), ValueError, "batch_size must be at least 0, got -1"),
        (lambda: SessaMixer(CONFIG, max_len=3).init_cache(1, dtype=torch.int64), TypeError, "dtype must be float16"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, told):
    with pytest.raises(error, match=told):
        call()
