"""Several Coq files as one, each a module: libraries are then loaded once and not for every file."""

import re

from proofs_checks.formal.sources import REQUIRED, sentence_end, still_open, theorem_spans, without_comments

_NAMES = re.compile(r"\bSessa\.(?:(proofs|counterexamples)\.)?([A-Z]\w*)")


def module(file: str) -> str:
    """The name that a file's module has in one file: "proofs/Solve.v" is Sessa_proofs_Solve."""
    return "Sessa_" + file.removesuffix(".v").replace("/", "_")


def joined(texts: dict[str, str], last: str) -> tuple[str, int]:
    """The files one after the other, as modules, and the line on which the first line of the last one stands.

    Args:
        texts: by file name, each after those that it rests on.
        last: lines that come after them.
    """
    parts, line, begun = [], 1, 1
    for file, text in texts.items():
        begun = line + 1
        part = f"Module {module(file)}.\n{_renamed(text)}\nEnd {module(file)}.\n"
        parts.append(part)
        line += part.count("\n")
    return "".join(parts) + last, begun


def without_proofs(text: str) -> str:
    """A file whose theorems are taken for granted, but for those in sections, whose types depend on their proofs."""
    for start, stop in reversed(theorem_spans(text).values()):
        if without_comments(text[start:stop]).rstrip().endswith("Qed.") and not _in_section(text[:start]):
            end = sentence_end(text, start)
            text = text[:end] + " Admitted." + "\n" * text[end:stop].count("\n") + text[stop:]
    return text


def _in_section(before: str) -> bool:
    return any(re.search(rf"Section\s+{name}\s*\.", before) for name in still_open(before))


def _renamed(text: str) -> str:
    """Its text with what it requires of the other files imported from their modules."""

    def imported(found: re.Match[str]) -> str:
        folder = (found[1] or "").lstrip(".").replace(".", "_")
        names = [f"Sessa_{folder}_{name}" if folder else f"Sessa_{name}" for name in found[3].split()]
        kind = (found[2] or "").strip()
        return (f"{kind} {' '.join(names)}." if kind else "") + "\n" * found[0].count("\n")

    plain = REQUIRED.sub(imported, text)
    return _NAMES.sub(lambda found: "_".join(filter(None, ("Sessa", found[1], found[2]))), plain)
