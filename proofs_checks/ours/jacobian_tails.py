"""The Jacobian tail of one block without its logarithm, and the best constants of the convolution bound."""

from fractions import Fraction

import flint
import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_layers import MeasuredLayer, measured_layers
from proofs_checks.tail_proofs import (
    exact_worst_tail,
    note_best_constant,
    note_convolution_proof,
    note_convolution_sums,
    note_sharpness,
    note_tail_without_logarithm,
    rational,
    uniform_kernel,
)
from sessa_ref.theory.jacobian_tails import best_jacobian_constant, convolution_excess, tail_without_logarithm

_REAL_LAYERS = "real layers' Jacobians are in float64"


@states(
    "ours:jacobian-tail",
    "The Jacobian tail without its logarithm",
    where="in place of Theorem 23",
    says=r"""
    Under the assumptions of Theorem 23, with $a_\tau = \Gamma(\tau+1)/\Gamma(\tau+1+\eta)$ and
    $b_t = \Gamma(t+\eta)/\Gamma(t+1)$: for all $\tau < t$, $\ell = t - \tau$, $\lVert \partial s_t / \partial x_\tau
    \rVert_2 \le (\eta A_0 + A_1) \, a_\tau b_t \le \frac{\eta A_0 + A_1}{\Gamma(1+\eta)} \, \ell^{-\beta}$. Both
    coefficients in front of $a_\tau b_t$ are the smallest that serve all $\tau < t$: uniform routing attains the part
    of $A_0$, and its part of $A_1$ at $t = \tau + 1$ is $(\tau+1)/(\tau+2)$ of the bound.
    """,
    proof=r"""
    *Kernel.* For $t > \tau$ the diffuse envelope gives
    $|K_{t,\tau}| \le \frac{\eta}{t} \sum_{\tau \le j < t} |K_{j,\tau}|$. By induction $|K_{t,\tau}|$ is at most the
    solution with equality, which is uniform routing with gain $\eta$: $|K_{t,\tau}| \le \eta\, a_\tau b_t$.

    *Sum.* The first step of the proof of Theorem 23 gives $\lVert \partial s_t/\partial x_\tau \rVert \le |K_{t,\tau}|
    A_0 + \sum_{\tau<k<t} |K_{t,k}| \frac{A_1}{k+1} + \frac{A_1}{t+1}$. Since $\frac{1}{k+1} \le \frac{1}{k}$ and
    $\frac{\eta a_k}{k} = a_{k-1} - a_k$, the sum telescopes: it is at most $A_1 b_t (a_\tau - a_{t-1})$. Since
    $a_t b_t = \frac{1}{t+\eta}$, the last term is at most $A_1 a_t b_t \le A_1 a_{t-1} b_t$. Together they are at most
    $A_1 a_\tau b_t$.

    *Power.* $a_\tau b_{\tau+\ell}$ falls in $\tau$, because
    $(\tau+1+\eta)(\tau+\ell+1) - (\tau+1)(\tau+\ell+\eta) = \eta(\tau+\ell+1) + (1-\eta)(\tau+1) > 0$. So it is at most
    $a_0 b_\ell$, and $b_\ell\, \ell^\beta$ rises to 1, because
    $(\frac{\ell+1}{\ell})^{1-\eta} \ge \frac{\ell+1}{\ell+\eta}$ by Bernoulli's inequality.

    *Sharp.* Let routing be uniform with the constant gain $\eta$, so that $c_2 = 1$ and
    $L_\gamma = L_{\alpha,0} = L_{route} = 0$; for the given $\tau$ let $f_\tau = A_0 x_\tau$,
    $f_k = \frac{A_1}{k+1} x_\tau$ for $k > \tau$, and $f_k = 0$ before. Then $L_{f,0} = A_0$, $L_f = A_1$, and the
    first inequality of *Sum* is an equality with $K_{t,\tau} = \eta\, a_\tau b_t$. For $A_1 = 0$ all of the bound is
    attained. For $A_0 = 0$ and $t = \tau + 1$ the Jacobian is $\frac{A_1}{\tau+2}$, and the bound is
    $A_1 a_\tau b_{\tau+1} = \frac{A_1}{\tau+1}$. The quotient $\frac{\tau+1}{\tau+2}$ tends to 1, so neither
    coefficient can be smaller.
    """,
    trust="real arithmetic; all T, tau, t and eta in (0, 1); " + _REAL_LAYERS,
    needs=("asm:15", "asm:16", "asm:17", "asm:18", "asm:19", "asm:20", "asm:21", "asm:22", "lem:B.3", "lem:F.1"),
    bends=(
        Bend("a constant smaller by a fiftieth", {"constant": 0.98}),
        Bend("eta multiplies A_1 as well", {"eta_on_both": True}),
        Bend("Assumption 21 without dilution: 1 in place of 1 / (k + 1)", {"dilutes": False}),
    ),
)
def tail(evidence: Evidence, *, constant: float = 1.0, eta_on_both: bool = False, dilutes: bool = True) -> None:
    """The proof in symbols; the exact worst case of what the assumptions allow; real layers, reference and torch."""
    note_tail_without_logarithm(evidence, "the bound")
    note_sharpness(evidence, "sharpness")
    pairs = []
    for eta in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        for source, target in ((0, 1), (0, 2), (0, 40), (7, 8), (7, 40), (40, 80)):
            for A_0, A_1 in ((1, 0), (0, 1), (1, 1)):
                worst = exact_worst_tail(target, source, eta, A_0, A_1 if dilutes else A_1 * (source + 2))
                # a_tau b_t is the kernel of uniform routing over eta.
                coefficient = eta * (A_0 + A_1) if eta_on_both else eta * A_0 + A_1
                claimed = rational(constant) * coefficient / eta * uniform_kernel(target, source, eta)
                pairs.append((worst, claimed, f"eta = {eta}, tau = {source}, t = {target}, A_0 = {A_0}, A_1 = {A_1}"))
    how = "exact worst case: f_tau = A_0 x_tau, f_k = A_1 x_tau / (k + 1), uniform routing with gain eta attain all"
    evidence.exact("the bound", pairs, how)
    for layer in measured_layers(evidence):
        _note_layer(evidence, "states", layer.found.states, constant * _tail(layer), layer)


