"""The search among variations and families: which one gives what the implementation gave, and with which number.

Every member is tried on one small case first. What comes near there has to predict further cases.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from sessa_ref.faults import Fault, applied
from sessa_ref.faults.variations import (
    caches,
    derivatives,
    earlier,
    families,
    graph,
    modes,
    shares,
    slots,
    sources,
    structures,
    weights,
)
from sessa_ref.faults.variations.fitting import fit, size, well_known
from sessa_ref.faults.variations.graph import Changes, Number, Run
from sessa_ref.faults.variations.laws import LAWS
from sessa_ref.faults.variations.variation import Family, Variation, number_words, only_decoding, only_prefill, together
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.evidence import (
    Mistake,
    Slopes,
    allowed,
    explains,
    misfit,
    observed_values,
    strictly_allowed,
)

PROBES = 3
REST = 24
"""Further cases that a mistake has to predict, at most."""

LONGEST = 300
"""Tokens of cases that take part in the search."""

ENOUGH = 0.8
"""Share of the observations that a mistake must agree with, besides the probes: on some cases a faulty layer is so
ill-conditioned that two implementations of the very mistake differ by more than any bound."""

ALTERNATIVES = 3

Tier = Sequence[Callable[[], Iterable[Variation | Family]]]


class Search:
    """One search, for the failures of one check.

    Args:
        check: "forward", "decode" or "gradients".
        found: mistakes that are there already.
        observations: of this check, in one precision; those that failed, and those that passed.
        seconds: of processor time, after which it gives up.
        only: what to try, where that is not everything.
    """

    def __init__(
        self,
        check: str,
        found: Sequence[Mistake],
        observations: Sequence[Observation],
        seconds: float = 60.0,
        only: Tier | None = None,
    ) -> None:
        self.check = check
        self.only = only
        self.found = tuple(found)
        self.deadline = time.process_time() + seconds
        failed = [o for o in observations if o.comparison is not None]
        self.probes = probes_of(failed)
        others = [o for o in observations if all(o is not p for p in self.probes) and tokens_of(o) <= LONGEST]
        self.rest = sorted(others, key=_size_of)[:REST]
        self.longest = max((tokens_of(o) for o in [*self.probes, *self.rest]), default=0)
        self.fixed = [m for m in self.found if isinstance(m, Fault)]
        self.right: dict[int, Run] = {}
        self.before = together(*(m.changes for m in self.found if isinstance(m, Variation)))

    def run(self) -> list[Variation]:
        """The mistakes that explain the observations, the likeliest first; none where none does."""
        if not self.probes:
            return []
        prefill = self.check == "decode" and prefill_is_wrong(self.probes)
        for tier in tiers(self.check, prefill) if self.only is None else [self.only]:
            agreeing = []
            for member in chain.from_iterable(part() for part in tier):
                if time.process_time() > self.deadline:
                    break
                found = self._fitted(member) if isinstance(member, Family) else self._agreeing(member)
                if found is not None:
                    agreeing.append(found)
                    if len(agreeing) > ALTERNATIVES:
                        break
            if agreeing:
                return sorted(agreeing, key=lambda variation: not self._strictly(variation))
        return []

    def _strictly(self, variation: Variation) -> bool:
        return all(misfit((*self.found, variation), probe) <= strictly_allowed(probe) for probe in self.probes)

    def _agreeing(self, variation: Variation) -> Variation | None:
        first = self._residual(self.probes[0], variation.changes)
        if first is None:
            return None
        if not variation.rounds and float(np.max(np.abs(first), initial=0.0)) > allowed(self.probes[0]):
            return None
        return variation if self._predicts(variation) else None

    def _predicts(self, variation: Variation) -> bool:
        mistakes = (*self.found, variation)
        if not all(explains(mistakes, probe) for probe in self.probes):
            return False
        return sum(explains(mistakes, o) for o in self.rest) >= ENOUGH * len(self.rest)

    def _fitted(self, family: Family) -> Variation | None:
        """The family's member, if there is one that explains the probes and predicts the rest."""
        if family.whole:
            members = (self._agreeing(family.at(start)) for start in self._starts(family, self.probes[0]))
            return next((member for member in members if member is not None), None)
        first = self._number(family, self.probes[0])
        if first is None:
            return None
        plain = well_known(first, lambda number: self._near(family, number, first))
        member = family.at(plain)
        if self._predicts(member):
            return member
        return self._by_law(family, first)

    def _by_law(self, family: Family, first: Number) -> Variation | None:
        """The member whose number follows a law of the layer's sizes."""
        others = [probe for probe in self.probes[1:] if _config_of(probe) != _config_of(self.probes[0])]
        numbers = [first]
        for probe in others[:2]:
            number = self._number(family, probe)
            if number is None:
                return None
            numbers.append(number)
        if len(numbers) < 2:
            return None
        runs = [self._right(probe) for probe in [self.probes[0], *others[:2]]]
        # Laws without a further factor come first.
        for words, law in sorted(LAWS.items(), key=lambda item: abs(first / item[1](runs[0]) - 1) > 1e-3):
            ratios = [number / law(run) for number, run in zip(numbers, runs, strict=True)]
            if not np.allclose(ratios, ratios[0], rtol=1e-3, atol=0):
                continue
            factor = well_known(ratios[0], lambda k, law=law: self._near(family, _times(k, law), first))
            text = words if factor == 1 else f"{number_words(factor)} {words}"
            member = family.at(_times(factor, law), text)
            if self._predicts(member):
                return member
        return None

    def _right(self, probe: Observation) -> Run:
        assert probe.expectation is not None
        case = probe.expectation.case
        if id(probe) not in self.right:
            self.right[id(probe)] = graph.advance(case.parameters, case.x, {})
        return self.right[id(probe)]

    def _number(self, family: Family, probe: Observation) -> Number | None:
        """The number that fits a probe, if any does."""
        starts = self._starts(family, probe)

        def residual(number: Number) -> np.ndarray | None:
            return self._residual(probe, family.at(number, "-").changes)

        null = size(self._residual(probe, {}))
        number = fit(residual, starts, null)
        if number is None:
            return None
        reached = residual(number)
        if reached is None or float(np.max(np.abs(reached), initial=0.0)) > allowed(probe):
            return None
        return number

    def _near(self, family: Family, number: Number | Callable[[Run], Any], fitted: Number) -> bool:
        """Whether a number explains the first probe as well as the fitted one does."""
        probe = self.probes[0]
        reached = misfit((*self.found, family.at(fitted, "-")), probe)
        return misfit((*self.found, family.at(number, "-")), probe) <= max(strictly_allowed(probe), 3 * reached)

    def _starts(self, family: Family, probe: Observation) -> list[Number]:
        starts: list[Number] = list(family.starts)
        if family.whole:
            return [start for start in starts if start <= self.longest]
        name, _, how = family.spread.partition(":")
        if name and probe.expectation is not None:
            values = self._right(probe).values.get(name)
            if values is not None and np.size(values):
                flat = np.real(np.asarray(values)).ravel()
                flat = np.abs(flat) if how == "size" else flat
                starts += [
                    float(q) for q in np.quantile(flat[np.isfinite(flat)], (0.99, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01))
                ]
        return starts

    def _residual(self, probe: Observation, changes: Changes) -> np.ndarray | None:
        expectation, comparison = probe.expectation, probe.comparison
        if expectation is None or comparison is None:
            return None
        case, observed = expectation.case, observed_values(probe)
        together_ = together(self.before, changes) if self.before else changes
        try:
            with applied(*self.fixed), np.errstate(all="ignore"):
                if self.check == "gradients":
                    slopes = self._slopes(probe)
                    return np.array([slopes.distance(n, slopes.along(n, together_)) for n in range(2)])
                if self.check == "decode":
                    predicted = graph.decoded(case.parameters, case.x, comparison.split, together_)
                else:
                    predicted = graph.forward(case.parameters, case.x, together_, self._right(probe))
                residual = (predicted - observed["y"]) / expectation.bounds("y")
        except (ArithmeticError, ValueError, IndexError, TypeError, KeyError, np.linalg.LinAlgError):
            return None
        return residual if np.all(np.isfinite(residual)) else None

    def _slopes(self, probe: Observation) -> Slopes:
        assert probe.expectation is not None
        return Slopes(probe.expectation, observed_values(probe))


