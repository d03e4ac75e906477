"""The special functions of the closed forms, one name for all kinds of numbers.

An argument that is a SymPy expression gives an expression, flint's ball gives a ball that contains the value, and any
other number or array gives float64. Where arguments differ in kind, SymPy comes before flint, and flint before floats.
"""

from typing import Any

import numpy as np
import sympy
from flint import arb
from scipy import special


def rising(x: Any, n: Any) -> Any:
    """The rising factorial (x)_n = Gamma(x + n) / Gamma(x); n need not be whole."""
    if _any(sympy.Basic, x, n):
        return sympy.gamma(sympy.sympify(x) + n) / sympy.gamma(x)
    if _any(arb, x, n):
        return (arb(x) + n).gamma() * arb(x).rgamma()
    return special.poch(x, n)


def digamma(x: Any) -> Any:
    """psi(x), the logarithmic derivative of Gamma."""
    if _any(sympy.Basic, x):
        return sympy.digamma(x)
    return x.digamma() if _any(arb, x) else special.digamma(x)


def trigamma(x: Any) -> Any:
    """psi'(x), the sum over n >= 0 of 1 / (x + n)^2."""
    if _any(sympy.Basic, x):
        return sympy.polygamma(1, x)
    return arb(2).zeta(x) if _any(arb, x) else special.polygamma(1, x)


def exp(x: Any) -> Any:
    """The exponential function."""
    if _any(sympy.Basic, x):
        return sympy.exp(x)
    return x.exp() if _any(arb, x) else np.exp(x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    if _any(sympy.Basic, x):
        return sympy.log(x)
    return x.log() if _any(arb, x) else np.log(x)


def _any(kind: type, *values: Any) -> bool:
    return any(isinstance(value, kind) for value in values)
