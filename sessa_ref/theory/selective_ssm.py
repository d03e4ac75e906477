"""Diagonal selective state-space models: accumulated time and bounds from it (Propositions 4 and 5, Lemma 4.4).

Rates a_n > 0 belong to the N modes, steps Delta_t >= 0 to the tokens; the slowest rate is the paper's lambda.
"""

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array, Real


def accumulated_time(step: Real[Array, " T"]) -> Real[Array, "T T"]:
    """Entry (t, tau) is the sum of Delta_r over tau < r <= t; 0 on and above the diagonal."""
    clock = np.cumsum(step)
    return np.tril(clock[:, None] - clock[None, :], k=-1)


def memory_factor(rates: Real[Array, " N"], step: Real[Array, " T"]) -> Real[Array, "T T"]:
    """exp(-lambda * accumulated time), lambda the smallest rate: Pi of Propositions 4 and 5; 0 above the diagonal."""
    return np.tril(np.exp(-np.min(rates) * accumulated_time(step)))


def slowest_average_step(step: Float64[Array, " T"], shortest_lag: int = 1) -> float:
    """The largest c_Delta with accumulated time >= c_Delta (t - tau) for all pairs at least `shortest_lag` apart.

    Positive c_Delta is failed freeze time (Proposition 5). If neighbours count, it is the smallest step after the first.

    Raises:
        ValueError: no two tokens are that far apart.
    """
    T = len(step)
    if not 1 <= shortest_lag < T:
        raise ValueError(f"shortest_lag must be from 1 to {T - 1} for {T} tokens, got {shortest_lag}")
    lag = np.subtract.outer(np.arange(T), np.arange(T))
    relevant = lag >= shortest_lag
    return float(np.min(accumulated_time(step)[relevant] / lag[relevant]))


def state_bound(rates: Real[Array, " N"], drive: Real[Array, "T N D"]) -> float:
    """Lemma 4.4, Remark C.2: no entry of any state exceeds max |B_t u_t^T| / min a, whatever the steps.

    `drive` holds the products B_t u_t^T, before the discretisation.
    """
    return float(np.max(np.abs(drive), initial=0) / np.min(rates))


def jacobian_constant(
    rates: Float64[Array, " N"],
    step_weight: Float64[Array, " D"],
    write_weight: Float64[Array, "N D"],
    read_weight: Float64[Array, "N D"],
    radius: float,
) -> float:
    """C(R) of Proposition 4: |dy_t / dx_tau| <= C(R) * memory_factor for tau < t and all tokens of norm <= R.

    Its constants from operator norms: U_R = R, G_max = |W_B| R, C_R = |W_C| R, L_B = |W_B|, L_u = 1, d_state = N D, and
    L_A = |w| max (a / (1 + a))^(1 + a), the maximum over Delta of |dA/dDelta| (1 - exp(-Delta)).
    """
    slowest = np.min(rates)
    U_R, G_max = radius, np.linalg.norm(write_weight, 2) * radius
    L_A = np.linalg.norm(step_weight) * np.max((rates / (1 + rates)) ** (1 + rates))
    H_R = np.sqrt(write_weight.size) * G_max * U_R / slowest
    J_R = L_A * H_R + L_A / slowest * G_max * U_R + (np.linalg.norm(write_weight, 2) * U_R + G_max) / slowest
    return float(np.linalg.norm(read_weight, 2) * radius * J_R)
