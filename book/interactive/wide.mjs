// What is wider than its place: a little is shrunk until it fits; more scrolls, and is marked, so that a shadow can say so.

const PLACES = {
  ".bd-content .drawing": { limit: 1.08, shrink: shrinkDrawing }, // its letters are small enough
  '.bd-content mjx-container[display="true"]': { limit: 1.12, shrink: shrinkText },
  ".bd-content .math.long": { limit: 1.12, shrink: shrinkText },
  ".bd-content :is(table, div.highlight pre)": {},
};

/** Look at all such places now, when formulas have been set, and whenever one of them changes its size. */
export function markWide() {
  const observer = new ResizeObserver((changes) => requestAnimationFrame(() => changes.forEach(({ target }) => fit(target))));
  const observe = () => document.querySelectorAll(Object.keys(PLACES).join()).forEach((place) => observer.observe(place));
  observe();
  window.addEventListener("load", () => window.MathJax?.startup?.promise?.then(observe));
}

function fit(place) {
  const { limit, shrink } = Object.entries(PLACES).find(([selector]) => place.matches(selector))[1];
  shrink?.(place, 1);
  const excess = place.scrollWidth / place.clientWidth;
  if (excess > 1 && excess <= limit) shrink?.(place, excess);
  place.toggleAttribute("data-scrolls", place.scrollWidth > place.clientWidth + 1);
}

function shrinkText(place, excess) {
  place.dataset.size ??= place.style.fontSize || "100%"; // MathJax has set it
  place.style.fontSize = excess === 1 ? place.dataset.size : `${(0.995 * parseFloat(place.dataset.size)) / excess}%`;
}

function shrinkDrawing(place, excess) {
  place.firstElementChild.style.width = excess === 1 ? "" : "100%";
}
