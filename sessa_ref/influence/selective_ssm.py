"""A selective state-space model with diagonal transitions, discretised by zero-order hold: (8), Propositions 4 and 5.

    h_t = exp(-a Delta_t) h_(t-1) + (1 - exp(-a Delta_t)) / a * B_t u_t^T,    y_t = C_t^T h_t

with N modes of rates a > 0, the step Delta_t = softplus(<w, x_t> + b) and B_t, C_t linear in x_t: the recurrence of Gu
and Dao's Mamba, whose convolution, gate and skip are left out, for one head in which all channels share step and rates.
With the selection (Delta, B, C) held fixed, the map from u to y is one T x T kernel, as attention's and the solve's.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from sessa_ref.influence.impulse import check_token
from sessa_ref.notation import Array, Real
from sessa_ref.theory.selective_ssm import accumulated_time


@dataclass(frozen=True)
class Selection:
    """What a token selects; held fixed, it makes the model linear in u."""

    step: Real[Array, " T"]
    """Delta_t >= 0; Delta_t = 0 freezes the state and reads nothing."""
    write: Real[Array, "T N"]
    """B_t, before the discretisation."""
    read: Real[Array, "T N"]
    """C_t."""


@dataclass(frozen=True)
class SelectiveSSM:
    """Parameters of the model; matrices are stored as (outputs, inputs).

    Raises:
        ValueError: a rate is not positive.
    """

    rates: Float64[Array, " N"]
    """a_n > 0; the smallest is the paper's lambda."""
    step_weight: Float64[Array, " D"]
    step_bias: float
    write_weight: Float64[Array, "N D"]
    read_weight: Float64[Array, "N D"]

    def __post_init__(self) -> None:
        if not np.all(self.rates > 0):
            raise ValueError(f"rates must be positive, got {self.rates}")

    def select(self, x: Real[Array, "T D"]) -> Selection:
        """Delta_t, B_t and C_t for the tokens x; each depends on its own token alone."""
        return Selection(
            softplus(x @ self.step_weight + self.step_bias), x @ self.write_weight.T, x @ self.read_weight.T
        )

    def forward(self, x: Real[Array, "T D"]) -> Real[Array, "T D"]:
        """The outputs y for the tokens x, with u = x."""
        return recurrence(self.rates, self.select(x), x)[0]


def softplus(z: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """log(1 + exp(z)), without overflow; complex numbers give complex-step derivatives."""
    positive = np.real(z) > 0
    return np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z)))


def transition(rates: Real[Array, " N"], step: Real[Array, " T"]) -> Real[Array, "T N"]:
    """A_t = exp(-a Delta_t), the diagonal of the transition, in (0, 1]."""
    return np.exp(-step[:, None] * rates)


def input_factor(rates: Real[Array, " N"], step: Real[Array, " T"]) -> Real[Array, "T N"]:
    """(1 - exp(-a Delta_t)) / a: what zero-order hold makes of a constant input over a time Delta_t."""
    return -np.expm1(-step[:, None] * rates) / rates


def recurrence(
    rates: Real[Array, " N"], selection: Selection, u: Real[Array, "T D"]
) -> tuple[Real[Array, "T D"], Real[Array, "T N D"]]:
    """(y, h): the outputs and the states after each token, from h = 0 before the first."""
    A, gain = transition(rates, selection.step), input_factor(rates, selection.step)
    drive = (gain * selection.write)[:, :, None] * u[:, None, :]
    h = np.empty_like(drive)
    state = np.zeros(drive.shape[1:])
    for t in range(len(drive)):
        state = h[t] = A[t, :, None] * state + drive[t]
    return np.einsum("tn,tnd->td", selection.read, h), h


def kernel(rates: Real[Array, " N"], selection: Selection) -> Real[Array, "T T"]:
    """K_{t, tau} = C_t (A_t ... A_(tau + 1)) G_tau B_tau for tau <= t (28), and 0 above the diagonal: y = K u.

    The products are written as exp(-a * accumulated time), so no quotient of small numbers is formed.
    """
    elapsed = accumulated_time(selection.step)
    written = input_factor(rates, selection.step) * selection.write
    per_mode = np.exp(-elapsed[:, :, None] * rates)
    return np.tril(np.einsum("tn,tjn,jn->tj", selection.read, per_mode, written))


def impulse_response(rates: Real[Array, " N"], selection: Selection, source: int) -> Real[Array, " T"]:
    """Column tau of the kernel, by the recurrence: time and memory are linear in T.

    Raises:
        ValueError: there is no token `source`.
    """
    T = len(selection.step)
    check_token(source, T)
    impulse = np.zeros((T, 1))
    impulse[source] = 1
    return recurrence(rates, selection, impulse)[0][:, 0]


def jacobian(ssm: SelectiveSSM, x: Float64[Array, "T D"], source: int) -> Float64[Array, "T D D"]:
    """The blocks dy_t / dx_tau for all t, selection included (Definition 3); 0 for t < tau.

    After tau only the transitions act: dy_t / dx_tau = C_t (A_t ... A_(tau + 1)) dh_tau / dx_tau (Proposition 4).
    At t = tau the change of C_tau is added.

    Raises:
        ValueError: there is no token `source`.
    """
    T, D = x.shape
    check_token(source, T)
    a, selection = ssm.rates, ssm.select(x)
    h = recurrence(a, selection, x)[1]
    A, gain = transition(a, selection.step), input_factor(a, selection.step)
    before = h[source - 1] if source else np.zeros_like(h[0])
    b = np.multiply.outer(selection.write[source], x[source])
    # dA/dDelta = -a A and dG/dDelta = A; dDelta/dx = (1 - exp(-Delta)) w, because that is softplus's derivative.
    dh_dstep = A[source, :, None] * (b - a[:, None] * before)
    dstep = -np.expm1(-selection.step[source]) * ssm.step_weight
    db = np.einsum("d,nk->ndk", x[source], ssm.write_weight) + np.einsum(
        "n,dk->ndk", selection.write[source], np.eye(D)
    )
    dh = np.multiply.outer(dh_dstep, dstep) + gain[source, :, None, None] * db

    elapsed = np.concatenate([np.zeros(source + 1), np.cumsum(selection.step[source + 1 :])])
    blocks = np.einsum("tn,tn,ndk->tdk", selection.read, transition(a, elapsed), dh)
    blocks[:source] = 0
    blocks[source] += np.einsum("nk,nd->dk", ssm.read_weight, h[source])
    return blocks
