"""What is wrong with a page of the built book on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from book import pdf

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A4 without the margins, in the page's own pixels of 1/96 inch.
WIDTH = int((210 - 2 * 16) / 25.4 * 96 / pdf.SCALE)
FAULTS = """() => {
    const seen = (part) => part.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const found = (what, parts) => [...parts].map((part) => `${what}: ${part.outerHTML.slice(0, 120)}`);
    const all = (names) => [...document.querySelectorAll(names)];
    const wide = all('article :is(pre, table, mjx-container[display="true"])').filter((part) =>
        part.getBoundingClientRect().right > document.documentElement.clientWidth + 1
            || (part.tagName === 'PRE' && part.scrollWidth > part.clientWidth + 1));
    const idle = all('.bd-header, .bd-sidebar-primary, .copybtn, .notebooks, details.hide, .interactive .controls');
    const ends = [];
    for (let part = document.querySelector('article'); part; part = [...part.children].filter(seen).at(-1)) {
        const style = getComputedStyle(part);
        if (style.display === 'inline') break;
        if (parseFloat(style.marginBottom) > 0) ends.push(part);
        if (style.breakInside === 'avoid') break;
        if (parseFloat(style.paddingBottom) > 0) ends.push(part);
    }
    return [
        ...found('ends in a space, which may go to a page of its own', ends),
        ...found('wider than the page', wide.filter(seen)),
        ...found('of no use on paper', idle.filter(seen)),
        ...found('kept together twice', all('.cell_input :is(div, pre)').filter(
            (part) => getComputedStyle(part).breakInside === 'avoid')),
        ...found('a solution that is closed', all('.solution > :not(.toggle-button)').filter((part) => !seen(part))),
    ];
}"""


def faults_on_paper(page: Page) -> list[str]:
    """What is cut, of no use on paper, or closed there; the page is in print's style from then on."""
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.emulate_media(media="print")
    return page.evaluate(FAULTS)
