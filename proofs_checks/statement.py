"""A row of the ledger: a statement, and the function that checks it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from proofs_checks.evidence import Evidence

Check = Callable[..., None]
"""check(evidence, *, constant=value, ...): its keywords are the constants and hypotheses that can be bent."""


@dataclass(frozen=True)
class Bend:
    """A change that makes the statement false: its check must fail then.

    Attributes:
        about: the change in words.
        values: the check's keywords that change, with their new values.
    """

    about: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """A numbered statement of the paper, or one of ours.

    Attributes:
        id: "thm:8" as in the paper, or "ours:...".
        kind: definition, assumption, lemma, proposition, theorem, corollary or remark.
        title: a few words.
        where: section and equation in the paper.
        says: the statement in our own words, with formula and hypotheses; Markdown with $...$.
        needs: ids of the statements that it depends on.
        trust: what its level rests on: the arithmetic, the T, the ranges of constants; one line.
        not_higher: why its level is not higher; "" at the highest possible.
        check: what is done about it; None where nothing is yet.
        bends: changes that must make the check fail.
        proof: the proof in full, where the paper has none; Markdown with $...$.
    """

    id: str
    kind: str
    title: str
    where: str
    says: str
    needs: tuple[str, ...] = ()
    trust: str = ""
    not_higher: str = ""
    check: Check | None = None
    bends: tuple[Bend, ...] = field(default=())
    proof: str = ""

    def constants(self) -> dict[str, Any]:
        """What can be bent, with the values of the statement."""
        if self.check is None:
            return {}
        found = inspect.signature(self.check).parameters.values()
        return {p.name: p.default for p in found if p.kind is p.KEYWORD_ONLY}

    def run(self, quick: bool = False, **bent: Any) -> Evidence:
        """Run the check, as it is or bent.

        Raises:
            ValueError: there is no check yet, or it has no constant of that name.
        """
        if self.check is None:
            raise ValueError(f"{self.id} is not yet checked")
        unknown = sorted(set(bent) - set(self.constants()))
        if unknown:
            known = ", ".join(f"{name}={value!r}" for name, value in self.constants().items()) or "none"
            raise ValueError(f"{self.id} has no constant {unknown[0]!r} to bend; it has: {known}")
        evidence = Evidence(self.id, quick)
        self.check(evidence, **bent)
        return evidence


def states(
    id: str,  # noqa: A002
    title: str,
    *,
    where: str,
    says: str,
    trust: str,
    needs: tuple[str, ...] = (),
    not_higher: str = "",
    bends: tuple[Bend, ...] = (),
    kind: str | None = None,
    proof: str = "",
) -> Callable[[Check], Statement]:
    """Decorator: the statement above, its check below; the name becomes the `Statement`.

    Args:
        id: as in `Statement`, like all others; `kind` is read off it where it is None.
        title: see `Statement`.
        where: see `Statement`.
        says: see `Statement`.
        trust: see `Statement`.
        needs: see `Statement`.
        not_higher: see `Statement`.
        bends: see `Statement`.
        kind: see `Statement`.
        proof: see `Statement`.
    """
    return lambda check: Statement(
        id,
        kind or _KINDS[id.split(":")[0]],
        title,
        where,
        inspect.cleandoc(says),
        needs,
        trust,
        not_higher,
        check,
        bends,
        inspect.cleandoc(proof),
    )


def not_yet_checked(id: str, title: str, where: str, says: str) -> Statement:  # noqa: A002
    """A row without a check."""
    return Statement(id, _KINDS[id.split(":")[0]], title, where, inspect.cleandoc(says))


_KINDS = {
    "def": "definition",
    "asm": "assumption",
    "rem": "remark",
    "lem": "lemma",
    "prop": "proposition",
    "thm": "theorem",
    "cor": "corollary",
    "ours": "theorem",
}
