"""The blocked solve and its adjoint: exact for every block size, at every edge of a block and of a tile."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from sessa_ref.optimized.solve import block_substitution
from sessa_ref.optimized.solve.block_substitution import ACCELERATOR, PROCESSOR, sizes, solve, vjp
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.optimized.solve import dense as written_out
from tests.optimized.solve.problems import problem

TILE = PROCESSOR.tile


def inputs(T: int, seed: int = 0) -> tuple[list[torch.Tensor], torch.Tensor]:
    """q, k, gamma, f, and a cotangent of s."""
    drawn = problem(T, seed=seed, batch=2, d=3, D=2)
    ds = torch.randn(2, T, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return list(drawn.tensors()), ds


def assert_right(T: int, block: int, seed: int = 0) -> None:
    """Against matrices written out in extended precision, within 16 times the spread of rounded arithmetic.

    A token's spread is the largest of a few draws: taken together with the mean of all tokens.
    """
    (q, k, gamma, f), ds = inputs(T, seed)
    s, w = solve(q, k, gamma, f, block)
    dq, dk, dgamma, df = vjp(q, k, gamma, s, w, ds, block)
    arrays = tuple(z.numpy() for z in (q, k, gamma, f, ds))
    true, spread = written_out.truth(*arrays), written_out.spread(arrays, 2.0**-24)
    for name, value in {"s": s, "w": w, "dq": dq, "dk": dk, "dgamma": dgamma, "df": df}.items():
        bound = 16 * 2.0**-29 * (spread[name] + spread[name].mean() + 2.0**-24)
        assert np.all(written_out.distance(value.numpy(), true[name]) <= bound), name


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 2**32))
def test_every_block_size(T, block, seed):
    assert_right(T, block, seed)


@pytest.mark.parametrize(
    ("T", "block"),
    [(TILE - 1, TILE), (TILE + 1, TILE), (2 * TILE + 1, 2 * TILE), (2 * TILE, TILE + 1), (3 * TILE + 3, 2 * TILE + 2)],
)
def test_edges_of_blocks_and_tiles(T, block):
    assert_right(T, block)


def test_tiles_of_the_past():
    """More than 512 tokens before a block are read in several tiles: equal to one block but for rounding."""
    (q, k, gamma, f), ds = inputs(600)
    whole, tiled = (solve(q, k, gamma, f, block) for block in (600, 530))
    assert_equal_but_for_rounding(tiled, solve, q, k, gamma, f, 600)
    given = (q, k, gamma, *whole, ds)
    assert_equal_but_for_rounding(vjp(*given, 530), vjp, *given, 600)


def test_the_means_are_what_feedback_adds():
    """s_t = f_t + gamma_t w_t, to a rounding or two of its terms; the first token has none."""
    (q, k, gamma, f), _ = inputs(50)
    s, w = solve(q, k, gamma, f, 16)
    assert torch.all(w[:, 0] == 0)
    assert torch.equal(s[:, 0], f[:, 0])
    fed = gamma[..., None] * w
    assert torch.all((s - f - fed).abs() <= 64 * 2.0**-53 * (f.abs() + fed.abs()).amax(dim=(1, 2), keepdim=True))


@pytest.mark.parametrize("T", [0, 1])
def test_nothing_to_solve(T):
    (q, k, gamma, f), ds = inputs(T)
    s, w = solve(q, k, gamma, f, 4)
    assert torch.equal(s, f)
    dq, dk, dgamma, df = vjp(q, k, gamma, s, w, ds, 4)
    assert torch.equal(df, ds)
    assert not any(z.any() for z in (w, dq, dk, dgamma))


@pytest.mark.parametrize(("T", "block"), [(TILE + 1, TILE), (600, 530), (3 * TILE + 3, 2 * TILE + 2)])
def test_the_sizes_of_an_accelerator(monkeypatch, T, block):
    """The past in one product, and a larger tile on the diagonal."""
    monkeypatch.setattr(block_substitution, "sizes", lambda device: ACCELERATOR)
    assert_right(T, block)


@pytest.mark.parametrize("kind", [PROCESSOR, ACCELERATOR])
def test_block_sizes_cover_the_tokens(kind):
    """One block where that does best, and never none."""
    longest = kind.longest_block
    for T in (0, 1, longest, longest + 1, 1024, 1025, 10**6):
        assert kind.rows(T) == max(T, 1) if longest >= T else kind.tile <= kind.rows(T) < T
    assert [PROCESSOR.rows(T) for T in (1024, 1025)] == [PROCESSOR.block // 2, PROCESSOR.block]


def test_sizes_go_by_the_device():
    kinds = {name: sizes(torch.device(name)) for name in ("cpu", "cuda", "mps", "xpu")}
    assert kinds == {"cpu": PROCESSOR, "cuda": ACCELERATOR, "mps": ACCELERATOR, "xpu": ACCELERATOR}


def test_nothing_waits_for_the_device(monkeypatch):
    """Tensors without values raise where one is asked for, or where the way goes by one."""
    monkeypatch.setattr(block_substitution, "sizes", lambda device: ACCELERATOR)
    with FakeTensorMode():
        q, k, f = (torch.empty(2, 2600, 4) for _ in range(3))
        gamma = torch.empty(2, 2600)
        s, w = solve(q, k, gamma, f, ACCELERATOR.block)
        gradients = vjp(q, k, gamma, s, w, f, ACCELERATOR.block)
        assert [z.shape for z in gradients] == [z.shape for z in (q, k, gamma, f)]
        with pytest.raises(DataDependentOutputException):
            s.sum().item()