def _times(factor: Number, law: Callable[[Run], Any]) -> Callable[[Run], Any]:
    return lambda run: factor * law(run)


def tiers(check: str, prefill: bool = False) -> Iterator[Tier]:
    """What is tried, likelier things first; a tier that explains ends the search.

    Args:
        check: whose failures are to be explained.
        prefill: whether the outputs of the prefill itself are wrong, rather than those of later steps.
    """
    if check == "gradients":
        yield (derivatives.factors, derivatives.variations, derivatives.families, shares.variations)
        return
    if check == "decode":
        of = prefill_of if prefill else decoding_of
        if not prefill:
            yield caching_tier()
        yield (lambda: map(of, chain(structures.variations(), families.of_settings())),)
        yield (lambda: map(of, chain(sources.variations(), weights.variations())),)
        yield (lambda: map(of, modes.variations()),)
        return
    yield (structures.variations, families.of_settings)
    yield (sources.variations, weights.variations)
    yield (modes.variations,)
    yield (families.of_places,)


def rounding_tier() -> Tier:
    """Variations that only round."""
    return (lambda: (v for v in chain(structures.variations(), weights.variations(), modes.variations()) if v.rounds),)


def caching_tier() -> Tier:
    """What is kept and read while decoding."""
    return (caches.variations, caches.families, slots.variations, earlier.variations)


