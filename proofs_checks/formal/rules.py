"""What may stand in a Coq file: no axioms, no holes, no unguarded recursion; in Statements.v no proofs either."""

import re
from collections.abc import Iterator

from proofs_checks.formal.sources import sentences, without_comments

FORBIDDEN = (
    *("Admitted", "Axiom", "Axioms", "Conjecture", "Conjectures", "Parameter", "Parameters", "Primitive"),
    *("Load", "Declare ML", "Admit", "Register", "Undelimit", "Drop"),
)
"""What no sentence may begin with."""

IN_SECTIONS = ("Variable", "Variables", "Hypothesis", "Hypotheses", "Context")
"""What only a section may have: there it becomes a hypothesis of the theorems."""

OF_STATEMENTS = (
    *("From", "Require", "Import", "Open", "Close", "Module", "End", "Definition", "Fixpoint", "Inductive", "Record"),
    *("Structure", "CoInductive", "Notation", "Infix", "Arguments", "Set Implicit", "Unset Strict", "Implicit"),
    *("Unset Printing", "Set Printing", "Section", *IN_SECTIONS),
)
"""What a sentence of Statements.v may begin with."""

_FLAGS = re.compile(
    r"\b(?:Unset\s+(?:Guard|Positivity|Universe)\s+Checking|Set\s+Definitional\s+UIP|bypass_check|type-in-type)\b"
)
_PREFIX = re.compile(
    r"^(?:#\[[^\]]*\]\s*|(?:Local|Global|Polymorphic|Monomorphic|Program|Private|Time|Timeout\s+\d+|Redirect\s+)\s*)+"
)


def broken(file: str, text: str) -> Iterator[str]:
    """What in a file breaks the rules; a line each."""
    for flag in _FLAGS.findall(without_comments(text)):
        yield f"the flag {' '.join(flag.split())!r}"
    depth = 0
    for sentence in sentences(text):
        words = _PREFIX.sub("", sentence)
        if re.match(r"Section\s+\w+$", words):
            depth += 1
        elif re.match(r"End\s+\w+$", words) and depth:
            depth -= 1  # of a module inside a section, there is none
        if _begins(words, FORBIDDEN):
            yield f"{_shown(words)}"
        if _begins(words, IN_SECTIONS) and not depth:
            yield f"outside a section: {_shown(words)}"
        if file == "Statements.v" and not _begins(words, OF_STATEMENTS):
            yield f"neither a definition nor a statement: {_shown(words)}"
    if file == "Statements.v" and uses_interval(text):
        yield "it imports Interval, whose axioms are for numeric proofs alone"


def uses_interval(text: str) -> bool:
    """Whether a file imports Interval's tactic."""
    return any((re.match(r"(?:From\s+Interval\s+)?Require\s.*", one) and "Interval" in one) or "Interval.Tactic" in one
               for one in sentences(text))  # fmt: skip


def _begins(sentence: str, words: tuple[str, ...]) -> bool:
    return any(re.match(r"\s+".join(word.split()) + r"\b", sentence) for word in words)


def _shown(sentence: str) -> str:
    return " ".join(sentence.split())[:80]
