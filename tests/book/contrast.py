"""What is too faint on an open page: texts, and the texts and curves of drawings, by the colours that the browser computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Contrast as WCAG 2 defines it; thresholds for texts, and for what else must be seen.
_CONTRAST = """
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
    const rgba = (colour) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) => (a === 1 ? [r, g, b] : [r, g, b].map((c, i) => a * c + (1 - a) * below[i]));
    const behind = (part) => {
        if (!part) return [255, 255, 255];
        const colour = rgba(getComputedStyle(part).backgroundColor);
        return over(colour, colour[3] === 1 ? null : behind(part.parentElement));
    };
    const luminance = (colour) => {
        const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (colours) => {
        const [low, high] = colours.map(luminance).sort((one, other) => one - other);
        return (high + 0.05) / (low + 0.05);
    };
    const TEXT = 4.5, CURVE = 3;
"""

_TEXTS = """
    const parts = document.querySelectorAll(
        'article :is(p, li, td, th, dt, dd, h1, h2, h3, h4, a, code, pre, pre span, figcaption, label, output)'
    );
    const own = (part) => [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const ofText = (part) => contrast([rgba(getComputedStyle(part).color).slice(0, 3), behind(part)]);
    const texts = [...parts]
        .filter((part) => own(part) && part.checkVisibility() && !part.classList.contains('headerlink'))
        .filter((part) => ofText(part) < TEXT)
        .map((part) => `${ofText(part).toFixed(2)} ${part.outerHTML.slice(0, 120)}`);
"""

# What lies under the middle of a text is found by asking the browser; a heat map has no one colour, and is left out.
_DRAWINGS = """
    const drawings = [];
    const painted = (part, what) => {
        const style = getComputedStyle(part);
        if (style[what] === 'none') return [0, 0, 0, 0];
        const [r, g, b, a] = rgba(style[what]);
        return [r, g, b, a * style.opacity * style[`${what}Opacity`]];
    };
    const under = (parts, page) =>
        parts.reduceRight((below, part) => over(painted(part, 'fill'), below), page);
    for (const drawing of document.querySelectorAll('article .drawing svg')) {
        if (!drawing.checkVisibility()) continue;
        const page = behind(drawing);
        const complain = (what, found, part) => drawings.push(`${found.toFixed(2)} ${what} ${part.id}`);
        for (const text of drawing.querySelectorAll('g[id*="-text_"]')) {
            const glyph = [...text.querySelectorAll('use')].find((one) => one.getBoundingClientRect().width > 0);
            if (!glyph) continue;
            text.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
            const box = glyph.getBoundingClientRect();
            const shapes = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2)
                .filter((part) => drawing.contains(part) && part !== drawing && part.tagName !== 'use');
            if (shapes.some((part) => part.tagName === 'image')) continue;
            const ground = under(shapes, page);
            const found = contrast([over(painted(glyph, 'fill'), ground), ground]);
            if (found < TEXT) complain('text', found, text);
        }
        for (const line of drawing.querySelectorAll('g[id*="-line2d_"] > path')) {
            if (line.parentElement.parentElement.id.includes('tick') || getComputedStyle(line).stroke === 'none') continue;
            const found = contrast([over(painted(line, 'stroke'), page), page]);
            if (found < CURVE) complain('curve', found, line.parentElement);
        }
    }
    window.scrollTo(0, 0);
"""


def faint(page: Page) -> list[str]:
    """What has too little contrast in the page's present theme."""
    return page.evaluate("() => {" + _CONTRAST + _TEXTS + _DRAWINGS + "return [...texts, ...drawings]; }")
