"""State-space models: exponential forgetting and failed freeze time (Sections 4.2.3 and 4.2.4, Appendix C)."""

from fractions import Fraction

import flint
import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_proofs import rational, share
from sessa_ref.influence import selective_ssm
from sessa_ref.influence.selective_ssm import Selection
from sessa_ref.notation import Array
from sessa_ref.theory import selective_ssm as bounds

_HALF = Fraction(1, 2)


@states(
    "prop:3",
    "BIBO-stable linear time-invariant feedback forgets exponentially",
    where="Section 4.2.3, Proposition 3",
    says=r"""
    Let $h_t = A h_{t-1} + B u_t$, $y_t = C h_t$ with constant matrices, BIBO-stable as a map from $u$ to $y$. Then there
    are $c > 0$ and $\kappa \in (0, 1)$ with $\lVert C A^\ell B \rVert \le c \, \kappa^\ell$ for all $\ell \ge 0$. $A$ itself
    may be unstable in modes that are not both reachable and observable.
    """,
    trust="real arithmetic; the identity for 2 states in symbols, the same for any number; classical and not checked: a minimal realisation "
    "exists (Kalman), and BIBO means a summable impulse response; the limits between are in words; systems in rationals",
    bends=(
        Bend("a pole on the unit circle: not BIBO-stable", {"pole": 1.0}),
        Bend("the unstable mode is reachable", {"hidden": False}),
    ),
)
def exponential_forgetting(evidence: Evidence, *, pole: float = 0.5, hidden: bool = True) -> None:
    """Hankel matrices of the impulse response determine A of a minimal realisation, so it decays as they do."""
    A = sympy.Matrix(2, 2, sympy.symbols("A:4"))
    B, C = sympy.Matrix(2, 1, sympy.symbols("B:2")), sympy.Matrix(1, 2, sympy.symbols("C:2"))
    observe, reach = sympy.Matrix.vstack(C, C * A), sympy.Matrix.hstack(B, A * B)
    defects: list[sympy.Expr] = []
    for lag in range(4):
        hankel = sympy.Matrix(2, 2, lambda i, j, lag=lag: (C * A ** (i + j + lag) * B)[0])
        defects += list((hankel - observe * A**lag * reach).expand())
    evidence.identity(
        "exponential decay",
        defects,
        "the Hankel matrix of h_lag, h_(lag+1), ... is O A^lag R, and O, R have left and right inverses in a minimal "
        "realisation; BIBO means that |h| is summable, so h and the Hankel matrices tend to 0, so A^lag does: some "
        "|A^m| <= 1/2, and kappa = 2^(-1/m)",
    )
    core, B, C = _minimal(rational(pole))
    power, order = core, 1
    while _norm(power) > _HALF and order < 60:
        power, order = power * core, order + 1
    largest, state = Fraction(0), flint.fmpq_mat(2, 2, [1, 0, 0, 1])
    for _ in range(order):
        largest, state = max(largest, _norm(state)), state * core
    constant = 2 * largest * _norm(C) * _norm(B)
    pairs = []
    for lag, entry in enumerate(_impulse_response(core, B, C, 2 if hidden else 3, 200)):
        if lag % 20 == 0:  # |h| <= c 2^(-lag / m), to the power m
            pairs.append((abs(entry) ** order, constant**order / 2**lag, f"lag {lag}, m = {order}"))
    evidence.exact("exponential decay", pairs, "a system with a double pole and a hidden mode 2^lag, exact rationals")


def _minimal(pole: Fraction) -> tuple[flint.fmpq_mat, flint.fmpq_mat, flint.fmpq_mat]:
    p = flint.fmpq(pole.numerator, pole.denominator)
    return flint.fmpq_mat(2, 2, [p, 1, 0, p]), flint.fmpq_mat(2, 1, [0, 1]), flint.fmpq_mat(1, 2, [1, 1])


