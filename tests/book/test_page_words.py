"""No page is longer than one sitting."""

from __future__ import annotations

import pytest

from tests.book.prose import BOOK, PAGES, source, words

LONGEST = 2500
# Records and machine-checked statements are looked up one at a time; a page has those of a topic of the paper.
REFERENCE = ("_generated/ledger/statements/", "_generated/formal/")


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(REFERENCE)])
def test_a_page_is_short(page: str) -> None:
    if page.startswith("_generated/") and not (BOOK / f"{page}.md").is_file():
        pytest.skip("`make book` writes this page")
    length = words(source(page))
    assert length <= LONGEST, f"{page} has {length} words"


def test_what_is_counted() -> None:
    page = """---
title: no word
---
# Two words

```{code-cell} ipython3
no = "```word```"
```

Some more $x + y$ here.
```{exercise} A title
:label: ex-a
Do it.
```
````{solution-start} ex-a
:class: dropdown
````
hidden
```{code-cell} ipython3
2
```
````{solution-end}
````

```bash
ls
```
The end
"""
    seen = "# Two words Some more $x + y$ here. ```{exercise} A title :label: ex-a Do it. The end"
    assert words(page) == len(seen.split())
