"""The feedback solve written out with T x T matrices, and what float rounding may do to it.

`solution` takes float64 or longer arrays, or arrays of Monte Carlo arithmetic (`sessa_ref.oracle.bounds.rounding`).
"""

import numpy as np

from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.reference.solve import backward_substitution, forward_substitution

UNIT_ROUNDOFF = {"float16": 2.0**-24, "bfloat16": 2.0**-24, "float32": 2.0**-24, "float64": 2.0**-53}
"""By dtype of the inputs: 16-bit inputs are exact in float32, and float32 is what is computed in."""


def solution(q, k, gamma, f, ds) -> dict[str, np.ndarray]:
    T, d = q.shape[-2:]
    past = np.tril(np.ones((T, T)), -1) > 0
    logits = (q @ np.swapaxes(k, -1, -2)) * d**-0.5
    largest = np.where(past.any(-1), np.max(np.where(past, logits, -np.inf), axis=-1, initial=-np.inf), 0)
    total = np.sum(np.exp(np.where(past, logits - largest[..., None], -np.inf)), axis=-1)
    log_sum_exp = largest + np.log(np.where(past.any(-1), total, 1))  # row 0, which sees nothing: any number
    alpha = np.exp(np.where(past, logits - log_sum_exp[..., None], -np.inf))
    B = gamma[..., None] * alpha
    s = forward_substitution(B, f)
    w = alpha @ s
    df = backward_substitution(B, ds)
    dgamma = np.sum(df * w, axis=-1)
    dlogits = alpha * gamma[..., None] * (df @ np.swapaxes(s, -1, -2) - dgamma[..., None])
    dq, dk = (dlogits @ k) * d**-0.5, (np.swapaxes(dlogits, -1, -2) @ q) * d**-0.5
    return {"s": s, "w": w, "dq": dq, "dk": dk, "dgamma": dgamma, "df": df}


def truth(*inputs: np.ndarray) -> dict[str, np.ndarray]:
    """In extended precision, so that its own error is small beside float64's too."""
    return solution(*(x.astype(np.longdouble) for x in inputs))


def spread(inputs: tuple[np.ndarray, ...], unit: float, draws: int = 8) -> dict[str, np.ndarray]:
    """Per token and quantity, the largest deviation from the truth in a few draws of rounded arithmetic."""
    true = truth(*inputs)
    deviations = {name: np.zeros(value.shape[:2]) for name, value in true.items()}
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        draw = solution(*(rounded(x, unit, generator) for x in inputs))
        for name, value in draw.items():
            deviation = distance(np.asarray(value), true[name])
            deviations[name] = np.maximum(deviations[name], deviation)
    return deviations


def distance(value: np.ndarray, true: np.ndarray) -> np.ndarray:
    """|value - true|, its largest per token; equal infinities are 0 apart, and NaN is infinitely far from anything."""
    with np.errstate(invalid="ignore"):
        apart = np.where(value == true, 0, np.abs(value - true)).astype(float)
    apart = np.where(np.isnan(apart), np.inf, apart)
    return apart if apart.ndim == 2 else np.max(apart, axis=-1, initial=0)
