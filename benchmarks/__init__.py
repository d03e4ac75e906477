"""Speed and memory of the torch layer beside its alternatives: `python -m benchmarks`."""
