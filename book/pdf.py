"""Makes one PDF of the built book: every page as Chromium prints it, in the order of `_toc.yml`, with bookmarks.

`make book-pdf` runs it. Solutions are open on paper, and an interactive figure shows its first state.
"""

import html
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

BOOK = Path(__file__).resolve().parent
HTML = BOOK / "_build" / "html"
FILE = BOOK / "_build" / "book.pdf"
SCALE = 0.8  # 80 columns of code fit into a line
PAPER = {
    "format": "A4",
    "scale": SCALE,
    "margin": dict.fromkeys(("top", "bottom", "left", "right"), "16mm"),
    "print_background": True,
}
# Without a window, which takes a third of the time of opening a page, where that is installed.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
READY = """async () => {
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
}"""
DRAWN = "() => [...document.querySelectorAll('.interactive[data-figure]')].every((one) => one.dataset.state)"


def main() -> None:
    """Print and join; without a built book or a Chromium, say what is missing."""
    names = page_names()
    missing = [name for name in names if not (HTML / f"{name}.html").is_file()]
    if missing:
        sys.exit(f"The book is not built whole ({missing[0]}.html is missing); `make book` builds it.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = chromium(playwright)
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")  # moving figures stand, whole
        page.set_default_timeout(300_000)  # a page with many formulas may take long on a busy machine
        for number, name in enumerate(names, start=1):
            print_page(page, HTML / f"{name}.html", Path(folder) / f"{number}.pdf")
            print(f"\r{number} of {len(names)} pages of the book", end="", flush=True)
        browser.close()
        count = join([(name, Path(folder) / f"{number}.pdf") for number, name in enumerate(names, start=1)], FILE)
    print(f"\n{FILE}: {count} pages, {FILE.stat().st_size / 2**20:.1f} MiB")


def page_names() -> list[str]:
    """All pages in the reader's order."""
    return re.findall(r"^\s*-?\s*(?:root|file):\s*(\S+)$", (BOOK / "_toc.yml").read_text("utf-8"), re.MULTILINE)


def chromium(playwright: "Playwright") -> "Browser":
    """The system's Chromium, or else the one that playwright has installed.

    Raises:
        SystemExit: there is none; with a message that says how to install one.
    """
    from playwright.sync_api import Error

    path = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
    except Error as error:
        found = f"{path} does not start" if path else "none is installed"
        sys.exit(
            f"A PDF of the book is printed by Chromium, and {found}. Install the system's package `chromium`, or run "
            f"`.venv/bin/playwright install chromium`.\n{error}"
        )


def print_page(page: "Page", source: Path, pdf: Path) -> None:
    """One page of the book, once its formulas and figures are there."""
    page.goto(source.as_uri())
    page.evaluate(READY)
    page.wait_for_function(DRAWN)
    page.pdf(path=pdf, **PAPER)


def join(printed: list[tuple[str, Path]], file: Path) -> int:
    """Write all into one file, with a bookmark for each page of the book; links between its pages lead inside the file.

    Returns the number of pages.
    """
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NullObject

    writer = PdfWriter()
    starts: dict[str, int] = {}
    places: dict[str, dict[str, tuple[int, float]]] = {}  # page of the book, anchor: page of the file, height on it
    for name, pdf in printed:
        reader = PdfReader(pdf)
        start = starts[name] = len(writer.pages)
        places[name] = {
            anchor.removeprefix("/"): (start + (reader.get_destination_page_number(place) or 0), float(place.top or 0))
            for anchor, place in reader.named_destinations.items()
        }
        for page in reader.pages:
            writer.add_page(page)
        writer.add_outline_item(title=title(name), page_number=start)

    def lead_to(link: DictionaryObject, name: str, anchor: str) -> None:
        number, height = places[name].get(anchor, (starts[name], writer.pages[starts[name]].mediabox.top))
        position = [NameObject("/XYZ"), NullObject(), FloatObject(height), NullObject()]
        link[NameObject("/Dest")] = ArrayObject([writer.pages[number].indirect_reference, *position])

    for number, page in enumerate(writer.pages):
        here = max((name for name in starts if starts[name] <= number), key=starts.__getitem__)
        for link in (annotation.get_object() for annotation in page.get("/Annots", [])):
            address = urlsplit(link.get("/A", {}).get("/URI", ""))
            if "/Dest" in link:
                lead_to(link, here, str(link["/Dest"]).removeprefix("/"))
            elif address.scheme == "file":  # of this machine, and no place to lead others to
                del link["/A"]
                name = Path(unquote(address.path)).with_suffix("")
                if name.is_relative_to(HTML) and (known := name.relative_to(HTML).as_posix()) in starts:
                    lead_to(link, known, unquote(address.fragment))
    writer.compress_identical_objects()
    writer.write(file)
    return len(writer.pages)


def title(name: str) -> str:
    """The title of a page of the book, as a browser's tab shows it."""
    found = re.search(r"<title>(.*?)(?: &#8212; .*?)?</title>", (HTML / f"{name}.html").read_text("utf-8"), re.DOTALL)
    return html.unescape(found[1].strip()) if found else name


if __name__ == "__main__":
    main()
