"""Faults without a number in them, by the part of the layer that is wrong."""
