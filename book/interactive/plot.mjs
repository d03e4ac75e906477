// Plots that look alike: Plotly with the page's font and colours, and nothing to zoom, so that a finger can scroll.

import { element } from "./element.mjs";
import { keepUpdated } from "./frame.mjs";
import { loadPlotly } from "./page.mjs";
import { colours, onThemeChange } from "./theme.mjs";

const CONFIG = { displayModeBar: false, displaylogo: false, responsive: true, showTips: false };

/** The element of a plot; `description` is its text for those who do not see it. */
export function plotArea(description, height) {
  return element("div", { class: "plot", role: "img", "aria-label": description, style: `height: ${height}px` });
}

/**
 * Plot in `area`, now and whenever a control or the theme changes.
 *
 * @param compute what the controls ask for, as data
 * @param describe from data and colours to { traces, layout }
 */
export async function livePlot(area, controls, compute, describe) {
  const Plotly = await loadPlotly();
  let data;
  const draw = () => {
    const c = colours();
    const { traces, layout } = describe(data, c);
    return Plotly.react(area, traces, { ...base(c), ...layout }, CONFIG);
  };
  onThemeChange(draw);
  await keepUpdated(controls, () => {
    data = compute();
    return draw();
  });
}

function base(c) {
  return {
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: c.text },
    paper_bgcolor: c.page,
    plot_bgcolor: "rgba(0, 0, 0, 0)",
    margin: { l: 56, r: 20, t: 4, b: 44 },
    dragmode: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: c.surface, bordercolor: c.muted, font: { color: c.text } },
    legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", itemclick: false, itemdoubleclick: false },
  };
}

/** An axis with a title and grid lines in the theme's colours, to be completed by what is special to it. */
export function axis(c, title, special = {}) {
  const lines = { gridcolor: c.grid, linecolor: c.muted, tickcolor: c.muted, zeroline: false, showline: true };
  return { title: { text: title, standoff: 8 }, ...lines, ticks: "outside", ticklen: 4, fixedrange: true, ...special };
}

/** An axis of lags, whose value is marked and named where the pointer is. */
export function lagAxis(c, special) {
  const mark = { spikecolor: c.muted, spikethickness: 1, spikedash: "solid", unifiedhovertitle: { text: "lag %{x}" } };
  return axis(c, "lag <i>ℓ</i>", { ...mark, ...special });
}

/** A logarithmic axis over the powers of ten from 10^low to 10^high, labelled at every `step`-th. */
export function logarithmic(low, high, { step = 1, end = 10 ** high, start = 10 ** low } = {}) {
  const exponents = [];
  for (let exponent = Math.floor(high / step) * step; exponent >= low; exponent -= step) exponents.unshift(exponent);
  return {
    type: "log",
    range: [Math.log10(start), Math.log10(end)],
    tickvals: exponents.map((exponent) => 10 ** exponent),
    ticktext: exponents.map((exponent) => (Math.abs(exponent) <= 3 && exponent >= 0 ? `${10 ** exponent}` : power(exponent))),
  };
}

function power(exponent) {
  return `10<sup>${String(exponent).replace("-", "−")}</sup>`;
}
