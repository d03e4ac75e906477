"""Every fault of the catalogue does what it says, and is told from every other one."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.faults import FAULTS, Fault, with_faults
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR, Expectation
from sessa_ref.oracle.bounds.rounding import RoundedArray, rounded
from sessa_ref.oracle.cases.case import Case, case, chain_case
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import DEFINITION, Formulas
from tests.rounding import bound, central_difference, roundings

PUBLISHED = SessaConfig.published
PLAIN = PUBLISHED(6, 2, use_forward_rope=False)
GROUPED = PUBLISHED(16, 4, 2, ln_eps=1e-3, gamma_max=0.8)
CASES = {
    "grouped": case("grouped", "small tokens, two groups, small gamma_max", GROUPED, T=21, split=8, x_scale=0.1),
    "high": case("high", "exp overflows", PLAIN, T=12, logit_shift=12000.0),
    "low": case("low", "logits below -10000", PLAIN, T=12, logit_shift=-12000.0),
    "chain": chain_case("chain", "over a hundred hops, three blocks", PUBLISHED(8, 1), T=150, split=147),
}
SEEN_IN = {
    "SoftmaxUnguarded": "high",
    "MaskTooSmall": "low",
    "SolveThirtyTwoHops": "chain",
    "SolveBlocksSeparate": "chain",
}
"""Where a fault is seen that the first case does not show."""

READS_LATER_TOKENS = {
    "AttentionNotCausal", "SoftmaxOverQueries", "FeedbackNotRenormalised", "MaskTooSmall", "SolveTransposed",
    "SolveLastBlockDropped",
}  # fmt: skip
"""Forward faults whose decoding cannot be their forward pass: there are no later tokens yet."""

PAIRS = {
    ("TanhGelu", "GainUnclamped"): "y",
    ("SwappedHalves", "GeluOnGate"): "y",
    ("NormBiasMissing", "OutputBiasMissing"): "y",
    ("RotaryHalfSplit", "RotaryOnValues"): "y",
    ("RotaryQueriesOnly", "RotaryOnFeedback"): "decoded",
    ("FeedbackSeesItself", "GainAbsolute"): "decoded",
    ("SolveOneHop", "FeedbackSeesItself"): "decoded",
    ("GainOfSource", "SolveTwoHops"): "y",
    ("RmsNorm", "DecodeStatesStale"): "decoded",
    ("SolveTwoHops", "DecodePositionStuck"): "decoded",
    ("DecodePositionShifted", "DecodeGainMissing"): "decoded",
    ("DecodePositionStuck", "DecodeForgetsPrompt"): "decoded",
    ("GradientGainDetached", "GradientGateDetached"): "gradients",
    ("GradientSolveOneHop", "GradientTanhGelu"): "gradients",
}
"""Pairs of faults, and what they change."""

FORWARD = [f for f in FAULTS.values() if f.area not in ("decode", "gradient")]
DECODE = [f for f in FAULTS.values() if f.area == "decode"]
GRADIENT = [f for f in FAULTS.values() if f.area == "gradient"]

TINY = case("tiny", "for many runs", PUBLISHED(8, 4, 2, ln_eps=1e-3, gamma_max=0.8), T=5)
TINY_Y = reference.forward(TINY.parameters, TINY.x)

CONFIGS = [
    (PUBLISHED(8, 4, 2), 0),
    (PUBLISHED(8, 4, 2), 1),
    (PUBLISHED(1, use_forward_rope=False), 2),
    (SessaConfig.paper(4), 2),
    (SessaConfig(width=6, query_width=4, feedback_width=3, heads=2), 2),
]
"""Unusual configs and numbers of tokens."""

Arrays = dict[str, np.ndarray]


def computed(example: Case, what: str, formulas: Formulas = DEFINITION) -> Arrays:
    if what == "y":
        return {"y": reference.forward(example.parameters, example.x, formulas=formulas)}
    if what == "decoded":
        return {"decoded": reference.decode(example.parameters, example.x, example.split, formulas=formulas)}
    dx, by_parameter = reference.vjp(example.parameters, example.x, example.dy, formulas=formulas)
    return {"dx": dx} | {f"grad.{name}": gradient for name, gradient in by_parameter.items()}


@cache
def right(name: str, what: str) -> Arrays:
    return computed(CASES[name], what)


@cache
def wrong(fault: Fault, name: str, what: str) -> Arrays:
    return computed(CASES[name], what, with_faults(fault))


@cache
def expected(name: str) -> Expectation:
    return Expectation(CASES[name], "float64")


def off(name: str, values: Arrays) -> float:
    """The largest error/bound."""
    return max(
        float(np.max(expected(name).error_ratios("y" if quantity == "decoded" else quantity, value)))
        for quantity, value in values.items()
    )


def equal(first: Arrays, second: Arrays) -> bool:
    return all(np.array_equal(first[quantity], second[quantity]) for quantity in first)


def by_name(fault: Fault) -> str:
    return fault.name


def alike(first: Arrays, second: Arrays) -> bool:
    """To nine digits: far beyond rounding, so that faults which are told apart differ by more than that."""
    return all(np.allclose(first[q], second[q], rtol=1e-9, atol=1e-12, equal_nan=True) for q in first)


def test_names_and_texts_are_complete_and_unique():
    assert len(FAULTS) == len(FORWARD) + len(DECODE) + len(GRADIENT) == 105
    for name, fault in FAULTS.items():
        assert name == fault.name
        assert name.isidentifier()
        assert all(text.endswith(".") and "\n" not in text for text in (fault.description, fault.cause, fault.fix))
        first, second = fault.formula.split("\n")
        assert first.startswith("right: ")
        assert second.startswith("wrong: ")
        assert first[7:] != second[7:]
    for field in ("description", "formulas"):
        assert len({getattr(fault, field) for fault in FAULTS.values()}) == len(FAULTS)


@pytest.mark.parametrize("fault", FORWARD, ids=by_name)
def test_forward_faults_change_the_output_far_beyond_its_bound(fault):
    name = SEEN_IN.get(fault.name, "grouped")
    assert off(name, wrong(fault, name, "y")) > 1e4


@pytest.mark.parametrize("fault", FORWARD, ids=by_name)
def test_decoding_has_the_forward_faults_too(fault):
    """A layer with the fault everywhere decodes what its forward pass gives, unless that reads later tokens."""
    name = SEEN_IN.get(fault.name, "grouped")
    y, tokens = wrong(fault, name, "y")["y"], wrong(fault, name, "decoded")["decoded"]
    if fault.name in READS_LATER_TOKENS:
        assert off(name, {"decoded": tokens}) > 1e4
    else:
        case = CASES[name]
        allowed = bound(lambda x: reference.forward(case.parameters, x, formulas=with_faults(fault)), case.x, draws=2)
        assert np.allclose(
            tokens, y, rtol=0, atol=np.max(allowed, initial=0, where=np.isfinite(allowed)), equal_nan=True
        )


@pytest.mark.parametrize("fault", DECODE, ids=by_name)
def test_decode_faults_change_what_is_decoded_and_nothing_else(fault):
    tokens = wrong(fault, "grouped", "decoded")
    assert off("grouped", tokens) > 1e4
    prompt = CASES["grouped"].split
    assert np.array_equal(tokens["decoded"][:, :prompt], right("grouped", "decoded")["decoded"][:, :prompt])
    for what in ("y", "gradients"):
        assert equal(wrong(fault, "grouped", what), right("grouped", what))


@pytest.mark.parametrize("fault", GRADIENT, ids=by_name)
def test_gradient_faults_change_a_gradient_and_nothing_else(fault):
    assert off("grouped", wrong(fault, "grouped", "gradients")) > 1e4
    for what in ("y", "decoded"):
        assert equal(wrong(fault, "grouped", what), right("grouped", what))


@pytest.mark.parametrize(
    ("group", "what"), [(FORWARD, "y"), (DECODE, "decoded"), (GRADIENT, "gradients")], ids=["y", "decoded", "gradients"]
)
def test_no_two_faults_are_alike(group, what):
    """Not even those that one case shows alike, once all cases are there."""
    pairs = list(combinations(group, 2))
    for name in CASES:
        pairs = [(a, b) for a, b in pairs if alike(wrong(a, name, what), wrong(b, name, what))]
    assert not [(a.name, b.name) for a, b in pairs]


@pytest.mark.parametrize(("names", "what"), PAIRS.items(), ids=map("_".join, PAIRS))
def test_two_faults_together_are_neither_alone(names, what):
    first, second = (FAULTS[name] for name in names)
    together = computed(CASES["grouped"], what, with_faults(first, second))
    assert not alike(together, wrong(first, "grouped", what))
    assert not alike(together, wrong(second, "grouped", what))


def test_no_faults_are_the_definition():
    assert with_faults() is DEFINITION


def test_of_two_faults_in_one_formula_the_later_one_changes_what_the_earlier_one_gives():
    unclamped, fixed = FAULTS["GainUnclamped"], FAULTS["GainClampFixed"]
    for formulas, most in ((with_faults(unclamped, fixed), 1.0), (with_faults(fixed, unclamped), 0.999)):
        gamma = formulas.gain(np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(()), 0.5)
        assert gamma == most * np.tanh(2.0)


def test_faults_in_threads_do_not_see_each_other():
    """Each thread computes with its own faults, many times while the others do."""

    def outputs(fault: Fault | None) -> list[np.ndarray]:
        formulas = with_faults(*([] if fault is None else [fault]))
        return [reference.decode(TINY.parameters, TINY.x, TINY.split, formulas=formulas) for _ in range(5)]

    faults = [
        None,
        *(FAULTS[n] for n in ("RotaryReversed", "GainFromNormalized", "SolveOneHop", "DecodePositionStuck")),
    ]
    alone = [outputs(fault)[0] for fault in faults]
    with ThreadPoolExecutor(len(faults)) as threads:
        for right_one, found in zip(alone, threads.map(outputs, faults), strict=True):
            assert all(np.array_equal(y, right_one) for y in found)
    assert len({y.tobytes() for y in alone}) == len(faults)


@pytest.mark.parametrize("part", ["prefill", "decoding"])
def test_a_fault_in_a_part_alone(part):
    """Of the prefill and the steps only one is wrong, and the name and the sentence say which."""
    fault = FAULTS["SolveOneHop"].only_in(part)
    assert (fault.only, fault.area, fault.formulas) == (part, "decode", FAULTS["SolveOneHop"].formulas)
    assert fault.name == {"prefill": "PrefillSolveOneHop", "decoding": "DecodeSolveOneHop"}[part]
    assert fault.description.startswith({"prefill": "In the prefill f", "decoding": "In decoding steps f"}[part])


@pytest.mark.parametrize("fault", FAULTS.values(), ids=by_name)
def test_the_definition_is_as_before(fault):
    reference.forward(TINY.parameters, TINY.x, formulas=with_faults(fault))
    assert np.array_equal(reference.forward(TINY.parameters, TINY.x), TINY_Y)


@pytest.mark.parametrize("fault", FORWARD, ids=by_name)
def test_complex_steps_differentiate_the_faulty_map(fault):
    """Against central differences; outputs are within the rounding of 40 operations and sums of 16 terms."""
    generator = np.random.default_rng(0)
    direction = {name: generator.normal(size=a.shape) for name, a in TINY.parameters.items()}
    dx = generator.normal(size=TINY.x.shape)

    def output(step: complex) -> np.ndarray:
        arrays = {name: np.asarray(a + step * direction[name]) for name, a in TINY.parameters.items()}
        moved = SessaParameters.unchecked(TINY.parameters.config, arrays)
        return reference.forward(moved, TINY.x + step * dx, formulas=with_faults(fault))

    slope = np.imag(output(1e-30j)) / 1e-30
    rounding = roundings(40 * 16) * np.max(np.abs(output(0)))
    difference, allowed = central_difference(output, 2.0**-17, rounding)
    assert allowed < 1e-7 * np.max(np.abs(slope)), "so that the comparison has teeth"
    assert np.max(np.abs(slope - difference)) <= allowed


@pytest.mark.parametrize("fault", FORWARD, ids=by_name)
def test_other_arithmetic(fault):
    """Extended precision gives the same but for rounding, and Monte Carlo arithmetic passes."""
    drawing = rounded(TINY.x, 2.0**-40, np.random.default_rng(0))
    y, extended, drawn = (
        reference.forward(TINY.parameters, x, formulas=with_faults(fault))
        for x in (TINY.x, TINY.x.astype(np.longdouble), drawing)
    )
    assert extended.dtype == np.longdouble
    assert isinstance(drawn, RoundedArray)
    lost = np.max(np.abs(np.asarray(drawn) - y))  # at a unit roundoff of 2^-40, so float64 loses 2^-13 of it
    assert 0 < lost < 2.0**-24
    assert np.max(np.abs(extended.astype(np.float64) - y)) <= SAFETY_FACTOR * 2.0**-13 * lost


@pytest.mark.parametrize("fault", FAULTS.values(), ids=by_name)
def test_every_shape_and_config_computes(fault):
    """No token, one token, no batch axis; a paper block; widths that a fault cannot use."""
    for config, T in CONFIGS:
        parameters = SessaParameters.random(config)
        x = np.random.default_rng(T).normal(size=(T, config.width))
        formulas = with_faults(fault)
        steps = reference.trace(parameters, x, formulas=formulas)
        dx, by_parameter = reference.backward(parameters, steps, x, formulas)
        decoded = reference.decode(parameters, x, T // 2, formulas=formulas)
        assert decoded.shape == steps.y.shape == dx.shape == x.shape
        assert all(by_parameter[name].shape == a.shape for name, a in parameters.items())


def test_a_fault_that_a_config_cannot_have_gives_the_right_result():
    odd = SessaConfig(width=6, query_width=4, feedback_width=3, heads=2)
    for name, config in (
        ("RotaryOnFeedback", odd),
        ("RotaryOnValues", odd),
        ("UnbiasedVariance", PUBLISHED(1, use_forward_rope=False)),
        ("GroupsInterleaved", PUBLISHED(8, 2)),
        ("RotaryReversed", PLAIN),
        ("OutProjMissing", PUBLISHED(8, 1)),
        ("NormBiasMissing", SessaConfig.paper(4)),
    ):
        parameters = SessaParameters.random(config)
        x = np.random.default_rng(1).normal(size=(5, config.width))
        y = reference.forward(parameters, x)
        assert np.array_equal(reference.forward(parameters, x, formulas=with_faults(FAULTS[name])), y), name


def test_a_cache_from_before_the_fault_is_read_as_it_is():
    _, kept = reference.prefill(TINY.parameters, TINY.x[:, :3])
    for fault in FAULTS.values():
        y, after = reference.decode_step(TINY.parameters, TINY.x[:, 3], kept, formulas=with_faults(fault))
        assert y.shape == TINY.x[:, 3].shape
        assert after.length == 4
