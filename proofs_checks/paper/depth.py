"""Deep stacks: the residual calculus (Section 4.2.7, Appendix H)."""

from fractions import Fraction
from functools import reduce
from itertools import combinations
from math import factorial, prod
from typing import Any

import numpy as np
import sympy

from proofs_checks import deep_stacks
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref.theory import depth as theory

_CALCULUS = (
    r"\sum_{k=1}^{N} \sum_{n_1 < \dots < n_k} \Bigl(\prod_{m \notin \{n_1, \dots, n_k\}} d_m\Bigr) "
    r"\sum_{\tau = i_0 < i_1 < \dots < i_k = t}\; \prod_{r=1}^{k} \lambda_{n_r} K_{n_r}(i_r, i_{r-1})"
)
_BENDS = (
    Bend("a bound smaller by a tenth", {"constant": Fraction(9, 10)}),
    Bend("the last block reads first: kernels in the opposite order", {"reverse": True}),
    Bend("only paths that jump in every block", {"stays": False}),
)


@states(
    "thm:11",
    "Deep end-to-end aggregation",
    where="Section 4.2.7, Theorem 11, (33) and (34)",
    says=rf"""
    Let $h^{{(n)}} = F_n(h^{{(n-1)}})$ for $n = 1, \dots, N$ with causal, continuously differentiable blocks, on a finite horizon
    and a compact set of inputs $h^{{(0)}} = x$. If block $n$ has, wherever the stack meets it,
    $\lVert \partial F_{{n,t}} / \partial u_\tau \rVert \le d_n 1[t = \tau] + \lambda_n K_n(t, \tau) 1[\tau < t]$, then for $\tau < t$
    $$\Bigl\lVert \frac{{\partial h^{{(N)}}_t}}{{\partial x_\tau}} \Bigr\rVert \le {_CALCULUS}$$
    and $\lVert \partial h^{{(N)}}_t / \partial x_t \rVert \le \prod_n d_n$.
    """,
    trust="real arithmetic; the expansion by induction over blocks, checked with free kernels up to 4 tokens and 3 blocks; "
    "real stacks in float64",
    bends=_BENDS,
)
def deep_aggregation(
    evidence: Evidence, *, constant: Fraction = Fraction(1), reverse: bool = False, stays: bool = True
) -> None:
    """Free kernels; a stack for which it is an equality; stacks of real Sessa blocks, reference and torch."""
    _expansion(evidence, 3, 3 if evidence.quick else 4, reverse, stays)
    _equality(evidence, constant)
    T = 16 if evidence.quick else 48
    stack = [deep_stacks.sessa_block(seed, 3, gain) for seed, gain in enumerate((0.5, 0.8, -0.6))]
    x = deep_stacks.tokens(evidence.rng, T, 3)
    _real_stack(
        evidence, deep_stacks.measure(stack, x), "three Sessa blocks, gains near 0.5, 0.8, -0.6, the definition"
    )
    if evidence.quick:
        outputs_agree(evidence, stack[0], x)
        return
    short = x[:6]
    by_torch = deep_stacks.measure_by_torch(stack, short)
    _real_stack(evidence, by_torch, "the same by torch.func")
    difference = float(np.max(np.abs(by_torch.whole - deep_stacks.measure(stack, short).whole)))
    unit = 1000 * np.finfo(float).eps * float(by_torch.whole.max())
    evidence.agreement(difference, unit, "torch.func against complex steps, whole stack: at most 1000 rounding errors")


