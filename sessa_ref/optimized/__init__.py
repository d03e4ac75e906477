"""The torch layer: a drop-in for the published one, derived from the paper independently of `reference`."""

from sessa_ref.optimized.cache import Cache
from sessa_ref.optimized.layer import SessaLayer
from sessa_ref.optimized.mixer import SessaMixer
from sessa_ref.optimized.solve import feedback_solve

__all__ = ["Cache", "SessaLayer", "SessaMixer", "feedback_solve"]
