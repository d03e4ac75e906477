"""The inequalities of Lemmas K.15, K.17, K.20 and K.22 in symbols: each difference is plainly not negative.

Symbols stand for every T, i, j, beta. What is not negative is written so: P = Q + s, X = 1 + s.
"""

import sympy

from proofs_checks.evidence import Evidence

_G, _H, _S, _T = sympy.symbols("gamma high s T", positive=True)


def active(evidence: Evidence, claim: str) -> None:
    """K = Theta alpha between a^- and a^+ times the power: gamma/2 and 5/4 high, where Theta lies between gamma and high."""
    n = 3
    x = sympy.Matrix(sympy.symbols(f"x:{n}"))
    theta = sympy.Matrix(n, n, lambda i, k: sympy.Symbol(f"Theta{i}{k}") if k < i else int(k == i))
    alpha = sympy.Matrix(n, n, lambda i, j: sympy.Symbol(f"alpha{i}{j}") if j <= i else 0)
    D = [1 + sympy.Symbol(f"alpha{i}{i}") for i in range(n)]
    K = theta * alpha
    wrong = [(x + K * x)[i] - D[i] * x[i] - sum(K[i, j] * x[j] for j in range(i)) for i in range(n)]
    evidence.identity(
        claim, [sympy.expand(one) for one in wrong], "x + Theta alpha x = D x + K x with D = 1 + alpha_ii"
    )
    own, other, mu, beta, at = sympy.symbols("Theta_ij rest mu beta n", positive=True)
    evidence.nonnegative(
        claim,
        own * (1 - mu + _S) + other - (1 - mu) * own,
        "K >= (1 - mu) Theta_ij, where alpha_jj = 1 - mu + s; 1 - mu >= 1/2",
    )
    left = sympy.Rational(5, 4) * (_G / _T + _S) - (_G / _T + _S) - _G * beta / (4 * _T) / beta
    evidence.nonnegative(
        claim,
        sympy.expand(left),
        "K <= Theta_ij + mu/beta <= 5/4 Theta_ij: mu = gamma beta/(4 T), Theta_ij = gamma/T + s",
    )
    evidence.identity(
        claim, sympy.powsimp(at**-_G * at ** (_G - 1)) - 1 / at, "Theta_ij >= gamma (i+1)^-gamma (i+1)^-beta >= gamma/T"
    )


def tail(evidence: Evidence, claim: str) -> None:
    """P = (t+1)^-beta, Q = (L+1)^-beta; a^- = gamma/2, a^+ = 5/4 high; the selector leaves epsilon."""
    Q, beta, t = sympy.symbols("Q beta t", positive=True)
    P, a_plus = Q + _S, sympy.Rational(5, 4) * _H
    epsilon = _G / 4 / (2 * (2 + a_plus / beta)) * Q
    lower = _G / 2 / 2 * P - 2 * epsilon - a_plus / beta * epsilon - _G / 8 * P
    upper = (2 * a_plus + _G / 8) * P - 2 * epsilon - 2 * a_plus * P - a_plus / beta * epsilon
    evidence.nonnegative(
        claim, [lower, upper], "g_t for t >= 1: K(t, 0) z_0, and D z_t and the other z_j of at most epsilon"
    )
    evidence.identity(
        claim,
        sympy.simplify(sympy.diff((t + 1) ** (1 - _G) / (1 - _G), t) - (t + 1) ** -_G),
        "the sum of (j+1)^-gamma is at most the integral, (t+1)^beta/beta",
    )
    ends = [
        (_G.subs(_G, 1) / 8, sympy.Rational(3, 4), "at least 3/2 times 1/2"),
        (sympy.Integer(4), sympy.Integer(4), "at most 2 times 2"),
    ]
    evidence.exact(claim, ends, "g_0 = D(0) z_0, any gamma <= 1")


def integrator(evidence: Evidence, claim: str) -> None:
    """The solve is within c~^-/2 of the ideal recursion, and that keeps half of the lower bound."""
    n = 3
    B, ideal = (sympy.Matrix(n, n, lambda i, j, b=b: sympy.Symbol(f"{b}{i}{j}") if j < i else 0) for b in "BC")
    r, near = (sympy.Matrix(sympy.symbols(f"{name}:{n}")) for name in ("r", "q"))
    one = sympy.eye(n)
    wrong = (one - B) * (r - near) - (((one - B) * r - (one - ideal) * near) + (B - ideal) * near)
    evidence.identity(claim, [sympy.expand(entry) for entry in wrong], "(I - B)(r - r~) = (f - g) + (B - B*) r~")
    L, c, most, least = sympy.symbols("L c_g c_most c_least", positive=True)
    mu = least / 2 / (8 * (L + 1) * (c + most * (L + 1) ** _G))
    evidence.identity(
        claim,
        sympy.simplify(4 * (L + 1) * (2 * c * mu + 2 * mu * most * (L + 1) ** _G) - least / 2),
        "|r - r~| <= 4 (L+1) (2 c_g^+ mu + 2 mu max r~) is c~^-/2 at this mu; 1/(1 - gain) = 4 (L+1) by Lemma 4.2",
    )
    X = 1 + _S
    evidence.nonnegative(
        claim,
        [least * X - least / 2 - least / 2 * X, (most + least / 2) * X - most * X - least / 2],
        "c_r^- = c~^-/2 and c_r^+ = c~^+ + c~^-/2, since X = (t+1)^gamma >= 1",
    )


def macro(evidence: Evidence, claim: str) -> None:
    """L(i, j) between 1 and 1 + high (1 + 1/gamma) times (j+1)^-gamma (i+1)^-beta, and the diagonal."""
    m, n = sympy.symbols("m n", positive=True)  # j + 1 and i + 1
    whole = 1 / n + n ** (_G - 1) * (m**-_G - n**-_G)
    evidence.identity(
        claim,
        sympy.simplify(sympy.expand(whole - m**-_G * n ** (_G - 1))),
        "below: 1/(i+1), and gamma (i+1)^-beta times the integral of x^(-1-gamma) from j + 1 to i + 1",
    )
    evidence.identity(
        claim, sympy.powsimp(n**-_G * n ** (_G - 1)) - 1 / n, "above: 1/(i+1) <= (j+1)^-gamma (i+1)^-beta"
    )
    evidence.nonnegative(
        claim,
        (1 + 1 / _G) - 1 / (1 + _S) - 1 / _G,
        "the sum of (k+1)^(-1-gamma) from j is at most (1/(j+1) + 1/gamma) (j+1)^-gamma, j + 1 = 1 + s",
    )
    top, low = sympy.symbols("m_plus c", positive=True)
    evidence.nonnegative(
        claim, [top - top / (1 + _S), low * _S], "D <= 1 + m^+, since (i+1)^-beta <= 1; m_t >= alpha_tt r_t"
    )