def _tail(layer: MeasuredLayer) -> np.ndarray:
    c = layer.found.constants
    return tail_without_logarithm(float(layer.source), layer.targets, c.eta, c.at_source, c.later)


def _note_layer(evidence: Evidence, what: str, norms: np.ndarray, bound: np.ndarray, layer: MeasuredLayer) -> None:
    at = int(np.argmax(norms / bound))
    last = f"{bound[-1] / norms[-1]:.3g} at lag {layer.lags[-1]:g}"
    how = f"a real layer ({layer.name}): {what}; bound over Jacobian is {last}"
    evidence.constructed("the bound", norms[at], bound[at], how, f"{layer.name}, lag {layer.lags[at]:g}")


@states(
    "ours:jacobian-tail-constant",
    "The best constant of the Jacobian tail",
    where="in place of C(R) in Theorem 23",
    says=r"""
    Under the assumptions of Theorem 23, for all $\tau < t$, $\ell = t - \tau$, $\lVert \partial s_t / \partial x_\tau
    \rVert_2 \le \frac{\eta A_0 + (\eta^2 \psi'(\eta) - \eta) A_1}{\Gamma(1+\eta)} \, \ell^{-\beta}$, and no smaller
    constant that depends on $\eta$, $A_0$, $A_1$ alone will do: uniform routing with $f_\tau = A_0 x_\tau$,
    $f_k = A_1 x_\tau / (k+1)$ has it as its limit for $\tau = 0$, $\ell \to \infty$. The coefficient
    $\eta^2 \psi'(\eta) - \eta$ is 1 at 0 and $\pi^2/6 - 1 = 0.645$ at 1.
    """,
    proof=r"""
    The bound in the proof of `ours:jacobian-tail` before its last steps, which the example there attains, is
    $W = \eta A_0 a_\tau b_t + A_1 b_t V_t$ with $V_t = \sum_{\tau<k<t} \frac{\eta a_k}{k+1} + \frac{1}{(t+1) b_t}$, and
    $\frac{1}{(t+1) b_t} = a_t \frac{t+\eta}{t+1}$.

    *It rises in the lag.* With $a_{t+1} = a_t \frac{t+1}{t+1+\eta}$, $V_{t+1} - V_t = a_t \bigl(\frac{\eta}{t+1} +
    \frac{t+1}{t+2} - \frac{t+\eta}{t+1}\bigr) = \frac{a_t}{(t+1)(t+2)} > 0$. And $b_{\tau+\ell}\, \ell^\beta$ rises to
    1 for every $\tau$: by Bernoulli's inequality it suffices that
    $(\tau+\ell+\eta)(\ell+1) - (\tau+\ell+1)(\ell+\eta) = \tau(1-\eta) \ge 0$. So $\ell^\beta W$ rises to
    $\eta A_0 a_\tau + A_1 \sum_{k>\tau} \frac{\eta a_k}{k+1}$, which falls in $\tau$ and is largest at $\tau = 0$.

    *The sum.* Let $F(\eta) = \sum_{k \ge 0} \frac{k!}{(k+1)\,(\eta)_{k+1}}$ with the rising factorial $(\eta)_n$, so
    that $\sum_{k>0} \frac{a_k}{k+1} = \frac{F(\eta)}{\Gamma(\eta)} - a_0$. From
    $\frac{1}{(\eta)_{k+1}} - \frac{1}{(\eta+1)_{k+1}} = \frac{k+1}{(\eta)_{k+2}}$ follows
    $F(\eta) - F(\eta+1) = \sum_k \frac{k!}{(\eta)_{k+2}}$, and
    $\frac{\eta\, k!}{(\eta)_{k+2}} = \frac{k!}{(\eta)_{k+1}} - \frac{(k+1)!}{(\eta)_{k+2}}$ telescopes to
    $\frac{1}{\eta}$. So $F(\eta) - F(\eta+1) = \eta^{-2}$, and since $F(\eta) \le \frac{1}{\eta} \sum_k (k+1)^{-2}$ for
    $\eta \ge 1$, because $(\eta)_{k+1} \ge \eta\, (k+1)!$ there, $F(\eta+n) \to 0$ and
    $F(\eta) = \sum_n (\eta+n)^{-2} = \psi'(\eta)$. With $a_0 = 1/\Gamma(1+\eta)$ the constant follows.
    """,
    trust="real arithmetic; all T, tau, t and eta in (0, 1); balls only for the size of finite lags",
    needs=("ours:jacobian-tail",),
    bends=(
        Bend("a constant smaller by a hundredth", {"constant": 0.99}),
        Bend("pi^2 / 6 - 1 for every eta", {"at_one": True}),
    ),
)
def best_constant(evidence: Evidence, *, constant: float = 1.0, at_one: bool = False) -> None:
    """The worst case times lag^beta rises with the lag and falls with the source; its limit is a telescoping sum."""
    note_best_constant(evidence, "the bound, and its limit")
    pairs, near = [], []
    steps = 300 if evidence.quick else 3000
    for eta in (flint.fmpq(1, 10), flint.fmpq(1, 2), flint.fmpq(9, 10)):
        for A_0, A_1 in ((1, 0), (0, 1)):
            best = best_jacobian_constant(flint.arb(1 if at_one else eta), A_0, A_1) * constant
            sums = flint.arb(A_0)  # of the states so far: s_0 = A_0, s_t = A_1 / (t + 1) + (eta / t) (s_0 + ...)
            for t in range(1, steps + 1):
                state = flint.arb(A_1) / (t + 1) + eta * sums / t
                sums += state
                if t in (1, 10, 100, 1000, steps):
                    scaled = state * flint.arb(t) ** (1 - eta)
                    text = f"eta = {eta}, A_0 = {A_0}, A_1 = {A_1}, lag {t}"
                    pairs.append((scaled, best, text))
                    if t == steps and eta == flint.fmpq(9, 10) and constant == 1 and not at_one:
                        near.append((flint.arb(0.99) * best, scaled, text))
    evidence.enclosed("the bound, and its limit", pairs, "lag^beta times the worst case for source 0, in balls")
    if near:
        evidence.enclosed("the bound, and its limit", near, "eta = 9/10: above 99% of the constant at the largest lag")


