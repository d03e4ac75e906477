import pytest
import sympy

from sessa_ref.symbolic import closed_forms, hops, routing, series

GAMMA = routing.GAMMA
TAU, T = sympy.symbols("tau t", integer=True, positive=True)


def bent_influence(source, target, gamma=GAMMA):
    """(71) with Gamma(t + 1 + gamma) for Gamma(t + gamma)."""
    return closed_forms.uniform_influence(source, target, gamma) * (target + gamma)


def as_polynomial(expression):
    return sympy.expand(sympy.gammasimp(sympy.expand_func(expression)))


@pytest.fixture(scope="module")
def longest():
    """(I - B)^(-1) under uniform routing for 30 tokens; the corner is that of fewer."""
    return series.inverse(routing.uniform(30))


@pytest.mark.parametrize("source", [0, 1, 2, 7, 28])
def test_uniform_influence(longest, source):
    for target in range(source + 1, 30):
        assert as_polynomial(closed_forms.uniform_influence(source, target)) == longest[target, source]


def test_every_source_and_target(longest):
    """All T <= 30: the step K_{t+1} (t + 1) = (t + gamma) K_t and the first edge, entry by entry."""
    for tau in range(29):
        assert longest[tau + 1, tau] == GAMMA / (tau + 1)
        for t in range(tau + 1, 29):
            assert sympy.expand((t + 1) * longest[t + 1, tau] - (t + GAMMA) * longest[t, tau]) == 0


def test_a_bent_form_fails(longest):
    assert as_polynomial(bent_influence(0, 5)) != longest[5, 0]
    assert any(defect != 0 for defect in closed_forms.uniform_recurrence_defect(bent_influence))
    shifted = lambda source, target: closed_forms.uniform_influence(source + 1, target)  # noqa: E731
    assert any(defect != 0 for defect in closed_forms.uniform_recurrence_defect(shifted))


def test_for_general_tokens():
    assert closed_forms.uniform_recurrence_defect() == (0, 0)


def test_sympy_solves_the_recurrence():
    derived = closed_forms.solve_uniform_recurrence(TAU, T)
    assert sympy.gammasimp(derived / closed_forms.uniform_influence(TAU, T)) == 1
    assert sympy.gammasimp(derived / bent_influence(TAU, T)) != 1


def test_tail_constant():
    limit = closed_forms.uniform_tail_limit(3)
    assert sympy.gammasimp(limit - closed_forms.uniform_tail_constant(3)) == 0
    assert sympy.gammasimp(limit - closed_forms.uniform_tail_constant(2)) != 0


def test_tail_constant_in_numbers():
    """K lag^(1 - gamma) is the constant times 1 + O(1/lag)."""
    gamma, source, lag = sympy.Rational(2, 5), 2, 10**5
    influence = sympy.N(closed_forms.uniform_influence(source, source + lag, gamma), 30)
    ratio = influence * lag ** (1 - gamma) / closed_forms.uniform_tail_constant(source, gamma)
    assert abs(sympy.N(ratio, 30) - 1) < 5 / sympy.Integer(lag)


@pytest.mark.parametrize("target", [1, 2, 5, 8])
def test_hops_under_uniform_routing_are_stirling_numbers(target):
    parts = hops.by_hops(routing.uniform(target + 1), 0, target)
    assert parts == [closed_forms.uniform_by_hops(k, target) for k in range(target + 1)]


@pytest.mark.parametrize(("source", "target"), [(0, 1), (0, 4), (2, 6)])
def test_mean_hops_under_uniform_routing(source, target):
    closed = sympy.expand_func(closed_forms.uniform_mean_hops(source, target))
    assert sympy.cancel(closed - hops.mean_hops(routing.uniform(target + 1), source, target)) == 0


def test_position_code():
    ones = sympy.ones(12, 1)
    solution = series.inverse(routing.uniform(12)) * ones
    for t in range(12):
        code = sympy.cancel(sympy.gammasimp(sympy.expand_func(closed_forms.position_code(t))))
        assert sympy.expand(code - solution[t]) == 0
    assert closed_forms.position_code_defect() == 0
    bent = lambda t: closed_forms.position_code(t) + closed_forms.uniform_influence(1, t)  # noqa: E731
    assert closed_forms.position_code_defect(lambda t: closed_forms.position_code(t) + 1) != 0
    assert closed_forms.position_code_defect(bent) == 0, "solves every row but those of tokens 0 and 1"
    assert sympy.gammasimp(bent(1) - (1 + GAMMA)) != 0, "and is told by them"


def test_limit_of_the_position_code():
    """1/(1 - gamma) - c_t is gamma/(1 - gamma) K_{t, 0}, which falls like t^(gamma - 1)."""
    gap = closed_forms.position_code_limit() - closed_forms.position_code(T)
    assert sympy.gammasimp(gap - GAMMA / (1 - GAMMA) * closed_forms.uniform_influence(0, T)) == 0
    beta, x = sympy.symbols("beta x", positive=True)
    assert sympy.limit(x**-beta, x, sympy.oo) == 0
    half = sympy.Rational(1, 2)
    values = [sympy.N(closed_forms.position_code(t, half)) for t in (1, 10, 100, 10000)]
    assert values == sorted(values)
    assert 0 < closed_forms.position_code_limit(half) - values[-1] < sympy.Rational(1, 100)


def test_predecessor_routing_decays_geometrically():
    N = series.inverse(routing.predecessor(8))
    for tau in range(8):
        for t in range(tau, 8):
            assert N[t, tau] == closed_forms.predecessor_influence(tau, t)
