"""Stacks of real layers whose Jacobians are known: of Sessa blocks, diffuse attention, and selective state-space models.

The input set of a check is one sequence x, which is compact, so that the constants of its hypotheses are measured exactly:
every block is met at one sequence alone. A block's map is x -> x + layer(x), as in a decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from proofs_checks.torch_layer import layer_of
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence import causal_attention, selective_ssm
from sessa_ref.influence.causal_attention import CausalAttention
from sessa_ref.influence.jacobian import block_jacobian
from sessa_ref.influence.selective_ssm import SelectiveSSM
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory.diffuse_routing import diffuseness
from sessa_ref.theory.selective_ssm import slowest_average_step

Array = np.ndarray
Block = SessaParameters | CausalAttention | SelectiveSSM


@dataclass(frozen=True)
class Measured:
    """What a stack does on one input.

    Attributes:
        blocks: norms of dF_t / du_tau of each block, where the stack meets it; each (T, T).
        whole: norms of the stack's own Jacobian, (T, T).
    """

    blocks: list[Array]
    whole: Array

    def diagonal(self) -> list[float]:
        """d_n: the largest |dF_t / du_t| of each block."""
        return [float(np.diag(norms).max()) for norms in self.blocks]

    def constants(self, envelope: Array) -> list[float]:
        """a_n: the smallest constants with |dF_t / du_tau| <= a_n envelope(t, tau) for tau < t."""
        lower = np.tril_indices(len(envelope), k=-1)
        return [float(np.max(norms[lower] / envelope[lower])) for norms in self.blocks]


def output(block: Block, x: Array) -> Array:
    """The block's output; complex x gives complex-step derivatives."""
    if isinstance(block, SessaParameters):
        return reference.forward(block, x)
    return x + block.forward(x)


def jacobian(block: Block, x: Array) -> Array:
    """dF_t / du_tau as a matrix, (T D, T D), row-major in tokens."""
    T, D = x.shape
    columns = []
    for source in range(T):
        if isinstance(block, SessaParameters):
            columns.append(block_jacobian(block, x, source))
            continue
        if isinstance(block, CausalAttention):
            paths = causal_attention.jacobian(block, x, source)
            own = paths.value + paths.routing
        else:
            own = selective_ssm.jacobian(block, x, source)
        own[source] += np.eye(D)
        columns.append(own)
    return np.stack(columns, axis=2).reshape(T * D, T * D)


def measure(stack: Sequence[Block], x: Array) -> Measured:
    """Blocks and whole stack by the chain rule."""
    T, D = x.shape
    blocks, whole = [], np.eye(T * D)
    for block in stack:
        one = jacobian(block, x)
        blocks.append(block_norms(one, T))
        whole = one @ whole
        x = output(block, x)
    return Measured(blocks, block_norms(whole, T))


def measure_by_torch(stack: Sequence[SessaParameters], x: Array) -> Measured:
    """The same of a stack of Sessa blocks, by `torch.func` through the torch layer; the whole stack in one derivative."""
    T = len(x)
    layers = [layer_of(parameters) for parameters in stack]

    def whole(tokens: torch.Tensor) -> torch.Tensor:
        for layer in layers:
            tokens = layer(tokens[None])[0]
        return tokens

    blocks, tokens = [], torch.as_tensor(x)
    for layer in layers:
        blocks.append(_norms(torch.func.jacrev(lambda u, layer=layer: layer(u[None])[0])(tokens), T))
        tokens = layer(tokens[None])[0]
    return Measured(blocks, _norms(torch.func.jacrev(whole)(torch.as_tensor(x)), T))


def block_norms(matrix: Array, T: int) -> Array:
    """Operator norms of the blocks of a (T D, T D) matrix."""
    D = len(matrix) // T
    return np.linalg.norm(matrix.reshape(T, D, T, D).transpose(0, 2, 1, 3), ord=2, axis=(-2, -1))


def directional(stack: Sequence[Block], x: Array, direction: Array) -> Array:
    """The derivative of the stack's output along `direction`, by one complex step through the whole stack."""
    step = 1e-100
    u = x + 1j * step * direction
    for block in stack:
        u = output(block, u)
    return np.imag(u) / step


def matrix(stack: Sequence[Block], x: Array) -> Array:
    """The stack's Jacobian by the chain rule, (T D, T D)."""
    product = np.eye(x.size)
    for block in stack:
        product = jacobian(block, x) @ product
        x = output(block, x)
    return product


def tokens(rng: np.random.Generator, T: int, D: int) -> Array:
    """Random tokens of norm 1."""
    x = rng.normal(size=(T, D))
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def sessa_block(seed: int, width: int, gain: float, sharpness: float = 1.0) -> SessaParameters:
    """A paper block with Norm = Id whose routing is diffuse and whose gain is nearly constant.

    Args:
        seed: of the random parameters.
        width: D.
        gain: the gain where the context adds nothing.
        sharpness: factor of the feedback's query and key maps.
    """
    drawn = SessaParameters.random(SessaConfig.paper(width), seed=seed)
    return drawn.replace(
        {
            "W_in.bias": np.concatenate([drawn["W_in.bias"][:width], np.ones(width)]),
            "mixer.proj_fb.weight": sharpness * drawn["mixer.proj_fb.weight"],
            "mixer.gamma_bias": np.array(np.arctanh(gain)),
            "mixer.gamma_ctx.weight": 0.1 * drawn["mixer.gamma_ctx.weight"],
        }
    )


def attention_block(rng: np.random.Generator, width: int, sharpness: float = 0.3) -> CausalAttention:
    """A causal attention with small queries and keys: diffuse on tokens of norm about 1."""
    q, k, v = rng.normal(size=(3, width, width))
    return CausalAttention(sharpness * q, sharpness * k, 0.5 * v)


def ssm_block(rng: np.random.Generator, width: int, rates: tuple[float, ...] = (0.05, 0.2)) -> SelectiveSSM:
    """A selective state-space model whose steps are never near 0 on tokens of norm about 1: failed freeze time."""
    modes = len(rates)
    return SelectiveSSM(np.array(rates), 0.2 * rng.normal(size=width), 0.0, *(0.3 * rng.normal(size=(2, modes, width))))


def routing_constants(stack: Sequence[SessaParameters], x: Array) -> tuple[float, float]:
    """(gamma_max, c2): the largest gain and the diffuseness over all blocks of a stack, where it meets them."""
    gains, spread = [0.0], [0.0]
    for parameters in stack:
        steps = reference.trace(parameters, x)
        gains.append(float(np.abs(steps.gamma).max()))
        spread.append(diffuseness(steps.alpha_fb))
        x = steps.y
    return max(gains), max(spread)


def slowest_decay(stack: Sequence[Block], x: Array) -> float:
    """lambda c_Delta, the smallest over all state-space layers of a stack, where it meets them; 0 without any."""
    rates = []
    for block in stack:
        if isinstance(block, SelectiveSSM):
            rates.append(float(block.rates.min() * slowest_average_step(block.select(x).step)))
        x = output(block, x)
    return min(rates, default=0.0)


def _norms(blocks: torch.Tensor, T: int) -> Array:
    D = blocks.shape[1]
    return block_norms(blocks.detach().numpy().reshape(T * D, T * D), T)
