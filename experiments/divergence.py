"""When is a training lost? Where its loss is not finite; and where it stays far above that of a guess.

Sequences are new in every step, so that a model need not be worse than a uniform guess, whose loss is log(classes), on
any of them for long: to forget is enough. A model above log(classes) + 1 gives the right answers less than 1/e of the
probability that this guess does, in the geometric mean. That happens for a few steps where a training is unlucky, and
in the first steps; after the warmup, 50 steps in a row are called divergence.
"""

import math
from collections.abc import Sequence

PATIENCE = 50
"""Steps in a row."""


def check_finite(loss: float, step: int, learning_rate: float) -> None:
    """Check the loss of a step, before its update.

    Raises:
        ArithmeticError: it is not finite.
    """
    if not math.isfinite(loss):
        raise ArithmeticError(
            f"the loss is {loss} at step {step}: training has diverged; try a smaller learning_rate than {learning_rate}"
        )


def check_divergence(losses: Sequence[float], classes: int, warmup: int) -> None:
    """Check the losses of all steps so far.

    Raises:
        ArithmeticError: the last 50, all of them after the warmup, are above log(classes) + 1.
    """
    bound = math.log(classes) + 1
    if len(losses) >= warmup + PATIENCE and min(losses[-PATIENCE:]) > bound:
        raise ArithmeticError(
            f"the loss was above log({classes}) + 1 = {bound:.2f} in {PATIENCE} steps in a row, up to step "
            f"{len(losses) - 1}, where a guess has {bound - 1:.2f}: training has diverged; try a smaller learning_rate"
        )