def _impulse_response(
    core: flint.fmpq_mat, B: flint.fmpq_mat, C: flint.fmpq_mat, entered: int, lags: int
) -> list[Fraction]:
    """C A^lag B of the system with a third mode of eigenvalue 2 that is observed; the input reaches `entered` modes."""
    A = flint.fmpq_mat(3, 3, [core[0, 0], core[0, 1], 0, core[1, 0], core[1, 1], 0, 0, 0, 2])
    h = flint.fmpq_mat(3, 1, [B[0, 0], B[1, 0], entered - 2])
    C = flint.fmpq_mat(1, 3, [C[0, 0], C[0, 1], 1])
    response = []
    for _ in range(lags):
        response.append(_fraction((C * h)[0, 0]))
        h = A * h
    return response


def _norm(matrix: flint.fmpq_mat) -> Fraction:
    """The largest row sum of absolute values."""
    return max(sum((abs(_fraction(entry)) for entry in row), Fraction(0)) for row in matrix.tolist())


def _fraction(number: flint.fmpq) -> Fraction:
    return Fraction(int(number.p), int(number.q))


@states(
    "lem:4.4",
    "Bounded state of a channel under zero-order hold",
    where="Section 4.2.4, Lemma 4.4",
    says=r"""
    $h_t = e^{-a \Delta_t} h_{t-1} + \frac{1 - e^{-a \Delta_t}}{a} b_t$ with $a \ge a_{\min} > 0$ and $\Delta_t \ge 0$:
    $\sup_t |h_t| \le \max\{|h_{-1}|, \sup_s |b_s| / a_{\min}\}$, so $\sup_t |h_t| \le M / a_{\min}$ for $h_{-1} = 0$,
    $|b_t| \le M$.
    """,
    trust="real arithmetic; every sequence of steps and inputs",
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("Euler's factor Delta in place of (1 - exp(-a Delta)) / a", {"euler": True}),
    ),
)
def bounded_state(evidence: Evidence, *, constant: float = 1.0, euler: bool = False) -> None:
    """A convex combination of the last state and b / a; steady input attains the bound."""
    a, step, h, b = sympy.symbols("a Delta h b")
    theta = sympy.exp(-a * step)
    factor = step if euler else (1 - theta) / a
    update = theta * h + factor * b
    evidence.identity(
        "the bound", sympy.expand(update - theta * h - (1 - theta) * b / a), "h_t = theta h + (1-theta) b/a"
    )
    weight, (p, q) = share("theta"), sympy.symbols("p q", nonnegative=True)
    # |h_(t-1)| = M - p and |b_t| / a = M - q with M the maximum; p, q >= 0.
    M = sympy.Symbol("M", positive=True)
    slack = M - weight * (M - p) - (1 - weight) * (M - q)
    evidence.nonnegative("the bound", slack, "a convex combination stays below M")
    pairs = []
    for theta in (Fraction(1, 2), Fraction(9, 10), Fraction(0)):
        state = Fraction(0)
        for t in range(60):
            state = theta * state + (1 - theta)  # a = M = 1
            pairs.append((state, rational(constant), f"exp(-a Delta) = {theta}, b = M, t = {t}"))
    evidence.exact("the bound", pairs, "steady input: h_t = 1 - theta^(t + 1), which the bound 1 is approached by")
    rates, selection, u = _random_selection(evidence.rng, 40 if evidence.quick else 1000)
    largest = float(np.abs(selective_ssm.recurrence(rates, selection, u)[1]).max())
    drive = selection.write[:, :, None] * u[:, None, :]
    evidence.constructed(
        "the bound", largest, constant * bounds.state_bound(rates, drive), "a selective model, three modes"
    )


def _random_selection(rng: np.random.Generator, T: int) -> tuple[Array, Selection, Array]:
    step = rng.exponential(size=T) * rng.choice([0.0, 1e-3, 1.0, 5.0], size=T)
    return np.array([0.3, 1.0, 4.0]), Selection(step, *rng.normal(size=(2, T, 3))), rng.normal(size=(T, 2))


