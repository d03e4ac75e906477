import numpy as np

from proofs_checks import deep_stacks


def test_chain_rule_and_complex_step_agree_for_a_mixed_stack():
    rng = np.random.default_rng(0)
    x = deep_stacks.tokens(rng, 6, 2)
    stack = [deep_stacks.attention_block(rng, 2), deep_stacks.sessa_block(0, 2, 0.5), deep_stacks.ssm_block(rng, 2)]
    direction = rng.normal(size=x.shape)
    chain = (deep_stacks.matrix(stack, x) @ direction.ravel()).reshape(x.shape)
    np.testing.assert_allclose(deep_stacks.directional(stack, x, direction), chain, rtol=1e-10, atol=1e-13)


def test_the_measured_constants_are_the_smallest():
    rng = np.random.default_rng(1)
    x = deep_stacks.tokens(rng, 5, 2)
    measured = deep_stacks.measure([deep_stacks.attention_block(rng, 2)], x)
    (a,) = measured.constants(np.ones((5, 5)))
    assert a == np.tril(measured.blocks[0], k=-1).max()
    np.testing.assert_allclose(measured.whole, measured.blocks[0])