@states(
    "ours:block-jacobian-tail",
    "The Jacobian tail of a block without its logarithm",
    where="in place of Corollary B.7 and Proposition 10 (iii)",
    says=r"""
    With the largest gate entry $g_{\max} = \max_t \max_i |g_{t,i}|$, which is at most $G_R$, $\lVert \partial y_t /
    \partial x_\tau \rVert_2 \le \lVert W_{out} \rVert_2 \, g_{\max} (\eta A_0 + A_1) a_\tau b_t$.
    """,
    proof=r"""
    The output is $y_t = x_t + W_{out}(s_t \odot g_t) + b_{out}$, and the gate of token $t$ does not depend on $x_\tau$
    for $\tau < t$. So $\partial y_t/\partial x_\tau = W_{out}\, \mathrm{diag}(g_t)\, \partial s_t/\partial x_\tau$; a
    diagonal matrix has the norm of its largest entry. The last factor is bounded by `ours:jacobian-tail`.
    """,
    trust="real arithmetic; all T, tau and t; width 3 in symbols stands for all; " + _REAL_LAYERS,
    needs=("ours:jacobian-tail",),
    bends=(
        Bend("a tenth of the constant", {"constant": 0.1}),
        Bend("the smallest gate entry in place of the largest", {"entry": 1}),
    ),
)
def block_tail(evidence: Evidence, *, constant: float = 1.0, entry: int = 0) -> None:
    """|Diag(g) v| <= max |g_i| |v|, and real layers."""
    largest, smaller = sympy.Symbol("g", nonnegative=True), sympy.symbols("d:2", nonnegative=True)
    gates = [largest + sum(smaller), largest + smaller[0], largest]  # in falling order
    v = sympy.symbols("v:3", nonnegative=True)  # absolute values
    # g_0^2 |v|^2 - |Diag(g) v|^2, term by term.
    slacks = [(gates[2 * entry] ** 2 - g**2) * one**2 for g, one in zip(gates, v, strict=True)]
    evidence.nonnegative("the bound", slacks, "g_max^2 |v|^2 - |Diag(g) v|^2 >= 0, term by term")
    note_tail_without_logarithm(evidence, "the bound")
    for layer in measured_layers(evidence):
        size = constant * layer.output_norm * layer.found.gate_entry
        _note_layer(evidence, "outputs", layer.found.outputs, size * _tail(layer), layer)


