"""Tokens that follow others get the states that they have in the whole system."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.optimized.feedback_solve import dense, extend, extension
from tests.optimized.feedback_solve.problems import Problem, problem, problems


@given(problems(max_T=30), st.data())
def test_one_part_after_the_other(drawn: Problem, data):
    q, k, gamma, f = drawn.tensors()
    T = f.shape[1]
    if T < 2:
        return
    past = data.draw(st.integers(1, T - 1))
    s = dense(q, k, gamma, f)
    new = extend(q[:, past:], k, gamma[:, past:], f[:, past:], s[:, :past])
    assert drawn.worst_ratio(torch.cat([s[:, :past], new], dim=1)) <= 1


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("batch", "parts"), [(1, 4), (2, 1)])
def test_threads_share_a_single_row(four_threads, monkeypatch, batch, parts):
    drawn = problem(40, batch=batch, d=8, D=12)
    q, k, gamma, f = drawn.tensors()
    s = dense(q, k, gamma, f)
    monkeypatch.setattr(extension, "_SHARED", 1)
    assert extension._parts(q[:, 39:], k) == extension._parts(q[:, 39:], s) == parts
    assert extension._parts(q[:, 38:], k) == 1  # more rows than one are no single row
    new = extend(q[:, 39:], k, gamma[:, 39:], f[:, 39:], s[:, :39])
    assert drawn.worst_ratio(torch.cat([s[:, :39], new], dim=1)) <= 1
    monkeypatch.setattr(extension, "_SHARED", 10**6)
    assert extension._parts(q[:, 39:], k) == 1


def test_the_first_token_has_no_past():
    q, k, gamma, f = problem(1).tensors()
    assert torch.equal(extend(q, k, gamma, f, f[:, :0]), f)


@pytest.mark.parametrize("wrong", ["gain of the token before", "one key too many"])
def test_teeth(wrong):
    drawn = problem(20)
    q, k, gamma, f = drawn.tensors()
    s = dense(q, k, gamma, f)
    if wrong == "gain of the token before":
        new = extend(q[:, 12:], k, gamma[:, 11:-1], f[:, 12:], s[:, :12])
    else:
        new = extend(q[:, 12:], k.roll(-1, dims=1), gamma[:, 12:], f[:, 12:], s[:, :12])
    assert drawn.worst_ratio(torch.cat([s[:, :12], new], dim=1)) > 1e6