@states(
    "rem:C.2",
    "The vector and diagonal case of Lemma 4.4",
    where="Appendix C.5, Remark C.2",
    says=r"""
    For $A = -\mathrm{diag}(a_n)$ with $\min_n a_n \ge a_{\min}$ and $h_{-1} = 0$,
    $\lVert h_t \rVert_\infty \le \sup_s \lVert b_s \rVert_\infty / a_{\min}$; for any monotone norm
    $\lVert h_t \rVert \le \lVert \mathbf{1} \rVert \sup_s \lVert b_s \rVert_\infty / a_{\min}$.
    """,
    trust="real arithmetic; Lemma 4.4 in each mode, then monotonicity; weighted sums, squares and maxima stand for norms",
    needs=("lem:4.4",),
    bends=(Bend("a norm that is not monotone, |x| + 10 |x - y|", {"monotone": False}),),
)
def vector_state(evidence: Evidence, *, monotone: bool = True) -> None:
    """Each mode is below the bound, and a monotone norm does not fall when entries grow to the bound."""
    weights, (s, t) = sympy.symbols("w_0 w_1", positive=True), (share("s"), share("t"))
    # |h_n| = bound * share: slacks of sum w_n |h_n| and of sum w_n h_n^2 for the bound 1.
    slacks = [weights[0] * (1 - s) + weights[1] * (1 - t), weights[0] * (1 - s**2) + weights[1] * (1 - t**2)]
    evidence.nonnegative("monotone norms", slacks, "weighted sums and sums of squares")
    theta = Fraction(1, 1000)
    h = (1 - theta, -(1 - theta))  # b = (1, -1), a = 1, one long step
    norms = {"the largest entry": lambda x, y: max(abs(x), abs(y)), "the sum": lambda x, y: abs(x) + abs(y)}
    if not monotone:
        norms["|x| + 10 |x - y|"] = lambda x, y: abs(x) + 10 * abs(x - y)
    pairs = [(norm(*h), norm(Fraction(1), Fraction(1)), name) for name, norm in norms.items()]
    evidence.exact("monotone norms", pairs, "b = (1, -1), a = 1, exp(-Delta) = 1/1000, exact")


@states(
    "prop:5",
    "Failed freeze time forgets exponentially",
    where="Section 4.2.4, Proposition 5",
    says=r"""
    $\Pi_{t,\ell} = \exp(-\lambda \sum_{r=t-\ell+1}^{t} \Delta_r)$ with $\lambda > 0$. If $\sum_{r=\tau+1}^{t} \Delta_r \ge
    c_\Delta (t - \tau)$ for a pair $\tau < t$, $\ell = t - \tau$, then $\Pi_{t,\ell} \le e^{-\lambda c_\Delta \ell}$.
    """,
    trust="real arithmetic; every sequence of steps; equality for constant steps",
    bends=(
        Bend("c_Delta from pairs at least 3 apart, used for neighbours", {"shortest": 3}),
        Bend("the average over the whole sequence in place of every interval", {"average": True}),
    ),
)
def failed_freeze_time(evidence: Evidence, *, shortest: int = 1, average: bool = False) -> None:
    """The exponent is at least lambda c_Delta lag; exact sums of steps."""
    rate, extra = sympy.symbols("lambda extra", nonnegative=True)
    slope, lag = sympy.symbols("c_Delta lag", positive=True)
    slack = rate * (slope * lag + extra) - rate * slope * lag
    evidence.nonnegative("the bound", slack, "exponents: lambda times the sum, minus lambda c_Delta lag")
    pairs = []
    for steps in ([Fraction(1, 3)] * 12, [Fraction(2), Fraction(1, 2)] * 6, [Fraction(1), Fraction(1, 9)] * 6):
        clock = [sum(steps[: t + 1], Fraction(0)) for t in range(12)]
        averages = {(t, tau): (clock[t] - clock[tau]) / (t - tau) for t in range(12) for tau in range(t)}
        least = min(value for (t, tau), value in averages.items() if t - tau >= shortest)
        claimed = sum(steps, Fraction(0)) / 12 if average else least
        pairs += [(claimed, value, f"steps {steps[0]}, {steps[1]}, ...: {key}") for key, value in averages.items()]
    evidence.exact(
        "the bound", pairs, "c_Delta against the average step of every interval, exact; constant steps attain it"
    )


ROWS = (exponential_forgetting, bounded_state, vector_state, failed_freeze_time)
