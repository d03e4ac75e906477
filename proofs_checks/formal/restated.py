"""What a bend changes, stated anew beside the files that are compiled: so these are not read again for every bend."""

import re
from collections.abc import Iterable

from proofs_checks.formal import coq
from proofs_checks.formal.sources import definition_spans, still_open, without_comments

_IMPORT = "From Sessa Require Import Statements."


def restated(before: str, bent: str) -> tuple[set[str], str]:
    """The definitions of Statements.v that a bend changes, those that mention them included.

    Args:
        before: Statements.v.
        bent: the same with the change.

    Returns:
        Their names, and a module `Restated` with them; "" where one is inside a module or a section.
    """
    old = {name: before[slice(*span)] for name, span in definition_spans(before).items()}
    spans = definition_spans(bent)
    names = {name for name, span in spans.items() if bent[slice(*span)] != old.get(name)}
    for name, span in spans.items():
        if mentions(bent[slice(*span)], names):
            names.add(name)
    if any(still_open(bent[: spans[name][0]]) for name in names):
        return names, ""
    head = bent[: min(start for start, _ in spans.values())]
    code = "\n".join(bent[slice(*span)].strip("\n") for name, span in spans.items() if name in names)
    return names, f"Module Restated.\n{head}\n{_IMPORT}\n{code}\nEnd Restated.\n"


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether a text has one of the names, comments apart."""
    words = "|".join(map(re.escape, names))
    return bool(words and re.search(rf"(?<![\w'])(?:{words})(?![\w'])", without_comments(text)))


def beside(files: Iterable[str], module: str, proof: str) -> tuple[str, int]:
    """A proof that sees what is stated anew in place of the original, and the line on which its first line stands.

    Args:
        files: those that it rests on, which do not mention what is changed.
        module: what is stated anew.
        proof: the text of the proof file.

    Raises:
        ValueError: it does not import Statements.v in the usual way.
    """
    if proof.count(_IMPORT) != 1:
        raise ValueError(f"expected one sentence {_IMPORT!r}, got {proof.count(_IMPORT)}")
    head = f"Require {' '.join(coq.module(file) for file in files)}.\n{module}"
    return head + proof.replace(_IMPORT, f"{_IMPORT} Import Restated."), head.count("\n") + 1
