"""Keeps the built book offline: it ships its scripts, and nothing on a page may be loaded from elsewhere.

Links for readers are welcome.
"""

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.util import logging

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link(?![^>]*rel="canonical"))[^>]*(?:src|href)=["'](?:https?:)?//[^"']*"""
)
_NETWORK = re.compile(r"https?://(?:unpkg|cdn|cdnjs|fonts|polyfill)\.[^\s\"'<>]*")
logger = logging.getLogger(__name__)


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", _without_thebe)
    app.connect("build-finished", _ship_scripts)
    app.connect("build-finished", _check_pages)
    return {"parallel_read_safe": True}


def _without_thebe(app: Any, _: Any) -> None:
    """Jupyter Book loads this extension unasked, and it puts the address of its script into every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [found for found in listeners if not found.handler.__module__.startswith("sphinx_thebe")]
    app.registry.css_files[:] = [found for found in app.registry.css_files if found[0] != "sphinx-thebe.css"]


def _ship_scripts(app: Any, exception: Exception | None) -> None:
    """Copied here and not by `html_static_path`: Jupyter Book has every page load each script it finds there."""
    if exception is None:
        parts = shutil.ignore_patterns("*.md", "*.svg")  # they are pages, or parts of pages
        shutil.copytree(Path(app.srcdir) / "_generated", Path(app.outdir) / "_static", ignore=parts, dirs_exist_ok=True)


def _check_pages(app: Any, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for page in sorted(Path(app.outdir).rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        for found in (*_LOADED.findall(text), *_NETWORK.findall(text)):
            logger.warning("%s loads something from elsewhere: %s", page.relative_to(app.outdir), found)
