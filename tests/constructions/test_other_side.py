"""The comparison classes' margins decay as Proposition 13 says."""

import numpy as np

from sessa_ref.constructions.other_side import attention_margin, ssm_margin


def test_diffuse_attention_decays_like_one_over_the_lag():
    assert np.allclose(attention_margin(1, 50, 2), 1 / (np.arange(1, 51) + 3))
    lags = np.arange(1, 4001)
    deep = attention_margin(3, 4000) * (1 + lags)
    assert np.all(deep <= 3 + 3 * (1 + np.log(1 + lags)) ** 2)


def test_an_ssm_whose_freeze_time_fails_decays_exponentially():
    lags = np.arange(1, 401)
    assert np.allclose(ssm_margin(1, 400, 0.1), np.exp(-0.1 * lags))
    assert ssm_margin(3, 400, 0.1)[-1] < 1e-10
