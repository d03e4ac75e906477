"""The torch layer: a drop-in for the published one, derived from the paper independently of `reference`."""

from sessa_ref.optimized.layer import SessaLayer
from sessa_ref.optimized.mixer import SessaMixer

__all__ = ["SessaLayer", "SessaMixer"]
