"""The feedback solve on a device, beside attention: `python -m benchmarks --device cuda`."""
