// Plots of curves over the lag that follow their controls and the theme.

import { element } from "./element.mjs";
import { keepUpdated } from "./frame.mjs";
import { drawPlot } from "./plot-drawing.mjs";
import { showValues } from "./plot-values.mjs";
import { superscript } from "./text.mjs";
import { colours, onThemeChange } from "./theme.mjs";

/** The element of a plot; `description` is its text for those who do not see it. */
export function plotArea(description, height) {
  const area = element("div", { class: "plot", role: "img", "aria-label": description, style: `min-height: ${height}px` });
  return Object.assign(area, { plotHeight: height });
}

/**
 * Plot in `area`, now and whenever a control, the theme or the room changes.
 *
 * @param compute what the controls ask for, as data
 * @param describe from data and colours to { traces, layout }, see `drawPlot`
 */
export function livePlot(area, controls, compute, describe) {
  let data;
  let width = area.clientWidth;
  const draw = () => {
    Object.assign(area, describe(data, colours()));
    area.scales = drawPlot(area, area.traces, area.layout, width);
  };
  onThemeChange(draw);
  new ResizeObserver(() => {
    if (area.clientWidth === width) return;
    width = area.clientWidth;
    draw();
  }).observe(area);
  showValues(area);
  keepUpdated(controls, () => {
    data = compute();
    draw();
  });
}

/** An axis with a title, to be completed by its range and ticks. */
export function axis(title, special) {
  return { title, ...special };
}

/** An axis of lags. */
export function lagAxis(special) {
  return axis("lag ℓ", special);
}

/** A logarithmic axis over the powers of ten from 10^low to 10^high, labelled at every `step`-th. */
export function logarithmic(low, high, { step = 1, end = 10 ** high, start = 10 ** low } = {}) {
  const exponents = [];
  for (let exponent = Math.floor(high / step) * step; exponent >= low; exponent -= step) exponents.unshift(exponent);
  return {
    type: "log",
    range: [start, end],
    ticks: exponents.map((exponent) => [10 ** exponent, exponent >= 0 && exponent <= 3 ? `${10 ** exponent}` : `10${superscript(exponent)}`]),
  };
}

/** A linear axis from `low` to `high`, labelled at the given values. */
export function linear(low, high, values) {
  return { type: "linear", range: [low, high], ticks: values.map((value) => [value, String(value)]) };
}
