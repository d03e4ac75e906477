"""The activation at another place than u = GELU(a), on both halves of W_in's output, or in a gated linear unit."""

from collections.abc import Callable, Iterator

from sessa_ref.faults.variations.graph import Changes, Run
from sessa_ref.faults.variations.modes import ACTIVATIONS, camel
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.faults.variations.variation import Variation, one, together
from sessa_ref.notation import Array

_CAUSE = "A gated block of another architecture, or a call that moved when code was rearranged."
_FIX = "u = GELU(a), and the gate as it is."


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for name, function in ACTIVATIONS.items():
        word = "" if name == "exact GELU" else camel(name)
        for label, words, changes in _of_halves(name, function):
            yield Variation(f"{label}{word}", "token-wise", f"{words}.", _CAUSE, _FIX, changes)
    for place in PLACES:
        if place.kind in ("tokens", "heads") and place.name not in ("a", "u", "g", "W_in output"):
            moved: Changes = {name: lambda run, z: run.formulas.gelu(z) for name in place.names}
            yield Variation(
                f"ActivationOn{place.word}", "token-wise",
                f"GELU is applied to {place.phrase.rstrip(',')}, and a is taken as it is.", _CAUSE, _FIX,
                together(one("u", _a), moved),
            )  # fmt: skip


def _a(run: Run, u: Array) -> Array:
    return run.values["a"]


def _of_halves(name: str, function: Callable[[Array], Array]) -> Iterator[tuple[str, str, Changes]]:
    """Label, words and changes for one activation."""
    ungated = one("gated", lambda run, z: run.values["s"])
    activated = one("u", lambda run, u: function(run.values["a"]) * run.values["g"])
    gating = one("u", lambda run, u: run.values["a"] * function(run.values["g"]))
    gate = one("g", lambda run, g: function(g))
    after = ", and the state is not gated"
    yield (
        "ActivationOnGate",
        f"The activation is applied to the gate g instead of a: {name}",
        together(one("u", _a), gate),
    )
    if name != "exact GELU":
        both = together(one("u", lambda run, u: function(run.values["a"])), gate)
        yield "ActivationOnBothHalves", f"The same function is applied to a and to the gate g: {name}", both
        yield "UnitOfGateAndActivated", f"The mixer's input u is g times a function of a: {name}", activated
    yield "UnitOfActivatedGate", f"The mixer's input u is a times a function of g: {name}", gating
    yield (
        "UnitOfGateAndActivatedAlone",
        f"The mixer's input u is g times a function of a{after}: {name}",
        together(activated, ungated),
    )
    yield (
        "UnitOfActivatedGateAlone",
        f"The mixer's input u is a times a function of g{after}: {name}",
        together(gating, ungated),
    )