@states(
    "ours:convolution-bound",
    "The convolution bound with the constant 2, and the logarithm with the constant 1",
    where="in place of Lemma B.6",
    says=r"""
    Let $\Sigma = \sum_{k=\tau}^{\tau+\ell-1} (\tau+\ell-k)^{-\beta} \frac{1}{k+1}$. For all $\beta \in [0,1]$,
    $\ell \ge 1$, $\tau \ge 0$: $\Sigma \le 2 \ell^{-\beta} (1 + \log(1+\ell))$, and 2 is the best constant that serves
    all $\beta$. For $\beta < 1$ moreover $\Sigma \le \ell^{-\beta} (\log(1+\ell) - \psi(1-\beta))$, where neither the
    coefficient of the logarithm nor $-\psi(1-\beta)$ can be smaller.
    """,
    proof=r"""
    With $m = k - \tau$, $\Sigma = \sum_{m<\ell} (\ell-m)^{-\beta} \frac{1}{\tau+m+1}$, which is largest at $\tau = 0$.
    For $\beta \le 1$, $(\frac{\ell}{\ell-m})^\beta \le \frac{\ell}{\ell-m}$, so by partial fractions $\ell^\beta \Sigma
    \le \sum_{m<\ell} \frac{\ell}{(\ell-m)(m+1)} = \frac{2\ell}{\ell+1} H_\ell \le 2\,(1 + \log(1+\ell))$, because
    $H_\ell \le 1 + \log \ell$. At $\beta = 1$, $\tau = 0$ the first step is an equality, and
    $\frac{2\ell}{\ell+1} H_\ell$ over $1 + \log(1+\ell)$ tends to 2, so 2 cannot be smaller.

    For $\beta < 1$ let $g(x) = \frac{(1-x)^{-\beta} - 1}{x} = \sum_{n \ge 1} \frac{(\beta)_n}{n!} x^{n-1}$, which
    rises. At $\tau = 0$, $\ell^\beta \Sigma = H_\ell + \frac{1}{\ell} \sum_{m<\ell} g(\frac{m}{\ell}) \frac{m}{m+1}$,
    because $\frac{1}{(m+1)} (1-\frac{m}{\ell})^{-\beta} = \frac{1}{m+1} + \frac{m}{\ell (m+1)} g(\frac{m}{\ell})$. The
    second term is at most the left sum $\frac{1}{\ell} \sum_{m<\ell} g(\frac{m}{\ell}) \le \int_0^1 g$, and
    $\int_0^1 g = -\gamma_E - \psi(1-\beta)$ with Euler's constant $\gamma_E$: with $u = 1 - x$ this is Gauss's integral
    $\psi(s) + \gamma_E = \int_0^1 \frac{1 - u^{s-1}}{1-u} du$ at $s = 1 - \beta$. With
    $H_\ell \le \gamma_E + \log(1+\ell)$ the bound follows.

    The difference of both sides tends to 0, so neither constant can be smaller. For
    $H_\ell - \log(1+\ell) \to \gamma_E$. The left sum is at least $\int_0^{1-1/\ell} g$. And the factors
    $\frac{m}{m+1}$ take from it $\frac1\ell \sum_{m<\ell} \frac{1}{m+1} g(\frac{m}{\ell})$, which is at most
    $\frac1\ell\, g(\frac12)\, H_\ell + \frac{2}{\ell} \int_0^1 g$ by splitting at $m = \ell/2$.
    """,
    trust="real arithmetic; all beta, lags and sources, given Gauss's integral for psi; beside the proof balls for lags to 10^9 at beta = 1 "
    "and 3000 below",
    bends=(
        Bend("1.9 in place of 2", {"constant": 1.9}),
        Bend("-psi(1 - beta) smaller by 0.01", {"excess": 0.01}),
    ),
)
def convolution(evidence: Evidence, *, constant: float = 2.0, excess: float = 0.0) -> None:
    """Partial fractions; Riemann sums of ((1 - x)^(-beta) - 1) / x, which rises; harmonic numbers at beta = 1."""
    note_convolution_proof(evidence, "the constant 2")
    note_convolution_sums(evidence, "the constant 2", lambda _: constant, 4 if evidence.quick else 20, 200)
    pairs = []
    for power in (1, 3, 6, 9):
        lag = flint.arb(10**power)
        total = 2 * lag / (lag + 1) * ((lag + 1).digamma() + flint.arb.const_euler())
        pairs.append((total, constant * (1 + (1 + lag).log()), f"beta = 1, lag 10^{power}"))
    evidence.enclosed("the constant 2", pairs, "beta = 1: the sum times lag is 2 H_lag lag / (lag + 1)")
    lag = sympy.Symbol("lag", positive=True)
    harmonic = sympy.digamma(lag + 1) + sympy.EulerGamma
    largest = sympy.limit(2 * lag / (lag + 1) * harmonic / (1 + sympy.log(1 + lag)), lag, sympy.oo)
    evidence.identity(
        "2 is the best", largest - 2, "beta = 1, source 0: lag times the sum over 1 + log(1 + lag) tends to 2"
    )
    short = [pair for pair in pairs if "10^9" in pair[2]]
    evidence.enclosed(
        "2 is the best", [(short[0][1] * 0.97, short[0][0], "beta = 1, lag 10^9")], "above 97% of the bound"
    )
    _note_digamma(evidence, excess)


