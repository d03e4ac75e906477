"""A few small cases, for what is tried in processes of its own."""

from sessa_ref.oracle import battery

CASES = [c for c in battery(quick=True) if c.name in ("one_token", "two_tokens", "one_head")]
