"""A scaffold with which a block works under LayerNorm too (Appendix J).

A token is widened by coordinates c and -c that never change. They dominate its variance, so that LayerNorm is nearly a
multiplication by a constant a, which the input projection undoes. The paper makes the scaffold wide. Here width 2
suffices, because the input projection also undoes the removal of the mean, a linear map with an exact inverse on tokens
of this form.
"""

from dataclasses import replace

import numpy as np

from sessa_ref.constructions.network import Adapter, Network
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters, shapes
from sessa_ref.theory.scaffold import reference_scale, scaffold_size

EPS = 1e-5
"""Of LayerNorm, by default: the published layer's."""


def scaffold(width: int, size: float) -> Array:
    """s = (c, ..., c, -c, ..., -c), of even width: its mean is 0."""
    if width < 2 or width % 2:
        raise ValueError(f"a scaffold needs an even width of at least 2, got {width}")
    return size * np.repeat([1.0, -1.0], width // 2)


def block_on_scaffold(
    block: SessaParameters, width: int = 2, size: float = 1e6, *, restore_mean: bool = True, eps: float = EPS
) -> SessaParameters:
    """A LayerNorm block that does to (u, s) nearly what `block`, whose norm is the identity, does to u; s stays.

    Args:
        block: with Norm = Id.
        width: of the scaffold.
        size: c.
        restore_mean: whether W_in undoes the removal of the mean; the paper's block does not.
        eps: of LayerNorm.

    Raises:
        ValueError: the block has a LayerNorm already.
    """
    config = block.config
    if config.norm != "identity":
        raise ValueError("only blocks with Norm = Id can be moved to LayerNorm")
    m0 = config.width
    wide = replace(config, width=m0 + width, norm="layernorm", norm_eps=eps)
    arrays = {name: np.zeros(shape) for name, shape in shapes(wide).items()}
    arrays["ln.weight"] += 1.0
    for name, given in block.items():
        halves = 2 if name.startswith("W_in") else 1  # those of a and g
        for part, there in zip(
            np.split(np.atleast_1d(given), halves), np.split(np.atleast_1d(arrays[name]), halves), strict=True
        ):
            there[tuple(slice(n) for n in part.shape)] = part
    a = float(reference_scale(m0, width, size, eps))
    back = (np.eye(m0) + (1.0 / width if restore_mean else 0.0)) / a
    arrays["W_in.weight"][:, :m0] = arrays["W_in.weight"][:, :m0] @ back
    return SessaParameters(wide, arrays)


def on_scaffold(
    network: Network, width: int = 2, size: float = 1e6, *, restore_mean: bool = True, eps: float = EPS
) -> Network:
    """The network with LayerNorm in every block, and adapters that add and drop the scaffold.

    In float64 `size` has a best value: the error is about R^2/c^2 of what is read, and rounding is about 1e-16 c.
    """
    m0 = network.width
    embed = network.embed or Adapter.linear(np.eye(m0))
    unembed = network.unembed or Adapter.linear(np.eye(m0))
    widened = Adapter.linear(
        np.concatenate([embed.weight, np.zeros((width, embed.weight.shape[1]))]),
        np.concatenate([embed.bias, scaffold(width, size)]),
    )
    dropped = Adapter.linear(
        np.concatenate([unembed.weight, np.zeros((len(unembed.weight), width))], axis=1), unembed.bias
    )
    blocks = [block_on_scaffold(block, width, size, restore_mean=restore_mean, eps=eps) for block in network.blocks]
    notes = network.notes | {"scaffold": width, "scaffold_size": size}
    return Network(tuple(blocks), network.names, widened, dropped, notes)


def papers_size(m0: int, width: int, a: float, eps: float = EPS) -> float:
    """c of the proof of Lemma J.2, for a scale a in (0, 1/sqrt(eps)) that was chosen once for all widths."""
    return float(scaffold_size(m0, width, a, eps))
