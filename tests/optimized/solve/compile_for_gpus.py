"""compile_for_gpus.py FILE [PROGRAM ...]: compile FILE's Triton kernels for GPUs, none of which has to be there.

Prints a JSON list of {"program", "shared" (bytes of shared memory), "code" (Triton's GPU dialect)}.
"""

import importlib.util
import json
import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

PROGRAMS = ("log_sum_exp", "solve", "adjoint_solve", "query_gradient", "key_gradient")
TARGETS = [(80, "fp32", "fp32", "ieee"), (90, "bf16", "fp32", "tf32"), (90, "fp64", "fp64", "ieee")]
OUTPUTS = {"LSE", "S", "W", "LAMBDA", "DGAMMA", "DQ", "DK"}


def build(program: triton.JITFunction, capability: int, given: str, working: str, precision: str):
    constants = {"d": 512, "D": 1000, "CHUNK": 64, "SLICE": 64, "LOGIT_PRECISION": precision}
    names = program.arg_names
    signature = {name: f"*{working if name in OUTPUTS else given}" for name in names}
    signature |= {"T": "i32"} | {name: "constexpr" for name in names if name in constants}
    values = {(names.index(name),): value for name, value in constants.items() if name in names}
    options = {"num_warps": 8, "num_stages": 1}
    return triton.compile(
        ASTSource(program, signature, values), target=GPUTarget("cuda", capability, 32), options=options
    )


def main(path: str, *chosen: str) -> None:
    spec = importlib.util.spec_from_file_location("kernels", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    results = []
    for target in TARGETS:
        for name in chosen or PROGRAMS:
            kernel = build(getattr(module, name), *target)
            results.append({"program": name, "shared": kernel.metadata.shared, "code": kernel.asm["ttgir"]})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
