import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound, growth_constants
from sessa_ref.parameters import SessaParameters
from tests.rounding import LIBRARY, roundings

CONFIGS = {
    "paper": SessaConfig.paper(3),
    "published": SessaConfig.published(8, 4, 2),
    "one head": SessaConfig.published(4, 1),
    "one channel": SessaConfig.published(1, 1, use_forward_rope=False),
}


def norms(tokens):
    return np.linalg.norm(tokens, axis=-1)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("R", [0.1, 1.0, 30.0])
def test_every_part_stays_inside(name, R):
    config = CONFIGS[name]
    parameters = SessaParameters.random(config, 3)
    rng = np.random.default_rng(0)
    parameters = parameters.replace({k: v * rng.uniform(-2, 2, v.shape) for k, v in parameters.items()})
    x = rng.normal(size=(40, 12, config.width))
    x *= R / norms(x)[..., None]
    bound, steps = ball_bound(parameters, R, 12), reference.trace(parameters, x)
    # sums over D channels or 12 tokens; absolute values make a matrix at most sqrt(D) times as large
    rounding = roundings(np.sqrt(config.width) * (8 * (config.width + 2) + 4 * (12 + 2) + 8 * LIBRARY))
    for bounds, gate in ((bound.paper, norms(steps.g)), (bound.sharper, np.abs(steps.g))):
        assert bounds.margin <= 1 - np.abs(steps.gamma).max() + rounding
        assert gate.max() <= bounds.G * (1 + rounding)
        assert norms(steps.f).max() <= bounds.F * (1 + rounding)
        assert norms(steps.s).max() <= bounds.states * (1 + rounding)
        assert norms(steps.y).max() <= bounds.output * (1 + rounding)
    for name in ("F", "G", "factor", "output", "states"):
        assert getattr(bound.sharper, name) <= getattr(bound.paper, name)
    assert bound.sharper.margin >= bound.paper.margin


def test_several_heads_exceed_the_largest_value():
    """Two heads that read different tokens: |f| is sqrt 2 times the largest |v_t|, which Lemma D.3 has for one head."""
    parameters = SessaParameters.random(SessaConfig.published(2, 2, use_forward_rope=False))
    zero = {name: np.zeros_like(array) for name, array in parameters.items()}
    eye = np.eye(2)
    parameters = parameters.replace(
        zero
        | {
            "ln.weight": np.ones(2),
            "W_in.weight": np.r_[eye, 0 * eye],
            "mixer.q_proj.bias": np.array([1.0, 1.0]),
            "mixer.k_proj.weight": 200 * np.array([[1.0, 0], [0, 1]]),
            "mixer.v_proj.weight": eye,
            "mixer.out_proj.weight": eye,
        }
    )
    steps = reference.trace(parameters, np.array([[1.0, -1.0], [-1.0, 1.0]]))
    # how nearly the bound is reached: the weights are sharp, but not one-hot
    assert norms(steps.f).max() == pytest.approx(np.sqrt(2) * norms(steps.v[..., 0].T).max(), rel=0.1)
    assert norms(steps.f).max() <= ball_bound(parameters, 2.0, 2).sharper.F


def test_constants_of_a_layer_with_one_channel():
    config = SessaConfig.paper(1)
    weights = {"W_in.weight": [[2.0], [3.0]], "W_in.bias": [0.5, -0.25], "mixer.v_proj.weight": [[-4.0]]}
    weights |= {"mixer.gamma_ctx.weight": [[5.0]], "mixer.gamma_bias": -1.0}
    constants = growth_constants(SessaParameters.random(config).replace({k: np.array(v) for k, v in weights.items()}))
    assert constants.f == (2, 8)
    assert constants.g == (0.25, 3)
    assert constants.gain == (1 + 2.5, 10)


@pytest.mark.parametrize(("R", "T", "name"), [(-1.0, 3, "R"), (np.nan, 3, "R"), (1.0, 0, "T")])
def test_wrong_arguments(R, T, name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        ball_bound(SessaParameters.random(SessaConfig.paper(2)), R, T)
