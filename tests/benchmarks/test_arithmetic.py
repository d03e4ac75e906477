"""The formulas against a count of every single multiply-add."""

import itertools

import pytest

from benchmarks.arithmetic import mixer_arithmetic
from sessa_ref.config import SessaConfig


def counted(config: SessaConfig, T: int, feedback: bool) -> tuple[int, int]:
    """Floating-point operations of projections and attentions: two per multiply-add of an unrolled mixer."""
    D, H, G, d = config.width, config.heads, config.kv_heads, config.query_width
    outputs = [H * d, G * d, G * config.value_width]  # q, k, v
    outputs += [D] if H > 1 else []
    outputs += [config.feedback_width, config.feedback_width, 1] if feedback else []
    projections = sum(2 for width in outputs for _ in itertools.product(range(T), range(D), range(width)))
    attention = 0
    for t in range(T):
        for _h, _j in itertools.product(range(H), range(t + 1)):
            attention += 2 * d + 2 * config.value_width
        for _j in range(t if feedback else 0):
            attention += 2 * config.feedback_width + 2 * D
    return projections, attention


@pytest.mark.parametrize("feedback", [True, False])
@pytest.mark.parametrize("T", [1, 2, 7])
@pytest.mark.parametrize(
    "config",
    [SessaConfig.published(12, 3), SessaConfig.published(8, 4, 2), SessaConfig.published(6, 1), SessaConfig.paper(6)],
)
def test_formulas_count_every_multiply_add(config, T, feedback):
    projections, attention = counted(config, T, feedback)
    arithmetic = mixer_arithmetic(config, T, feedback=feedback)
    assert arithmetic == (projections, attention)
    assert arithmetic.forward == projections + attention
    assert arithmetic.forward_backward == 3 * projections + 3.5 * attention
    assert mixer_arithmetic(config, T, batch=5, feedback=feedback) == (5 * projections, 5 * attention)


def test_a_full_square_is_another_count():
    config = SessaConfig.published(12, 3)
    _, lower = mixer_arithmetic(config, 7)
    assert lower != 7 * 7 * (4 * config.width) * 2


def test_sessa_over_attention_is_1_85_at_4096_tokens():
    """At width 512: (3 * 12 T D^2 + 3.5 * 4 T^2 D) / (3 * 8 T D^2 + 3.5 * 2 T^2 D) = (36 + 112) / (24 + 56), T = 8 D."""
    T, D = 4096, 512
    config = SessaConfig.published(D, 8)
    both = [mixer_arithmetic(config, T, feedback=feedback).forward_backward for feedback in (True, False)]
    # Diagonals of the T x T attentions, and the gain, one row beside 6 D of the projections.
    left_out = 2 / T + 1 / (6 * D)
    assert both[0] / both[1] == pytest.approx(148 / 80, rel=left_out, abs=0)
