"""Families of addends to weights, logits and B."""

from collections.abc import Iterator

from sessa_ref.faults.variations.families.numbers import SMALL
from sessa_ref.faults.variations.graph import Number, Run
from sessa_ref.faults.variations.variation import Family, one
from sessa_ref.notation import Array


def families() -> Iterator[Family]:
    """Families of this part."""
    cause = "A regulariser, a bias or a threshold that the definition does not have."
    for name, area, value, words, function in (
        ("ForwardWeightsOnDiagonal", "attention", "alpha", "{number} is added to each token's weight on itself.", _on_diagonal),
        ("ForwardLogitsOnDiagonal", "attention", "logits", "{number} is added to each token's forward logit on itself.", _on_diagonal),
        ("RoutingOnDiagonal", "feedback", "B", "{number} is added to the diagonal of B.", _on_diagonal),
        ("RoutingOnPrevious", "feedback", "B", "{number} is added to B below the diagonal.", _on_previous),
        ("ForwardLogitsOnFirst", "attention", "logits", "{number} is added to every logit on the first token.", _on_first),
        ("FeedbackLogitsOnFirst", "feedback", "logits_fb", "{number} is added to every feedback logit on the first token.", _on_first),
    ):  # fmt: skip
        yield Family(
            name, area, words, cause, "Leave it out.",
            lambda amount, value=value, function=function: one(value, lambda run, z: function(run, z, amount(run))), SMALL,
        )  # fmt: skip


def _on_diagonal(run: Run, z: Array, amount: Number) -> Array:
    return z + amount * (run.values["rows"] == run.values["columns"])


def _on_previous(run: Run, z: Array, amount: Number) -> Array:
    return z + amount * (run.values["rows"] == run.values["columns"] + 1)


def _on_first(run: Run, z: Array, amount: Number) -> Array:
    return z + amount * (run.values["columns"] == 0)
