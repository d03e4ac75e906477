"""State-space models: exponential forgetting and failed freeze time (Sections 4.2.3 and 4.2.4, Appendix C)."""

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_proofs import share
from sessa_ref.influence import selective_ssm
from sessa_ref.influence.selective_ssm import Selection, SelectiveSSM
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
    trust="real arithmetic; the identity is shown for 2 states in symbols and holds for any number; systems in rationals",
    bends=(
        Bend("a pole on the unit circle: not BIBO-stable", {"pole": Fraction(1)}),
        Bend("the unstable mode is reachable", {"hidden": False}),
    ),
)
def exponential_forgetting(evidence: Evidence, *, pole: Fraction = _HALF, hidden: bool = True) -> None:
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
    core, B, C = _minimal(pole)
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
        Bend("a constant smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("Euler's factor Delta in place of (1 - exp(-a Delta)) / a", {"euler": True}),
    ),
)
def bounded_state(evidence: Evidence, *, constant: Fraction = Fraction(1), euler: bool = False) -> None:
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
            pairs.append((state, constant, f"exp(-a Delta) = {theta}, b = M, t = {t}"))
    evidence.exact("the bound", pairs, "steady input: h_t = 1 - theta^(t + 1), which the bound 1 is approached by")
    rates, selection, u = _random_selection(evidence.rng, 40 if evidence.quick else 1000)
    largest = float(np.abs(selective_ssm.recurrence(rates, selection, u)[1]).max())
    drive = selection.write[:, :, None] * u[:, None, :]
    evidence.constructed(
        "the bound", largest, float(constant) * bounds.state_bound(rates, drive), "a selective model, three modes"
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


@states(
    "prop:4",
    "Mamba: end-to-end Jacobians by accumulated discretisation time",
    where="Section 4.2.4, Proposition 4",
    says=r"""
    $h_t = A_t h_{t-1} + G_t \tilde B_t u_t$, $y_t = C_t h_t$, $h_{-1} = 0$; $A_t = e^{-a_n \Delta_t}$ and
    $G_t = (1 - e^{-a_n \Delta_t})/a_n$ on the diagonal, $a_n \ge \lambda > 0$ fixed, all else a function of $x_t$ alone, with
    $\lVert u_t \rVert \le U_R$, $\lVert \tilde B_t \rVert \le G_{\max}$, $\lVert C_t \rVert \le C_R$ and derivatives of
    $A_t$, $\tilde B_t$, $u_t$ at most $L_A$, $L_B$, $L_u$ on $\mathcal{X}_R$. Then for $\tau < t$
    $\lVert \partial y_t / \partial x_\tau \rVert \le C_R J_R \exp(-\lambda \sum_{r=\tau+1}^t \Delta_r)$ with
    $J_R = L_A H_R + \frac{L_A}{\lambda} G_{\max} U_R + \frac{1}{\lambda}(L_B U_R + G_{\max} L_u)$,
    $H_R = \sqrt{d_{state}} \, G_{\max} U_R / \lambda$.
    """,
    trust="real arithmetic; every selection and T; models' Jacobians in float64 to lag 1000",
    needs=("lem:4.4", "rem:C.2"),
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("the fastest rate in place of the slowest", {"fastest": True}),
    ),
)
def jacobian_by_accumulated_time(evidence: Evidence, *, constant: float = 1.0, fastest: bool = False) -> None:
    """The derivative of one step, the triangle inequality term by term, and models from mild to extreme."""
    note_one_step(evidence, "the bound")
    for name, ssm, x, radius in _models(evidence):
        limit = constant * _jacobian_constant(ssm, radius)
        rates = np.array([ssm.rates.max()]) if fastest else ssm.rates
        for source in (0, 3):
            factor = bounds.memory_factor(rates, ssm.select(x).step)[:, source]
            norms = np.linalg.norm(selective_ssm.jacobian(ssm, x, source), ord=2, axis=(-2, -1))
            _note_model(evidence, norms, limit * factor, source, name)


