"""Networks of the paper's concrete blocks that retrieve one source, all of whose routing is exactly uniform.

Tokens have three channels: the signal, a mark, and the output. The network's absolute position embedding, which the paper
gives its comparison class (Appendix I.2), marks token 0; the adapter pads the signal with zeros. Attention is the same
block with gain 0. Weights depend on the source and never on the horizon, unless a function says so.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy import special

from proofs_checks.torch_layer import layer_of
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters, shapes
from sessa_ref.theory.retrieval import selector

Array = np.ndarray
SIGNAL, MARK, OUTPUT = range(3)
WIDTH = 3


def embed(signal: Array, gate: Array | None = None) -> Array:
    """Tokens (..., T, width): the signal, the mark 1 at token 0, zeros; and `gate`, further channels of the embedding.

    `gate` is one channel, (T,), or several, (T, channels).
    """
    T = signal.shape[-1]
    further = np.zeros((T, 0)) if gate is None else gate.reshape(T, -1)
    tokens = np.zeros((*signal.shape, WIDTH + further.shape[1]), dtype=signal.dtype)
    tokens[..., SIGNAL] = signal
    tokens[..., 0, MARK] = 1
    tokens[..., WIDTH:] = further
    return tokens


def factor_block(A: float, B: float, width: int = WIDTH) -> SessaParameters:
    """Multiplies the signal of token t by A / (t + 1) + B: a uniform read of A mark + B - 1, with the signal as gate."""
    arrays = _zeros(width)
    _read(arrays, MARK, A)
    arrays["W_in.bias"][2] = 1.0  # a constant slot
    arrays["mixer.v_proj.weight"][0, 2] = (B - 1) / _gelu(1.0)
    arrays["W_in.weight"][width, SIGNAL] = 1.0  # gate 0 is the signal
    arrays["W_out.weight"][SIGNAL, 0] = 1.0
    return SessaParameters(SessaConfig.paper(width), arrays)


def transport_block(gain: float, gate: bool = False, width: int = WIDTH) -> SessaParameters:
    """Writes to the output what a uniform read of the signal and the solve with this constant gain give.

    Args:
        gain: the gain; 0 is attention.
        gate: whether the fourth channel multiplies the result, instead of 1.
        width: of the tokens.
    """
    arrays = _zeros(width)
    _read(arrays, SIGNAL, 1.0)
    arrays["mixer.gamma_bias"] = np.array(np.arctanh(gain))
    if gate:
        arrays["W_in.weight"][width, WIDTH] = 1.0
    else:
        arrays["W_in.bias"][width] = 1.0
    arrays["W_out.weight"][OUTPUT, 0] = 1.0
    return SessaParameters(SessaConfig.paper(width), arrays)


def sharp_channels(source: int, T: int) -> Array:
    """Channels of a bounded position embedding for `sharp_block`: a mark at the source, cos t, sin t, and two of zeros."""
    t = np.arange(T)
    return np.stack([t == source, np.cos(t), np.sin(t), 0 * t, 0 * t], axis=-1).astype(float)


def sharp_block(source: int, spread: float) -> SessaParameters:
    """Attention, gain 0 and gate 1, whose logits are `spread` at the source and 0 elsewhere; writes to the output.

    The query undoes its own rotation by t, and the key of the source its rotation by tau*.
    """
    width = WIDTH + 5
    arrays = _zeros(width)
    _read(arrays, SIGNAL, 1.0)
    for pair, channel in enumerate((WIDTH, WIDTH + 1, WIDTH + 2), start=1):  # the mark, cos t, sin t
        arrays["W_in.weight"][2 * pair, channel], arrays["W_in.weight"][2 * pair + 1, channel] = 1.0, -1.0
    scale = spread * np.sqrt(2)  # the logits are divided by sqrt(d_k), d_k = 2
    for row, pair, factor in ((0, 2, scale), (1, 3, -scale)):
        arrays["mixer.q_proj.weight"][row, 2 * pair : 2 * pair + 2] = factor, -factor
    for row, factor in enumerate((np.cos(source), -np.sin(source))):
        arrays["mixer.k_proj.weight"][row, 2:4] = factor, -factor
    arrays["W_in.bias"][width] = 1.0
    arrays["W_out.weight"][OUTPUT, 0] = 1.0
    return SessaParameters(SessaConfig.paper(width), arrays)


def retrieval_network(source: int, steps: int, gain: float, gate: bool = False) -> list[SessaParameters]:
    """A selector for the source, then one transport block."""
    width = WIDTH + 1 if gate else WIDTH
    factors = [factor_block(float(A), float(B), width) for A, B in selector(source, steps)]
    return [*factors, transport_block(gain, gate, width)]


def scores(network: Sequence[SessaParameters], T: int, rng: np.random.Generator, gate: Array | None = None) -> Array:
    """S_{t, tau}, the derivative of output t by signal tau, by complex steps through the reference, (T, T)."""
    step = 1e-100
    moved = np.repeat(rng.uniform(-1, 1, size=T)[None].astype(complex), T, axis=0)
    moved[np.arange(T), np.arange(T)] += 1j * step
    tokens = embed(moved, gate)
    for block in network:
        tokens = reference.forward(block, tokens)
    return np.imag(tokens[..., OUTPUT]).T / step


def scores_by_torch(
    network: Sequence[SessaParameters], T: int, rng: np.random.Generator, gate: Array | None = None
) -> Array:
    """Its first four columns by the torch layer: the network is linear in the signal, so differences are derivatives."""
    signal = rng.uniform(-1, 1, size=T)
    tokens = torch.as_tensor(embed(np.vstack([signal, signal + np.eye(T)[:4]]), gate))
    for block in network:
        tokens = layer_of(block)(tokens)
    outputs = tokens[..., OUTPUT].numpy()
    return (outputs[1:] - outputs[0]).T


def _zeros(width: int) -> dict[str, Array]:
    return {name: np.zeros(shape) for name, shape in shapes(SessaConfig.paper(width)).items()}


def _read(arrays: dict[str, Array], channel: int, factor: float) -> None:
    """Value 0 reads `factor` times a channel, exactly: GELU(z) - GELU(-z) = z (Corollary K.5)."""
    arrays["W_in.weight"][0, channel], arrays["W_in.weight"][1, channel] = 1.0, -1.0
    arrays["mixer.v_proj.weight"][0, 0], arrays["mixer.v_proj.weight"][0, 1] = factor, -factor


def _gelu(z: float) -> float:
    return float(z * special.ndtr(z))
