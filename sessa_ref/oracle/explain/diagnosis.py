"""Which mistake was made: the search for faults that reproduce what an implementation computed.

A fault explains a check if the reference with the fault gives the implementation's values. To explain the implementation
it must also leave alone what the implementation got right. First come the faults of the catalogue and pairs of them, then
whatever can be wrong with one value of the layer (`search`), and at last how the implementation behaves.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations

import numpy as np

from sessa_ref.faults import FAULTS, Fault
from sessa_ref.faults.variations.variation import Variation
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.agreement import Mistake, explains, misfit
from sessa_ref.oracle.explain.lower_precision import lower_precision, rounds_at_random
from sessa_ref.oracle.explain.probes import PROBES, prefill_is_wrong, size_of, tokens_of
from sessa_ref.oracle.explain.search import ENOUGH, Search
from sessa_ref.oracle.explain.search_order import caching_tier, rounding_tier
from sessa_ref.oracle.explain.tensor_cores import is_switched_on, products_in_tf32
from sessa_ref.oracle.explain.which_behaviour import behaviours
from sessa_ref.oracle.explain.which_cases_fail import layer_pattern, length_pattern
from sessa_ref.oracle.implementation.protocol import Implementation
from sessa_ref.oracle.report.results import Diagnosis, Status
from sessa_ref.precision import PRECISIONS

CLEAR = 100.0
"""Errors of fewer bounds than this leave room for more than one explanation."""

_CHECKS = ("forward", "decode", "gradients")


def diagnose(
    observations: Sequence[Observation],
    implementation: Implementation | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> list[Diagnosis]:
    """The mistakes that explain the failed checks; empty where nothing failed or nothing is known.

    Args:
        observations: of a whole run.
        implementation: for experiments on how it behaves, where nothing of the catalogue explains it.
        progress: called with a line of text when the search goes on to something longer.
    """
    if all(o.result.status not in (Status.FAILED, Status.ERRORED) or not o.result.required for o in observations):
        return []
    try:
        return _diagnose(observations, implementation, progress)
    except Exception:  # whatever goes wrong here must not take the verdict away
        return []


def _diagnose(
    observations: Sequence[Observation], implementation: Implementation | None, progress: Callable[[str], None]
) -> list[Diagnosis]:
    by_check = {check: _worth_explaining(observations, check) for check in _CHECKS}
    failed = {check: [o for o in group if o.comparison is not None] for check, group in by_check.items()}
    if not any(failed.values()):
        return behaviours(observations, implementation)
    found: tuple[Mistake, ...] = ()
    others: list[Mistake] = []
    for check in _CHECKS:
        if all(explains(found, o) for o in failed[check]):
            continue
        varied = any(isinstance(mistake, Variation) for mistake in found)
        if varied and _agreement(found, by_check[check]) >= ENOUGH * len(by_check[check]):
            continue
        better = next(_of_catalogue(check, found, by_check[check], 1), None)
        if better is None and not found and is_switched_on(implementation):
            in_tf32 = products_in_tf32([o for group in failed.values() for o in group], switched_on=True)
            if in_tf32:
                return [in_tf32]
        if better is None and not found:
            told = behaviours(observations, implementation, definite=True)
            if told:
                return told
        rounding = better is None and rounds_at_random(implementation, failed[check])
        if better is None and not rounding:
            better = next(_of_catalogue(check, found, by_check[check], 2), None)
        if better is None:
            progress("diagnosis: searching further")
            tier = rounding_tier(check, prefill_is_wrong(failed[check])) if rounding else None
            if check == "decode" and varied:
                tier = caching_tier()  # how a layer with that mistake decodes is not known well enough for more
            members = Search(check, found, by_check[check], only=tier).run()
            better = (*found, members[0]) if members else None
            others += members[1:]
        if better is None:
            if found:
                break
            everything = [o for group in failed.values() for o in group]
            in_tf32 = products_in_tf32(everything, switched_on=False) if rounding else None
            lower = in_tf32 or lower_precision(everything, rounding, implementation is None)
            if lower is None and check == "forward":
                told = _under_a_condition(by_check[check], observations, implementation)
                if told:
                    return told
            return [lower] if lower else behaviours(observations, implementation)
        found = better
    return _summary(found, failed, others)


def _under_a_condition(
    forward: Sequence[Observation], observations: Sequence[Observation], implementation: Implementation | None
) -> list[Diagnosis]:
    """A mistake that is made for some lengths or configs only, and what these have in common."""
    failed = [o for o in forward if o.comparison is not None]
    if len(failed) == len(forward):
        return []
    condition = next(chain(length_pattern(observations, implementation), layer_pattern(observations)), None)
    if condition is None:
        return []
    members = Search("forward", (), failed, seconds=30.0).run()
    if not members:
        return []
    explained = sum(explains(members[:1], o) for o in failed)
    text = f"{condition[1]}; may explain {explained} of {len(failed)} failing checks: {members[0].description}"
    return [Diagnosis(members[0].name, text + _alike(members[1:]), explained, len(failed))]


def _alike(others: Sequence[Mistake]) -> str:
    """What else would give the same values."""
    return f" The same values would come from: {' '.join(m.description for m in others[:2])}" if others else ""


def _summary(
    mistakes: Sequence[Mistake], failed: dict[str, list[Observation]], others: Sequence[Mistake]
) -> list[Diagnosis]:
    everything = [o for group in failed.values() for o in group]
    explained = sum(explains(mistakes, o) or any(explains([m], o) for m in mistakes) for o in everything)
    together = f" together with {', '.join(m.name for m in mistakes[1:])}" if len(mistakes) > 1 else ""
    number = f"all {explained}" if explained == len(everything) else f"{explained} of {len(everything)}"
    clear = any(o.result.ratio is not None and o.result.ratio > CLEAR for o in everything)
    diagnoses = []
    for mistake in mistakes:
        certain = clear or isinstance(mistake, Fault)
        text = f"{'explains' if certain else 'may explain'} {number} failing checks"
        text += f"{together if mistake is mistakes[0] else ''}: {mistake.description}"
        text += _alike([m for m in others if m.area == mistake.area or len(mistakes) == 1])
        diagnoses.append(Diagnosis(mistake.name, text, explained, len(everything)))
    return diagnoses


def _of_catalogue(
    check: str, found: tuple[Mistake, ...], observations: Sequence[Observation], number: int
) -> Iterator[tuple[Mistake, ...]]:
    """Sets of so many faults of the catalogue that agree with the observations of a check."""
    areas = {"forward": None, "decode": "decode", "gradients": "gradient"}
    only = areas[check]
    pool = [f for f in FAULTS.values() if (f.area == only if only else f.area not in ("decode", "gradient"))]
    others: list[Fault] = []
    if only:
        others = [f for f in FAULTS.values() if f not in pool and not found and f.area not in ("gradient", "decode")]
    failed = sorted((o for o in observations if o.comparison is not None), key=size_of)
    informative = [o for o in failed if o.result.ratio is not None and np.isfinite(o.result.ratio) and tokens_of(o) > 4]
    probes = (informative or failed)[:PROBES]
    rest = [o for o in observations if all(o is not p for p in probes)]

    def agreeing(pool: Sequence[Fault]) -> Iterator[tuple[Mistake, ...]]:
        for faults in combinations(pool, number):
            together = (*found, *faults)
            if all(explains(together, o) for o in probes) and _agreement(together, rest) >= ENOUGH * len(rest):
                yield together
                if number > 1:  # of pairs there are too many to look for the best
                    return

    # Where outputs of sequences are right, mistakes of these are tried one by one: of pairs there are thousands.
    sets = list(agreeing(pool if number > 1 else [*pool, *others]))
    if not sets and check == "decode" and number == 1:
        part = "prefill" if prefill_is_wrong(observations) else "decoding"
        sets = list(agreeing([fault.only_in(part) for fault in others]))
    # Of those that agree within the bounds, the first; otherwise the one that comes closest.
    yield from sorted(sets, key=lambda faults: max(1.0, *(misfit(faults, o) for o in probes)))


def _agreement(faults: Sequence[Mistake], observations: Sequence[Observation]) -> int:
    return sum(explains(faults, o) for o in observations)


def _worth_explaining(observations: Sequence[Observation], check: str) -> list[Observation]:
    """Passed, departed and failed observations of a check in the finest precision in which something failed."""
    relevant = [o for o in observations if o.result.check == check and o.expectation is not None]
    for dtype in PRECISIONS:
        group = [o for o in relevant if o.result.dtype == dtype]
        if any(o.comparison is not None for o in group):
            return [o for o in group if o.result.status is not Status.DEPARTED]
    return []
