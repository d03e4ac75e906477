"""How an implementation behaves where no fault of the layer explains it: what its failures have in common.

Experiments run the implementation again on the cases that failed. What they find has a name, and one sentence of fact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sessa_ref import reference
from sessa_ref.faults.fault import Area
from sessa_ref.oracle.bounds.expectation import GROWTH, Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.first_wrong_value import wrong_stage
from sessa_ref.oracle.explain.gradient_paths import values_behind
from sessa_ref.oracle.explain.inversion import values_inside
from sessa_ref.oracle.explain.patterns import first_token_pattern, layer_pattern, length_pattern
from sessa_ref.oracle.implementation.protocol import Implementation, ImplementationError, TargetError, UnsupportedError
from sessa_ref.oracle.report.results import Diagnosis, Status
from sessa_ref.precision import PRECISIONS


@dataclass(frozen=True, eq=False)
class Behaviour:
    """A way to be wrong that is not one of the layer's formulas."""

    name: str
    departure: str
    cause: str
    fix: str
    area: Area = "behaviour"
    formula: str = ""


BEHAVIOURS: dict[str, Behaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        Behaviour("OverwritesInput", "It changes its input in place.", "An in-place operation on x or on a view of it.", "Work on a new tensor."),
        Behaviour("KeepsState", "What it computed before makes a difference.", "A buffer, a table or a cache on the module that is not renewed.", "Compute from the arguments alone."),
        Behaviour("IgnoresInput", "Its output is the same for every input and every token.", "The output is a constant, zero for example, or computed from parameters alone.", "Compute the output from x."),
        Behaviour("ReusesOutputMemory", "A later call changes an output that was handed out before.", "Outputs are views of a buffer of the module.", "Return new memory."),
        Behaviour("SharesDecodingState", "Two sequences that are decoded in turn disturb each other.", "The cache lives on the module instead of being handed over.", "Keep everything of a sequence in its own cache."),
        Behaviour("MixesBatchRows", "An output depends on other rows of the batch.", "A reduction, a reshape or an index over the batch axis.", "Treat every row by itself."),
        Behaviour("WrongForStridedInputs", "It is right for contiguous inputs only.", "view, data pointers or as_strided on memory that is taken for contiguous.", "Respect strides, or call contiguous()."),
        Behaviour("WrongForStridedCotangents", "Its gradients are right for contiguous cotangents only.", "A backward pass that takes memory for contiguous.", "Respect strides, or call contiguous()."),
        Behaviour("WrongInTraining", "It computes something else in training mode.", "Dropout, noise or a shortcut in training mode.", "Compute the same in both modes."),
        Behaviour("PartialGradientsWrong", "Its gradients are wrong where only some of them are wanted.", "The backward pass relies on an input that needs no gradient.", "Handle every combination of wanted gradients."),
        Behaviour("Random", "Two equal calls give different results.", "Dropout, noise, uninitialised memory, or a race.", "Compute deterministically, and switch randomness off."),
        Behaviour("WrongDtype", "The result has another dtype than the input.", "A constant or a cast that changes the dtype.", "Return the input's dtype."),
        Behaviour("WrongShape", "The result has another shape than it should.", "A squeeze, a slice or a broadcast.", "Return the input's shape."),
        Behaviour("NotFinite", "It gives NaN or infinity where the result is finite.", "An overflow, a division by zero, or uninitialised memory.", "Subtract maxima before exp, and guard denominators."),
        Behaviour("ReadsLaterTokens", "Outputs depend on later tokens.", "A mask, a shift, a reduction over tokens, or a transposed solve.", "Let token t read tokens up to t."),
        Behaviour("WrongForSomeLengths", "It is wrong for some numbers of tokens.", "A block size, a buffer or a special case.", "Treat every length alike."),
        Behaviour("WrongFromSomeToken", "It is right up to some token and wrong from there on.", "A buffer, a block or a window of limited size.", "Treat every token alike."),
        Behaviour("WrongForSomeLayers", "It is wrong for some configs or inputs.", "A special case, or a size that is mistaken for an equal one.", "Treat every config alike."),
        Behaviour("OtherGain", "The gain is another, everything else being right.", "Another function than gamma_max tanh, or another argument.", "Use gamma_t = gamma_max tanh(<w, u_t> + b)."),
        Behaviour("OtherFeedbackWeights", "The outputs of the first tokens follow from other gains or feedback weights, everything else being right.", "Another mask, score or softmax in the feedback attention.", "Use B_tj = gamma_t alpha_tj over j < t."),
        Behaviour("OtherForwardWeights", "The outputs of the first tokens follow from other weights of the forward attention, everything else being right.", "Another mask, score, rotation or softmax in the forward attention.", "Use alpha_tj = softmax over j <= t of <q_t, k_j>/sqrt(d)."),
        Behaviour("WrongStage", "A stage of the layer gives another result than it should.", "A formula of this stage.", "Compare this stage with the definition."),
        Behaviour("WrongInOnePrecision", "It is right in one precision and not in another.", "A cast, or a constant of one dtype.", "Compute in the dtype that is asked for."),
        Behaviour("WrongGradients", "Some gradients are wrong.", "A hand-written backward pass, a detach or a hook.", "Differentiate the definition."),
        Behaviour("BackwardLosesPrecision", "Its backward pass rounds to a lower precision.", "A cast of a gradient, or a backward pass under autocast.", "Compute gradients in the dtype of the outputs."),
        Behaviour("LosesPrecision", "Part of it computes in a lower precision.", "A cast, an autocast region, or a buffer of another dtype.", "Compute everything in the dtype that is asked for."),
        Behaviour("ComputesFloat32", "It computes in float32.", "A cast to float32, or constants of that dtype.", "Compute in the dtype that is asked for."),
        Behaviour("ComputesFloat16", "It computes in float16.", "A cast or an autocast region.", "Compute in the dtype that is asked for."),
        Behaviour("ComputesBfloat16", "It computes in bfloat16.", "A cast or an autocast region.", "Compute in the dtype that is asked for."),
    )
}  # fmt: skip
"""Every behaviour by its name."""

