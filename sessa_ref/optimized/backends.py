"""The layer with each backend as a function of a config, for `sessa-ref verify sessa_ref.optimized.backends:dense`.

`mixer` and `solve` are its parts, for `sessa-ref verify sessa_ref.optimized.backends:mixer --level mixer`.
"""

from sessa_ref.config import SessaConfig
from sessa_ref.optimized.layer import SessaLayer
from sessa_ref.optimized.mixer import SessaMixer
from sessa_ref.optimized.solve import feedback_solve as solve


def blocked(config: SessaConfig) -> SessaLayer:
    """The layer of any config that solves in blocks."""
    return SessaLayer.from_config(config, backend="blocked")


def dense(config: SessaConfig) -> SessaLayer:
    """The layer of any config that solves with a T x T matrix."""
    return SessaLayer.from_config(config, backend="dense")


def hops(config: SessaConfig) -> SessaLayer:
    """The layer of any config that solves by hops."""
    return SessaLayer.from_config(config, backend="hops")


def mixer(config: SessaConfig) -> SessaMixer:
    """The mixer of any config, which solves in blocks."""
    return SessaMixer(config)


__all__ = ["blocked", "dense", "hops", "mixer", "solve"]
