"""Honest implementations of unusual forms."""

from sessa_ref.oracle import Report, battery, verify
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from sessa_ref.oracle.implementation.targets import load_target

HARMFUL = (":compiled", ":part_compiled", ":defaults", ":switched_off", ":Interrupts", "queue.py:SessaLayer")
"""Targets that need a process of their own; the others run in this one, which takes less time."""

CASES = [case for case in battery(quick=True) if case.name == "two_tokens"]

LAYERS = """
import functools, numpy, torch, warnings
from sessa_ref.oracle import UnsupportedError
from sessa_ref.optimized import SessaLayer
class Buffer(SessaLayer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer("rope_cos", torch.zeros(4))
def compiled(config):
    return torch.compile(SessaLayer.from_config(config), backend="eager")
def part_compiled(config):
    layer = SessaLayer.from_config(config)
    layer.mixer = torch.compile(layer.mixer, backend="eager")
    return layer
def parallel(config):
    return torch.nn.DataParallel(SessaLayer.from_config(config))
part = functools.partial(SessaLayer, use_flash=True)
part_of_function = functools.partial(lambda scale, config: SessaLayer.from_config(config), 1)
class Factory:
    def __call__(self, config):
        return SessaLayer.from_config(config)
factory = Factory()
def defaults(config):
    torch.set_default_dtype(torch.float16)
    torch.set_default_device("meta")
    numpy.seterr(all="raise")
    warnings.simplefilter("error")
    with torch.device("cpu"):
        return SessaLayer.from_config(config)
def declines(config):
    raise UnsupportedError("nothing here")
def returning(change):
    class Layer(SessaLayer):
        def forward(self, x):
            return change(super().forward(x))
    return Layer
Tuple = returning(lambda y: (y, None))
Dict = returning(lambda y: {"y": y})
Double = returning(lambda y: y.double())
Sparse = returning(lambda y: y.to_sparse())
Nothing = returning(lambda y: None)
NoGrad = returning(lambda y: y)
NoGrad.forward = torch.no_grad()(NoGrad.forward)
Inference = returning(lambda y: y)
Inference.forward = torch.inference_mode()(Inference.forward)
def switched_off(config):
    torch.set_grad_enabled(False)
    return SessaLayer.from_config(config)
def frozen(config):
    layer = SessaLayer.from_config(config)
    layer.mixer.gamma_bias.requires_grad_(False)
    return layer
class Interrupts(SessaLayer):
    def forward(self, x):
        if x.shape[1] == 2:
            raise KeyboardInterrupt
        return super().forward(x)
class Declines(SessaLayer):
    def forward(self, x):
        if x.shape[1] == 2:
            raise UnsupportedError("two tokens")
        return super().forward(x)
"""


def run(target: str) -> Report:
    if not target.endswith(HARMFUL):
        return verify(load_target(target), ["float32"], CASES, explain=False)
    implementation = WorkerImplementation(target)
    try:
        return verify(implementation, ["float32"], CASES, explain=False)
    finally:
        implementation.close()
