import numpy as np

from proofs_checks import diffuse_layer as diffuse


def test_the_spread_stays_below_the_bound_from_the_weights():
    rng = np.random.default_rng(0)
    steps = diffuse.trace(diffuse.tokens(64, rng))
    assert 0 < diffuse.spread(steps.alpha_fwd[0]) <= diffuse.logit_spread_bound("forward")
    assert 0 < diffuse.spread(steps.alpha_fb) <= diffuse.logit_spread_bound("feedback")


def test_growing_tokens_read_their_predecessor():
    alpha = diffuse.trace(diffuse.growing_tokens(32)).alpha_fb
    assert alpha[-1, -2] > 0.9


def test_the_uniform_layer_routes_uniformly_with_one_gain():
    steps = diffuse.layer.trace(diffuse.uniform_layer(), diffuse.tokens(8, np.random.default_rng(1)))
    assert np.ptp(steps.gamma) == 0
    assert steps.alpha_fb[5, :5].tolist() == [1 / 5] * 5
    assert diffuse.spread(steps.alpha_fb[:1]) == 0
