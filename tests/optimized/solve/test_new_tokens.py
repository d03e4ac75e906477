"""Tokens that follow others get the states that they have in the whole system."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.optimized.solve import dense, extend, new_tokens
from tests.optimized.solve.problems import Problem, problem, problems


@given(problems(max_T=30), st.data())
def test_one_part_after_the_other(drawn: Problem, data):
    q, k, gamma, f = drawn.tensors()
    past = data.draw(st.integers(0, f.shape[1]))
    s = dense(q, k, gamma, f)
    new = extend(q[:, past:], k, gamma[:, past:], f[:, past:], s[:, :past])
    assert drawn.worst_ratio(torch.cat([s[:, :past], new], dim=1)) <= 1


@given(problems(max_T=20), st.data())
def test_rows_with_pasts_of_their_own(drawn: Problem, data):
    """Each row's new tokens right behind its past ones; what follows is not read."""
    q, k, gamma, f = drawn.tensors()
    batch, T = f.shape[:2]
    new = data.draw(st.integers(0, T))
    lengths = torch.tensor(data.draw(st.lists(st.integers(0, T - new), min_size=batch, max_size=batch)))
    past = int(lengths.max()) if batch else 0
    states = dense(q, k, gamma, f)
    own = lengths[:, None] + torch.arange(new)
    q_new, f_new = (z.take_along_dim(own[..., None], dim=1) for z in (q, f))
    s = states[:, :past].masked_fill(torch.arange(past)[:, None] >= lengths[:, None, None], 1e3)
    k = k[:, : past + new].masked_fill(torch.arange(past + new)[:, None] >= new + lengths[:, None, None], 1e3)
    result = extend(q_new, k, gamma.take_along_dim(own, dim=1), f_new, s, lengths)
    whole = states.clone()
    for row, (first, values) in enumerate(zip(lengths.tolist(), result, strict=True)):
        whole[row, first : first + new] = values
    assert drawn.worst_ratio(whole) <= 1


def test_several_first_tokens_have_feedback():
    """They have no past, but each other."""
    drawn = problem(9)
    q, k, gamma, f = drawn.tensors()
    result = extend(q, k, gamma, f, f[:, :0])
    assert drawn.worst_ratio(result) <= 1
    assert drawn.worst_ratio(f) > 1e6


def test_a_bad_token_spoils_only_what_comes_after():
    q, k, gamma, f = problem(9).tensors()
    s = dense(q, k, gamma, f)
    for z in (q, k, gamma, f):
        spoiled = z.clone()
        spoiled[:, 6] = torch.nan
        inputs = [spoiled if own is z else own for own in (q, k, gamma, f)]
        new = extend(inputs[0][:, 4:], inputs[1], inputs[2][:, 4:], inputs[3][:, 4:], s[:, :4])
        assert new[:, :2].isfinite().all()
        assert new[:, 3:].isnan().all()


def test_gradients_where_nothing_is_seen():
    q, k, gamma, f = (z[:1].requires_grad_() for z in problem(4, d=3, D=2).tensors())
    assert torch.autograd.gradcheck(extend, (q, k, gamma, f, f[:, :0]))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"q": torch.ones(2, 3, 5)}, ValueError, r"q must have shape \(batch, new, d_b\), .* got \(2, 3, 5\)"),
        ({"k": torch.ones(2, 3, 4)}, ValueError, r"k \(batch, past \+ new, d_b\)"),
        ({"k": torch.ones(2, 9, 4)}, ValueError, "got"),
        ({"gamma": torch.ones(2, 3, 1)}, ValueError, "got"),
        ({"gamma": torch.ones(2, 2)}, ValueError, "got"),
        ({"f": torch.ones(1, 3, 6)}, ValueError, "got"),
        ({"s": torch.ones(2, 5, 7)}, ValueError, "got"),
        ({"s": torch.ones(1, 5, 6)}, ValueError, "got"),
        ({"s": torch.ones(2, 5, 6, device="meta")}, ValueError, "s must be on the device of q, cpu, got meta"),
        ({"s": torch.ones(2, 5, 6, dtype=torch.int64)}, TypeError, "s must be float16, bfloat16, float32 or float64"),
        ({"lengths": torch.tensor([5, 5, 5])}, ValueError, r"lengths must have shape \(2,\) on cpu, got \(3,\)"),
        ({"lengths": torch.tensor([True, False])}, TypeError, "lengths must be a tensor of int64"),
    ],
)
def test_wrong_arguments(changes, error, message):
    right = {"q": (2, 3, 4), "k": (2, 8, 4), "gamma": (2, 3), "f": (2, 3, 6), "s": (2, 5, 6)}
    arguments = {name: torch.ones(shape) for name, shape in right.items()}
    assert extend(**arguments).shape == (2, 3, 6)
    with pytest.raises(error, match=message + "|Type-check"):
        extend(**{**arguments, **changes})


@pytest.mark.parametrize("wide", ["q", "k", "gamma", "f", "s"])
def test_it_computes_in_the_widest_dtype(wide):
    """One input in float64 is enough: the others' numbers are float64's as well."""
    q, k, gamma, f = problem(20).tensors("float32")
    given = {"q": q[:, 12:], "k": k, "gamma": gamma[:, 12:], "f": f[:, 12:], "s": dense(q, k, gamma, f)[:, :12]}
    wanted = extend(**{name: tensor.double() for name, tensor in given.items()})
    found = extend(**given | {wide: given[wide].double()})
    assert torch.equal(found, wanted.to(found.dtype))
    assert not torch.equal(extend(**given), wanted.float())


@pytest.mark.parametrize("past", [0, 5])
def test_what_is_made_for_a_device_is_there(past):
    """With and without lengths; tensors of the meta device meet none of the CPU's."""
    q, gamma, f, s = (torch.ones(2, *shape, device="meta") for shape in ((3, 4), (3,), (3, 6), (past, 6)))
    k = torch.ones(2, past + 3, 4, device="meta")
    for lengths in (None, torch.ones(2, dtype=torch.int64, device="meta")):
        assert extend(q, k, gamma, f, s, lengths).device.type == "meta"


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
    monkeypatch.setattr(new_tokens, "_SHARED", 1)
    assert new_tokens._parts(q[:, 39:], k) == new_tokens._parts(q[:, 39:], s) == parts
    assert new_tokens._parts(q[:, 38:], k) == 1  # more rows than one are no single row
    new = extend(q[:, 39:], k, gamma[:, 39:], f[:, 39:], s[:, :39])
    assert drawn.worst_ratio(torch.cat([s[:, :39], new], dim=1)) <= 1
    monkeypatch.setattr(new_tokens, "_SHARED", 10**6)
    assert new_tokens._parts(q[:, 39:], k) == 1


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
