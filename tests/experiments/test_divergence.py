import math

import pytest

from experiments.divergence import PATIENCE, check_divergence

BAD = math.log(8) + 1.01


def test_a_loss_is_lost_if_it_stays_above_a_guess_after_the_warmup():
    with pytest.raises(
        ArithmeticError, match=r"above log\(8\) \+ 1 = 3.08 in 50 steps in a row, up to step 59, .* 2.08"
    ):
        check_divergence([0.1] * 10 + [BAD] * PATIENCE, classes=8, warmup=10)


@pytest.mark.parametrize(
    "losses", [[], [BAD] * (PATIENCE + 9), [BAD] * PATIENCE + [1.0] + [BAD] * (PATIENCE - 1), [math.log(8)] * 200]
)
def test_others_are_not(losses):
    check_divergence(losses, classes=8, warmup=10)
