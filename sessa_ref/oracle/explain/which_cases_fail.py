"""What the failing cases have in common: numbers of tokens, the first wrong token, the layer's config, the input."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.first_wrong_value import wrong_tokens
from sessa_ref.oracle.implementation.protocol import Implementation, ImplementationError, TargetError, UnsupportedError
from sessa_ref.precision import PRECISIONS

_RUNS = 140
_LONGEST = 300
_FEW = 3

_FIRST_CHOICE = 2
"""Number of the first token that has several feedback weights: the token before it has one, which is 1."""


def _gain_bias(case: Case) -> float:
    return float(case.parameters.get("mixer.gamma_bias", 0.0))


LAYERS: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("there are several heads", lambda c: c.parameters.config.heads > 1),
    ("there is one head", lambda c: c.parameters.config.heads == 1),
    ("query heads share key/value heads", lambda c: c.parameters.config.kv_heads < c.parameters.config.heads),
    ("every query head has its own key/value head and there are several", lambda c: 1 < c.parameters.config.heads == c.parameters.config.kv_heads),
    ("several query heads share a single key/value head", lambda c: c.parameters.config.kv_heads == 1 < c.parameters.config.heads),
    ("there are several shared key/value heads", lambda c: 1 < c.parameters.config.kv_heads < c.parameters.config.heads),
    ("the number of tokens is that of the heads", lambda c: c.x.shape[1] == c.parameters.config.heads > 1),
    ("the number of tokens is that of the key/value heads", lambda c: c.x.shape[1] == c.parameters.config.kv_heads > 1),
    ("the number of tokens is the head width", lambda c: c.x.shape[1] == c.parameters.config.query_width),
    ("the number of tokens is the width", lambda c: c.x.shape[1] == c.parameters.config.width),
    ("the number of tokens is the size of the batch", lambda c: c.x.shape[1] == len(c.x)),
    ("there is rotary embedding", lambda c: c.parameters.config.rope),
    ("there is no rotary embedding", lambda c: not c.parameters.config.rope),
    ("the width is odd", lambda c: c.parameters.config.width % 2 == 1),
    ("the width is no power of two", lambda c: bin(c.parameters.config.width).count("1") > 1),
    ("the width is a power of two", lambda c: bin(c.parameters.config.width).count("1") == 1),
    ("the head width is odd", lambda c: c.parameters.config.query_width % 2 == 1),
    ("ln_eps is not 1e-5", lambda c: c.parameters.config.norm_eps != 1e-5),
    ("gamma_max is not 0.999", lambda c: c.parameters.config.gamma_max != 0.999),
    ("ln_eps or gamma_max is not the default", lambda c: (c.parameters.config.norm_eps, c.parameters.config.gamma_max) != (1e-5, 0.999)),
    ("the batch has one row", lambda c: len(c.x) == 1),
    ("the batch has several rows", lambda c: len(c.x) > 1),
    ("the batch has more than two rows", lambda c: len(c.x) > 2),
    ("inputs are large", lambda c: float(np.max(np.abs(c.x), initial=0)) > 50),
    ("inputs are small", lambda c: float(np.max(np.abs(c.x), initial=1)) < 0.05),
    ("there are tokens that are zero", lambda c: bool(np.any(~np.any(c.x, axis=-1)))),
    ("gains are negative", lambda c: _gain_bias(c) < -5),
    ("gains are saturated", lambda c: abs(_gain_bias(c)) > 5),
)  # fmt: skip
"""Properties of a case, in words."""

_SIZES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64, 100, 128, 256, 512)


def layer_pattern(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """A property that all failing cases have and no passing case has."""
    wrong, right = _split(observations)
    if any(e.case.x.shape[1] > 2 for e in wrong):  # with one or two tokens much cannot go wrong
        wrong, right = ([e for e in group if e.case.x.shape[1] > 2] for group in (wrong, right))
    if not wrong or len(right) < 2:
        return
    shared = [w for w, has in LAYERS if all(has(e.case) for e in wrong) and not any(has(e.case) for e in right)]
    if shared:
        yield "WrongForSomeLayers", f"of the {len(wrong) + len(right)} cases tried, just where {' and '.join(shared)}"


def length_pattern(
    observations: Sequence[Observation], implementation: Implementation | None
) -> Iterator[tuple[str, str]]:
    """A rule for the numbers of tokens that go wrong, from runs on the first tokens of a failing case."""
    wrong, right = _split(observations)
    if not wrong:  # only checks failed that ask for other lengths
        others = ("lengths", "calls")
        wrong = [o.expectation for o in observations if o.result.check in others and o.comparison and o.expectation]
    usable = [e for e in wrong if e.case.x.shape[1] <= _LONGEST]
    if implementation is None or not usable:
        shortest, longest = (
            min((e.case.x.shape[1] for e in wrong), default=0),
            max((e.case.x.shape[1] for e in right), default=0),
        )
        if wrong and right and longest < shortest:
            yield "WrongForSomeLengths", f"right up to T = {longest}, wrong from T = {shortest} at the latest"
        return
    expectation = max(usable, key=lambda e: e.case.x.shape[1])
    if expectation.case.x.shape[1] <= _FEW:  # the first tokens of a longer case tell more
        longer = [e for e in right if _FEW < e.case.x.shape[1] <= _RUNS]
        failing = {e.case.x.shape[1] for e in usable}
        expectation = next(
            (e for e in longer if any(_right_at(implementation, e, T) is False for T in failing)), expectation
        )
    lengths = _lengths_tried(expectation.case.x.shape[1], [e.case.x.shape[1] for e in usable])
    outcome = {T: _right_at(implementation, expectation, T) for T in lengths}
    bad = [T for T, good in outcome.items() if good is False]
    good = [T for T, good in outcome.items() if good]
    if bad and good:
        rule = _length_rule(bad, good)
        if rule:
            yield "WrongForSomeLengths", rule


def gradient_length_pattern(
    observations: Sequence[Observation], implementation: Implementation | None
) -> Iterator[tuple[str, str]]:
    """A rule for the numbers of tokens whose gradients go wrong, where outputs are right.

    It comes from the cases that were checked and from the first tokens of a failing case. Gradients count as wrong there
    if less than half of their digits are right.
    """
    if any(o.comparison is not None for o in observations if o.result.check == "forward"):
        return
    gradients = [o for o in observations if o.result.check == "gradients" and o.expectation is not None]
    dtype = next((o.result.dtype for o in gradients if o.comparison is not None), None)
    outcome = [
        (o.expectation, o.comparison is None)
        for o in gradients
        if o.expectation is not None and o.result.dtype == dtype
    ]
    usable = [e for e, good in outcome if not good and e.case.x.shape[1] <= _RUNS]
    if implementation is None or not usable:
        return
    expectation = max(usable, key=lambda e: e.case.x.shape[1])
    longest = expectation.case.x.shape[1]
    tried = {T + d for size in (8, 10) for T in range(0, longest, size) for d in (0, 1)} - {0}
    outcomes = [(e.case.x.shape[1], good) for e, good in outcome]
    outcomes += [(T, _gradients_right_at(implementation, expectation, T)) for T in sorted(tried | {longest})]
    bad, good = ({T for T, right in outcomes if right is wanted} for wanted in (False, True))
    if bad and good and not bad & good and (rule := _length_rule(sorted(bad), sorted(good))):
        yield "WrongForSomeLengths", f"outputs are right, and the gradients are {rule}"


def first_token_pattern(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """A rule for the first wrong token."""
    firsts = _first_wrong_tokens(observations)
    if not firsts:
        return
    if all(count == 1 and first == T - 1 for first, T, count in firsts) and any(T > 1 for _, T, _ in firsts):
        yield "WrongFromSomeToken", "only the last token is wrong"
    if all(count == 1 and first == 0 for first, T, count in firsts) and any(T > 1 for _, T, _ in firsts):
        yield "WrongFromSomeToken", "only the first token is wrong"
    start = firsts[0][0]
    if start > _FIRST_CHOICE and all(first == start for first, _, _ in firsts):
        yield "WrongFromSomeToken", f"token {start} is always the first that is wrong"
    if len(firsts) > 1:
        for back in range(1, 17):
            if all(first == T - back for first, T, _ in firsts):
                yield "WrongFromSomeToken", f"only the last {back} tokens are wrong"
        for size in _SIZES[::-1]:
            if all(first == T // size * size and T % size for first, T, _ in firsts) and any(
                first for first, _, _ in firsts
            ):
                yield "WrongFromSomeToken", f"the tokens beyond the last full block of {size} are wrong"


def from_third_token(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """That all is right before the first token whose feedback weights are more than one number.

    That may be a rule of lengths, but any mistake in these weights shows so too.
    """
    firsts = _first_wrong_tokens(observations)
    if firsts and all(first == _FIRST_CHOICE for first, _, _ in firsts):
        yield (
            "WrongFromSomeToken",
            f"token {_FIRST_CHOICE} is always the first that is wrong; it is also the first with several feedback "
            "weights, so that a mistake in these may be the reason",
        )


def _first_wrong_tokens(observations: Sequence[Observation]) -> list[tuple[int, int, int]]:
    """Of each output with wrong values the first wrong token, the number of tokens, and how many are wrong."""
    forward = [o for o in observations if o.result.check == "forward"]
    masks = [mask for o in forward if (mask := wrong_tokens(o)) is not None]
    return [(int(np.argmax(mask)), len(mask), int(mask.sum())) for mask in masks]


def _split(observations: Sequence[Observation]) -> tuple[list[Expectation], list[Expectation]]:
    """Cases whose forward check failed, and those whose did not, in the finest precision with a failure."""
    forward = [o for o in observations if o.result.check == "forward" and o.expectation is not None]
    dtypes = [o.result.dtype for o in forward if o.comparison is not None]
    same = [o for o in forward if not dtypes or o.result.dtype == dtypes[0]]
    wrong = [o.expectation for o in same if o.comparison is not None and o.expectation is not None]
    return wrong, [o.expectation for o in same if o.comparison is None and o.expectation is not None]


def _lengths_tried(T: int, failing: Sequence[int]) -> list[int]:
    if T <= _RUNS:
        return list(range(1, T + 1))
    return sorted(
        {
            *range(1, T + 1, max(T // 60, 1)),
            *(2**k + d for k in range(9) for d in (-1, 0, 1) if 1 <= 2**k + d <= T),
            *failing,
            T,
        }
    )


def _right_at(implementation: Implementation, expectation: Expectation, T: int) -> bool | None:
    case = expectation.case
    try:
        shorter, output = case.first_tokens(T), expectation.output
        y = implementation.run("forward", shorter, expectation.dtype).get(output)
    except (ImplementationError, UnsupportedError, TargetError):
        return None
    if y is None or y.shape != shorter.dy.shape:
        return False
    whole = expectation.true[output].astype(np.float64)
    whole[:, :T] = y
    return bool(np.max(expectation.error_ratios(output, whole), initial=0.0) <= 1)


def _gradients_right_at(implementation: Implementation, expectation: Expectation, T: int) -> bool | None:
    case = expectation.case.first_tokens(T)
    try:
        values = implementation.run("vjp", case, expectation.dtype)
    except (ImplementationError, UnsupportedError, TargetError):
        return None
    true = case.level.evaluate(case.parameters, case.x, case.dy)
    for name in expectation.gradients:
        if name not in values or values[name].shape != true[name].shape:
            return False
        allowed = PRECISIONS[expectation.dtype].unit_roundoff ** 0.5 * np.max(np.abs(true[name]), initial=0.0)
        if not np.max(np.abs(values[name] - true[name]), initial=0.0) <= allowed:
            return False
    return True


def _length_rule(bad: Sequence[int], good: Sequence[int]) -> str:
    if max(good) < min(bad):
        if min(bad) <= 3:  # there, one or two tokens have nothing to read
            return ""
        return f"wrong from T = {min(bad)} on, right up to T = {max(good)}"
    if max(bad) < min(good) and len(bad) > 1:
        return f"wrong up to T = {max(bad)}, right from T = {min(good)} on"
    if len(bad) == 1:
        return f"wrong for T = {bad[0]} alone"
    both = [*bad, *good]
    for size in _SIZES:
        for rest in range(size):
            if {T for T in both if T % size == rest} == set(bad):
                return _modulo(size, rest)
        if {T for T in both if T % size} == set(bad):
            return f"wrong wherever T is no multiple of {size}"
        for least in (size, size + 1):
            if {T for T in both if least <= T and T % size} == set(bad):
                return f"wrong wherever T > {size} is no multiple of {size}"
    if {T for T in both if T & (T - 1)} == set(bad):
        return "wrong wherever T is no power of two"
    return ""


def _modulo(size: int, rest: int) -> str:
    if size == 2:
        return f"wrong for {'odd' if rest else 'even'} T"
    return (
        f"wrong wherever T is a multiple of {size}"
        if rest == 0
        else f"wrong wherever T is {rest} more than a multiple of {size}"
    )
