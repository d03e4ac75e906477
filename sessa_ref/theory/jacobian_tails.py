"""The Jacobian tail of one block (Appendix B): Lemma B.6, Theorem 23, Corollary B.7; and ours, without the logarithm.

eta = gamma_max c2 and beta = 1 - eta. Bounds are linear in A_0, which covers what x_tau does in its own row, and A_1,
which covers later rows k by A_1 / (k + 1). Functions take floats and arrays, SymPy expressions, and flint's balls.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array
from sessa_ref.theory.diffuse_routing import tail_constant
from sessa_ref.theory.special_functions import digamma, rising, trigamma


@dataclass(frozen=True)
class TailConstants:
    """The constants of Assumptions 15 to 22, and what Theorem 23 makes of them."""

    c2: float
    """alpha_fb_tj <= c2 / t (Assumption 15)."""
    gamma_max: float
    """|gamma_t| <= gamma_max (Assumption 16)."""
    L_gamma: float
    """|d gamma_t / dx_t| (Assumption 17)."""
    L_f0: float
    """|df_t / dx_t| (Assumption 19)."""
    L_alpha0: float
    """The sum over j of |d alpha_fb_tj / dx_t| (Assumption 19)."""
    F: float
    """|f_t| (Assumption 20)."""
    L_f: float
    """(t + 1) |df_t / dx_tau|, tau < t (Assumption 21)."""
    L_route: float
    """(t + 1) times the sum over i of alpha_fb_ti |d logit_ti / dx_tau|, tau < t (Assumption 22)."""

    @property
    def eta(self) -> float:
        """gamma_max c2; the theorem needs it below 1."""
        return self.gamma_max * self.c2

    @property
    def state_bound(self) -> float:
        """S_R, the bound on the states of Lemma B.3."""
        return self.F / (1 - self.gamma_max)

    @property
    def at_source(self) -> float:
        """A_0 = L_f0 + L_gamma S_R + gamma_max S_R L_alpha0."""
        return self.L_f0 + self.L_gamma * self.state_bound + self.gamma_max * self.state_bound * self.L_alpha0

    @property
    def later(self) -> float:
        """A_1 = L_f + 2 gamma_max S_R L_route."""
        return self.L_f + 2 * self.gamma_max * self.state_bound * self.L_route

    @property
    def tail(self) -> float:
        """The constant C(R) of Theorem 23."""
        return theorem_23_constant(self.eta, self.at_source, self.later)


def convolution_constant(beta: Any) -> Any:
    """C_beta = 2^beta + 2^beta / (1 - beta) of Lemma B.6; 2 is enough for every beta in [0, 1]."""
    return 2**beta * (1 + 1 / (1 - beta))


def convolution_sum(lag: int, beta: float, source: int = 0) -> float:
    """The sum of Lemma B.6 over m < lag: (lag - m)^(-beta) / (source + m + 1)."""
    m = np.arange(lag, dtype=np.float64)
    return float(np.sum((lag - m) ** -beta / (source + m + 1)))


def convolution_excess(beta: Any) -> Any:
    """-psi(1 - beta): the sum of Lemma B.6 is at most lag^(-beta) (log(1 + lag) - psi(1 - beta)), which it approaches."""
    return -digamma(1 - beta)


def theorem_23_constant(eta: float, A_0: float, A_1: float) -> float:
    """C(R) = max(1, eta e^eta) (A_0 + (1 + C_beta) A_1)."""
    return max(1.0, tail_constant(eta)) * (A_0 + (1 + convolution_constant(1 - eta)) * A_1)


def theorem_23_bound(lag: Any, eta: float, A_0: float, A_1: float) -> Any:
    """C(R) lag^(-beta) (1 + log(1 + lag))."""
    lag = np.asarray(lag, dtype=np.float64)
    return theorem_23_constant(eta, A_0, A_1) * lag ** (eta - 1) * (1 + np.log1p(lag))


def source_factor(source: Any, eta: Any) -> Any:
    """a_tau = Gamma(tau + 1) / Gamma(tau + 1 + eta)."""
    return 1 / rising(source + 1, eta)


def target_factor(target: Any, eta: Any) -> Any:
    """b_t = Gamma(t + eta) / Gamma(t + 1); eta a_tau b_t bounds every |K_{t, tau}|, and uniform routing attains it."""
    return rising(target + 1, eta - 1)


def tail_without_logarithm(source: Any, target: Any, eta: Any, A_0: Any, A_1: Any) -> Any:
    """(eta A_0 + A_1) a_tau b_t, which is at most (eta A_0 + A_1) lag^(-beta) / Gamma(1 + eta); ours."""
    return (eta * A_0 + A_1) * source_factor(source, eta) * target_factor(target, eta)


def worst_tail(source: int, T: int, eta: float, A_0: float, A_1: float) -> Float64[Array, " later"]:
    """The largest |ds_t / dx_tau| that A_0, A_1 and eta allow, for t = source + 1 .. T - 1; ours.

    It is |K_{t, tau}| A_0 + the sum over tau < k <= t of |K_{t, k}| A_1 / (k + 1) with the kernel of uniform routing.
    """
    t = np.arange(source + 1, T, dtype=np.float64)
    a, b = source_factor(t, eta), target_factor(t, eta)
    between = np.cumsum(np.r_[0.0, a[:-1] / (t[:-1] + 1)])
    return eta * A_0 * source_factor(float(source), eta) * b + A_1 * (1 / (t + 1) + eta * b * between)


def best_jacobian_constant(eta: Any, A_0: Any, A_1: Any) -> Any:
    """The smallest c with |ds_t / dx_tau| <= c lag^(-beta) under the assumptions of Theorem 23, and attained; ours.

    (eta A_0 + (eta^2 psi'(eta) - eta) A_1) / Gamma(1 + eta), the limit of lag^beta `worst_tail` for source 0.
    """
    return (eta * A_0 + (eta**2 * trigamma(eta) - eta) * A_1) / rising(1, eta)
