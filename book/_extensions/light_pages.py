"""Keeps what a page loads first small.

Of Font Awesome, 1.5 MB of icons that the theme has every page load, the icons that pages use are kept.
"""

import re
from pathlib import Path
from typing import Any

from sphinx.util import logging

_SCRIPT = Path("_static/scripts/fontawesome.js")
_ICON = re.compile(
    r"""(?<=[{,])"?([a-z0-9-]+)"?:\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[(?:"[^"]*",?)+\])\],?"""
)
_USED = re.compile(r"\bfa-([a-z0-9-]+)")
logger = logging.getLogger(__name__)


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("build-finished", _keep_used_icons)
    return {"parallel_read_safe": True}


def _keep_used_icons(app: Any, exception: Exception | None) -> None:
    folder = Path(app.outdir)
    script = folder / _SCRIPT
    if exception is not None or not script.is_file():
        return
    sources = [*folder.rglob("*.html"), *(folder / "_static").rglob("*theme*.js")]
    used = {name for source in sources for name in _USED.findall(source.read_text(encoding="utf-8"))}
    kept = subset(script.read_text(encoding="utf-8"), used)
    if kept is None:
        logger.warning("%s does not look as expected, so that pages load all icons", _SCRIPT)
    else:
        script.write_text(kept, encoding="utf-8")


def subset(script: str, used: set[str]) -> str | None:
    """Font Awesome's script with these icons alone, by name or other name; None where it holds no icons as known."""

    def needed(icon: re.Match[str]) -> str:
        names = {icon[1], *re.findall(r'"([a-z0-9-]+)"', icon[2])}
        return icon[0] if names & used else ""

    return _ICON.sub(needed, script) if _ICON.search(script) else None
