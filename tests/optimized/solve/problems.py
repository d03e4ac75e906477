"""Feedback systems to solve, with their true solutions and what rounding may do to them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from sessa_ref.oracle.bounds.equivalent_forms import EQUIVALENTS
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.precision import PRECISIONS, round_to
from sessa_ref.reference import DEFINITION, Formulas, attention

DRAWS = 32  # rows are narrow here, and their spread is a single number


@dataclass
class Problem:
    """q, k: (batch, T, d); gamma: (batch, T); f: (batch, T, D), float64."""

    q: np.ndarray
    k: np.ndarray
    gamma: np.ndarray
    f: np.ndarray

    def tensors(self, dtype: str = "float64", grad: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        q, k, gamma, f = (
            torch.tensor(a, dtype=getattr(torch, dtype)).requires_grad_(grad)
            for a in (self.q, self.k, self.gamma, self.f)
        )
        return q, k, gamma, f

    def rounded(self, dtype: str) -> "Problem":
        return Problem(*(round_to(a, dtype) for a in (self.q, self.k, self.gamma, self.f)))

    def worst_ratio(self, s: Tensor, dtype: str = "float64") -> float:
        """The largest error/bound of a solution."""
        return self.ratios(dtype)(s)

    def ratios(self, dtype: str = "float64") -> Callable[[Tensor], float]:
        """The largest error/bound: true values in extended precision, spreads as the oracle finds them."""
        unit = PRECISIONS[dtype].unit_roundoff
        true = reference(*(a.astype(np.longdouble) for a in (self.q, self.k, self.gamma, self.f)))
        exact = reference(self.q, self.k, self.gamma, self.f)
        squares = np.zeros(exact.shape)
        draws = DRAWS if self.f.shape[1] < 500 else DRAWS // 4
        for draw in range(draws):
            generator = np.random.default_rng(draw)
            arrays = [rounded(a, 2.0**-24, generator) for a in (self.q, self.k, self.gamma, self.f)]
            form = EQUIVALENTS[draw % len(EQUIVALENTS)]
            squares += (np.asarray(reference(*arrays, formulas=form)) - exact) ** 2 / draws
        # A row's spread is one number, drawn a few times: pooled with a part of all others, as for gradients.
        pooled = np.maximum(squares.mean(axis=-1, keepdims=True), squares.mean() / 16 if squares.size else 0)
        # A library's triangular solve is accurate to n u beside the largest state, not to every state's own size.
        normwise = self.f.shape[1] * unit * np.abs(exact).max(initial=0.0)
        bound = SAFETY_FACTOR * unit * np.sqrt(pooled) / 2.0**-24 + normwise + PRECISIONS[dtype].tiny
        return lambda s: float(np.max(np.abs(s.detach().double().numpy() - true) / bound, initial=0.0))


def reference(q, k, gamma, f, *, formulas: Formulas = DEFINITION):
    """The definition or another form of it, in whatever arithmetic the arrays have."""
    alpha = formulas.feedback_weights(q, k, attention.strictly_causal_mask(q.shape[-2]))
    return formulas.forward_substitution(formulas.routing_matrix(gamma, alpha), f)


def problem(T: int, seed: int = 0, batch: int = 2, d: int = 4, D: int = 3, gain: float = 0.9, logits: float = 1.0):
    generator = np.random.default_rng(seed)
    q, k = np.sqrt(logits) * generator.normal(size=(2, batch, T, d))
    gamma = gain * np.sign(generator.normal(size=(batch, T))) * generator.uniform(0.5, 1, size=(batch, T))
    return Problem(q, k, gamma, generator.normal(size=(batch, T, D)))


@st.composite
def problems(draw: st.DrawFn, max_T: int = 90) -> Problem:
    """Shapes, gains up to 1 - 1e-12 and routing of all kinds."""
    result = problem(
        draw(st.integers(0, max_T)),
        draw(st.integers(0, 2**32)),
        batch=draw(st.integers(1, 3)),
        d=draw(st.integers(1, 9)),
        D=draw(st.integers(1, 9)),
        # not 0: sums of terms that are nearly equal round in one direction, which no model of independent errors covers
        logits=draw(st.sampled_from([0.3, 1.0, 30.0])),
    )
    constant = draw(st.sampled_from([None, 0.0, 0.999, -0.999, 1 - 1e-12, -1 + 1e-12]))
    if constant is not None:
        result.gamma[:] = constant
    return result
