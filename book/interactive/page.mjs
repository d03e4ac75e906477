// Where figures live on a page, and what a page has to load for them.

import { element } from "./element.mjs";

/**
 * Draw in every place of this page the figure that it asks for.
 *
 * A figure is a function of its place, an empty element, that fills it. `data-state` of the place is "drawn" once that
 * is done.
 */
export function settle(figures) {
  for (const place of document.querySelectorAll(".interactive[data-figure]")) {
    draw(place, figures[place.dataset.figure]);
  }
}

async function draw(place, figure) {
  try {
    if (!figure) throw new Error(`there is no interactive figure ${place.dataset.figure}`);
    place.replaceChildren();
    await figure(place);
    place.dataset.state = "drawn";
  } catch (error) {
    place.dataset.state = "failed";
    place.replaceChildren(element("p", {}, `This figure could not be drawn: ${error.message}`));
    throw error;
  }
}

/** Have MathJax set the formulas in an element, now or when it is ready. */
export function typeset(part) {
  const set = () => window.MathJax.startup.promise.then(() => window.MathJax.typesetPromise([part]));
  if (window.MathJax?.startup?.promise) set();
  else window.addEventListener("load", () => window.MathJax?.startup?.promise && set());
}
