"""The definition of the layer, in NumPy; torch is never imported here.

Every function takes arrays with any number of leading batch axes and computes in float64, or in whatever
its input brings: extended precision, or complex numbers for complex-step derivatives.
"""

from sessa_ref.reference.decode import Cache, decode_step, prefill
from sessa_ref.reference.gradients import backward, vjp
from sessa_ref.reference.layer import Trace, forward, trace

__all__ = ["Cache", "Trace", "backward", "decode_step", "forward", "prefill", "trace", "vjp"]
