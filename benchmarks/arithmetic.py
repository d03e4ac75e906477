"""How much arithmetic the map needs, whatever a method really does.

Counted are the multiplications and additions of matrix products, two to a pair of factors; a softmax, a norm or a
rotation has T^2 or T D operations without that factor D and is left out. A causal product counts only the pairs of
tokens that see each other: T (T + 1) / 2 in the forward attention, T (T - 1) / 2 in the feedback, which excludes
the token itself. So a method that computes whole T x T matrices, or iterates, shows a smaller share of the machine's
rate: the share measures the solution of the problem, not the operations spent on it.

Per sequence, with H heads, G key/value heads, query width d, value width D/H and feedback width d_b:

    projections          2 T D (H d + G d + G D/H)  for q, k, v
                         2 T D D                    for the output, with more than one head
                         2 T D (2 d_b + 1)          for the feedback's q, k and the gain
    forward attention    T (T + 1) / 2 * (2 H d + 2 D)     logits and weighted sum
    feedback solve       T (T - 1) / 2 * (2 d_b + 2 D)     logits and w_t = sum_j alpha_tj s_j; s_t = f_t + gamma_t w_t

The backward pass of a projection is two products of the same size, for its input and for its weights. That of an
attention is five where the forward pass has two: the logits once more (a memory linear in T does not keep the
weights), then the gradients of weights, values, queries and keys. The solve's is the same five: the logits, lambda
(by the transposed weights), lambda_t . s_j, and the gradients of queries and keys. Hence 2 and 2.5.
"""

from typing import NamedTuple

from sessa_ref.config import SessaConfig

BACKWARD_OF_PROJECTION = 2.0
"""Arithmetic of the backward pass over that of the forward pass."""
BACKWARD_OF_ATTENTION = 2.5
"""The same for attention and for the feedback solve."""


class Arithmetic(NamedTuple):
    """Floating-point operations of one call."""

    projections: float
    attention: float
    """The forward attention and, in a Sessa mixer, the feedback solve."""

    @property
    def forward(self) -> float:
        """Of the forward pass."""
        return self.projections + self.attention

    @property
    def forward_backward(self) -> float:
        """Of the forward and the backward pass."""
        return (1 + BACKWARD_OF_PROJECTION) * self.projections + (1 + BACKWARD_OF_ATTENTION) * self.attention


def mixer_arithmetic(config: SessaConfig, T: int, batch: int = 1, feedback: bool = True) -> Arithmetic:
    """What one call of a mixer needs.

    Args:
        config: the map.
        T: tokens of each sequence.
        batch: sequences.
        feedback: False for attention alone.
    """
    D, H, G, d = config.width, config.heads, config.kv_heads, config.query_width
    projections = 2 * T * D * (H * d + G * d + G * config.value_width)
    attention = T * (T + 1) // 2 * (2 * H * d + 2 * D)
    if H > 1:
        projections += 2 * T * D * D
    if feedback:
        projections += 2 * T * D * (2 * config.feedback_width + 1)
        attention += T * (T - 1) // 2 * (2 * config.feedback_width + 2 * D)
    return Arithmetic(float(batch * projections), float(batch * attention))
