"""The search among variations and families: which one gives what the implementation gave, and with which number.

Every member is tried on one small case first. What comes near there has to predict further cases.
"""

import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from sessa_ref.faults import Fault, with_faults
from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.fitting import fit, size, well_known
from sessa_ref.faults.variations.graph import Changes, Number, Run
from sessa_ref.faults.variations.laws import LAWS
from sessa_ref.faults.variations.variation import Family, Variation, number_words, together
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.agreement import (
    Mistake,
    Slopes,
    allowed,
    explains,
    misfit,
    observed_values,
    strictly_allowed,
)
from sessa_ref.oracle.explain.gradient_paths import gradients_behind
from sessa_ref.oracle.explain.probes import LONGEST, config_of, prefill_is_wrong, probes_of, size_of, tokens_of
from sessa_ref.oracle.explain.search_order import Tier, tiers
from sessa_ref.oracle.levels import LAYER, SOLVE

REST = 24
"""Further cases that a mistake has to predict, at most."""

ENOUGH = 0.8
"""Share of the observations that a mistake must agree with, besides the probes: on some cases a faulty layer is so
ill-conditioned that two implementations of the very mistake differ by more than any bound."""

ALTERNATIVES = 3


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
        self.rest = sorted(others, key=size_of)[:REST]
        self.longest = max((tokens_of(o) for o in [*self.probes, *self.rest]), default=0)
        self.formulas = with_faults(*(m for m in self.found if isinstance(m, Fault)))
        self.right: dict[int, Run] = {}
        self.behind: dict[str, set[str]] = {}
        self.wrong: set[str] = set()
        if check == "gradients" and not found and self.probes and (expectation := self.probes[0].expectation):
            self.behind, self.wrong = gradients_behind(expectation.case), _wrong(self.probes[0])
        self.before = together(*(m.changes for m in self.found if isinstance(m, Variation)))

    def run(self) -> list[Variation]:
        """The mistakes that explain the observations, the likeliest first; possibly none."""
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
                # Beside one that agrees in the implementation's own precision, what only comes near is no alternative.
                return [variation for variation in agreeing if self._strictly(variation)] or agreeing
        return []

    def _strictly(self, variation: Variation) -> bool:
        return all(misfit((*self.found, variation), probe) <= strictly_allowed(probe) for probe in self.probes)

    def _reaches(self, changes: Changes) -> bool:
        """Whether every gradient that is wrong on the first probe flows back through one of the changed values."""
        return not self.wrong - set().union(*(self.behind.get(name, set()) for name in changes))

    def _is_there(self, name: str, changes: Changes) -> bool:
        """Whether the level of the cases has the changed values. The whole layer has all but a config's optional ones."""
        expectation = self.probes[0].expectation
        if expectation is None or expectation.case.level == LAYER:
            return True
        if expectation.case.level == SOLVE and "Heads" in name:  # which one head would imitate
            return False
        return changes.keys() <= self._right(self.probes[0]).values.keys()

    def _agreeing(self, variation: Variation) -> Variation | None:
        if not self._is_there(variation.name, variation.changes) or not self._reaches(variation.changes):
            return None
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
        passed = [o for o in self.rest if o.comparison is None]
        failed = [o for o in self.rest if o.comparison is not None]
        # What is right, no mistake may get wrong; of what is wrong, some may be too ill-conditioned to tell.
        return all(explains(mistakes, o) for o in passed) and (
            sum(explains(mistakes, o) for o in failed) >= ENOUGH * len(failed)
        )

    def _fitted(self, family: Family) -> Variation | None:
        """The family's member, if there is one that explains the probes and predicts the rest."""
        if family.whole:
            return self._counted(family)
        changes = family.changes(lambda run: 1.0)
        if not self._is_there(family.name, changes) or not self._reaches(changes):
            return None
        first = self._number(family, self.probes[0])
        if first is None:
            return None
        plain = well_known(first, lambda number: self._near(family, number, first))
        member = family.at(plain)
        if self._predicts(member):
            return member
        return self._by_law(family, first)

    def _counted(self, family: Family) -> Variation | None:
        """The member of a family whose number counts something; its sentence has every number that explains as well."""
        numbers = [c for c in self._starts(family, self.probes[0]) if self._agreeing(family.at(c)) is not None]
        if len(numbers) < 2:
            return family.at(numbers[0]) if numbers else None
        first, *others = (number_words(c) for c in numbers)
        if len(others) > 3:
            others = [*others[:2], "..."]
        return family.at(lambda run: numbers[0], f"{', '.join([first, *others[:-1]])} or {others[-1]}")

    def _by_law(self, family: Family, first: Number) -> Variation | None:
        """The member whose number follows a law of the layer's sizes."""
        others = [probe for probe in self.probes[1:] if config_of(probe) != config_of(self.probes[0])]
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
            self.right[id(probe)] = graph.advance(case.parameters, case.x, {}, start=case.level.start)
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
            with np.errstate(all="ignore"):
                if self.check == "gradients":
                    slopes = self._slopes(probe)
                    return np.array([slopes.distance(n, slopes.along(n, together_, self.formulas)) for n in range(2)])
                if self.check == "decode":
                    predicted = graph.decoded(case.parameters, case.x, comparison.split, together_, self.formulas)
                else:
                    base, start = self._right(probe), case.level.start
                    predicted = graph.forward(case.parameters, case.x, together_, base, self.formulas, start)
                residual = (predicted - observed[expectation.output]) / expectation.bounds(expectation.output)
        except (ArithmeticError, ValueError, IndexError, TypeError, KeyError, np.linalg.LinAlgError):
            return None
        return residual if np.all(np.isfinite(residual)) else None

    def _slopes(self, probe: Observation) -> Slopes:
        assert probe.expectation is not None
        return Slopes(probe.expectation, observed_values(probe))


def _wrong(probe: Observation) -> set[str]:
    """The gradients that are wrong."""
    expectation, observed = probe.expectation, observed_values(probe)
    assert expectation is not None
    return {
        name
        for name in expectation.gradients
        if (value := observed.get(name)) is not None
        and (
            value.shape != expectation.true[name].shape
            or np.max(expectation.error_ratios(name, value), initial=0.0) > 1
        )
    }


def _times(factor: Number, law: Callable[[Run], Any]) -> Callable[[Run], Any]:
    return lambda run: factor * law(run)
