"""The torch layer against the published vectors, the reference's bounds, and torch's own machinery."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer, rotary
from sessa_ref.oracle import Verdict, battery, verify
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case, case
from sessa_ref.oracle.implementation.targets import as_adapter
from sessa_ref.oracle.implementation.torch_adapter import DecodingTorchLayer
from sessa_ref.precision import PRECISIONS
from tests import published_vectors
from tests.closeness import as_values, assert_within_bounds
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.strategies import cases

X = torch.randn(2, 7, 12, generator=torch.Generator().manual_seed(0))


def implementation(drawn: Case, dtype: str) -> DecodingTorchLayer:
    torch_dtype = getattr(torch, dtype)
    module = SessaLayer.from_config(drawn.parameters.config).to(torch_dtype)
    module.load_state_dict({n: torch.tensor(a, dtype=torch_dtype) for n, a in drawn.parameters.items()})
    return DecodingTorchLayer(module, torch_dtype)


def layer(**arguments) -> SessaLayer:
    torch.manual_seed(0)
    return SessaLayer(**{"D": 12, "n_heads": 3, **arguments})


@pytest.mark.parametrize("name", published_vectors.NAMES)
class TestPublishedVectors:
    def build(self, name):
        vector = published_vectors.load(name)
        module = SessaLayer(**vector.arguments, rotary_dtype="float32").to(getattr(torch, vector.dtype))
        tensors = {n: torch.tensor(a) for n, a in vector.part("param.").items()}
        assert str(module.load_state_dict(tensors, strict=True)) == "<All keys matched successfully>"
        return vector, DecodingTorchLayer(module, getattr(torch, vector.dtype))

    def test_output_and_gradients(self, name):
        vector, torch_layer = self.build(name)
        values = as_values(torch_layer.forward(vector["x"]), *torch_layer.vjp(vector["x"], vector["grad_y"]))
        assert_within_bounds(published_vectors.expectation(name), values)

    def test_decoding(self, name):
        vector, torch_layer = self.build(name)
        x, split = vector["x"], vector.split
        outputs = [torch_layer.prefill(x[:, :split], capacity=x.shape[1])]
        outputs += [torch_layer.decode_step(x[:, t])[:, None] for t in range(split, x.shape[1])]
        assert_within_bounds(published_vectors.expectation(name), {"y": np.concatenate(outputs, axis=1)})


@settings(max_examples=6)
@given(cases(max_T=24))
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_every_precision_stays_within_its_bounds(dtype, drawn):
    expectation = Expectation(drawn, dtype)
    torch_layer = implementation(expectation.case, dtype)
    x, dy = (array.astype(PRECISIONS[dtype].carrier) for array in (expectation.case.x, expectation.case.dy))
    assert_within_bounds(expectation, as_values(torch_layer.forward(x), *torch_layer.vjp(x, dy)))


def test_published_checkpoint_with_its_buffers_loads_strictly():
    module = layer()
    buffers = {
        "mixer.rope_inv_freq": torch.tensor([1.0, 0.01]),
        "mixer.causal_mask_f_full": torch.ones(9, 9, dtype=torch.bool),
        "mixer.causal_mask_fb_full": torch.ones(9, 9, dtype=torch.bool),
    }
    module.load_state_dict({**module.state_dict(), **buffers}, strict=True)


def test_a_checkpoint_with_other_frequencies_is_refused_and_leaves_ours():
    module = layer()
    ours = module.mixer.rope_inv_freq.clone()
    with pytest.raises(RuntimeError, match="rope_inv_freq in the state_dict holds other rotary frequencies"):
        module.load_state_dict({**module.state_dict(), "mixer.rope_inv_freq": torch.tensor([1.0, 0.02])})
    assert torch.equal(module.mixer.rope_inv_freq, ours)
    for low in (torch.float16, torch.bfloat16):  # rounded ones are the same
        module.load_state_dict(layer().to(low).state_dict())
    with pytest.raises(RuntimeError, match=r"Unexpected.*rope_inv_freq"):
        layer(use_forward_rope=False).load_state_dict(module.state_dict())


def test_missing_and_unexpected_parameters_are_reported():
    module = layer()
    state = dict(module.state_dict())
    state["mixer.extra"] = state.pop("W_in.bias")
    with pytest.raises(RuntimeError, match=r"(?s)Missing.*W_in\.bias.*Unexpected.*mixer\.extra"):
        module.load_state_dict(state)


def test_state_dict_has_the_published_names():
    published = {f"{n}" for n in published_vectors.load("multi_head").part("param.")}
    assert set(layer().state_dict()) == published | {"mixer.rope_inv_freq"}
    assert layer().state_dict()["mixer.rope_inv_freq"].dtype == torch.float32
    assert set(layer(n_heads=1, D=5, use_forward_rope=False).state_dict()) == published - {"mixer.out_proj.weight"}


class TestAngles:
    def test_float64_means_float64(self):
        """The exact map at T = 600, where float32 angles are off by about 1e-7 relative."""
        drawn = case("angles", "", SessaConfig.published(8, 2), T=600, batch=1)
        y = implementation(drawn, "float64").forward(drawn.x)
        assert_within_bounds(Expectation(drawn, "float64"), {"y": y})

    def test_float32_on_request(self):
        drawn = case("angles", "", SessaConfig.published(8, 2), T=100, batch=1)
        rounded = case("angles", "", SessaConfig.published(8, 2, rotary_dtype="float32"), T=100, batch=1)
        y = implementation(rounded, "float64").forward(rounded.x)
        assert_within_bounds(Expectation(rounded, "float64"), {"y": y})
        assert np.max(Expectation(drawn, "float64").error_ratios("y", y)) > 1e3

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_low_precision_tells_late_neighbours_apart(self, dtype):
        from sessa_ref.optimized.rotary import angles

        theta = angles(SessaConfig.published(8, 2), torch.tensor([4096, 4097]), dtype)
        assert (theta[1, 0] - theta[0, 0]).item() == 1  # the first frequency is 1, and float32 holds these angles


class TestCache:
    def test_forward_takes_more_tokens_than_max_len(self):
        assert layer(max_len=3)(X).shape == X.shape

    def test_overflow(self):
        module = layer(max_len=5)
        cache = module.init_cache(2)
        with pytest.raises(ValueError, match="cache overflow: it has max_len=5 places and holds 0 tokens"):
            module.prefill(X, cache)
        _, cache = module.prefill(X[:, :5], cache)
        with pytest.raises(ValueError, match="cache overflow: it has max_len=5 places and holds 5 tokens"):
            module.decode_step(X[:, 5], cache)

    def test_capacity_is_needed(self):
        with pytest.raises(ValueError, match="init_cache needs max_len"):
            layer().init_cache(2)
        with pytest.raises(ValueError, match="max_len must be at least 1, got 0"):
            layer().init_cache(2, max_len=0)

    @pytest.mark.parametrize("parts", [(7,), (3, 4), (1, 2, 4), (1,) * 7, (5, 1, 1)])
    def test_a_prompt_may_come_in_parts(self, parts):
        drawn = case("parts", "", SessaConfig.published(12, 6, 2), T=7)
        module = implementation(drawn, "float64").module
        x = torch.tensor(drawn.x)
        cache = module.init_cache(2, max_len=7)
        outputs = []
        for tokens in x.split(parts, dim=1):
            y, cache = module.prefill(tokens, cache)
            outputs.append(y)
        assert cache.t == 7
        assert_within_bounds(Expectation(drawn, "float64"), {"y": torch.cat(outputs, dim=1).numpy()})

    def test_a_long_second_part(self):
        """More tokens than are taken at a time."""
        module = layer().double()
        x = torch.randn(1, 700, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        cache = module.init_cache(1, max_len=700)
        outputs = [module.prefill(tokens, cache)[0] for tokens in x.split((50, 650), dim=1)]
        assert_equal_but_for_rounding(torch.cat(outputs, dim=1), SessaLayer.__call__, module, x)

    def test_the_published_cache_is_taken(self):
        module = layer()
        ours = module.init_cache(2, max_len=7)
        theirs = {"t": 0, **{name: torch.zeros_like(getattr(ours, name)) for name in ("k_f", "v_f", "k_b", "s")}}
        assert module.prefill(X[:, :5], ours)[1] is ours
        assert module.prefill(X[:, :5], theirs)[1] is theirs
        assert theirs["t"] == ours.t == 5
        y, _ = module.decode_step(X[:, 5], theirs)
        assert theirs["t"] == 6
        assert torch.equal(y, module.decode_step(X[:, 5], ours)[0])
        with pytest.raises(ValueError, match="it lacks \\['k_b', 's'\\]"):
            module.decode_step(X[:, 6], {"t": 0, "k_f": ours.k_f, "v_f": ours.v_f})

    def test_a_bad_token_in_a_later_part_spoils_what_comes_after(self):
        module = layer().double()
        cache, x = module.init_cache(2, max_len=7), X.double()
        x[0, 5] = torch.nan
        first, cache = module.prefill(x[:, :3], cache)
        second, cache = module.prefill(x[:, 3:], cache)
        assert_equal_but_for_rounding(torch.cat([first, second], dim=1)[:1, :5], SessaLayer.__call__, module, x[:1, :5])
        assert second[0, 2:].isnan().all()
        assert not second[1].isnan().any()

    def test_a_step_compiles_as_a_whole_and_for_all_lengths(self):
        """In a process of its own, because the run-time type checker of the tests cannot be compiled."""
        script = """
