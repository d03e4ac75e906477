"""Tables of texts, and how Markdown writes them."""

from collections.abc import Iterable
from typing import NamedTuple


class Table(NamedTuple):
    """A table of texts."""

    title: str
    header: list[str]
    rows: list[list[str]]

    @property
    def lines(self) -> str:
        """The table in Markdown, without its title."""
        written = [self.header, ["--:"] * len(self.header), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in written)


def document(headline: Iterable[str], tables: Iterable[Table]) -> str:
    """The headline as a list, and the tables, in Markdown."""
    parts = ["\n".join(f"- {line}" for line in headline)]
    parts += [f"**{table.title}**\n\n{table.lines}" for table in tables]
    return "\n\n".join(parts) + "\n"