@states(
    "cor:4.6",
    "Failed freeze time: exponential decay of end-to-end Jacobians",
    where="Section 4.2.6, Corollary 4.6",
    says=r"""
    Under Proposition 4 and $\sum_{r=\tau+1}^t \Delta_r(x) \ge c_\Delta (t - \tau)$ for the pair $\tau < t$:
    $\lVert \partial y_t / \partial x_\tau \rVert \le C(R) \, e^{-\lambda c_\Delta (t - \tau)}$.
    """,
    trust="real arithmetic, from Propositions 4 and 5; models' Jacobians in float64 to lag 1000",
    needs=("prop:4", "prop:5"),
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("c_Delta doubled", {"freeze": 2.0}),
    ),
)
def exponential_jacobians(evidence: Evidence, *, constant: float = 1.0, freeze: float = 1.0) -> None:
    """Both propositions in one: exponents in symbols, and the models."""
    note_one_step(evidence, "the bound")
    rate, extra, more = sympy.symbols("lambda extra r", nonnegative=True)
    slope, lag = sympy.symbols("c_Delta lag", positive=True)
    slack = (rate + more) * (slope * lag + extra) - rate * slope * lag
    evidence.nonnegative("the bound", slack, "a_n times the sum of steps is at least lambda c_Delta lag")
    for name, ssm, x, radius in _models(evidence):
        c = freeze * bounds.slowest_average_step(ssm.select(x).step)
        for source in (0, 3):
            lags = np.arange(len(x)) - source
            norms = np.linalg.norm(selective_ssm.jacobian(ssm, x, source), ord=2, axis=(-2, -1))
            bound = constant * _jacobian_constant(ssm, radius) * np.exp(-ssm.rates.min() * c * lags)
            _note_model(evidence, norms, bound, source, name)


def note_one_step(evidence: Evidence, claim: str) -> None:
    """The proof of Proposition 4, mode by mode."""
    x, a, h = sympy.symbols("x a h")
    step, b = sympy.Function("Delta")(x), sympy.Function("b")(x)
    A = sympy.exp(-a * step)
    defect = (A * h + (1 - A) / a * b).diff(x) - A.diff(x) * (h - b / a) - (1 - A) / a * b.diff(x)
    evidence.identity(claim, sympy.expand(defect), "dh_tau = A' (h - b / a) + G b'; later only A_t ... A_(tau+1) acts")
    L_A, H, M, L_b, rate = sympy.symbols("L_A H M L_b lambda", positive=True)
    more, sums = sympy.symbols("r S", nonnegative=True)
    s, t, d = share("s"), share("t"), sympy.Symbol("d", positive=True)
    slacks = [
        L_A * H - (L_A * s) * (H * t),  # |A'| |h|
        L_A * M / rate - (L_A * s) * (M * t) / (rate + more),  # |A'| |b| / a
        L_b / rate - s / (rate + more) * (L_b * t),  # G |b'|, where 1 - exp(-a Delta) is a share
        (rate + more) * sums - rate * sums,  # exponents of the transitions
        d * H**2 - d * (H * s) ** 2,  # |h|^2 <= d_state max_n h_n^2
    ]
    evidence.nonnegative(
        claim,
        slacks,
        "the terms of J_R one by one, with what is at most a bound written as a share of it; the transitions; H_R",
    )


def _models(evidence: Evidence) -> list[tuple[str, SelectiveSSM, Array, float]]:
    """(name, model, tokens, radius): two random ones, and one that attains the bound."""
    T = 40 if evidence.quick else 1001
    rng = np.random.default_rng(7)
    found: list[tuple[str, SelectiveSSM, Array, float]] = []
    for name, bias, rates in (("slow", -5.0, (0.1, 0.5, 2.0)), ("fast", -2.0, (0.2, 3.0, 9.0))):
        ssm = SelectiveSSM(np.array(rates), 0.3 * rng.normal(size=4), bias, *rng.normal(size=(2, 3, 4)))
        x = rng.normal(size=(T, 4))
        found.append((name, ssm, x / np.linalg.norm(x, axis=-1, keepdims=True), 1.0))
    one = np.ones((1, 1))
    steady = SelectiveSSM(np.array([1.0]), np.zeros(1), 5.0, one, one)  # a constant step of 5 with lambda = 1
    found.append(("constant long steps", steady, np.ones((min(T, 100), 1)), 1.0))
    return found


def _jacobian_constant(ssm: SelectiveSSM, radius: float) -> float:
    return bounds.jacobian_constant(ssm.rates, ssm.step_weight, ssm.write_weight, ssm.read_weight, radius)


def _note_model(evidence: Evidence, norms: Array, bound: Array, source: int, name: str) -> None:
    later = slice(source + 1, None)
    ratio: Any = norms[later] / bound[later]
    at = source + 1 + int(np.argmax(ratio))
    slack = 1 + 1e-12 * len(norms)  # roundings of a product of that many transitions
    loosest = ratio[ratio > 0].min()
    evidence.constructed(
        "the bound",
        norms[at] / bound[at],
        slack,
        f"end-to-end Jacobian over its bound; {ratio[-1]:.2g} at the last lag, {loosest:.2g} at the least",
        f"{name}, source {source}, lag {at - source}",
    )


ROWS = (
    exponential_forgetting,
    jacobian_by_accumulated_time,
    bounded_state,
    failed_freeze_time,
    exponential_jacobians,
    vector_state,
)
