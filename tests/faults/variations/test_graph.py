"""The graph is the reference, value by value, step by step, and in its derivatives."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.faults.variations import graph, modes, sources, structures, weights
from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.cases.case import Case
from tests.closeness import assert_within_bounds
from tests.faults.variations.small import HEADS, NO_NORM, direction_for, right, slope
from tests.rounding import bound
from tests.strategies import cases


@settings(max_examples=12)
@given(cases(max_T=12))
def test_outputs_are_those_of_the_definition(drawn: Case):
    expectation = expectations(drawn, ("float64",))["float64"]
    assert_within_bounds(expectation, {"y": graph.forward(drawn.parameters, drawn.x, {})})
    assert_within_bounds(expectation, {"y": graph.decoded(drawn.parameters, drawn.x, drawn.split, {})})


def test_values_are_those_of_the_trace():
    """Each within the rounding of at most 40 operations and sums of at most 16 terms, relative to its largest entry."""
    names = {"alpha": "alpha_fwd", "q_heads": "q", "k_heads": "k", "v_heads": "v"}
    for layer in (HEADS, NO_NORM):
        steps, values = reference.trace(layer.parameters, layer.x), right(layer).values
        for name in ("n", "a", "g", "u", "q_heads", "k_heads", "v_heads", "q_rotated", "k_rotated", "alpha", "o", "f", "q_fb", "k_fb", "alpha_fb", "B", "s", "y"):  # fmt: skip
            wanted = getattr(steps, names.get(name, name))
            assert np.max(np.abs(values[name] - wanted)) <= 40 * 16 * 2.0**-53 * np.max(np.abs(wanted)), name
        assert np.max(np.abs(values["gamma"][..., 0] - steps.gamma)) <= 40 * 16 * 2.0**-53


def test_imaginary_parts_are_the_derivative():
    """Against the hand-derived gradient; both sides are sums of as many rounded terms as there are numbers."""
    for layer in (HEADS, NO_NORM):
        direction = direction_for(layer)
        dx, gradients = reference.vjp(layer.parameters, layer.x, layer.dy)
        terms = [(g * direction[name]).ravel() for name, g in {"x": dx, **gradients}.items()]
        size, count = sum(float(np.abs(t).sum()) for t in terms), sum(t.size for t in terms)
        assert abs(slope(layer, direction, {}) - sum(float(t.sum()) for t in terms)) <= count * 2.0**-53 * size
        assert abs(slope(layer, {"x": direction["x"]}, {}) - float(terms[0].sum())) <= count * 2.0**-53 * size


def test_what_no_change_reaches_is_taken_over():
    base = right(HEADS)
    for name in base.values:
        if name not in base.right:
            continue
        changes = {name: lambda run, value: value if value is None else 1.5 * value}
        if name in ("rows", "columns", "visible", "visible_fb"):
            continue
        run = graph.advance(HEADS.parameters, HEADS.x, changes, base=base)
        assert np.array_equal(run.values["y"], graph.forward(HEADS.parameters, HEADS.x, changes)), name
        stage = base.stages[name]
        others = {"attention": "B", "routing": "f"}.get(stage)
        assert others is None or run.values[others] is base.values[others], name
        if stage == "output":
            assert run.values["f"] is base.values["f"]
            assert run.values["B"] is base.values["B"]
    assert graph.advance(HEADS.parameters, HEADS.x, {}, base=base).values["y"] is base.values["y"]


def test_a_run_keeps_the_right_value_beside_the_changed_one():
    run = graph.advance(HEADS.parameters, HEADS.x, {"u": lambda run, u: 0 * u + run.values["a"]})
    assert np.array_equal(run.values["u"], run.values["a"])
    assert np.array_equal(run.right["u"], right(HEADS).values["u"])


def test_a_cache_knows_the_prompt_and_the_tokens_so_far():
    split, T = 4, HEADS.x.shape[1]
    run = graph.advance(HEADS.parameters, HEADS.x[:, :split], {}, capacity=T)
    assert (run.start, run.prompt, run.capacity, run.decoding) == (0, 0, T, False)
    prompt = run
    for t in (split, split + 1):
        run = graph.advance(HEADS.parameters, HEADS.x[:, t : t + 1], {}, run.cache(), decoding=True)
        assert (run.start, run.prompt, run.decoding) == (t, split, True)
        assert np.array_equal(run.past["of prompt"]["u"], prompt.values["u"])
    assert np.array_equal(run.past["s"][:, :split], prompt.values["s"])
    assert run.past["previous"]["u"].shape[1] == 1


@given(st.integers(0, 6), st.floats(0, 3), st.integers(0, 2**32))
def test_a_further_logit_of_zero_is_a_further_column(seen: int, beside: float, seed: int):
    """Weights are at most 1: within the rounding of a sum of 7 exponentials."""
    logits = np.random.default_rng(seed).normal(size=(2, 6)) * 5
    visible = np.arange(6) < np.array([[seen], [6]])
    weights = graph.softmax(logits, visible, beside=beside)
    exponentials = np.where(visible, np.exp(logits), 0)
    total = exponentials.sum(axis=-1, keepdims=True) + beside
    assert np.allclose(
        weights, exponentials / np.where(visible.any(-1, keepdims=True), total, 1), rtol=16 * 2.0**-52, atol=0
    )
    assert np.all(weights[~visible] == 0)
    again = graph.softmax(logits, visible, eps=beside)
    largest = np.max(np.where(visible, exponentials, 0), axis=-1, keepdims=True)
    wanted = exponentials / np.where(largest > 0, exponentials.sum(axis=-1, keepdims=True) + beside * largest, 1)
    assert np.allclose(again, wanted, rtol=16 * 2.0**-52, atol=0)


def test_rotations_turn():
    """By an angle and back, within a rounding of each product; two angles add up."""
    generator = np.random.default_rng(0)
    z, theta, more = generator.normal(size=(2, 3, 5, 4)), generator.normal(size=(5, 2)), generator.normal(size=(5, 2))
    turned = graph.rotate(z, theta)
    assert np.allclose(
        turned[..., 0] + 1j * turned[..., 1],
        (z[..., 0] + 1j * z[..., 1]) * np.exp(1j * theta[:, 0]),
        rtol=0,
        atol=2.0**-50,
    )
    assert np.allclose(graph.rotate(turned, -theta), z, rtol=0, atol=2.0**-49)
    assert np.allclose(graph.rotate(turned, more), graph.rotate(z, theta + more), rtol=0, atol=2.0**-49)


def test_the_solve_is_for_any_matrix():
    """Not a triangular one alone: the residual is within n u of the terms."""
    generator = np.random.default_rng(0)
    B, f = 0.3 * generator.normal(size=(2, 5, 5)), generator.normal(size=(2, 5, 3))
    s = graph.solve(B, f)
    assert np.max(np.abs(s - B @ s - f)) <= 5 * 2.0**-50 * np.max(np.abs(s))
    assert graph.solve(np.zeros((2, 0, 0)), np.zeros((2, 0, 3))).shape == (2, 0, 3)


def test_angles_are_rounded_where_the_layer_rounds_them():
    config = replace(HEADS.parameters.config, rotary_dtype="float32")
    parameters = type(HEADS.parameters)(config, HEADS.parameters)
    frequencies = graph.advance(parameters, HEADS.x, {}).values["theta"][1]
    assert np.array_equal(frequencies, np.float32(frequencies))
    assert not np.array_equal(right(HEADS).values["theta"][1], frequencies)


def test_the_graph_is_the_reference():
    """Within rounding, of either, for whole sequences and step by step."""
    for case in battery():
        if case.x.shape[1] <= 65 and "logits" not in case.name:
            y = reference.forward(case.parameters, case.x)
            allowed = 2 * bound(lambda x, p=case.parameters: reference.forward(p, x), case.x, draws=2)
            assert np.all(np.abs(graph.forward(case.parameters, case.x, {}) - y) <= allowed), case.name
            if case.x.shape[1] <= 25:
                assert np.all(np.abs(graph.decoded(case.parameters, case.x, case.split, {}) - y) <= allowed), case.name


def test_what_a_run_takes_over_from_another_is_what_it_would_compute():
    (case,) = (case for case in battery() if case.name == "three_tokens")
    base = graph.advance(case.parameters, case.x, {})
    everything = [*structures.variations(), *sources.variations(), *weights.variations(), *modes.variations()]
    with np.errstate(all="ignore"):
        for variation in everything[::97]:
            try:
                alone = graph.forward(case.parameters, case.x, variation.changes)
            except np.linalg.LinAlgError:
                continue
            assert np.array_equal(
                graph.forward(case.parameters, case.x, variation.changes, base), alone, equal_nan=True
            )
