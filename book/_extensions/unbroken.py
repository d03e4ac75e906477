"""Keeps a formula in one line with the punctuation around it; browsers would break between the two."""

import re
from typing import Any

_FORMULA = re.compile(r'([(“‘]*)(<span class="math [^"]*">[^<]*</span>)([.,;:?!)’”]*)')


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("html-page-context", _keep_punctuation)
    return {"parallel_read_safe": True}


def _keep_punctuation(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    if "body" in context:
        context["body"] = unbroken(context["body"])


def unbroken(body: str) -> str:
    """The page with a span around each formula that has punctuation before or after it."""

    def kept(found: re.Match[str]) -> str:
        return f'<span class="unbroken">{found[0]}</span>' if found[1] or found[3] else found[0]

    return _FORMULA.sub(kept, body)
