"""The proved bound on forward substitution in floating-point arithmetic, beside the oracle's and the error itself.

The bounds are those of `ours_rounding` and `ours_running_rounding` in Statements.v, the algorithm is its `rounded_solution`:
sums from left to right.
python -m proofs_checks.formal.rounding_bound prints a table of real layers.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array, Real
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.parameters import SessaParameters
from sessa_ref.precision import PRECISIONS
from sessa_ref.reference import solve

UNDERFLOW = {"float64": Fraction(1, 2**1075), "float32": Fraction(1, 2**150)}
"""What underflow may add to one rounding: half the smallest positive number."""

DRAWS = 64


def rounding_bound(u: Fraction, e: Fraction, rho: Fraction, F: Fraction, T: int) -> Fraction:
    """How far the computed states are from the exact ones, at most, for rows of B that sum to at most rho and |f_t| <= F.

    Args:
        u: unit roundoff.
        e: what underflow may add to one rounding.
        rho: bound on the sums of |B_tj| over j, below 1.
        F: bound on |f_t|.
        T: number of tokens.

    Raises:
        ValueError: rho (1 + u)^(T + 2) is not below 1.
    """
    theta = (1 + u) ** (T + 2)
    if rho * theta >= 1:
        raise ValueError(f"rho (1 + u)^(T + 2) must be below 1, got rho = {float(rho):.3g} at T = {T}")
    return ((theta - 1) * F / (1 - rho) + (2 * T + 1) * theta * e) / (1 - rho * theta)


def running_bound(u: Fraction, e: Fraction, rho: Fraction, M: Fraction, T: int) -> Fraction:
    """The same for computed states of at most M.

    Args:
        u: unit roundoff.
        e: what underflow may add to one rounding.
        rho: bound on the sums of |B_tj| over j, below 1.
        M: bound on the computed |s_t|.
        T: number of tokens.

    Raises:
        ValueError: rho is not below 1.
    """
    if rho >= 1:
        raise ValueError(f"rho must be below 1, got {float(rho):.3g}")
    q = (1 + u) ** (T + 1)
    return ((u / (1 - u) + (q - 1) * rho) * M + (1 / (1 - u) + 2 * T * q) * e) / (1 - rho)


def rounded_solution(B: Real[Array, "T T"], f: Real[Array, "T"]) -> Real[Array, "T"]:
    """The states in the arithmetic of the arrays' dtype, every product and sum rounded, from left to right."""
    s = np.zeros_like(f)
    for t in range(len(f)):
        total = f.dtype.type(0)
        for j in range(t):
            total = total + B[t, j] * s[j]
        s[t] = f[t] + total
    return s


def exact_solution(B: Real[Array, "T T"], f: Real[Array, "T"]) -> list[Fraction]:
    """The same in rational numbers."""
    edges = [[Fraction(float(B[t, j])) for j in range(t)] for t in range(len(f))]
    s: list[Fraction] = []
    for t, row in enumerate(edges):
        s.append(Fraction(float(f[t])) + sum((b * x for b, x in zip(row, s, strict=True)), Fraction()))
    return s


@dataclass(frozen=True)
class Comparison:
    """One channel of one layer's solve.

    Attributes:
        error: the largest over the tokens.
        oracle: the largest tolerance of the oracle's kind: its safety factor times the spread of Monte Carlo arithmetic.
        proved: the bound in advance.
        running: the bound from the computed states.
        rho: the largest sum of a row of |B|.
    """

    error: float
    oracle: float
    proved: float
    running: float
    rho: float


def compare(B: Real[Array, "T T"], f: Real[Array, "T"], dtype: str) -> Comparison:
    """Error and bounds for B and f rounded to a format.

    Args:
        B: only its strictly lower part is read.
        f: of one channel.
        dtype: float64 or float32.
    """
    B, f = np.tril(B, -1).astype(dtype), f.astype(dtype)
    unit, T = PRECISIONS[dtype].unit_roundoff, len(f)
    exact, computed = exact_solution(B, f), [Fraction(float(s)) for s in rounded_solution(B, f)]
    error = max(abs(a - b) for a, b in zip(computed, exact, strict=True))
    rho = max(sum((abs(Fraction(float(b))) for b in B[t, :t]), Fraction()) for t in range(T))
    F = max(abs(Fraction(float(x))) for x in f)
    proved = rounding_bound(Fraction(unit), UNDERFLOW[dtype], rho, F, T)
    running = running_bound(Fraction(unit), UNDERFLOW[dtype], rho, max(map(abs, computed)), T)
    generator, true = np.random.default_rng(0), np.array([float(s) for s in exact])
    squares = np.zeros(T)
    for _ in range(DRAWS):
        # the spread is drawn with larger errors, of which it is a multiple
        draw = 2.0**-24
        noisy = solve.forward_substitution(
            *(rounded(array.astype(np.float64), draw, generator) for array in (B, f[:, None]))
        )
        squares += ((np.asarray(noisy)[:, 0] - true) / draw) ** 2 / DRAWS
    oracle = SAFETY_FACTOR * unit * float(np.sqrt(squares).max())
    return Comparison(float(error), oracle, float(proved), float(running), float(rho))


def layer_solve(T: int, gain: float, seed: int) -> tuple[Real[Array, "T T"], Real[Array, "T"]]:
    """B and the first channel of f of a random layer of width 8, with a gain that leans towards one value.

    Args:
        T: number of tokens.
        gain: of the bias alone.
        seed: of weights and tokens.
    """
    config = SessaConfig.paper(8)
    generator = np.random.default_rng(seed)
    parameters = SessaParameters.random(config, generator)
    parameters = parameters.replace({"mixer.gamma_bias": np.asarray(np.arctanh(gain / config.gamma_max))})
    steps = reference.trace(parameters, generator.normal(size=(T, 8)))
    return np.asarray(steps.B), np.asarray(steps.f)[..., 0]


def main() -> None:
    """The table."""
    print("dtype     T  gain    rho     error    oracle   running    proved")
    for dtype in ("float64", "float32"):
        for T, gain in ((8, 0.5), (32, 0.5), (32, 0.9), (32, -0.9), (64, 0.9)):
            found = compare(*layer_solve(T, gain, seed=T), dtype)
            print(f"{dtype} {T:4} {gain:5} {found.rho:6.3f} {found.error:9.2e} {found.oracle:9.2e} "
                  f"{found.running:9.2e} {found.proved:9.2e}")  # fmt: skip


if __name__ == "__main__":
    main()
