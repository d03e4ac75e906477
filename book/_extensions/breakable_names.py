"""Where long names of code may break: paths after a slash, others after a point or an underscore or before a capital letter.

In tables and on paper nothing else breaks them (see the style sheet), so that no name squeezes the columns beside it.
"""

import re
from typing import Any

_NAME = re.compile(r'(?<=<span class="pre">)[^<]+(?=</span>)')
_LONG = 13
"""Shorter ones, in characters, fit into a column of a table."""


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("html-page-context", _let_break)
    return {"parallel_read_safe": True}


def _let_break(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    if "body" in context:
        context["body"] = breakable(context["body"])


def breakable(body: str) -> str:
    """The page, with `<wbr>` in the long names of its code."""
    return _NAME.sub(lambda name: _in_parts(name[0]) if len(name[0]) > _LONG else name[0], body)


def _in_parts(name: str) -> str:
    return re.sub("/" if "/" in name else r"[._](?=\w)|[a-z](?=[A-Z])", r"\g<0><wbr>", name)
