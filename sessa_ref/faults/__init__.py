"""Executable faults: the ways in which an implementation can be wrong, each a layer with other formulas.

formulas = with_faults(FAULTS["RotaryHalfSplit"])
y = reference.forward(parameters, x, formulas=formulas)   # what a layer with this fault computes
"""

from sessa_ref.faults.catalogue import attention, decode, feedback, gradients, rotary, solve, tokenwise
from sessa_ref.faults.fault import Area, Fault, with_faults

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for area in (tokenwise, rotary, attention, feedback, solve, decode, gradients)
    for fault in area.FAULTS
}
"""Every fault by its name, in the order of the layer's computation."""

__all__ = ["FAULTS", "Area", "Fault", "with_faults"]