_FAILURES = (ImplementationError, UnsupportedError, TargetError)


def behaviours(
    observations: Sequence[Observation], implementation: Implementation | None, definite: bool = False
) -> list[Diagnosis]:
    """What the failures have in common; the first that is found, or none.

    Args:
        observations: of a whole run.
        implementation: for experiments; None for none.
        definite: only what no fault of the layer can look like.
    """
    failed = [o for o in observations if o.result.status is Status.FAILED and o.result.required]
    number = len(failed) or sum(o.result.status is Status.ERRORED and o.result.required for o in observations)

    def told(name: str, fact: str) -> Diagnosis:
        text = BEHAVIOURS[name].departure.rstrip(".")
        return Diagnosis(name, f"{text}{': ' if fact else ''}{fact}.", number, number)

    finders: list[Callable[[], Iterator[tuple[str, str]]]] = [
        lambda: _of_messages(failed),
        lambda: _random(failed, implementation),
    ]
    if not definite:
        finders += [
            lambda: _of_uses(observations, implementation),
            lambda: _of_failing_uses(observations),
            lambda: _of_gradients(observations, implementation),
            lambda: _not_finite(failed),
            lambda: _later_tokens(failed),
            lambda: _batch(failed, implementation),
            lambda: length_pattern(observations, implementation),
            lambda: layer_pattern(observations),
            lambda: first_token_pattern(observations),
            lambda: _precision(observations),
            lambda: values_inside(observations),
            lambda: wrong_stage(implementation, observations),
        ]
    for finder in finders:
        for name, fact in finder():
            return [told(name, fact)]
    return []


