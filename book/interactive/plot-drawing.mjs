// Draws curves, axes and a legend as SVG.

import { element, svg } from "./element.mjs";

const MARGIN = { left: 58, right: 16, top: 8, bottom: 44 };
const NEAR = 0.7; // pixels; points that are nearer to the last one drawn are left out

/**
 * Fill `area` with a plot.
 *
 * @param traces { name, x, y, colour, width, dash, panel, unnamed }: curves; those of `panel` 1 use the second y axis, and
 *   those that are `unnamed` are not in the legend
 * @param layout { xaxis, yaxis, yaxis2 }: see `axis`. Each y axis has a `domain`, the part of the height that it takes,
 *   counted from below; all of it where it is left out
 * @param width of the area, in pixels
 * @returns { x, left, right, top, bottom }: the x axis's scale, with `x.at` from pixels to values, and the edges
 */
export function drawPlot(area, traces, layout, width) {
  const edges = { left: MARGIN.left, right: Math.max(width, 240) - MARGIN.right, top: MARGIN.top, bottom: area.plotHeight - MARGIN.bottom };
  const x = scale(layout.xaxis, edges.left, edges.right);
  const panels = [layout.yaxis, layout.yaxis2].filter(Boolean).map((axis, index) => panel(axis, index, edges));
  const drawing = svg(
    "svg",
    { width: edges.right + MARGIN.right, height: area.plotHeight, "aria-hidden": "true" },
    ...panels.flatMap(({ top, bottom }) => layout.xaxis.ticks.map(([value]) => line("grid", x(value), top, x(value), bottom))),
    ...panels.flatMap((one) => horizontals(one, edges)),
    ...traces.map((trace) => curve(trace, x, panels[trace.panel ?? 0])),
    ...panels.flatMap(({ top, bottom }) => [line("axis", edges.left, top, edges.left, bottom), line("axis", edges.left, bottom, edges.right, bottom)]),
    ...layout.xaxis.ticks.map(([value, text]) => label(text, x(value), edges.bottom + 18, "middle")),
    label(layout.xaxis.title, (edges.left + edges.right) / 2, edges.bottom + 38, "middle"),
    line("pointed", 0, 0, 0, 0),
  );
  area.replaceChildren(legend(traces), drawing);
  return { x, ...edges };
}

/** A function from values to pixels, whose `at` goes back. */
function scale({ type, range }, start, end) {
  const [to, from] = type === "log" ? [Math.log, Math.exp] : [Number, Number];
  const [low, high] = range.map(to);
  const pixels = (value) => start + ((to(value) - low) / (high - low)) * (end - start);
  return Object.assign(pixels, { at: (pixel) => from(low + ((pixel - start) / (end - start)) * (high - low)) });
}

function panel(axis, index, { top, bottom }) {
  const [low, high] = axis.domain ?? [0, 1];
  const at = (share) => bottom - share * (bottom - top);
  return { axis, index, top: at(high), bottom: at(low), y: scale(axis, at(low), at(high)) };
}

/** A panel's horizontal lines, with their labels, and its title. */
function horizontals({ axis, y, top, bottom }, { left, right }) {
  const middle = (top + bottom) / 2;
  const title = label(axis.title, 14, middle, "middle");
  title.setAttribute("transform", `rotate(-90 14 ${middle})`);
  const ticks = axis.ticks.flatMap(([value, text]) => [line("grid", left, y(value), right, y(value)), label(text, left - 6, y(value) + 4, "end")]);
  return [...ticks, title];
}

/** A curve, as far as it lies in its panel. */
function curve({ x: lags, y: values, colour, width, dash }, x, { y, top, bottom }) {
  const reach = bottom - top;
  let path = "";
  let last; // point drawn
  let isDrawing = false;
  values.forEach((value, i) => {
    const point = [x(lags[i]), y(value)];
    if (!Number.isFinite(point[1])) {
      isDrawing = false;
      return;
    }
    if (isDrawing && i < values.length - 1 && Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAR) return;
    const height = Math.max(-reach, Math.min(point[1] - top, 2 * reach)); // far outside, all heights are alike
    path += `${isDrawing ? "L" : "M"}${point[0].toFixed(1)} ${height.toFixed(1)}`;
    last = point;
    isDrawing = true;
  });
  const drawn = svg("path", { d: path, stroke: colour, "stroke-width": width, "stroke-dasharray": dash ?? "none" });
  return svg("svg", { y: top, width: "100%", height: reach }, drawn); // which cuts off what is outside
}

function legend(traces) {
  const named = traces.filter((trace) => !trace.unnamed);
  return element(
    "div",
    { class: "legend" },
    ...named.map(({ name, colour, width, dash }) => {
      const sample = svg("line", { x1: 0, x2: 34, y1: 6, y2: 6, stroke: colour, "stroke-width": width, "stroke-dasharray": dash ?? "none" });
      const text = element("span");
      text.innerHTML = name;
      return element("span", { class: "entry" }, svg("svg", { width: 34, height: 12, "aria-hidden": "true" }, sample), text);
    }),
  );
}

function line(kind, x1, y1, x2, y2) {
  return svg("line", { class: kind, x1, y1, x2, y2 });
}

function label(text, x, y, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, text);
}
