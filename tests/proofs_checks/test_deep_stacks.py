import numpy as np

from proofs_checks import deep_stacks
from tests.rounding import roundings


def test_chain_rule_and_complex_step_agree_for_a_mixed_stack():
    rng = np.random.default_rng(0)
    x = deep_stacks.tokens(rng, 6, 2)
    stack = [deep_stacks.attention_block(rng, 2), deep_stacks.sessa_block(0, 2, 0.5), deep_stacks.ssm_block(rng, 2)]
    direction = rng.normal(size=x.shape)
    matrix = deep_stacks.matrix(stack, x)
    sizes = np.abs(matrix) @ np.abs(direction.ravel())
    error = deep_stacks.directional(stack, x, direction).ravel() - matrix @ direction.ravel()
    # Fewer than 100 roundings in a row in each of the three blocks, of terms that are not larger than the largest sum.
    assert np.all(np.abs(error) <= roundings(300) * sizes.max())


def test_the_measured_constants_are_the_smallest():
    rng = np.random.default_rng(1)
    x = deep_stacks.tokens(rng, 5, 2)
    measured = deep_stacks.measure([deep_stacks.attention_block(rng, 2)], x)
    (a,) = measured.constants(np.ones((5, 5)))
    assert a == np.tril(measured.blocks[0], k=-1).max()
    assert np.array_equal(measured.whole, measured.blocks[0])  # the product with the identity is exact