@states(
    "thm:31",
    "Residual calculus",
    where="Appendix H.2, Theorem 31, (74) to (76)",
    says=rf"""
    Theorem 11 with its proof. With $\mathcal D_n = d_n I$ and $\mathcal G_n = \lambda_n K_n 1[\tau < t]$ as kernels,
    $\lVert \partial h^{{(N)}}_t / \partial x_\tau \rVert \le [(\mathcal D_N + \mathcal G_N) \cdots (\mathcal D_1 + \mathcal G_1)](t, \tau)$, and
    the product is $\sum_S \bigl(\prod_{{m \notin S}} d_m\bigr)\, \mathcal G_{{n_k}} \cdots \mathcal G_{{n_1}}$ over
    $S = \{{n_1 < \dots < n_k\}} \subseteq \{{1, \dots, N\}}$. For $\tau < t$ its entry is
    $${_CALCULUS}.$$
    """,
    needs=("thm:11",),
    trust="real arithmetic; every N by induction (a further factor splits the subsets), every T (kernel products are path sums)",
    bends=_BENDS,
)
def residual_calculus(
    evidence: Evidence, *, constant: Fraction = Fraction(1), reverse: bool = False, stays: bool = True
) -> None:
    """The expansion with symbols that do not commute; free kernels; real stacks of all three kinds of layers."""
    most = 4 if evidence.quick else 7
    for N in range(1, most + 1):
        d = sympy.symbols(f"d1:{N + 1}")
        G = sympy.symbols(f"G1:{N + 1}", commutative=False)
        product = sympy.expand(prod((d[n] + G[n] for n in reversed(range(N))), start=sympy.Integer(1)))
        subsets = (chosen for k in range(N + 1) for chosen in combinations(range(N), k))
        terms = (
            prod((d[m] for m in range(N) if m not in chosen), start=sympy.Integer(1))
            * prod((G[n] for n in (chosen if reverse else reversed(chosen))), start=sympy.Integer(1))
            for chosen in subsets
        )
        evidence.identity(
            "path-sum bound",
            sympy.expand(product - sympy.Add(*terms)),
            f"N = {N}, symbols that do not commute; the step to N + 1 multiplies by d + G and splits the subsets of N + 1",
        )
    _expansion(evidence, 3, 3 if evidence.quick else 5, reverse, stays)
    _equality(evidence, constant)
    T = 16 if evidence.quick else 40
    x = deep_stacks.tokens(evidence.rng, T, 3)
    mixed = [
        deep_stacks.attention_block(evidence.rng, 3),
        deep_stacks.sessa_block(1, 3, 0.7),
        deep_stacks.ssm_block(evidence.rng, 3),
    ]
    for name, stack in (("attention, Sessa, state space", mixed), ("state space, Sessa, attention", mixed[::-1])):
        _real_stack(evidence, deep_stacks.measure(stack, x), name)
        direction = evidence.rng.normal(size=x.shape)
        chain = deep_stacks.matrix(stack, x) @ direction.ravel()
        step = deep_stacks.directional(stack, x, direction).ravel()
        unit = 1000 * np.finfo(float).eps * float(np.abs(chain).max())
        evidence.agreement(float(np.abs(chain - step).max()), unit, f"chain rule against one complex step: {name}")


def _expansion(evidence: Evidence, N: int, T: int, reverse: bool, stays: bool) -> None:
    """The product of d_n I + G_n against the sums over subsets and paths, entries free."""
    d = sympy.symbols(f"d1:{N + 1}")
    K = [sympy.Matrix(T, T, lambda t, j, n=n: sympy.Symbol(f"k{n}_{t}{j}") if j < t else 0) for n in range(N)]
    product = reduce(lambda earlier, n: (d[n] * sympy.eye(T) + K[n]) * earlier, range(N), sympy.eye(T))
    order = list(reversed(range(N))) if reverse else list(range(N))
    differences = []
    for tau in range(T):
        for t in range(tau + 1, T):
            total = sympy.Integer(0)
            for k in range(1, N + 1):
                if not stays and k < N:
                    continue
                for chosen in combinations(order, k):
                    staying = prod((d[m] for m in range(N) if m not in chosen), start=sympy.Integer(1))
                    for inner in combinations(range(tau + 1, t), k - 1):
                        path = (tau, *inner, t)
                        total += staying * prod(K[n][b, a] for n, a, b in zip(chosen, path, path[1:], strict=False))
            differences.append(sympy.expand(product[t, tau] - total))
    evidence.identity("path-sum bound", differences, f"free d_n and K_n(t, tau), {N} blocks, {T} tokens, all t and tau")
    diagonal = [sympy.expand(product[t, t] - prod(d)) for t in range(T)]
    evidence.identity("diagonal bound", diagonal, "the diagonal of a product of lower-triangular kernels")


def _equality(evidence: Evidence, constant: Fraction) -> None:
    """Scalar linear blocks with positive entries: |product| is the product of the norms."""
    rng = np.random.default_rng(5)
    kernels = [np.tril(rng.integers(0, 9, size=(5, 5)), k=-1) for _ in range(3)]
    whole = reduce(lambda earlier, block: block @ earlier, [3 * np.eye(5, dtype=int) + K for K in kernels])
    pairs = []
    for t, tau in zip(*np.tril_indices(5, k=-1), strict=True):
        bound = sum(_paths([3] * 3, kernels, int(tau), int(t)))
        pairs.append((int(whole[t, tau]), constant * bound, f"t = {t}, tau = {tau}"))
    evidence.exact("path-sum bound", pairs, "linear blocks of width 1 with entries >= 0, in whole numbers: equality")