def decoding_of(variation: Variation | Family) -> Variation | Family:
    """The same mistake, in decoding steps alone."""
    return _limited(variation, "Decode", "In decoding steps", only_decoding)


def prefill_of(variation: Variation | Family) -> Variation | Family:
    """The same mistake, in the prefill alone."""
    return _limited(variation, "Prefill", "In the prefill", only_prefill)


def _limited(
    variation: Variation | Family, word: str, words: str, limit: Callable[[Changes], Changes]
) -> Variation | Family:
    name, departure = f"{word}{variation.name}", f"{words} {variation.departure[0].lower()}{variation.departure[1:]}"
    if isinstance(variation, Family):
        changes = variation.changes
        return replace(
            variation, name=name, area="decode", departure=departure, changes=lambda amount: limit(changes(amount))
        )
    return replace(variation, name=name, area="decode", departure=departure, changes=limit(variation.changes))


def prefill_is_wrong(observations: Sequence[Observation]) -> bool:
    """Whether outputs of the prompt itself are wrong in the check "decode"."""
    for o in observations:
        if o.comparison is not None and o.expectation is not None:
            y, split = o.comparison.values.get("y"), o.comparison.split
            if y is not None and y.shape == o.expectation.true["y"].shape:
                return bool(np.any(o.expectation.error_ratios("y", y)[:, :split] > 1))
    return False


def probes_of(failed: Sequence[Observation]) -> list[Observation]:
    """Small failures that tell much: several tokens and heads, finite values, different layers."""
    finite = [
        o for o in failed if o.expectation is not None and o.result.ratio is not None and np.isfinite(o.result.ratio)
    ]
    usable = [o for o in finite if tokens_of(o) <= LONGEST] or finite[:1]
    ordered = sorted(usable, key=_cost)
    probes = ordered[:1]
    for o in ordered[1:]:
        if len(probes) < PROBES and all(_config_of(o) != _config_of(p) for p in probes):
            probes.append(o)
    for o in ordered[1:]:
        if len(probes) < PROBES and all(o is not p for p in probes):
            probes.append(o)
    return probes


def tokens_of(observation: Observation) -> int:
    """Tokens of its case."""
    return 0 if observation.expectation is None else observation.expectation.case.x.shape[1]


def _size_of(observation: Observation) -> int:
    return 0 if observation.expectation is None else observation.expectation.case.x.size


def _config_of(observation: Observation) -> object:
    return None if observation.expectation is None else observation.expectation.case.parameters.config


def _cost(observation: Observation) -> Number:
    """Size, and penalties for what tells little."""
    if observation.expectation is None:
        return np.inf
    case = observation.expectation.case
    batch, T, D = case.x.shape
    config = case.parameters.config
    cost = float(batch * T * (D + T))
    if observation.result.check == "decode" and observation.comparison is not None:
        cost *= max(T - observation.comparison.split, 1) / 2
    return (
        cost
        * (4 if T < 8 else 1)
        * (4 if D < 6 else 1)
        * (2 if config.heads == 1 else 1)
        * (2 if not config.rope else 1)
        * (1 if batch > 1 else 1.5)
    )
