"""The second derivation encloses the first: every intermediate of the reference, in extended precision."""

import flint
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings

from sessa_ref import reference
from sessa_ref.certified import balls, layer
from sessa_ref.certified.enclosure import Enclosure
from tests import strategies
from tests.rounding import bounds, roundings

NAMES = (
    "n", "a", "g", "u", "v", "q_rotated", "k_rotated", "alpha_fwd", "o", "f", "q_fb", "k_fb", "alpha_fb", "gamma", "B",
    "s", "y",
)  # fmt: skip


def enclosure(matrix):
    return Enclosure(balls.to_array(matrix), 128)


def rows(values):
    """A trace's array as one matrix, heads one after the other."""
    return list(values) if values.ndim == 3 else [values[None] if values.ndim == 1 else values]


@settings(max_examples=15)
@given(strategies.cases(max_T=9))
def test_every_intermediate(case):
    """Within the rounding of the reference: no other formula."""
    x = case.x[0]

    def traced(x):
        steps = reference.trace(case.parameters, x)
        return {name: getattr(steps, name) for name in NAMES}

    steps, allowed = traced(x), bounds(traced, x)
    with flint.ctx.workprec(128):
        enclosed = layer.trace(case.parameters, x)
        for name in NAMES:
            found = getattr(enclosed, name)
            if name == "gamma":
                found = flint.arb_mat(1, len(found), found)
            matrices = found if isinstance(found, list) else [found]
            for matrix, values, bound in zip(matrices, rows(steps[name]), rows(allowed[name]), strict=True):
                assert np.all(enclosure(matrix).error(values)[1] <= bound + roundings(1) * np.abs(values)), name


def test_forward_substitution_solves():
    generator = np.random.default_rng(0)
    B, f = np.tril(generator.normal(size=(9, 9)), k=-1), generator.normal(size=(9, 2))
    with flint.ctx.workprec(128):
        s = layer.forward_substitution(balls.exact(B), balls.exact(f))
        defect = s - balls.exact(B) * s - balls.exact(f)
        assert defect.contains(flint.arb_mat(9, 2))
        assert max(entry.rad() for entry in defect.entries()) < arb(2) ** -100  # nine tokens leave 100 of 128 bits
        noisy = balls.exact(B + np.triu(np.full((9, 9), 1e6)))
        assert str(layer.forward_substitution(noisy, balls.exact(f))) == str(s), "only the strictly lower part is read"
        assert not (s - balls.exact(B).transpose() * s - balls.exact(f)).contains(flint.arb_mat(9, 2))


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_split(parts):
    matrix = balls.exact(np.arange(8.0).reshape(1, 8))
    pieces = layer.split(matrix, parts)
    assert [piece.ncols() for piece in pieces] == [8 // parts] * parts
    assert balls.beside(pieces) == matrix
