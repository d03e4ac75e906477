"""Causal attention: how much a token moves the weights of a later row, and its Jacobian (Section 4.2).

Token tau moves only logit (t, tau) of a later row t, through its key. `weight` is alpha_{t, tau}, and `logit_gradient`
the norm of d logit_{t, tau} / dx_tau; all arguments are numbers or arrays of one shape.
"""

from typing import Any

from jaxtyping import Float64

from sessa_ref.notation import Array

Values = float | Float64[Array, "*shape"]


def routing_variation(weight: Any, logit_gradient: Any) -> Any:
    """The sum over j of |d alpha_tj / dx_tau|, exactly: 2 alpha (1 - alpha) |d logit|. It takes SymPy expressions as well."""
    return 2 * weight * (1 - weight) * logit_gradient


def routing_variation_bound(weight: Any, logit_gradient: Any) -> Any:
    """Lemma 4.3's bound on it: 2 alpha |d logit|. It takes SymPy expressions as well."""
    return 2 * weight * logit_gradient


def row_variation_constant(smallest_weight: Any) -> Any:
    """2 (1 - min alpha): the best constant for this row in place of Lemma B.4's 2."""
    return 2 * (1 - smallest_weight)


def jacobian_bound(weight: Values, logit_gradient: Values, value_norm: Values, largest_value: Values) -> Values:
    """Proposition 10 (i): |dy_t / dx_tau| <= alpha |W_V| + max |v_j| * Lemma 4.3's bound, for tau < t."""
    return weight * value_norm + largest_value * routing_variation_bound(weight, logit_gradient)
