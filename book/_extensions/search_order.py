"""The search finds chapters first, and works in a book that is opened from a file; see `search_order.js`."""

from pathlib import Path
from typing import Any


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx, whose search loads what `html_search_scorer` names."""
    app.connect("config-inited", _set_scorer)
    return {"parallel_read_safe": True}


def _set_scorer(app: Any, config: Any) -> None:
    config.html_search_scorer = str(Path(__file__).with_suffix(".js"))
