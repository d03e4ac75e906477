"""Scaled GELUs (Lemmas K.3 to K.6): R_L(u) = GELU(L u)/L = u Phi(L u)."""

from flint import arb

RELU_GAP = 0.16997120749
"""L sup |R_L(u) - max(u, 0)| rounded up: the best constant in Lemma K.3, where the paper has 1/sqrt(2 pi) = 0.39894."""

RELU_GAP_AT = 0.7517915247
"""L |u| where it is attained."""


def relu_gap(v: arb) -> arb:
    """L |R_L(u) - max(u, 0)| at L |u| = v: v (1 - Phi(v)), the same on both sides of 0."""
    return v * (v / arb(2).sqrt()).erfc() / 2


def relu_gap_derivative(v: arb) -> arb:
    """Its derivative, 1 - Phi(v) - v phi(v)."""
    return (v / arb(2).sqrt()).erfc() / 2 - v * (-(v**2) / 2).exp() / (2 * arb.pi()).sqrt()


def window_accuracy(L: float, rise: float, fall: float) -> float:
    """Lemma K.6's bound on |W_L - w| as printed: 2/(L sqrt(2 pi)) (1/(a+ - a-) + 1/(b+ - b-))."""
    return 2 / (L * (2 * 3.141592653589793) ** 0.5) * (1 / rise + 1 / fall)
