"""The verified mathematical reference of Sessa: causal attention inside a triangular solve.

The layer is defined once, plainly, in ``sessa_ref.reference`` (NumPy). ``sessa_ref.optimized`` holds an
independent torch layer, and ``sessa_ref.oracle`` checks that layer, or anyone's, against the definition.
"""

__version__ = "0.1.0"