def _note_digamma(evidence: Evidence, excess: float) -> None:
    beta, x = sympy.Symbol("beta"), sympy.Symbol("x", positive=True)
    term = [sympy.rf(beta, n) / sympy.factorial(n) * x ** (n - 1) for n in range(1, 8)]
    series = sympy.series((1 - x) ** -beta, x, 0, 8).removeO()
    evidence.identity(
        "the constant -psi",
        sympy.expand(sympy.expand_func(x * sum(term) + 1 - series)),
        "((1 - x)^(-beta) - 1) / x = sum_n (beta)_n x^(n-1) / n! rises in x, so that its left sums stay below its "
        "integral -Euler - psi(1 - beta); m / (m + 1) <= 1 and H_lag <= Euler + log(1 + lag) give the bound",
    )
    lag, middle, integral = sympy.symbols("lag g I", positive=True)
    harmonic = sympy.digamma(lag + 1) + sympy.EulerGamma
    evidence.identity(
        "the constant -psi is approached",
        [
            sympy.limit(harmonic - sympy.log(1 + lag), lag, sympy.oo) - sympy.EulerGamma,
            sympy.limit(middle * (1 + sympy.log(lag)) / lag + 2 * integral / lag, lag, sympy.oo),
        ],
        "H_lag - log(1 + lag) tends to Euler; the left sum lies between the integrals to 1 - 1/lag and to 1, and m/(m+1) takes "
        "at most g(1/2) H_lag/lag + 2 I/lag from it, split at lag/2",
    )
    pairs, near = [], []
    lags = (1, 10, 300) if evidence.quick else (1, 10, 100, 3000)
    for number in (flint.fmpq(1, 100), flint.fmpq(1, 4), flint.fmpq(1, 2), flint.fmpq(3, 4), flint.fmpq(99, 100)):
        power = flint.arb(number)
        for lag in lags:
            total = sum(((flint.arb(lag - m) / lag) ** -power / (m + 1) for m in range(lag)), flint.arb(0))
            claimed = (flint.arb(1 + lag)).log() + convolution_excess(power) - excess
            pairs.append((total, claimed, f"beta = {number}, lag {lag}"))
            if lag == lags[-1] and number <= flint.fmpq(1, 2):
                near.append((claimed - total, flint.arb(0.1), f"beta = {number}, lag {lag}"))
    evidence.enclosed("the constant -psi", pairs, "finite lags; the statement is proved above for all")
    evidence.enclosed("the constant -psi is approached", near, "what is left to the bound at the largest lag")


ROWS = (tail, best_constant, block_tail, convolution)