import torch
from sessa_ref.optimized import SessaLayer
from tests.optimized.rounding import assert_equal_but_for_rounding
module = SessaLayer(12, 3).double()
x = torch.randn(2, 30, 12, dtype=torch.float64)
torch._dynamo.config.error_on_recompile = False
graphs = []
def count(graph, inputs):
    graphs.append(graph)
    return graph
step = torch.compile(module.decode_step, fullgraph=True, backend=count)
outputs = []
y, cache = module.prefill(x[:, :3], module.init_cache(2, max_len=30))
for t in range(3, 30):
    y, cache = step(x[:, t], cache)
    outputs.append(y)
assert_equal_but_for_rounding(torch.stack(outputs, dim=1), lambda module, x: module(x)[:, 3:], module, x)
print(len(graphs))
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) <= 3, "one graph for all lengths, after the first few"

    def test_both_token_shapes(self):
        module = layer()
        outputs = []
        for token in (X[:, 0], X[:, :1]):
            y, _ = module.decode_step(token, module.init_cache(2, max_len=1))
            assert y.shape == token.shape
            outputs.append(y.reshape(2, 12))
        assert torch.equal(*outputs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m(torch.ones(2, 3, 11)), r"x must have shape \(..., T, D\) with D=12, got \(2, 3, 11\)"),
        (lambda m: m(torch.ones(12)), r"got \(12,\)"),
        (lambda m: m.prefill(torch.ones(3, 12), m.init_cache(1, max_len=4)), r"\(batch, T, D\)"),
        (lambda m: m.decode_step(torch.ones(1, 2, 12), m.init_cache(1, max_len=4)), r"\(batch, 1, D\)"),
    ],
)
def test_wrong_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call(layer())


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_bad_token_spoils_only_what_comes_after(bad):
    module = layer()
    x = X.clone()
    x[0, 3] = bad
    y = module(x)
    assert torch.equal(y[0, :3], module(X)[0, :3])
    assert torch.equal(y[1], module(X)[1])
    assert y[0, 3:].isnan().all()


