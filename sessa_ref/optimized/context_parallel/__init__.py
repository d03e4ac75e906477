"""Context parallelism: the feedback solve where several processes share the tokens of a sequence."""

from sessa_ref.optimized.context_parallel.solve import context_parallel_solve
from sessa_ref.optimized.context_parallel.wave import own_tokens

__all__ = ["context_parallel_solve", "own_tokens"]
