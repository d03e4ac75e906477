"""What is done to torch modules besides calling them: saving, initialising, tracing, sharding, exporting."""

import copy
import importlib
import io
import pickle
import pkgutil
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.state_dict import get_model_state_dict, set_model_state_dict
from torch.utils.checkpoint import checkpoint

from sessa_ref.optimized import SessaLayer
from sessa_ref.optimized.solve import BACKENDS
from tests.optimized.rounding import assert_equal_but_for_rounding

X = torch.randn(2, 7, 16, generator=torch.Generator().manual_seed(0))


def layer(**arguments) -> SessaLayer:
    torch.manual_seed(0)
    return SessaLayer(16, 4, 2, **arguments)


def run(script: str, *arguments: str) -> str:
    """What a process of its own prints, without the run-time type checker of the tests."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


FAKE_AND_META = """
import sys
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from sessa_ref.optimized import SessaLayer

def real(backend):
    return SessaLayer(8, 2, backend=backend)(torch.ones(1, 9, 8)).isfinite().all()

for backend in sys.argv[1:]:
    assert real(backend)
    for T in (20, 400):
        with FakeTensorMode():
            x = torch.empty(1, T, 8, requires_grad=True)
            y = SessaLayer(8, 2, backend=backend)(x)
            y.sum().backward()
            assert y.shape == (1, T, 8)
        assert real(backend)
        x = torch.empty(1, T, 8, device="meta", requires_grad=True)
        y = SessaLayer(8, 2, backend=backend, device="meta")(x)
        y.sum().backward()
        assert y.is_meta
        assert y.shape == (1, T, 8)
        assert real(backend)
    print(backend)
"""


def test_fake_and_meta_calls_between_real_ones():
    """In a process of its own: torch alone, as its users have it. One for all backends, as importing torch takes longer."""
    assert run(FAKE_AND_META, *BACKENDS).split() == list(BACKENDS)


def test_nothing_of_a_mode_is_left_behind():
    module = layer()
    wanted = module(X)
    with torch.inference_mode():
        module(X)
    torch.func.grad(lambda x: module(x).sum())(X)
    torch.func.jvp(module, (X,), (X,))
    with torch.device("meta"):
        assert torch.equal(module(X), wanted)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(module(X), wanted)
        assert SessaLayer(8).mixer.rope_inv_freq.dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
    module(X).sum().backward()
    assert torch.equal(module(X), wanted)


def test_the_state_is_parameters_and_buffers():
    module = layer()
    state = get_model_state_dict(module)
    named = dict([*module.named_parameters(), *module.named_buffers()])
    assert list(state) == list(module.state_dict())
    assert set(state) == set(named)
    torch.manual_seed(1)
    other = SessaLayer(16, 4, 2)
    assert not torch.equal(other(X), module(X))
    set_model_state_dict(other, state)
    assert torch.equal(other(X), module(X))
    assert torch.equal(torch.func.functional_call(module, module.state_dict(), X, strict=True), module(X))


@pytest.mark.parametrize("missing", [(), ("mixer.rope_inv_freq",)])
def test_a_state_is_assigned_to_a_layer_without_memory(missing):
    state = {name: value for name, value in layer().state_dict().items() if name not in missing}
    with torch.device("meta"):
        module = SessaLayer(16, 4, 2)
    module.load_state_dict(state, assign=True)
    module.to("cpu")
    assert torch.equal(module(X), layer()(X))


@pytest.mark.parametrize("low", [torch.float16, torch.bfloat16])
def test_angles_outlive_a_conversion(low):
    module = layer().double()
    x = torch.randn(1, 300, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    there_and_back = copy.deepcopy(module).to(low).double()
    for ours, theirs in zip(module.parameters(), there_and_back.parameters(), strict=True):
        theirs.data.copy_(ours)
    assert torch.equal(there_and_back(x), module(x))


def test_copies():
    module = layer()
    saved = io.BytesIO()
    torch.save(module, saved)
    saved.seek(0)
    copies = [copy.copy(module), copy.deepcopy(module), pickle.loads(pickle.dumps(module))]
    for other in (*copies, torch.load(saved, weights_only=False)):
        assert torch.equal(other(X), module(X))


class TestInitialisation:
    def same(self, module: SessaLayer) -> bool:
        wanted = layer().state_dict()
        return all(torch.equal(tensor, wanted[name]) for name, tensor in module.state_dict().items())

    def test_the_same_seed_gives_the_same_values(self):
        module = layer(device="meta")
        module.to_empty(device="cpu")
        for tensor in module.state_dict().values():
            tensor.fill_(torch.nan)
        torch.manual_seed(0)
        module.reset_parameters()
        assert self.same(module)
        assert module.mixer.gamma_bias == 1

    def test_module_by_module(self):
        module = torch.nn.utils.skip_init(SessaLayer, 16, 4, 2)
        for tensor in module.state_dict().values():
            tensor.fill_(torch.nan)
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
        assert all(tensor.isfinite().all() for tensor in module.state_dict().values())
        assert module.get_parameter("mixer.gamma_bias") == 1

    def test_dtype_and_device(self):
        module = layer(dtype=torch.float64, device="meta")
        assert {p.dtype for p in module.parameters()} == {torch.float64}
        assert all(tensor.is_meta for tensor in module.state_dict().values())


def test_one_example_at_a_time():
    """Per-example gradients, and several layers at once."""
    module = layer().double()
    x, parameters = X.double(), dict(module.named_parameters())

    def loss(parameters, x):
        return torch.func.functional_call(module, parameters, (x[None],)).square().sum()

    gradients = torch.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, x)

    def alone(module, x):
        return torch.autograd.grad(module(x[None]).square().sum(), list(module.parameters()))

    assert_equal_but_for_rounding([gradients[name][1] for name in parameters], alone, module, x[1])
    modules = [SessaLayer(16, 4, 2).double() for _ in range(3)]
    stacked = torch.func.stack_module_state(modules)
    base = copy.deepcopy(module).to("meta")
    outputs = torch.vmap(lambda state: torch.func.functional_call(base, state, (x,)))(stacked)
    for output, one in zip(outputs, modules, strict=True):
        assert_equal_but_for_rounding(output, SessaLayer.__call__, one, x)


def test_tensors_of_other_kinds_are_named():
    module = layer()
    nested = torch.nested.nested_tensor([X[0], X[0, :3]], layout=torch.jagged)
    for x in (nested, X.to_sparse()):
        with pytest.raises(TypeError, match="x must be a dense tensor, padded where rows differ in length"):
            module(x)
    with pytest.raises(RuntimeError, match=r"use torch\.export"), pytest.deprecated_call():
        torch.jit.trace(module, (X,), check_trace=False)
    bad: list[dict[str, Any]] = [{"dtype": torch.complex64}, {"dtype": torch.int32}, {"max_len": "8"}]
    for arguments in bad:
        with pytest.raises(TypeError, match=f"{next(iter(arguments))} must be|Type-check"):
            SessaLayer(8, **arguments)
    with pytest.raises(ValueError, match="max_len must be at least 1, got -1"):
        SessaLayer(8, max_len=-1)


def test_no_module_is_hidden_by_a_function():
    from sessa_ref import optimized

    for module in pkgutil.walk_packages(optimized.__path__, "sessa_ref.optimized."):
        parent, _, name = module.name.rpartition(".")
        found = importlib.import_module(module.name)
        assert getattr(sys.modules[parent], name) is found


def test_checkpointing():
    module, x = layer(), X.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(module(x).sin().sum(), x)
    (gradient,) = torch.autograd.grad(checkpoint(module, x, use_reentrant=False).sin().sum(), x)
    assert torch.equal(gradient, wanted)


@pytest.mark.parametrize("backend", ["blocked", "hops"])
def test_export_for_every_length(backend):
    script = """
