"""The exact posterior of the label of a sequence of SymbolSoup, and the accuracy that follows from a posterior."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import softmax

from sessa_ref.notation import Array
from sessa_ref.tasks.symbol_soup.blocks import log_likelihoods
from sessa_ref.tasks.symbol_soup.styles import LEFT, RIGHT
from sessa_ref.tasks.symbol_soup.text import split

Likelihoods = Callable[[Int64[Array, "blocks longest"], Int64[Array, " blocks"]], Float64[Array, "blocks 9"]]
"""Letters and lengths of blocks to the logarithm of their probability in each style."""


def posterior(
    tokens: Int64[Array, "count T"], likelihoods: Likelihoods = log_likelihoods
) -> Float64[Array, "count 20"]:
    """The probability of every label.

    The marks say where the styled blocks are. Either the first is the left one, or the second: both are equally likely,
    whatever their lengths, and so are all styles. Noise says nothing. So the probability of (l, r) is in proportion to
    p_l(first) p_r(second) + p_r(first) p_l(second).

    Args:
        tokens: sequences of the task.
        likelihoods: of a block in each style; another function than the exact one makes another classifier.

    Raises:
        ValueError: a sequence does not have the five marks, or one of its blocks is empty.
    """
    letters, lengths = split(tokens)
    first, second = (likelihoods(letters[:, block], lengths[:, block]) for block in (1, 3))
    left_first = first[:, :LEFT, None] + second[:, None, LEFT:]
    right_first = second[:, :LEFT, None] + first[:, None, LEFT:]
    return softmax(np.logaddexp(left_first, right_first).reshape(len(tokens), LEFT * RIGHT), axis=1)


class Accuracy(NamedTuple):
    """An accuracy that was estimated from sequences."""

    value: float
    error: float
    """Standard error."""


def mean_of(each: Float64[Array, " count"]) -> Accuracy:
    """The mean of independent numbers, one for each sequence."""
    return Accuracy(float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))))
