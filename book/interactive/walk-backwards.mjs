// Walkers start at the last token and step back by the rows of the feedback weights; their gains average to the influence.

import { forwardSubstitution, softmax } from "../../examples/implementations/sessa.mjs";
import trained from "../_generated/trained-rows.json";
import { element, svg } from "./element.mjs";
import { choice, frame, keepUpdated, slider } from "./frame.mjs";
import { generator } from "./random.mjs";
import { fixed, rounded } from "./text.mjs";

const T = trained.rows.length;
const GAINS = Array.from({ length: 199 }, (_, i) => (i - 99) / 100);
const WALKERS = [1, 10, 100, 1000, 10000];
const HEIGHT = { steps: 90, bars: 130 };

/** Row t of the weights: what it wants to read of the tokens before it. */
const ROUTINGS = {
  uniform: (t) => new Array(t).fill(1 / t),
  chain: (t) => Array.from({ length: t }, (_, j) => (j === t - 1 ? 1 : 0)),
  sharp: (t) => softmax(Array.from({ length: t }, (_, j) => 3 * Math.sin(2 * t + 5 * j))),
  earliest: (t) => Array.from({ length: t }, (_, j) => (j === 0 ? 1 : 0)),
  trained: (t) => trained.rows[t],
};
const NAMES = { uniform: "uniform", chain: "chain", sharp: "sharp", earliest: "earliest", trained: "a trained layer’s" };

const CAPTION = String.raw`
Every walker stands on the last token and steps to a random earlier one, with the probabilities \(\alpha_{t,j}\) of the row on
which it stands, until it is at token 0. It starts with the number 1 and multiplies it by \(\gamma\) at each step. Bars:
the mean, over all walkers, of the number with which they come to a token, 0 for those who do not. Points: the entries of
\((I-B)^{-1}\). The arcs are the steps of the last walker.`;

export function walkBackwards(place) {
  const gain = slider({ name: "gamma", label: "Gain <i>γ</i>", values: GAINS, value: 0.8, shown: (g) => fixed(g, 2) });
  const number = slider({ name: "walkers", label: "Walkers", values: WALKERS, value: 100 });
  const routing = choice({ name: "routing", label: "Routing", options: NAMES, value: "uniform" });
  const again = element("button", { type: "button", class: "play" }, "Walk");
  const controls = [gain, number, routing, element("div", { class: "control" }, again)];
  const drawing = element("div", { class: "drawing walks" });
  const say = frame(place, { title: "Walks from the last token back", controls, drawing, caption: CAPTION });

  let seed = 1;
  let found;
  const show = () => draw(drawing, found);
  const update = () => {
    const rows = Array.from({ length: T }, (_, t) => ROUTINGS[routing.value](t));
    const marked = routing.value === "trained" ? trained.marked : undefined;
    found = { ...walk(rows, gain.value, number.value, generator(seed)), exact: influences(rows, gain.value), marked };
    drawing.dataset.rows = JSON.stringify(rows);
    drawing.dataset.exact = JSON.stringify(found.exact);
    drawing.dataset.means = JSON.stringify(found.means);
    say(sentence(found, number.value));
    show();
  };
  again.addEventListener("click", () => {
    seed += 1;
    update();
  });
  keepUpdated([gain, number, routing], update);
  new ResizeObserver(show).observe(drawing);
}

/** What the walkers bring to each token on the average, the steps of the last one, and the mean number of steps. */
function walk(rows, gain, walkers, random) {
  const sums = new Array(T).fill(0);
  let steps = 0;
  let last;
  for (let walker = 0; walker < walkers; walker++) {
    let [here, carried] = [T - 1, 1];
    last = [here];
    sums[here] += carried;
    while (here > 0) {
      carried *= gain;
      here = drawn(rows[here], random());
      sums[here] += carried;
      last.push(here);
    }
    steps += last.length - 1;
  }
  return { means: sums.map((sum) => sum / walkers), last, steps: steps / walkers };
}

function drawn(row, uniform) {
  let sum = 0;
  const found = row.findIndex((weight) => (sum += weight) > uniform);
  return found < 0 ? row.findLastIndex((weight) => weight > 0) : found;
}

/** The last row of (I - B)^(-1). */
function influences(rows, gain) {
  const B = rows.map((row) => row.map((weight) => gain * weight));
  const identity = rows.map((_, t) => rows.map((_, j) => (t === j ? 1 : 0)));
  return forwardSubstitution(B, identity).at(-1);
}

function sentence({ means, exact, steps, marked }, walkers) {
  const who = walkers === 1 ? "The walker" : `${walkers} walkers`;
  return (
    `${who} took ${rounded(steps)} steps ${walkers === 1 ? "" : "each on the average "}and brought ${rounded(means[0])} to token 0; ` +
    `the solve says that the influence of token 0 on token ${T - 1} is ${rounded(exact[0])}` +
    (marked === undefined ? "." : `, and that of token ${marked}, which is marked, ${rounded(exact[marked])}.`)
  );
}

/** Tokens from left to right; above them the last walker's steps, below them bars and points. */
function draw(drawing, { means, exact, last, marked }) {
  const width = Math.max(drawing.clientWidth, 240);
  const x = (t) => ((t + 0.5) / T) * width;
  const ground = HEIGHT.steps + 6;
  const values = [...means.slice(0, -1), ...exact.slice(0, -1)]; // both are 1 at the last token
  const [low, high] = [Math.min(0, ...values), Math.max(1e-9, ...values)];
  const y = (value) => ground + 34 + ((high - Math.max(low, Math.min(value, high))) / (high - low)) * HEIGHT.bars;

  const arcs = last.slice(1).map((to, i) => {
    const from = last[i];
    const rise = HEIGHT.steps * Math.sqrt((from - to) / (T - 1));
    return svg("path", { d: `M ${x(from)} ${ground} A ${(x(from) - x(to)) / 2} ${rise} 0 0 0 ${x(to)} ${ground}` });
  });
  const visited = new Set(last);
  const tokens = means.map((_, t) => svg("circle", { class: visited.has(t) ? "word source" : "word", cx: x(t), cy: ground, r: 3 }));
  const bars = means.slice(0, -1).map((mean, t) => {
    const [top, bottom] = [y(Math.max(mean, 0)), y(Math.min(mean, 0))];
    return svg("rect", { class: "mean", x: x(t) - width / T / 3, width: (2 * width) / T / 3, y: top, height: bottom - top });
  });
  const points = exact.slice(0, -1).map((value, t) => svg("circle", { class: "exact", cx: x(t), cy: y(value), r: 3.5 }));
  const marks = [0, T - 1].map((t) => svg("text", { x: x(t), y: ground + 18 }, String(t)));
  if (marked !== undefined) marks.push(svg("text", { x: x(marked), y: ground + 18 }, `${marked}, marked`));
  const scale = svg("text", { class: "scale", x: width, y: y(high) + 14 }, `up to ${rounded(high, 2)}`);
  const description =
    `Tokens 0 to ${T - 1}. The last walker went ${last.join(", ")}. Bars of what walkers brought to each token, ` +
    `${rounded(means[0])} to token 0, and points of the exact influences, ${rounded(exact[0])} of token 0.`;
  drawing.replaceChildren(
    svg(
      "svg",
      { role: "img", "aria-label": description, width, height: ground + HEIGHT.bars + 42 },
      svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0) }), ...arcs, ...tokens, ...bars, ...points, ...marks, scale,
    ), // prettier-ignore
  );
}
