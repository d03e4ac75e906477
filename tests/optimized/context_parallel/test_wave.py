"""The plan of the wave, for a few sizes: each piece once, after what it needs, one a step for every rank."""

import pytest
import torch
from torch import distributed

from sessa_ref.optimized.context_parallel.wave import Wave, own_tokens


@pytest.fixture(scope="module", autouse=True)
def _alone(tmp_path_factory):
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path_factory.mktemp('meeting')}/file", rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize(("ranks", "blocks"), [(1, 3), (2, 2), (3, 9), (4, 4), (8, 64)])
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
    assert torch.equal(own_tokens(6, 2), torch.arange(6))
    with pytest.raises(ValueError, match="T must be a multiple of block x ranks = 4 x 1, got 6"):
        own_tokens(6, 4)
