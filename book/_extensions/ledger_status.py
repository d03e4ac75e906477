"""The role `status` shows what the ledger has recorded for a row, and links to it: {status}`thm:8`."""

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.add_role("status", _status)
    app.connect("env-before-read-docs", _read_again_if_changed)
    return {"parallel_read_safe": True}


def _status(
    name: str, source: str, text: str, line: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    from proofs_checks.pages import anchor
    from proofs_checks.record import is_stale, shown

    outcome = shown().get(text)
    if outcome is None:
        return [], [inliner.reporter.error(f"the ledger has no row {text}", line=line)]
    words = words_of(outcome, stale=bool(outcome.hash) and is_stale(outcome))
    kind = str(outcome.level) if outcome.status == "holds" else str(outcome.status).replace(" ", "-")
    target = addnodes.pending_xref("", refdomain="std", reftype="ref", reftarget=anchor(text), refexplicit=True,
                                   refdoc=inliner.document.settings.env.docname, refwarn=True)  # fmt: skip
    target += nodes.inline(source, words)
    badge = nodes.inline(source, "", target, classes=["ledger-badge", f"ledger-{kind}"])
    return [badge], []


def words_of(outcome: Any, stale: bool) -> str:
    """What a badge says of an `Outcome`: its level, or its status where that says more, and what is proved by machine."""
    words = str(outcome.level or outcome.status) if outcome.status == "holds" else str(outcome.status)
    proved = outcome.formal
    if proved and words != "formal":
        part = f": {proved.unconfirmed}" if proved.unconfirmed else " in part" if proved.left else ""
        words += f", formal{part}"
    if stale:
        words += " (stale)"
    return words


def _read_again_if_changed(app: Any, env: Any, names: list[str]) -> None:
    """A page that shows a status depends on the record, which is no file of the book."""
    from proofs_checks.formal.status import FILE as PROVED
    from proofs_checks.record import FILE

    stamp = max((file.stat().st_mtime for file in (FILE, PROVED) if file.exists()), default=0.0)
    if getattr(env, "ledger_stamp", None) != stamp:
        env.ledger_stamp = stamp
        names += [name for name in env.found_docs if name not in names and "{status}" in _text(env, name)]
    for name in names:
        env.clear_doc(name)  # rows move between pages: all old labels go before new ones come


def _text(env: Any, name: str) -> str:
    file = Path(env.doc2path(name))
    return file.read_text(encoding="utf-8") if file.exists() else ""
