"""Several processes solve what one solves; their processes are those of `processes`."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed

from sessa_ref.optimized import feedback_solve
from sessa_ref.optimized.context_parallel import context_parallel_solve
from sessa_ref.optimized.context_parallel.wave import Wave
from sessa_ref.optimized.context_parallel.weights import Columns, Rows
from tests.optimized.context_parallel.processes import CASES
from tests.optimized.solve.problems import problem


def test_two_and_four_processes_agree_with_one(tmp_path):
    program = Path(__file__).with_name("processes.py")
    command = [sys.executable, str(program), str(tmp_path / "meeting")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    measured = [tuple(map(float, line.split())) for line in found.stdout.splitlines()]
    assert len(measured) == sum(ranks for ranks, *_ in CASES) + 2
    assert all(error <= allowed for error, allowed in measured), measured


@pytest.mark.parametrize(("rank", "starts"), [(0, [0, 6, 12]), (1, [3, 9, 15])])
def test_weights_are_made_once_while_the_block_before_is_solved(rank, starts, monkeypatch):
    """Only a rank's first block finds none made, and none are left over; here the other rank sends what this one has."""
    monkeypatch.setattr(distributed, "get_world_size", lambda group: 2)
    monkeypatch.setattr(distributed, "get_rank", lambda group: rank)
    monkeypatch.setattr(Wave, "gather", lambda self, own: [own, own])
    found: dict[type, list] = {Rows: [], Columns: []}
    waiting = []
    for kind in found:

        def finish(self, tokens, kind=kind, finish=kind.finish):
            found[kind].append((tokens.start, list(self.waiting)))
            waiting.append(self.waiting)
            return finish(self, tokens)

        monkeypatch.setattr(kind, "finish", finish)
    q, k, gamma, f = torch.ones(9, 2), torch.ones(9, 2), torch.full((9,), 0.5), torch.ones(9, 1, requires_grad=True)
    context_parallel_solve(q, k, gamma, f, 3).sum().backward()
    for kind, order in ((Rows, starts), (Columns, starts[::-1])):
        assert found[kind] == [(start, [start] if number else []) for number, start in enumerate(order)]
    assert not any(waiting)


@pytest.fixture
def _alone(tmp_path):
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("_alone")
def test_one_process_alone():
    """The dtype is that of f, autocast makes no rounding coarser, and there are no second derivatives."""
    q, k, gamma, f = (z.requires_grad_() for z in problem(6).tensors("float32"))
    f = f.bfloat16()
    with torch.autocast("cpu"):
        s = context_parallel_solve(q, k, gamma, f, 2)
        assert torch.equal(s, feedback_solve(q, k, gamma, f))
    assert s.dtype == torch.bfloat16
    with pytest.raises(RuntimeError, match="can be differentiated once: create_graph must be False"):
        torch.autograd.grad(s.sum(), q, create_graph=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"k": torch.ones(2, 6, 3)},
            r"q and k must have shape .* got \(2, 6, 2\), \(2, 6, 3\), \(2, 6\) and \(2, 6, 4\)",
        ),
        ({"block": 4}, "whole blocks of 4, got 6 tokens"),
        ({"block": 0}, "block must be at least 1"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    arguments = {
        "q": torch.ones(2, 6, 2),
        "k": torch.ones(2, 6, 2),
        "gamma": torch.ones(2, 6),
        "f": torch.ones(2, 6, 4),
        "block": 3,
    }
    with pytest.raises(ValueError, match=message):
        context_parallel_solve(**arguments | changes)
