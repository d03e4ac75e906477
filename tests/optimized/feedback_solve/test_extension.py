"""Tokens that follow others get the states that they have in the whole system."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.optimized.feedback_solve import dense, extend
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
