"""The bibliography's labels are what citations in the text show: "Golub and Van Loan, 2013"."""

from collections.abc import Iterator
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle


class Labels(BaseLabelStyle):
    """Last names of the authors, of the first one alone if they are more than two, and the year."""

    def format_labels(self, sorted_entries: list[Entry]) -> Iterator[str]:
        """A label for each entry."""
        for entry in sorted_entries:
            people = entry.persons["author"]
            names = [" ".join(str(part) for part in p.rich_prelast_names + p.rich_last_names) for p in people]
            who = " and ".join(names) if len(names) <= 2 else f"{names[0]} et al."
            yield f"{who}, {entry.fields['year']}"


class AuthorYear(Style):
    """Sorted by author, with those labels."""

    default_sorting_style = "author_year_title"
    default_label_style = Labels


def setup(app: Any) -> dict[str, bool]:
    """Make the style known; `bibtex_default_style` in `_config.yml` chooses it."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    return {"parallel_read_safe": True}
