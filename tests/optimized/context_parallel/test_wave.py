"""The plan of the wave, for a few sizes: each piece once, after what it needs, one a step for every rank."""

import pytest
import torch
from torch import distributed

from sessa_ref.optimized.context_parallel.wave import Wave, own_tokens


@pytest.fixture(autouse=True)
def _second_of_three(monkeypatch):
    monkeypatch.setattr(distributed, "get_world_size", lambda group: 3)
    monkeypatch.setattr(distributed, "get_rank", lambda group: 1)


@pytest.mark.parametrize(("ranks", "blocks"), [(1, 3), (2, 2), (3, 6), (4, 4), (8, 64)])
def test_a_piece_is_solved_once_and_after_those_it_needs(ranks, blocks):
    wave = Wave(1, None)
    wave.ranks = ranks
    plans = [list(wave.steps(blocks, rank)) for rank in range(ranks)]
    assert {len(plan) for plan in plans} == {blocks + ranks - 1}
    when = {task: step for plan in plans for step, task in enumerate(plan) if task is not None}
    assert len([task for plan in plans for task in plan if task]) == len(when) == blocks * ranks
    assert all(when[i, c] > when[i - 1, c] for i, c in when if i > 0)
    assert all(task is None or task[0] % ranks == rank for rank, plan in enumerate(plans) for task in plan)


def test_own_tokens_are_blocks_in_turn():
    assert own_tokens(12, 2).tolist() == [2, 3, 8, 9]
    with pytest.raises(ValueError, match="T must be a multiple of block x ranks = 2 x 3, got 8"):
        own_tokens(8, 2)


def test_own_rows_are_spread_among_zeros_and_found_again():
    wave, own = Wave(2, None), torch.arange(1.0, 41.0).view(2, 4, 5)
    wanted = torch.zeros(2, 12, 6)
    wanted[:, own_tokens(12, 2), :5] = own
    assert torch.equal(wave.spread(own), wanted)
    assert torch.equal(wave.own(wanted)[..., :5], own)