@pytest.mark.parametrize("T", [0, 1])
def test_short(T):
    y = layer()(X[:, :T])
    assert y.shape == (2, T, 12)
    y.sum().backward()


class TestTorchMachinery:
    def test_compile(self):
        """In a process of its own, because the run-time type checker of the tests cannot be compiled."""
        script = """
import torch
from sessa_ref.optimized import SessaLayer
from tests.optimized.rounding import assert_equal_but_for_rounding
module = SessaLayer(12, 3).double()
x = torch.randn(2, 7, 12, dtype=torch.float64, requires_grad=True)
compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
def gradient(function, x):
    return torch.autograd.grad(function(x).square().sum(), x)
assert_equal_but_for_rounding(gradient(compiled, x), gradient, module, x)

from sessa_ref.optimized.padding import real_tokens
checked = torch.compile(real_tokens, fullgraph=True, backend="aot_eager")
assert checked(torch.ones(2, 7, dtype=torch.int64), x).all()
try:
    checked(torch.full((2, 7), 2), x)
except RuntimeError as error:
    print(error)
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        refusal = "attention_mask must be a tensor of booleans, or of 0 and 1 (1: real token), got other numbers"
        assert done.stdout.splitlines() == [refusal]

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_autocast(self, dtype):
        """Within the bounds of a layer that computes in the low precision throughout."""
        drawn = case("autocast", "", SessaConfig.published(12, 3), T=20)
        name = str(dtype).removeprefix("torch.")
        expectation = Expectation(drawn, name)
        module = implementation(expectation.case, "float32").module
        x = torch.tensor(expectation.case.x, dtype=torch.float32)
        with torch.autocast("cpu", dtype=dtype):
            y = module(x)
            cache = module.init_cache(2, max_len=20)
            prefilled, cache = module.prefill(x[:, :15], cache)
            decoded = [module.decode_step(x[:, t], cache)[0] for t in range(15, 20)]
        assert y.dtype == torch.float32
        decoded_y = torch.cat([prefilled, torch.stack(decoded, dim=1)], dim=1)
        for value in (y, decoded_y):
            assert_within_bounds(expectation, {"y": value.detach().double().numpy()})

    def test_jacobian_and_vmap(self):
        """jacrev row by row equals autograd, per-example under vmap equals the batched layer."""
        module = layer().double()
        x = X.double()
        assert_equal_but_for_rounding(torch.vmap(module)(x), SessaLayer.__call__, module, x)
        jacobian = torch.func.jacrev(module)(x[0])
        assert jacobian.shape == (7, 12, 7, 12)

        def row(module, x):
            return torch.autograd.grad(module(x)[4, 5], x)

        assert_equal_but_for_rounding([jacobian[4, 5]], row, module, x[0].clone().requires_grad_())
        assert torch.all(jacobian[2, :, 3:] == 0), "causal"

    def test_functional_call(self):
        module = layer()
        parameters = {name: value.detach() for name, value in module.named_parameters()}
        assert torch.equal(torch.func.functional_call(module, parameters, (X,)), module(X))

    def test_gradients_pass_torchs_own_check(self):
        module = SessaLayer(4, 2).double()
        x = torch.randn(1, 5, 4, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(module, (x,))


def test_backends_agree():
    x, dense = X.double(), layer(backend="dense").double()
    for backend in ("blocked", "hops"):
        assert_equal_but_for_rounding(layer(backend=backend).double()(x), SessaLayer.__call__, dense, x)


@pytest.mark.parametrize("backend", ["dense", "hops"])
def test_other_backends_conform(backend):
    """The default one goes through the whole battery in `make verify`."""
    few = [c for c in battery(quick=True) if c.name not in ("length_65",)]

    def make(config):
        return SessaLayer.from_config(config, backend=backend)

    report = verify(as_adapter(make, backend), cases=few, explain=False)
    assert report.verdict is Verdict.CONFORMS


class TestRotaryTable:
    @pytest.mark.parametrize("first", [0, 3, 255, 256, 1000])
    def test_it_holds_the_angles(self, first):
        config = SessaConfig.published(8, 2)
        table = rotary.table(config, first, 7, torch.float64, torch.device("cpu"))
        theta = rotary.angles(config, torch.arange(first, first + 7), torch.float64)[:, None]
        assert torch.equal(table.cos, theta.cos())
        assert torch.equal(table.sin, theta.sin())
        assert table.cis is not None
        assert torch.equal(table.cis, torch.complex(theta.cos(), theta.sin()))


def test_initialisation_is_the_published_one():
    module = layer()
    assert module.mixer.gamma_bias.item() == 1
    assert module.W_in.weight.abs().max().item() <= 12**-0.5
