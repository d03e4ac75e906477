import math

import pytest
import torch

from experiments.training import Training
from tests.experiments.small import EVERY_MIXER, small


@pytest.mark.parametrize("mixer", EVERY_MIXER)
def test_equal_seeds_give_equal_losses_and_others_do_not(mixer):
    def losses(seed: int) -> list[float]:
        training = Training(small(mixer, seed=seed))
        return [training.advance().loss for _ in range(3)]

    first = losses(0)
    assert first == losses(0)
    assert first != losses(1)


def test_a_model_learns_a_short_lag():
    training = Training(small(width=16, lag=4, steps=60, batch=16, learning_rate=1e-2))
    found = [training.advance() for _ in range(60)]
    assert found[0].loss > 0.8 * math.log(4)
    assert found[-1].loss < 0.1
    assert training.accuracy_at(4) >= 0.9


def test_divergence_is_said_and_changes_nothing():
    training = Training(small())
    with torch.no_grad():
        training.model.head.bias[0] = torch.nan
    before = {name: value.clone() for name, value in training.model.state_dict().items()}
    with pytest.raises(ArithmeticError, match="the loss is nan at step 0: training has diverged"):
        training.advance()
    for name, value in training.model.state_dict().items():
        assert torch.equal(value.nan_to_num(), before[name].nan_to_num())
