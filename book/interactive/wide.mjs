// What is wider than its place: a little is shrunk until it fits; more scrolls, and is marked, so that a shadow can say so.

const PLACES = {
  ".bd-content .drawing": { limit: 1.08, shrink: shrinkDrawing }, // its letters are small enough
  '.bd-content mjx-container[display="true"]': { limit: 1.12, shrink: shrinkText },
  ".bd-content .math.long": { limit: 1.12, shrink: shrinkText },
  ".bd-content :is(table, div.highlight pre)": {},
};
const shrunk = new Set();

/** Look at all such places now, when formulas have been set, and whenever one of them changes its size. */
export function markWide() {
  const observer = new ResizeObserver((changes) => requestAnimationFrame(() => fit(changes.map(({ target }) => target))));
  const observe = () => document.querySelectorAll(Object.keys(PLACES).join()).forEach((place) => observer.observe(place));
  observe();
  window.addEventListener("load", () => window.MathJax?.startup?.promise?.then(observe));
}

/** First all sizes are read and then all are changed, or the page would be laid out once for each place. */
function fit(places) {
  for (const place of places.filter((one) => shrunk.delete(one))) ruleOf(place).shrink(place, 1);
  const sizes = places.map((place) => [place, place.scrollWidth, place.clientWidth]);
  for (const [place, needed, given] of sizes) {
    const { limit, shrink } = ruleOf(place);
    const tooWide = needed > given + 1; // both are rounded
    const fits = tooWide && needed <= limit * given; // without a limit never
    if (fits) {
      shrink(place, needed / given);
      shrunk.add(place);
    }
    place.toggleAttribute("data-scrolls", tooWide && !fits);
  }
}

function ruleOf(place) {
  return Object.entries(PLACES).find(([selector]) => place.matches(selector))[1];
}

function shrinkText(place, excess) {
  place.dataset.size ??= place.style.fontSize || "100%"; // MathJax has set it
  place.style.fontSize = excess === 1 ? place.dataset.size : `${(0.995 * parseFloat(place.dataset.size)) / excess}%`;
}

function shrinkDrawing(place, excess) {
  place.firstElementChild.style.width = excess === 1 ? "" : "100%";
}
