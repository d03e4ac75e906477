"""Proven values: the solve and its path sums in exact rationals, the whole layer in ball arithmetic, by python-flint.

`enclose(parameters, x, bits)` gives the true output within a proven radius, `enclose_vjp` the gradients as well,
`enclose_to` a radius of your choice. Formulas are derived a second time here, independently of `sessa_ref.reference`.
Only the float32 rotary frequencies come from there, because they are part of the definition.
"""

from sessa_ref.certified.enclosure import Enclosure, enclose, enclose_to, enclose_vjp

__all__ = ["Enclosure", "enclose", "enclose_to", "enclose_vjp"]
