"""The commands of `python -m experiments`, a file each."""
