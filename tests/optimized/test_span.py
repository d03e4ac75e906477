"""Where tokens go in a cache: rows that differ have what each would have alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.config import SessaConfig
from sessa_ref.optimized.span import Apart, Together, span

CONFIG = SessaConfig.published(8, 2)
CPU = torch.device("cpu")


@st.composite
def rows(draw):
    """Past and new tokens of each row, the T that are computed, and a capacity that the longest row fills."""
    past = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    new = [draw(st.integers(0, 4)) for _ in past]
    T = max(1, *new)
    return (
        tuple(past),
        tuple(new),
        T,
        max(1, *(p + n for p, n in zip(past, new, strict=True))) + draw(st.integers(0, 2)),
    )


@given(rows())
def test_each_row_is_as_it_would_be_alone(drawn):
    past, new, T, capacity = drawn
    tokens = span(past, new, T, len(past), CPU)
    assert isinstance(tokens, Apart)
    cache = torch.arange(len(past) * capacity * 2.0).reshape(len(past), capacity, 2)
    values = -1 - torch.arange(len(past) * T * 2.0).reshape(len(past), T, 2)
    own, turn, visible = cache.clone(), tokens.turn(CONFIG, torch.float64, CPU), tokens.visible(CPU)
    tokens.write(own, values)
    read = tokens.read(own)
    assert visible.shape == (len(past), 1, T, max(past) + T)
    assert read.shape == (len(past), max(past) + T, 2)
    for row, (p, n) in enumerate(zip(past, new, strict=True)):
        alone, kept = Together(p, n), cache[row : row + 1].clone()
        alone.write(kept, values[row : row + 1, :n])
        assert torch.equal(own[row : row + 1], kept)
        assert torch.equal(read[row, : p + n], alone.read(kept)[0])
        assert torch.equal(turn.cos[row, :n], alone.turn(CONFIG, torch.float64, CPU).cos)
        for t in range(n):
            assert visible[row, 0, t].nonzero().ravel().tolist() == list(range(p + t + 1))
    assert torch.equal(tokens.lengths, torch.tensor(past))


@given(st.integers(0, 5), st.integers(1, 4))
def test_rows_that_do_not_differ_are_slices(past, T):
    tokens = span(past, T, T, 3, CPU)
    assert isinstance(tokens, Together)
    own = torch.zeros(3, 9, 2)
    assert tokens.read(own).data_ptr() == own.data_ptr()
    assert tokens.read(own).shape == (3, past + T, 2)
    visible = tokens.visible(CPU)
    if T == 1:
        assert visible is None  # all of them
    else:
        assert visible is not None
        assert [row.nonzero().ravel().tolist() for row in visible] == [list(range(past + t + 1)) for t in range(T)]
    tokens.write(own, torch.ones(3, T, 2))
    assert own[:, past : past + T].eq(1).all()
    assert own.sum() == 3 * T * 2
    assert tokens.lengths is None


@pytest.mark.parametrize(("past", "new"), [((2, 1), 2), (2, (2, 1)), ((2, 2), (2, 2))])
def test_one_number_for_all_rows_and_one_for_each(past, new):
    tokens = span(past, new, 2, 2, CPU)
    assert isinstance(tokens, Apart)
    each_past, each_new = (n if isinstance(n, tuple) else (n, n) for n in (past, new))
    wanted = Apart(each_past, each_new, 2, CPU)
    assert torch.equal(tokens.places, wanted.places)
    assert torch.equal(tokens.lengths, wanted.lengths)
    assert torch.equal(tokens.visible(CPU), wanted.visible(CPU))


def test_what_is_made_for_a_device_is_there():
    meta = torch.device("meta")
    visible = Together(2, 3).visible(meta)
    assert visible is not None
    apart = span((2, 1), (1, 3), 3, 2, meta)
    assert isinstance(apart, Apart)
    assert {tensor.device for tensor in (visible, apart.visible(meta), apart.lengths, apart.places)} == {meta}
    assert {tensor.device for tensor in (*apart._from, *apart._to)} == {meta}
    apart.write(torch.zeros(2, 4, 2, device=meta), torch.ones(2, 3, 2, device=meta))
