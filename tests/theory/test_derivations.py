import sympy

from sessa_ref.symbolic import routing
from sessa_ref.theory import derivations
from sessa_ref.theory.uniform_routing import position_code, uniform_influence, uniform_tail_constant

GAMMA = derivations.GAMMA
TAU, T = sympy.symbols("tau t", integer=True, positive=True)


def bent_influence(source, target, gamma):
    """(71) with Gamma(t + 1 + gamma) for Gamma(t + gamma)."""
    return uniform_influence(source, target, gamma) * (target + gamma)


def test_the_gain_is_the_routings():
    assert GAMMA == routing.GAMMA


def test_for_general_tokens():
    assert derivations.uniform_recurrence_defect() == (0, 0)


def test_a_bent_form_fails():
    assert any(defect != 0 for defect in derivations.uniform_recurrence_defect(bent_influence))
    shifted = lambda source, target, gamma: uniform_influence(source + 1, target, gamma)  # noqa: E731
    assert any(defect != 0 for defect in derivations.uniform_recurrence_defect(shifted))


def test_sympy_solves_the_recurrence():
    derived = derivations.solve_uniform_recurrence(TAU, T)
    assert sympy.gammasimp(derived / uniform_influence(TAU, T, GAMMA)) == 1
    assert sympy.gammasimp(derived / bent_influence(TAU, T, GAMMA)) != 1


def test_tail_constant():
    limit = derivations.uniform_tail_limit(3)
    assert sympy.gammasimp(limit - uniform_tail_constant(3, GAMMA)) == 0
    assert sympy.gammasimp(limit - uniform_tail_constant(2, GAMMA)) != 0


def test_position_code():
    assert derivations.position_code_defect() == 0
    bent = lambda t, gamma: position_code(t, gamma) + uniform_influence(1, t, gamma)  # noqa: E731
    assert derivations.position_code_defect(lambda t, gamma: position_code(t, gamma) + 1) != 0
    assert derivations.position_code_defect(bent) == 0, "solves every row but those of tokens 0 and 1"
    assert sympy.gammasimp(bent(sympy.Integer(1), GAMMA) - (1 + GAMMA)) != 0, "and is told by them"