def _of_messages(failed: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    for words, name in (("has dtype", "WrongDtype"), ("has shape", "WrongShape")):
        told = [o for o in failed if words in o.result.message]
        if told and 2 * len(told) >= len(failed):
            yield name, f"on {told[0].result.case}, {told[0].result.message}"


def _random(failed: Sequence[Observation], implementation: Implementation | None) -> Iterator[tuple[str, str]]:
    probe = _smallest(failed, "forward")
    if implementation is None or probe is None or probe.expectation is None:
        return
    case, dtype = probe.expectation.case, probe.result.dtype
    first, second = (_forward(implementation, case, dtype) for _ in range(2))
    if first is None or second is None or first.shape != second.shape or first.shape != case.x.shape:
        return
    if _differ(probe.expectation, first, second):
        yield "Random", f"on {case.name}, they differ by up to {np.nanmax(np.abs(first - second)):.2g}"
        return
    other = _forward(implementation, replace(case, x=-2 * np.roll(case.x, 1, axis=-1)), dtype)
    if other is None or other.shape != first.shape or not np.isfinite(first).all():
        return
    if not _differ(probe.expectation, first, other):
        # What is kept of an earlier call differs between tokens, as every output of a layer does.
        ignores = not _differ(probe.expectation, first, np.broadcast_to(first[:1, :1], first.shape))
        name = "IgnoresInput" if ignores else "KeepsState"
        yield name, f"on {case.name}, another input of the same shape gives the same output"


def _not_finite(failed: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    wrong = [o for o in failed if o.result.check == "forward" and o.finding is not None]
    if not wrong:
        return
    infinite = [o for o in wrong if o.finding and not np.all(np.isfinite(o.finding.values.get("y", np.zeros(1))))]
    if len(infinite) == len(wrong):
        names = ", ".join(sorted({o.result.case for o in infinite})[:4])
        yield "NotFinite", f"on {names}"


def _later_tokens(failed: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    seeing = [o for o in failed if o.result.check == "causality"]
    if seeing:
        yield "ReadsLaterTokens", f"on {seeing[0].result.case} outputs before a change of later tokens change with them"


def _batch(failed: Sequence[Observation], implementation: Implementation | None) -> Iterator[tuple[str, str]]:
    probe = _smallest(failed, "forward")
    if implementation is None or probe is None or probe.expectation is None or len(probe.expectation.case.x) < 2:
        return
    case, dtype = probe.expectation.case, probe.result.dtype
    whole = _forward(implementation, case, dtype)
    alone = _forward(implementation, replace(case, x=case.x[:1], dy=case.dy[:1]), dtype)
    if whole is None or alone is None or whole.shape != case.x.shape or alone.shape != case.x[:1].shape:
        return
    padded = whole.copy()
    padded[:1] = alone
    if _differ(probe.expectation, whole, padded):
        yield "MixesBatchRows", f"on {case.name} the first row alone gives another output than among others"


_USES: tuple[tuple[str, str], ...] = (
    ("x after the call", "OverwritesInput"),
    ("y after another input", "KeepsState"),
    ("y of the first half after the whole", "KeepsState"),
    ("y after a shorter input", "KeepsState"),
    ("y after decoding", "KeepsState"),
    ("y after a gradient", "KeepsState"),
    ("y of a strided input", "WrongForStridedInputs"),
    ("y of a slice", "WrongForStridedInputs"),
    ("y of the first row alone", "MixesBatchRows"),
    ("y of two sequences in turn", "SharesDecodingState"),
    ("y again", "ReusesOutputMemory"),
    (" again", "KeepsState"),
    ("of a strided cotangent", "WrongForStridedCotangents"),
    ("of a cotangent stored once", "WrongForStridedCotangents"),
    ("with only", "PartialGradientsWrong"),
    ("in training mode", "WrongInTraining"),
)
"""What labels of the check `calls` say, the plainest first."""


def _of_uses(observations: Sequence[Observation], implementation: Implementation | None) -> Iterator[tuple[str, str]]:
    """Uses that make a difference although the plain calls are right."""
    by_case = {(o.result.case, o.result.dtype): o for o in observations if o.result.check == "forward"}
    for use in observations:
        if use.result.check != "calls" or use.finding is None or use.expectation is None:
            continue
        plain = by_case.get((use.result.case, use.result.dtype))
        if plain is None or plain.result.status is not Status.PASSED:
            continue
        if "modifies its input" in use.result.message:
            yield "OverwritesInput", f"on {use.result.case}"
            continue
        if implementation is None:
            continue
        try:
            values = implementation.run("calls", use.expectation.case, use.result.dtype)
        except _FAILURES:
            continue
        plainly_wrong = {
            o.result.check for o in observations if o.finding is not None and o.result.case == use.result.case
        }
        wrong = [
            label
            for label, value in values.items()
            if not _right_use(use.expectation, label, value) and _plain_check(label) not in plainly_wrong
        ]
        for words, name in _USES:
            labels = [label for label in wrong if words in label]
            if labels:
                stale = _stale(use.expectation, values[labels[0]]) if labels[0].startswith("y ") else ""
                yield name, f"on {use.result.case}, {labels[0]} is wrong{stale}"
                break


def _of_failing_uses(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """Uses in which the implementation raises something although the plain calls are right."""
    wrong = {(o.result.case, o.result.check) for o in observations if o.result.status is not Status.PASSED}
    for use in observations:
        label, _, error = use.result.message.partition(": ")
        if use.result.check == "calls" and use.result.status is Status.ERRORED:
            for words, name in _USES:
                if words in label and (use.result.case, _plain_check(label)) not in wrong:
                    yield name, f"on {use.result.case}, there is no {label}, but {error}"
                    break


def _stale(expectation: Expectation, value: np.ndarray) -> str:
    """What a wrong output of the check `calls` is, if it is the one for earlier parameters or an earlier input."""
    case, true = expectation.case, expectation.true["y"]
    if value.shape != true.shape:
        return ""
    halved = case.parameters.replace({name: array / 2 for name, array in case.parameters.items()})
    for words, parameters, x in (
        ("the output of the parameters that were loaded before", halved, case.x),
        ("the output for the input before", case.parameters, -2 * np.roll(case.x, 1, axis=-1)),
    ):
        other = reference.forward(parameters, x)
        if np.allclose(value, other, rtol=1e-3, atol=1e-3 * float(np.std(true - other))):
            return f": it is {words}"
    tokens = np.flatnonzero((expectation.error_ratios("y", value) > 1).any(axis=(0, 2)))
    if len(tokens) == true.shape[1] or not len(tokens):
        return ""
    if len(tokens) == true.shape[1] - tokens[0]:
        return f" from token {tokens[0]} on"
    return f", at {len(tokens)} of {true.shape[1]} tokens"


def _plain_check(label: str) -> str:
    """The check that does the same without anything unusual."""
    if "in turn" in label:
        return "decode"
    return "gradients" if label.startswith(("dx", "grad.", "a gradient")) else "forward"


def _right_use(expectation: Expectation, label: str, value: np.ndarray) -> bool:
    if label == "x after the call":
        return bool(np.array_equal(value.astype(np.float64), expectation.case.x))
    quantity = label.split(" ")[0]
    true = expectation.true.get(quantity)
    if true is None:
        return True
    parts = {
        "y of the first row alone": np.s_[:1],
        "y of the first half after the whole": np.s_[:, : expectation.case.x.shape[1] // 2],
    }
    if label in parts:
        whole = true.astype(np.float64)
        if value.shape != whole[parts[label]].shape:
            return False
        whole[parts[label]] = value
        value = whole
    if value.shape != true.shape:
        return False
    return bool(np.max(expectation.error_ratios(quantity, value), initial=0.0) <= 1)


def _of_gradients(
    observations: Sequence[Observation], implementation: Implementation | None
) -> Iterator[tuple[str, str]]:
    """Which gradients are wrong, and how, where the output is right."""
    if any(o.finding is not None for o in observations if o.result.check == "forward"):
        return
    wrong = [o for o in observations if o.result.check == "gradients" and o.finding is not None]
    behind = _behind(wrong)
    if 0 < _relative_error(wrong) < 0.05 and gradients_round_at_random(implementation, wrong):
        size = _relative_error(wrong)
        units = {lower: PRECISIONS[lower].unit for lower in ("float32", "float16", "bfloat16")}
        lower = next((lower for lower, unit in units.items() if size <= 2 * unit), "bfloat16")
        coarser = "" if lower == "bfloat16" else " or to a lower precision"
        yield (
            "BackwardLosesPrecision",
            f"the errors change at random where everything moves a little, and are {size:.1g} of the gradients, as "
            f"rounding to {lower}{coarser} may make them{behind}",
        )
        return
    described = [d for d in (_gradient_fact(o) for o in wrong if o.expectation is not None and o.finding) if d]
    if described:
        common = max(set(described), key=described.count)
        yield "WrongGradients", common + behind


def _relative_error(wrong: Sequence[Observation]) -> float:
    """The median over wrong gradients of their error, relative to the gradient; in root mean square."""
    sizes = []
    for o in wrong:
        for name, true in o.expectation.true.items() if o.expectation is not None and o.finding is not None else ():
            value = o.finding.values.get(name) if o.finding is not None else None
            if name != "y" and value is not None and value.shape == true.shape and o.expectation is not None:
                length = float(np.linalg.norm(true.astype(np.float64)))
                if length and np.max(o.expectation.error_ratios(name, value), initial=0.0) > 1:
                    sizes.append(float(np.linalg.norm(value.astype(np.float64) - true)) / length)
    return float(np.median(sizes)) if sizes else 0.0


def _behind(wrong: Sequence[Observation]) -> str:
    """The values that just the wrong gradients flow back through, on the smallest failing case."""
    probe = _smallest(wrong, "gradients")
    if probe is None or probe.expectation is None or probe.finding is None:
        return ""
    names = {
        name
        for name, true in probe.expectation.true.items()
        if name != "y"
        and (value := probe.finding.values.get(name)) is not None
        and (value.shape != true.shape or np.max(probe.expectation.error_ratios(name, value), initial=0.0) > 1)
    }
    try:
        values = values_behind(probe.expectation, names)
    except (ArithmeticError, ValueError, IndexError, TypeError, KeyError, np.linalg.LinAlgError):
        return ""
    if not values or len(names) == len(probe.expectation.true) - 1:
        return ""
    return f"; on {probe.result.case}, the wrong ones are just those that flow back through {' or '.join(values)}"


def _gradient_fact(observation: Observation) -> str:
    expectation, finding = observation.expectation, observation.finding
    if expectation is None or finding is None:
        return ""
    facts: dict[str, str] = {}
    for name, true in expectation.true.items():
        value = finding.values.get(name)
        if name == "y" or value is None:
            continue
        if value.shape != true.shape:
            facts[name] = "has another shape"
        elif np.max(expectation.error_ratios(name, value), initial=0.0) > 1:
            facts[name] = _compared(np.asarray(value, np.float64), np.asarray(true, np.float64))
    if not facts:
        return ""
    whole = len(facts) == len(expectation.true) - 1
    hows = set(facts.values())
    if len(hows) == 1 and hows != {"is another"}:
        how = next(iter(hows))
        return f"every gradient {how}" if whole else f"the gradient of {_listed(facts)} {how}"
    if whole:
        return ""
    return f"only those of {_listed(facts)} are"


def _compared(value: np.ndarray, true: np.ndarray) -> str:
    if not np.all(np.isfinite(value)):
        return "is not finite"
    if not np.any(value):
        return "is zero"
    factor = float(np.sum(value * true) / np.sum(true * true))
    if np.allclose(value, factor * true, rtol=1e-6, atol=1e-9 * float(np.max(np.abs(true)))):
        return f"is {factor:.4g} times the right one"
    if value.ndim == 2 and value.shape[0] == value.shape[1] and np.allclose(value, true.T, rtol=1e-6, atol=1e-9):
        return "is transposed"
    limit = float(np.max(np.abs(value)))
    if np.allclose(value, np.clip(true, -limit, limit), rtol=1e-6, atol=1e-9):
        return f"is cut off at +-{limit:.4g}"
    return "is another"


def _listed(names: dict[str, str]) -> str:
    plain = ["x" if name == "dx" else name.removeprefix("grad.") for name in names]
    return ", ".join(plain[:4]) + (f" and {len(plain) - 4} more" if len(plain) > 4 else "")


def _precision(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    forward = [o for o in observations if o.result.check == "forward"]
    wrong = {o.result.dtype for o in forward if o.finding is not None}
    right = {o.result.dtype for o in forward} - wrong
    if wrong and right:
        yield (
            "WrongInOnePrecision",
            f"it is wrong in {', '.join(sorted(wrong))} and right in {', '.join(sorted(right))}",
        )


def rounds_at_random(implementation: Implementation | None, failed: Sequence[Observation]) -> bool:
    """Whether the errors change at random where everything moves by a few roundings of a lower precision.

    A mistake in a formula makes nearly the same errors for nearly the same numbers. Rounding does not.
    """
    probe = _smallest(failed, "forward")
    if implementation is None or probe is None or probe.expectation is None:
        return False
    case, dtype = probe.expectation.case, probe.result.dtype
    expected = probe.expectation
    size = max(
        float(np.max(expected.error_ratios("y", v)))
        if (v := probe.finding and probe.finding.values.get("y")) is not None and v.shape == case.x.shape
        else 0.0,
        1.0,
    )
    unit = min(64 * PRECISIONS[dtype].unit * size, 2.0**-6)  # one part may round much more coarsely than all errs
    errors = []
    for number in range(2):
        moved = _jittered(case, unit, number).rounded(dtype)
        y = _forward(implementation, moved, dtype)
        if y is None or y.shape != moved.x.shape:
            return False
        errors.append(y.astype(np.float64) - Expectation(moved, dtype, expected.spread).true["y"].astype(np.float64))
    first, second = (error.ravel() for error in errors)
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    if not np.isfinite(length) or length == 0:
        return False
    return abs(float(first @ second)) / length < 0.9


def gradients_round_at_random(implementation: Implementation | None, failed: Sequence[Observation]) -> bool:
    """The same, for gradients; errors count in bounds."""
    probe = _smallest(failed, "gradients")
    if implementation is None or probe is None or probe.expectation is None or probe.finding is None:
        return False
    case, dtype, expected = probe.expectation.case, probe.result.dtype, probe.expectation
    names = [n for n in expected.true if n != "y"]
    unit = min(64 * PRECISIONS[dtype].unit * max(probe.finding.ratio, 1.0), 2.0**-6)
    errors = []
    for number in range(2):
        moved = _jittered(case, unit, number).rounded(dtype)
        try:
            values = implementation.run("vjp", moved, dtype)
        except _FAILURES:
            return False
        true = Expectation(moved, dtype, expected.spread).true
        if any(n not in values or values[n].shape != true[n].shape for n in names):
            return False
        parts = [(values[n].astype(np.float64) - true[n].astype(np.float64)) / expected.bounds(n) for n in names]
        errors.append(np.concatenate([part.ravel() for part in parts]))
    first, second = errors
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return bool(np.isfinite(length) and length > 0 and abs(float(first @ second)) / length < 0.9)


def _jittered(case: Case, unit: float, seed: int) -> Case:
    generator = np.random.default_rng(seed)

    def moved(array: np.ndarray) -> np.ndarray:
        return np.asarray(array * (1 + unit * generator.uniform(-1, 1, size=array.shape)))

    parameters = case.parameters.replace({name: moved(array) for name, array in case.parameters.items()})
    return replace(case, x=moved(case.x), parameters=parameters)


def lower_precision(failed: Sequence[Observation], rounding: bool, unsure: bool) -> Diagnosis | None:
    """Whether the errors are as large as a lower precision makes them.

    Args:
        failed: what failed, in one precision for each check.
        rounding: whether the errors are known to be rounding.
        unsure: whether that could not be tried; the diagnosis then says "may".
    """
    if not rounding and not unsure:
        return None
    number = len(failed)
    for lower in ("float32", "float16", "bfloat16"):
        ratios = _in_units_of(failed, lower)
        if ratios and max(ratios) <= 1 and np.median(ratios) >= 0.1 / GROWTH:
            name = f"Computes{lower.capitalize()}"
            verb = "may explain" if unsure else "explains"
            text = f"{verb} all {number} failing checks: the errors are as large as computing in {lower} makes them"
            return Diagnosis(name, text, number, number)
    if not rounding:
        return None
    for lower in ("float32", "float16", "bfloat16"):
        ratios = _in_units_of(failed, lower)
        if ratios and np.median(ratios) <= 1:
            text = (
                f"the errors are those of rounding, not of a formula: part of it computes in a lower precision, "
                f"as low as {lower} perhaps"
            )
            return Diagnosis("LosesPrecision", text, number, number)
    return None


def _in_units_of(failed: Sequence[Observation], lower: str) -> list[float]:
    """The largest errors of each failure, in bounds of a lower precision; none where that is not lower."""
    ratios = []
    for o in failed:
        if o.expectation is None or o.finding is None or PRECISIONS[o.result.dtype].unit >= PRECISIONS[lower].unit:
            return []
        ratios.append(
            max((_scaled_error(o.expectation, n, v, lower) for n, v in o.finding.values.items()), default=np.inf)
        )
    return ratios


def _scaled_error(expectation: Expectation, quantity: str, value: np.ndarray, lower: str) -> float:
    if quantity not in expectation.true or value.shape != expectation.true[quantity].shape:
        return np.inf
    scale = PRECISIONS[lower].unit / PRECISIONS[expectation.dtype].unit
    return float(np.max(expectation.error_ratios(quantity, value), initial=0.0)) / scale


def _smallest(failed: Sequence[Observation], check: str) -> Observation | None:
    usable = [o for o in failed if o.result.check == check and o.expectation is not None and o.finding is not None]
    several = [o for o in usable if o.expectation is not None and o.expectation.case.x.shape[1] > 4]
    return min(several or usable, key=lambda o: o.expectation.case.x.size if o.expectation else 0, default=None)


def _forward(implementation: Implementation, case: Case, dtype: str) -> np.ndarray | None:
    try:
        return implementation.run("forward", case, dtype).get("y")
    except _FAILURES:
        return None


def _differ(expectation: Expectation, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two outputs differ by more than two correct ones may."""
    alike = ~np.isfinite(first) & ~np.isfinite(second)
    ratios = np.where(alike, 0.0, expectation.ratios("y", second, first))
    return bool(np.max(ratios, initial=0.0) > 2)
