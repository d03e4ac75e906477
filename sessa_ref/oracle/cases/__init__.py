"""The inputs that an implementation is tried on."""
