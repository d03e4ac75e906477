"""A search for the input in a ball whose outputs are largest, to compare with a bound on the outputs.

Ascent without a step size to choose: the gradient g of the largest |y_t| says that x_t = R g_t / |g_t| is the best
point of the ball for the linear part, so each step moves towards it, by the whole distance, half of it, a quarter ...,
and is taken only if the output grows. The search starts from several short sequences. The best one is doubled in length
until it has T tokens, and improved at each length, because a step at T tokens costs T^2.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from sessa_ref import reference
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters

SHORT = 32
"""The most tokens in a sequence that the search starts with."""


@dataclass(frozen=True)
class WorstInput:
    """What the search found.

    Attributes:
        x: tokens, (T, D), with |x_t| <= R.
        output: max_t |y_t|.
        tried: number of inputs that were evaluated.
    """

    x: Float64[Array, "T D"]
    output: float
    tried: int


def largest_output(parameters: SessaParameters, x: Float64[Array, "T D"]) -> float:
    """max_t |y_t|."""
    return float(np.linalg.norm(reference.forward(parameters, x), axis=-1).max())


def worst_input(
    parameters: SessaParameters,
    R: float,
    T: int,
    seed: int = 0,
    starts: int = 6,
    steps: int = 20,
    done: Callable[[str], None] = lambda text: None,
) -> WorstInput:
    """Search inputs of T tokens with |x_t| <= R for the largest |y_t|.

    Args:
        parameters: the layer.
        R: the radius.
        T: number of tokens.
        seed: of the random starts.
        starts: number of random starts; as many more repeat one token.
        steps: steps of ascent of each short sequence; longer ones get fewer, at least one.
        done: called with a line after each start and each length.

    Raises:
        ValueError: R is not positive and finite, T, starts or steps is not positive, or the layer overflows.
    """
    if not (R > 0 and np.isfinite(R)):
        raise ValueError(f"R must be positive and finite, got {R}")
    for name, value in (("T", T), ("starts", starts), ("steps", steps)):
        if value < 1:
            raise ValueError(f"{name} must be positive, got {value}")
    try:
        with np.errstate(over="raise", invalid="raise"):
            return _search(parameters, R, T, seed, starts, steps, done)
    except FloatingPointError:
        raise ValueError(f"R={R}, or a parameter, is so large that the layer overflows") from None


def lengths(T: int) -> int:
    """Number of lengths through which the search goes after its starts."""
    return max(0, math.ceil(math.log2(T / min(T, SHORT))))


def _search(
    parameters: SessaParameters, R: float, T: int, seed: int, starts: int, steps: int, done: Callable[[str], None]
) -> WorstInput:
    short, tried = min(T, SHORT), 0
    best, highest = np.zeros((short, parameters.config.width)), -np.inf
    for number, start in enumerate(_starts(parameters.config.width, short, starts, seed), start=1):
        x, output, count = ascend(parameters, R * start, R, steps)
        tried += count
        if output > highest:
            best, highest = x, output
        done(f"start {number} of {2 * starts}: {highest:.6g}")
    while len(best) < T:
        length = min(T, 2 * len(best))
        longer = [(largest_output(parameters, x), x) for x in _lengthened(best, length)]
        reached, best = max(longer, key=lambda one: one[0])
        best, highest, count = ascend(parameters, best, R, max(1, steps * SHORT // length), reached)
        tried += count + len(longer) - 1
        done(f"{length} tokens: {highest:.6g}")
    return WorstInput(best, highest, tried)


def ascend(
    parameters: SessaParameters, x: Float64[Array, "T D"], R: float, steps: int, output: float | None = None
) -> tuple[Float64[Array, "T D"], float, int]:
    """Ascend from x, whose largest |y_t| is `output`; returns the last x, its output and the number of inputs tried."""
    output, tried = largest_output(parameters, x) if output is None else output, 1
    for _ in range(steps):
        target = R * _directions(_gradient(parameters, x), x / R)
        for part in (1, 1 / 2, 1 / 4, 1 / 8, 1 / 16):
            candidate = (1 - part) * x + part * target
            value = largest_output(parameters, candidate)
            tried += 1
            if value > output:
                x, output = candidate, value
                break
        else:
            break
    return x, output, tried


def _gradient(parameters: SessaParameters, x: Float64[Array, "T D"]) -> Float64[Array, "T D"]:
    steps = reference.trace(parameters, x)
    norms = np.linalg.norm(steps.y, axis=-1)
    t = int(norms.argmax())
    dy = np.zeros_like(x)
    dy[t] = steps.y[t] / norms[t] if norms[t] > 0 else 1.0
    return reference.backward(parameters, steps, dy)[0]


def _directions(gradient: Float64[Array, "T D"], otherwise: Float64[Array, "T D"]) -> Float64[Array, "T D"]:
    norms = np.linalg.norm(gradient, axis=-1, keepdims=True)
    return np.where(norms > 0, gradient / np.where(norms > 0, norms, 1), otherwise)


def _starts(D: int, T: int, number: int, seed: int) -> Iterator[Float64[Array, "T D"]]:
    """Tokens on the unit sphere: independent ones, then one token repeated."""
    generator = np.random.default_rng(seed)
    for distinct in (T, 1):
        for _ in range(number):
            tokens = generator.normal(size=(distinct, D))
            yield np.repeat(tokens / np.linalg.norm(tokens, axis=-1, keepdims=True), T // distinct, axis=0)


def _lengthened(x: Float64[Array, "T D"], T: int) -> Iterator[Float64[Array, "T D"]]:
    """Sequences of T tokens from x: each token repeated, and x behind copies of its first token or its own end."""
    yield x[np.arange(T) * len(x) // T]
    yield np.concatenate([np.repeat(x[:1], T - len(x), axis=0), x])
    yield np.concatenate([x[len(x) - (T - len(x)) :], x])
