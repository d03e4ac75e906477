"""Variations of decoding: a step takes over a value of an earlier token, or misses it in some steps."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.graph import Change, Run
from sessa_ref.faults.variations.places import PLACES, Place
from sessa_ref.faults.variations.variation import Variation, only_decoding
from sessa_ref.notation import Array

_STATISTICS = (
    Place("mean", "NormMean", "the norm's mean", "token-wise"),
    Place("deviation", "NormDeviation", "the norm's deviation", "token-wise"),
    Place("mean,deviation", "NormStatistics", "the norm's mean and deviation", "token-wise", plural=True),
)
_CAUSE = "A value that is kept from step to step, or a step that is treated in another way than the others."
_FIX = "Compute every value of a step from its own token."


def variations() -> Iterator[Variation]:
    """Every value of a step, taken from an earlier token, and zero in some steps."""
    for place in (*reversed(PLACES), *_STATISTICS):  # the latest place where it could be comes first
        phrase, those = place.phrase.rstrip(","), "those" if place.plural else "that"
        for label, words, change in (
            ("OfPrevious", f"{those} of the token before (its own where there is none)", _taken("previous", -1)),
            ("OfPreviousZero", f"{those} of the token before (zero where there is none)", _taken("previous", -1, 0.0)),
            ("OfPromptEnd", f"{those} of the prompt's last token", _taken("of prompt", -1)),
            ("OfPromptStart", f"{those} of the prompt's first token", _taken("of prompt", 0)),
            ("ZeroInFirst", "zero in the first step", _zero(lambda run: run.start == run.prompt)),
            ("ZeroAfterFirst", "zero from the second step on", _zero(lambda run: run.start > run.prompt)),
            ("OfPreviousInFirst", f"{those} of the prompt's last token in the first step", _first(_taken("previous", -1))),
            ("ZeroWithoutPrompt", "zero where there was no prompt", _zero(lambda run: run.prompt == 0)),
        ):  # fmt: skip
            yield Variation(
                f"Decode{place.word}{label}", "decode", f"In decoding steps {phrase} {place.verb} {words}.", _CAUSE, _FIX,
                only_decoding({name: change(name) for name in place.names}),
            )  # fmt: skip


def _taken(source: str, row: int, otherwise: float = 1.0) -> Callable[[str], Change]:
    """The right value of one earlier token; where there is none, the step's own times a factor."""

    def of(name: str) -> Change:
        def change(run: Run, value: Array) -> Array:
            earlier = run.past[source].get(name)
            if earlier is None or not earlier.shape[-2]:
                return otherwise * value
            taken = earlier[..., [row], :]
            missing = value.shape[-1] - taken.shape[-1]  # weights of a token have a column for each token so far
            return np.pad(taken, [(0, 0)] * (taken.ndim - 1) + [(0, missing)]) if missing else taken

        return change

    return of


def _zero(where: Callable[[Run], bool]) -> Callable[[str], Change]:
    return lambda name: lambda run, value: 0 * value if where(run) else value


def _first(change: Callable[[str], Change]) -> Callable[[str], Change]:
    return lambda name: lambda run, value: change(name)(run, value) if run.start == run.prompt else value
