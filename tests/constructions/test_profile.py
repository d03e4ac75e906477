from sessa_ref.constructions.profile import integrator, profile, tail
from sessa_ref.constructions.reset import zero_writer
from tests.constructions.twelve_tokens import CHANNELS, CODES, assert_met, broken, tokens


def test_a_tail():
    assert_met(tail(CHANNELS, CODES, 0.75), tokens())


def test_the_integrator_on_a_tail():
    x = tail(CHANNELS, CODES, 0.5).network(zero_writer(CHANNELS, "prof").network(tokens()))
    assert_met(integrator(CHANNELS, CODES, 0.5), x)


def test_a_profile_as_printed_and_a_truer_one():
    assert_met(profile(CHANNELS, CODES, 0.25), tokens())
    assert_met(profile(CHANNELS, CODES, 0.5, damping=1024.0, keep=False), tokens())


def test_the_integrator_on_anything_else_breaks_the_claim():
    assert broken(integrator(CHANNELS, CODES, 0.5), tokens())
