// The values of a plot's curves at the lag under the pointer.

import { element } from "./element.mjs";
import { rounded } from "./text.mjs";

/** Show in `area`, which `drawPlot` has filled, a box with the lag and the values while a pointer is in it. */
export function showValues(area) {
  const box = element("div", { class: "values", "aria-hidden": "true" });
  const hide = () => {
    box.remove();
    area.querySelector(".pointed")?.classList.remove("shown");
  };
  area.addEventListener("pointerleave", hide);
  area.addEventListener("pointermove", (event) => {
    const drawing = area.querySelector(":scope > svg");
    const corner = drawing.getBoundingClientRect();
    const at = event.clientX - corner.left;
    const { x, left, right, top, bottom } = area.scales;
    if (at < left || at > right) return hide();
    const lags = area.traces[0].x;
    const index = nearest(lags, x.at(at));
    const place = x(lags[index]);
    const values = area.traces.filter((trace) => !trace.silent && trace.y[index] !== undefined);
    box.innerHTML = [`lag ${lags[index]}`, ...values.map(({ name, y }) => `${name}: ${rounded(y[index])}`)].join("<br>");
    const side = place > (left + right) / 2 ? `right: ${area.clientWidth - place + 8}px` : `left: ${place + 8}px`;
    box.style = `top: ${corner.top - area.getBoundingClientRect().top + top}px; ${side}`;
    area.append(box);
    const pointed = drawing.querySelector(".pointed");
    for (const [name, value] of Object.entries({ x1: place, x2: place, y1: top, y2: bottom })) pointed.setAttribute(name, value);
    pointed.classList.add("shown");
  });
}

/** The index of the value that is nearest, in an increasing list. */
function nearest(values, wanted) {
  const after = values.findIndex((value) => value >= wanted);
  if (after < 0) return values.length - 1;
  if (after === 0) return 0;
  return wanted - values[after - 1] < values[after] - wanted ? after - 1 : after;
}
