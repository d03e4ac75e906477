"""Other activations in place of GELU."""

from collections.abc import Iterator

from sessa_ref.oracle.faults.modes import ACTIVATIONS, camel
from sessa_ref.oracle.faults.variation import Variation, one


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    for name, function in ACTIVATIONS.items():
        if name != "exact GELU":
            yield Variation(
                f"{camel(name)}ForGelu", "token-wise", f"The activation is another than GELU: {name}.",
                "A default activation of a block that was reused.", "Use the exact GELU.",
                one("u", lambda run, u, function=function: function(run.values["a"])),
            )  # fmt: skip
