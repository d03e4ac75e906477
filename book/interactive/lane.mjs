// Words as dots on a line, arcs between them, and pulses that travel along the arcs.

import { element, svg } from "./element.mjs";

const RISE = 74; // of an arc over all words, in pixels
const LEAST = 0.003; // size of a pulse that can still be seen

/**
 * Draw one lane.
 *
 * @param title what stands above it
 * @param flow { matrix, arrived }: row t of the matrix over the words before t, and what arrives at each word by each hop
 * @param source the word that the pulse starts from
 * @param time hops so far; 1.5 is in the middle of the second
 */
export function drawLane(lane, title, { matrix, arrived }, source, time) {
  const T = matrix.length;
  const width = Math.max(lane.clientWidth, 200);
  const x = (t) => ((t + 0.5) / T) * width;
  const rise = (span) => RISE * Math.sqrt(span / (T - 1));
  const longest = Math.max(...matrix.map((row, t) => t - Math.max(source, row.findIndex(Boolean))), 1);
  const ground = rise(longest) + 14;
  const arc = (j, t) => ({ middle: (x(j) + x(t)) / 2, reach: (x(t) - x(j)) / 2, rise: rise(t - j) });

  const before = Math.min(Math.floor(time), arrived.length);
  const [start, travelled] = [amounts(arrived, source, T, before), time - before];
  const paths = [];
  const pulses = [];
  for (let t = source + 1; t < T; t++) {
    for (let j = source; j < t; j++) {
      if (!matrix[t][j]) continue;
      const { middle, reach, rise: height } = arc(j, t);
      const used = j === source || arrived.length > 1;
      if (used) {
        const d = `M ${x(j)} ${ground} A ${reach} ${height} 0 0 1 ${x(t)} ${ground}`;
        paths.push(svg("path", { d, "stroke-width": 1 + 9 * matrix[t][j], "stroke-opacity": 0.12 + 0.3 * matrix[t][j] }));
      }
      const size = matrix[t][j] * start[j];
      if (before < arrived.length && travelled > 0 && size > LEAST) {
        const angle = Math.PI * eased(travelled);
        const [cx, cy] = [middle - reach * Math.cos(angle), ground - height * Math.sin(angle)];
        pulses.push(svg("circle", { class: "pulse", cx, cy, r: radius(size) }));
      }
    }
  }
  const sums = Array.from({ length: T }, (_, t) => arrived.slice(0, before).reduce((sum, hop) => sum + hop[t], t === source ? 1 : 0));
  const dots = sums.flatMap((sum, t) => [
    svg("circle", { class: "felt", cx: x(t), cy: ground, r: radius(sum) }),
    svg("circle", { class: t === source ? "word source" : "word", cx: x(t), cy: ground, r: 2.5 }),
  ]);
  const said = `${title}; by now the last word has ${sums.at(-1).toPrecision(2)} of the pulse.`;
  lane.replaceChildren(
    element("p", { class: "name" }, title),
    svg("svg", { role: "img", "aria-label": said, width, height: ground + 14 }, ...paths, ...dots, ...pulses),
  );
}

/** What starts from each word with hop `hop` + 1: the pulse itself, or what the last hop brought. */
function amounts(arrived, source, T, hop) {
  return hop === 0 ? Array.from({ length: T }, (_, t) => (t === source ? 1 : 0)) : arrived[hop - 1];
}

/** Area says how much. */
function radius(size) {
  return 13 * Math.sqrt(Math.max(size, 0));
}

function eased(share) {
  return share * share * (3 - 2 * share);
}