import sys
import torch
from torch.export import Dim, export
from sessa_ref.optimized import SessaLayer
from tests.optimized.rounding import rounding_ratio
layer = SessaLayer(8, 2, backend=sys.argv[1]).double().eval()
shapes = {"x": {0: Dim("batch", max=64), 1: Dim("T", min=2, max=4096)}}
for strict in (True, False) if sys.argv[1] == "blocked" else (False,):
    program = export(layer, (torch.ones(3, 20, 8).double(),), dynamic_shapes=shapes, strict=strict).module()
    for batch, T in ((1, 2), (2, 7), (1, 384), (3, 385), (1, 600)):
        x = torch.randn(batch, T, 8, dtype=torch.float64)
        print(rounding_ratio(program(x), SessaLayer.__call__, layer, x))
shapes["attention_mask"] = shapes["x"]
mask = torch.ones(3, 20, dtype=torch.int64)
program = export(layer, (torch.ones(3, 20, 8).double(), mask), dynamic_shapes=shapes, strict=False).module()
for T in (2, 385):
    x, mask = torch.randn(2, T, 8, dtype=torch.float64), (torch.arange(T) % 3 != torch.tensor([[0], [1]])).long()
    print(rounding_ratio(program(x, mask), SessaLayer.__call__, layer, x, mask))
try:
    program(x, 2 * mask)
except RuntimeError as error:
    print(float("attention_mask must be" not in str(error)))
compiled = torch.compile(layer, dynamic=True, fullgraph=True, backend="aot_eager")
for T in (5, 400):
    x = torch.randn(2, T, 8, dtype=torch.float64, requires_grad=True)
    gradient = lambda f, x: torch.autograd.grad(f(x).sin().sum(), x)
    print(rounding_ratio(gradient(compiled, x), gradient, layer, x))
