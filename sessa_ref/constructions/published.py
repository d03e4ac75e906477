"""The same network in the published layer: LayerNorm, one width for all heads, gains below gamma_max."""

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.constructions.network import Adapter, Network
from sessa_ref.constructions.scaffold import on_scaffold
from sessa_ref.parameters import SessaParameters, shapes


def to_published(network: Network, gamma_max: float = 0.999, size: float = 1e8) -> Network:
    """Blocks of `SessaConfig.published` that compute nearly the same as the paper blocks of `network`.

    Queries and keys of width d_k are padded by zeros to the layer's width D, and queries multiplied by sqrt(D/d_k), so
    that the logits stay the same; the first rotary pair turns by one radian per token in both. LayerNorm is undone by a
    scaffold of width 2 (Lemma J.2). Every gain is a constant that gamma_max tanh can give. An odd width gets a channel
    of zeros.

    Args:
        network: of blocks with one head, d_k = 2, Norm = Id and constant gains.
        gamma_max: of the published layer.
        size: c of the scaffold: errors are about (largest entry/c)^2, and rounding is 1e-16 c.

    Raises:
        ValueError: a gain is not below gamma_max, or depends on the token; the message names block and statement.
    """
    for name, block in zip(network.names, network.blocks, strict=True):
        _check(name, block, gamma_max)
    scaffolded = on_scaffold(_even(network), 2, size)
    blocks = tuple(_published(block, gamma_max) for block in scaffolded.blocks)
    return Network(blocks, network.names, scaffolded.embed, scaffolded.unembed, network.notes | {"scaffold_size": size})


def _check(name: str, block: SessaParameters, gamma_max: float) -> None:
    if block.config.query_width != 2 or block.config.norm != "identity":
        raise ValueError(f"block {name!r} must be a paper block with d_k = 2 and Norm = Id, got {block.config}")
    if block["mixer.gamma_ctx.weight"].any():
        raise ValueError(f"the gain of block {name!r} depends on the token; gamma_max tanh cannot give the same")
    gain = float(np.tanh(block["mixer.gamma_bias"]))
    if not abs(gain) < gamma_max:
        raise ValueError(
            f"block {name!r} needs the gain {gain:.6g}, and the published layer's gains are below gamma_max = {gamma_max:g}: "
            f"Lemma K.20's gain 1 - 1/(4 (L_H + 1)) is possible up to L_H = {_longest(gamma_max)} only"
        )


def _longest(gamma_max: float) -> int:
    """The largest L_H with 1 - 1/(4 (L_H + 1)) < gamma_max."""
    return int(np.ceil(round(1 / (4 * (1 - gamma_max)), 9))) - 2 if gamma_max > 0.75 else -1


def _even(network: Network) -> Network:
    """The network, with a channel of zeros where its width is odd."""
    D = network.width
    if D % 2 == 0:
        return network
    widened = tuple(_with_zero_channel(block) for block in network.blocks)
    embed, unembed = network.embed or Adapter.linear(np.eye(D)), network.unembed or Adapter.linear(np.eye(D))
    return Network(
        widened,
        network.names,
        Adapter.linear(np.pad(embed.weight, ((0, 1), (0, 0))), np.pad(embed.bias, (0, 1))),
        Adapter.linear(np.pad(unembed.weight, ((0, 0), (0, 1))), unembed.bias),
        network.notes,
    )


def _with_zero_channel(block: SessaParameters) -> SessaParameters:
    config = SessaConfig.paper(block.config.width + 1)
    arrays = {}
    for name, shape in shapes(config).items():
        halves = 2 if name.startswith("W_in") else 1  # those of a and g
        parts = np.split(block[name], halves) if halves == 2 else [block[name]]
        if not shape:
            arrays[name] = block[name]
            continue
        wanted = (shape[0] // halves, *shape[1:])
        padded = [np.pad(part, [(0, w - n) for w, n in zip(wanted, part.shape, strict=True)]) for part in parts]
        arrays[name] = np.concatenate(padded) if halves == 2 else padded[0]
    return SessaParameters(config, arrays)


def _published(block: SessaParameters, gamma_max: float) -> SessaParameters:
    D, eps = block.config.width, block.config.norm_eps
    config = SessaConfig.published(D, ln_eps=eps, gamma_max=gamma_max)
    arrays = {name: np.zeros(shape) for name, shape in shapes(config).items()}
    for name in (
        "ln.weight",
        "ln.bias",
        "W_in.weight",
        "W_in.bias",
        "W_out.weight",
        "W_out.bias",
        "mixer.v_proj.weight",
    ):
        arrays[name] = block[name]
    larger = np.sqrt(D / 2)
    arrays["mixer.q_proj.weight"][:2] = larger * block["mixer.q_proj.weight"]
    arrays["mixer.k_proj.weight"][:2] = block["mixer.k_proj.weight"]
    arrays["mixer.proj_fb.weight"][:2] = larger * block["mixer.proj_fb.weight"][:2]
    arrays["mixer.proj_fb.weight"][D : D + 2] = block["mixer.proj_fb.weight"][2:]
    arrays["mixer.gamma_bias"] = np.arctanh(np.tanh(block["mixer.gamma_bias"]) / gamma_max)
    return SessaParameters(config, arrays)