def _paths(d: list[int], kernels: list[np.ndarray], tau: int, t: int) -> list[int]:
    return [
        prod(d[m] for m in range(len(d)) if m not in chosen)
        * prod(int(kernels[n][b, a]) for n, a, b in zip(chosen, (tau, *inner), (*inner, t), strict=True))
        for k in range(1, len(d) + 1)
        for chosen in combinations(range(len(d)), k)
        for inner in combinations(range(tau + 1, t), k - 1)
    ]


def _real_stack(evidence: Evidence, measured: deep_stacks.Measured, name: str) -> None:
    bound = theory.path_sum(measured.diagonal(), measured.blocks)
    lower = np.tril_indices(len(bound), k=-1)
    ratio = float(np.max(measured.whole[lower] / bound[lower]))
    how = f"real stack, norms of all blocks dh_t / dx_tau over the path sum of the measured one-block norms: {name}"
    evidence.constructed("path-sum bound", ratio, 1.0, how, name)
    own = float(np.diag(measured.whole).max() / prod(measured.diagonal()))
    evidence.constructed("diagonal bound", own, 1.0, f"real stack: {name}", name)


@states(
    "thm:35",
    "Horizon-uniform residual calculus",
    where="Appendix H.5, Theorem 35, (78)",
    says=rf"""
    For every horizon $T$ let a stack of $N$ causal $C^1$ blocks act on a compact set of inputs, such that one family of constants
    $d_n, \lambda_n$ and kernels $K_n(t, \tau)$, $0 \le \tau < t < \infty$, bounds the blocks' Jacobians as in Theorem 31 for all $T$. Then
    for every $T$, every input and all $\tau < t < T$
    $$\Bigl\lVert \frac{{\partial h^{{(N,T)}}_t}}{{\partial x_\tau}} \Bigr\rVert \le {_CALCULUS},$$
    which does not depend on $T$; and $\lVert \partial h^{{(N,T)}}_t / \partial x_t \rVert \le \prod_n d_n$.
    """,
    needs=("thm:31",),
    trust="real arithmetic; every T: paths from tau to t meet no token after t",
    bends=(
        Bend("a kernel that grows with the horizon", {"growing": True}),
        Bend("constants of the shortest horizon, smaller by half", {"share": 0.5}),
    ),
)
def horizon_uniform_calculus(evidence: Evidence, *, growing: bool = False, share: float = 1.0) -> None:
    """The bound's entries do not change when the horizon grows; one real stack at several horizons."""
    T, N = 3, 2 if evidence.quick else 3
    d = sympy.symbols(f"d1:{N + 1}")

    def product(horizon: int) -> sympy.Matrix:
        scale = horizon if growing else 1
        K = [
            sympy.Matrix(horizon, horizon, lambda t, j, n=n: scale * sympy.Symbol(f"k{n}_{t}{j}") if j < t else 0)
            for n in range(N)
        ]
        return reduce(lambda earlier, n: (d[n] * sympy.eye(horizon) + K[n]) * earlier, range(N), sympy.eye(horizon))

    short = product(T)
    for longer in (T + 1, T + 2):
        change: Any = product(longer)[:T, :T] - short
        differences = [sympy.expand(entry) for entry in change]
        evidence.identity("bound without T", differences, f"free kernels, {N} blocks: horizon {longer} against {T}")
    stack = [deep_stacks.sessa_block(seed, 3, 0.6) for seed in range(3)]
    x = deep_stacks.tokens(evidence.rng, 16 if evidence.quick else 40, 3)
    longest = deep_stacks.measure(stack, x)
    bound = theory.path_sum(longest.diagonal(), longest.blocks) * share
    for horizon in (4, len(x) // 2, len(x)):
        whole = deep_stacks.measure(stack, x[:horizon]).whole
        lower = np.tril_indices(horizon, k=-1)
        ratio = float(np.max(whole[lower] / bound[lower]))
        evidence.constructed(
            "bound without T", ratio, 1.0, f"three Sessa blocks, the longest horizon's constants, T = {horizon}"
        )


@states(
    "lem:H.1",
    "Nested harmonic sums",
    where="Appendix H.3, Lemma H.1, (77)",
    says=r"""
    Let $\mathcal H(t, \tau) = \frac{1}{t+1} 1[\tau < t]$ and $k \ge 1$. For $0 \le \tau < t$,
    $(\mathcal H^k)(t, \tau) \le \frac{1}{t+1} \frac{H_t^{k-1}}{(k-1)!}$ with $H_t = \sum_{m=1}^{t} \frac1m$. Consequently
    $(\mathcal H^k)(t, \tau) \lesssim_k (\log(1+t))^{k-1} / (t+1)$.

    Checked with $H_t - H_{\tau+1}$ in place of $H_t$, which is exact for $k = 1, 2$; and the consequence with the constant
    $1/(k-1)!$ and $\log\frac{t}{\tau+1}$ in place of $\log(1+t)$.
    """,
    trust="real arithmetic; every k, t and tau by induction over t",
    bends=(
        Bend("the bound smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("H_t - H_(tau + 2): one term too few", {"terms": -1}),
        Bend("one power of H_t too few", {"power": -1}),
    ),
)
def nested_harmonic_sums(
    evidence: Evidence, *, constant: Fraction = Fraction(1), terms: int = 0, power: int = 0
) -> None:
    """The induction in symbols; then exact fractions, for (77) and for the sharper form."""
    h, x, e, f = sympy.symbols("h x e f", nonnegative=True)
    # E_k(t) = (t + 1) (H^k)(t, tau) obeys E_k(t + 1) = E_k(t) + E_(k-1)(t) / (t + 1): the last stop is t or before it.
    z = sympy.Symbol("z")
    evidence.identity(
        "(77)",
        sympy.expand((e + f * z) * (1 + x * z)).coeff(z, 1) - (f + x * e),
        "E_k(t+1) = E_k(t) + x E_(k-1)(t), x = 1/(t+1)",
    )
    for k in range(2, 6 if evidence.quick else 12):
        step = sympy.expand((h + x) ** (k - 1) - h ** (k - 1) - (k - 1) * x * h ** (k - 2))
        negative = [c for c in sympy.Poly(step, h, x).coeffs() if c < 0]
        evidence.identity(
            "(77)",
            negative or [sympy.Integer(0)],
            f"k = {k}: (h+x)^(k-1) - h^(k-1) - (k-1) x h^(k-2) has no negative coefficient (Bernoulli for every k)",
        )
    T, most = (14, 4) if evidence.quick else (40, 6)
    pairs, sharper = [], []
    for k in range(1, most + 1):
        for tau in (0, 1, 2, 5):
            for t in range(tau + 1, T):
                exact, H = theory.nested_harmonic(k, tau, t), theory.harmonic(t)
                scale, text = constant / factorial(k - 1) / (t + 1), f"k = {k}, tau = {tau}, t = {t}"
                pairs.append((exact, scale * H ** max(k - 1 + power, 0), text))
                sharper.append((exact, scale * (H - theory.harmonic(min(tau + 1 - terms, t))) ** (k - 1), text))
    evidence.exact("(77)", pairs, "exact fractions")
    evidence.exact("H_t - H_(tau+1)", sharper, "exact fractions; equal for k = 1 and 2")
    evidence.identity("H_t - H_(tau+1)", sympy.expand(((h + x) - h) - x), "k = 2: the induction's step is an equality")
    _logarithm(evidence)


def _logarithm(evidence: Evidence) -> None:
    """H_t - H_(tau+1) <= log(t / (tau+1)) <= log t: the first as a sum over m of 1/m <= log(m/(m-1))."""
    y, tau, more = sympy.symbols("y tau more", nonnegative=True)
    gap = -sympy.log(1 - y) - y
    evidence.identity(
        "logarithms",
        [
            gap.subs(y, 0),
            sympy.simplify(sympy.diff(gap, y) - y / (1 - y)),
            sympy.expand((1 + more) * (tau + 1) - (tau + 1 + more) - tau * more),
        ],
        "1/m <= log(m/(m-1)), because -log(1-y) - y has slope y/(1-y) >= 0; (tau + lag) / (tau + 1) <= lag, the difference "
        "being tau (lag - 1) / (tau + 1)",
    )


ROWS = (deep_aggregation, residual_calculus, horizon_uniform_calculus, nested_harmonic_sums)
