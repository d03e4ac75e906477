"""The definition of the layer, in NumPy; torch is never imported here.

Every function takes arrays with any number of leading batch axes and computes in float64, or in whatever
its input brings: extended precision, or complex numbers for complex-step derivatives.
"""

from sessa_ref.reference.cache import Cache
from sessa_ref.reference.decoding import decode, decode_step, prefill
from sessa_ref.reference.formulas import DEFINITION, Formulas
from sessa_ref.reference.gradients import backward, vjp
from sessa_ref.reference.layer import forward, trace
from sessa_ref.reference.traces import Trace

__all__ = [
    "DEFINITION", "Cache", "Formulas", "Trace", "backward", "decode", "decode_step", "forward", "prefill", "trace", "vjp",
]  # fmt: skip