"""
    ratios = [float(line) for line in run(script, backend).split()]
    assert len(ratios) == (15 if backend == "blocked" else 10)
    assert all(ratio <= 1 for ratio in ratios)


def test_sharding():
    """FSDP takes the layer with gamma_bias ignored, as the layer's docstring says; and DDP as it is."""
    script = """
import os
import torch
from torch import distributed
from torch.distributed.checkpoint.state_dict import get_model_state_dict, set_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel
from sessa_ref.optimized import SessaLayer
distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
mesh = init_device_mesh("cpu", (1,))
x = torch.randn(2, 9, 8)
def layer():
    torch.manual_seed(0)
    return SessaLayer(8, 2)
plain = layer()
plain(x).sin().sum().backward()
def shard(module):
    fully_shard(module, mesh=mesh, ignored_params={module.mixer.gamma_bias})
    return module
def wrap(module):
    ignored = [module.mixer.gamma_bias]
    return FullyShardedDataParallel(module, ignored_states=ignored, use_orig_params=True, device_id=torch.device("cpu"))
for how in (shard, wrap, DistributedDataParallel):
    module = layer()
    bias = module.mixer.gamma_bias
    module = how(module)
    y = module(x)
    y.sin().sum().backward()
    assert torch.equal(y, plain(x)) and torch.equal(bias.grad, plain.mixer.gamma_bias.grad)
    state = get_model_state_dict(module)
    assert set(state) == set(plain.state_dict()), how
    for parameter in module.parameters():
        parameter.data.zero_()
    set_model_state_dict(module, {name: value.clone() for name, value in layer().state_dict().items()}
        if how is DistributedDataParallel else state)
    print(how.__name__)
try:
    fully_shard(layer(), mesh=mesh)
except ValueError as error:
    print("scalar" in str(error))
distributed.destroy_process_group()
"""
    assert run(script).split() == ["shard", "wrap", "DistributedDataParallel", "True"]


@pytest.mark.parametrize("T", [0, 1, 5])
@pytest.mark.parametrize("backend", BACKENDS)
def test_unusual_inputs(backend, T):
    """No rows, no tokens, expanded and strided ones."""
    module = layer(backend=backend)
    assert module(X[:0, :T]).shape == (0, T, 16)
    expanded = X[:1, :1].expand(3, T, 16)
    assert torch.equal(module(expanded), module(expanded.contiguous())), "LayerNorm lays them out alike"
    strided = X[:, :T].mT.contiguous().mT
    assert torch.equal(module(strided), module(X[:, :T].contiguous()))


def test_wrong_arguments_are_named():
    script = """
import torch
from sessa_ref.optimized import SessaLayer, feedback_solve
layer, x = SessaLayer(4, 2), torch.ones(1, 3, 4)
q, gamma = torch.ones(2, 5, 4), torch.ones(2, 5)
for call in (
    lambda: layer(x.long()),
    lambda: layer(x + 0j),
    lambda: layer(x.double()),
    lambda: layer.mixer(x.half()),
    lambda: layer(x.to("meta")),
    lambda: layer(x.numpy()),
    lambda: layer.mixer(x[..., :3]),
    lambda: feedback_solve(q, q.long(), gamma, q),
    lambda: feedback_solve(q, q, gamma.to("meta"), q),
    lambda: feedback_solve(q, q, gamma, q[..., :0]),
    lambda: feedback_solve(*[torch.tensor(1.0)] * 4),
):
    try:
        call()
        print("no error")
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
print(layer(torch.ones(1, 3, 4)).dtype, feedback_solve(q.half(), q.double(), gamma, q).dtype)
with torch.autocast("cpu", dtype=torch.bfloat16):
    print(layer(x.bfloat16()).dtype)
"""
    floating = "must be float16, bfloat16, float32 or float64, got"
    expected = f"""TypeError x {floating} torch.int64
TypeError x {floating} torch.complex64
TypeError x must have the dtype of the parameters, torch.float32, got torch.float64
TypeError u must have the dtype of the parameters, torch.float32, got torch.float16
ValueError x must be on the device of the parameters, cpu, got meta
TypeError x must be a torch tensor, got ndarray
ValueError u must have shape (..., T, D) with D=4, got (1, 3, 3)
TypeError k {floating} torch.int64
ValueError gamma must be on the device of q, cpu, got meta
ValueError q and f must have a width of at least 1, got shapes (2, 5, 4) and (2, 5, 0)
ValueError q and k must have shape (..., T, d_b), gamma (..., T) and f (..., T, D), got (), (), () and ()
torch.float32 torch.float32
torch.bfloat16
"""
    assert run(script) == expected
