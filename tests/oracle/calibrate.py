"""How close correct implementations come to the oracle's bounds: `python -m tests.oracle.calibrate --seeds 2000`.

Every seed is a random case in one precision, and a quarter of the variants of tests/oracle/variants.py compute it:
output, gradients and decoding. The largest error/bound of each variant in each precision goes to calibration.json,
which the documentation of the oracle quotes. Anything above 1 is a false alarm.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from rich.progress import track

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case, case
from sessa_ref.oracle.checks import decode, forward, gradients
from sessa_ref.oracle.implementation.protocol import ImplementationError
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.precision import PRECISIONS

FOLDER = Path(__file__).parent
RECORD = FOLDER / "calibration.json"
WIDE_RANGE = ("float64", "float32")
TURNS = 4
"""Seeds of one precision until a variant's turn comes again."""


def random_case(seed: int, dtype: str) -> Case:
    """A case of random shape, gain, routing and scale."""
    generator = np.random.default_rng(seed)

    def pick(*choices):
        return choices[generator.integers(len(choices))]

    groups, share, rope = pick(1, 1, 2, 3), pick(1, 2, 4), pick(True, False)
    head_width = pick(1, 2, 4) * (2 if rope else 1)
    if dtype == "float16":  # the norm of a few nearly equal numbers has powers that leave its range
        head_width = 8
    config = SessaConfig.published(
        groups * share * head_width,
        groups * share,
        groups,
        ln_eps=pick(1e-5, 1e-3, 0.1),
        use_forward_rope=rope,
        gamma_max=pick(0.3, 0.9, 0.999, 0.99999),
    )
    sharpness = (0.01, 1.0, 2.0, 10.0) if dtype in WIDE_RANGE else (0.01, 1.0, 2.0)
    T = pick(1, 2, 3, 7, 16, 33, 64, 100)
    return case(
        f"calibration {seed}",
        "",
        config,
        T=T,
        batch=pick(1, 2),
        split=int(generator.integers(T + 1)),
        # at 0.01 and 30 the norm's scale, cubed or squared on the way, leaves float16's range
        x_scale=pick(*((1.0,) if dtype == "float16" else (0.01, 1.0, 1.0, 30.0))),
        gamma_bias=pick(-20.0, -2.0, 0.0, 1.0, 20.0),
        forward_logits=pick(*sharpness),
        feedback_logits=pick(*sharpness),
    )


def calibrate(seeds: range, names: tuple[str, ...]) -> tuple[int, dict[str, dict[str, float | None]]]:
    """How many runs there were, and the largest error/bound of each variant in each precision."""
    runs = 0
    implementations = {
        name: InProcessImplementation(name, load_target(f"{FOLDER / 'variants.py'}:{name}")) for name in names
    }
    unsupported: dict[tuple[str, str], str] = {}
    largest: dict[str, dict[str, float | None]] = {name: dict.fromkeys(PRECISIONS, 0.0) for name in names}
    for seed in track(seeds, description="calibrating"):
        turn, which = divmod(seed, len(PRECISIONS))
        dtype = list(PRECISIONS)[which]
        expectation = Expectation(random_case(seed, dtype), dtype)
        for name in names[turn % TURNS :: TURNS]:
            implementation = implementations[name]
            if (name, dtype) in unsupported:
                continue
            runs += 1
            for check in (forward, gradients, decode):
                try:
                    comparison = check(implementation, expectation)
                except ImplementationError as error:  # torch has no such operation in half precision
                    unsupported[name, dtype] = str(error)
                    largest[name][dtype] = None
                    runs -= 1
                    break
                largest[name][dtype] = max(largest[name][dtype] or 0.0, comparison.ratio)
                if comparison.ratio > 0.5:
                    print(
                        f"seed {seed}, {dtype}, {name}, {check.__name__}: {comparison.ratio:.3g} {comparison.message}"
                    )
    print(*(f"{name} in {dtype}: {error}" for (name, dtype), error in unsupported.items()), sep="\n")
    return runs, largest


def main() -> int:
    """Calibrate, write the record, and fail on a false alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--variants", nargs="*", default=None)
    arguments = parser.parse_args()
    sys.path.insert(0, str(FOLDER))
    from variants import VARIANTS  # type: ignore[import-not-found]

    names = tuple(arguments.variants or VARIANTS)
    runs, largest = calibrate(range(arguments.seeds), names)
    worst = max(ratio for by_dtype in largest.values() for ratio in by_dtype.values() if ratio is not None)
    record = {
        "command": f"python -m tests.oracle.calibrate --seeds {arguments.seeds}",
        "runs": runs,
        "largest_error_over_bound": worst,
        "by_variant": largest,
    }
    if arguments.variants is None:
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))
    return int(worst > 1)


if __name__ == "__main__":
    sys.exit(main())
