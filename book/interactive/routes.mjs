// All routes from the first token to the last, with their weights; drawn as arcs and listed.

import { forwardSubstitution, softmax } from "../../examples/implementations/sessa.mjs";
import { element, svg } from "./element.mjs";
import { frame, keepUpdated, slider } from "./frame.mjs";
import { fixed, rounded } from "./text.mjs";

// Row t: how much token t wants to read each token before it.
const LOGITS = [[], [0], [0.6, -0.2], [-0.5, 0.9, 0.1], [0.3, -0.8, 0.7, -0.1], [-0.2, 0.5, -0.6, 0.8, 0.2]];
const TOKENS = [3, 4, 5, 6];
const GAINS = Array.from({ length: 199 }, (_, i) => (i - 99) / 100);
const SHARPNESSES = Array.from({ length: 41 }, (_, i) => i / 10);

const CAPTION = String.raw`
Each arc is an entry \(B_{t,j}=\gamma\,\alpha_{t,j}\), drawn the thicker the larger it is (dashed if negative); row \(t\) of
\(\alpha\) is the softmax of fixed logits times the sharpness, which at 0 makes routing uniform. A route hops from
token 0 to the last token, always to a later one, and its weight is the product of its arcs. Point at a route in the list,
or reach it with the tab key, to see its arcs.`;

export function routes(place) {
  const tokens = slider({ name: "tokens", label: "Tokens <i>T</i>", values: TOKENS, value: 5 });
  const gain = slider({ name: "gamma", label: "Gain <i>γ</i>", values: GAINS, value: 0.8, shown: (g) => fixed(g, 2) });
  const sharpness = slider({ name: "sharpness", label: "Sharpness", values: SHARPNESSES, value: 1, shown: (k) => fixed(k, 1) });
  const controls = [tokens, gain, sharpness];

  const picture = element("div", { class: "arcs" });
  const list = element("ol", { class: "routes" });
  const drawing = element("div", { class: "drawing" }, picture, list);
  drawing.dataset.logits = JSON.stringify(LOGITS);
  const say = frame(place, { title: "All routes from the first token to the last", controls, drawing, caption: CAPTION });

  let B, all;
  let chosen; // the route that stays marked, as text
  const show = (route) => drawArcs(picture, B, route);
  const showChosen = () => {
    const route = all.find((implementation) => implementation.text === chosen) ?? all[0];
    for (const item of list.children) {
      item.firstChild.setAttribute("aria-pressed", item.firstChild.dataset.route === route.text);
    }
    show(route);
  };
  const choose = (route) => {
    chosen = route.text;
    showChosen();
  };

  const update = () => {
    const [T, gamma, kappa] = controls.map((control) => control.value);
    B = LOGITS.slice(0, T).map((row) => softmax(row.map((logit) => kappa * logit)).map((weight) => gamma * weight));
    all = allRoutes(B).sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
    const largest = Math.abs(all[0].weight) || 1;
    list.replaceChildren(
      ...all.map((route) => {
        const button = element(
          "button",
          { type: "button", class: "route", "data-route": route.text, "data-weight": route.weight },
          ...columns(route.text, hops(route), rounded(route.weight)),
          bar(route.weight / largest),
        );
        button.addEventListener("pointerenter", () => show(route));
        button.addEventListener("pointerleave", showChosen);
        button.addEventListener("focus", () => choose(route));
        button.addEventListener("click", () => choose(route));
        return element("li", {}, button);
      }),
    );
    const solution = forwardSubstitution(B, B.map((_, t) => [t === 0 ? 1 : 0])).at(-1)[0];
    drawing.dataset.total = solution;
    say(sentence(all, solution));
    showChosen();
  };
  keepUpdated(controls, update);
  new ResizeObserver(showChosen).observe(picture);
}

/** Every increasing sequence of tokens from the first to the last, with the product of its entries of B. */
function allRoutes(B) {
  const last = B.length - 1;
  const prolong = (nodes, weight) => {
    const here = nodes.at(-1);
    if (here === last) return [{ nodes, weight, text: nodes.join(" → ") }];
    const later = Array.from({ length: last - here }, (_, i) => here + 1 + i);
    return later.flatMap((next) => prolong([...nodes, next], weight * B[next][here]));
  };
  return prolong([0], 1);
}

function sentence(all, solution) {
  const last = all[0].nodes.at(-1);
  const sum = all.reduce((partial, { weight }) => partial + weight, 0);
  return (
    `The ${all.length} routes from token 0 to token ${last} weigh ${rounded(sum, 6)} together; forward substitution, ` +
    `which lists none of them, gives the entry (${last}, 0) of (<i>I</i> − <i>B</i>)<sup>−1</sup> as ${rounded(solution, 6)}.`
  );
}

function hops({ nodes }) {
  return nodes.length === 2 ? "1 hop" : `${nodes.length - 1} hops`;
}

function columns(...texts) {
  return texts.map((text) => element("span", {}, text));
}

function bar(share) {
  const style = `width: ${100 * Math.abs(share)}%`;
  return element("span", { class: share < 0 ? "bar negative" : "bar", style });
}

/** Tokens on a line, an arc for each entry of B, those on `route` before all others. */
function drawArcs(picture, B, route) {
  const T = B.length;
  const width = Math.max(picture.clientWidth, 240);
  const margin = 30;
  const gap = (width - 2 * margin) / (T - 1);
  const rise = Math.min(Math.max(gap / 2, 36), 62); // of an arc, per token that it passes
  const ground = 26 + rise * (T - 1);
  const x = (token) => margin + gap * token;
  const hops = new Set(route.nodes.slice(1).map((token, i) => `${route.nodes[i]} ${token}`));
  const thickest = Math.min(16, gap / 6);

  const arcs = [];
  for (let t = 1; t < T; t++) {
    for (let j = 0; j < t; j++) {
      const top = { x: (x(j) + x(t)) / 2, y: ground - rise * (t - j) };
      const onRoute = hops.has(`${j} ${t}`);
      const sign = B[t][j] < 0 ? " negative" : "";
      const group = svg(
        "g",
        { class: `arc${sign}${onRoute ? " marked" : ""}` },
        svg("path", {
          d: `M ${x(j)} ${ground} A ${(gap * (t - j)) / 2} ${rise * (t - j)} 0 0 1 ${x(t)} ${ground}`,
          "stroke-width": Math.max(1, thickest * Math.abs(B[t][j])),
        }),
        svg("text", { x: top.x, y: top.y }, fixed(B[t][j], 2)),
      );
      arcs.push({ group, onRoute });
    }
  }
  arcs.sort((one, other) => one.onRoute - other.onRoute);

  const visited = new Set(route.nodes);
  const tokens = B.map((_, token) =>
    svg(
      "g",
      { class: `token${visited.has(token) ? " marked" : ""}` },
      svg("circle", { cx: x(token), cy: ground, r: 15 }),
      svg("text", { x: x(token), y: ground }, String(token)),
    ),
  );
  const description = `Arcs between ${T} tokens; marked is the route ${route.text} of weight ${rounded(route.weight)}.`;
  picture.replaceChildren(
    svg(
      "svg",
      { role: "img", "aria-label": description, width, height: ground + 24 },
      ...arcs.map(({ group }) => group),
      ...tokens,
    ),
  );
}
