// A slider and a box for one number.

import { element, freshId } from "./element.mjs";

const REACH = 3; // of the slider, to both sides, unless the number is beyond

/**
 * An element with the `value` now, show(value, where) and enter(leave), which hands over the focus and calls `leave` on
 * Escape.
 */
export function numberEditor() {
  const [range, box] = [freshId(), freshId()];
  const slide = element("input", { id: range, type: "range", name: "value", step: "any" });
  const typed = element("input", { id: box, type: "number", name: "typed", step: "any" });
  const label = element("label", { for: range }, "Its value");
  const boxLabel = element("label", { for: box, class: "visually-hidden" }, "Its value, typed");
  const editor = element("div", { class: "editor" }, label, slide, boxLabel, typed);
  let back = () => {};

  editor.show = (value, where) => {
    const reach = Math.max(REACH, 2 * Math.abs(value));
    if (document.activeElement !== slide) Object.assign(slide, { min: -reach, max: reach });
    editor.value = value;
    if (document.activeElement !== slide) slide.value = value;
    if (document.activeElement !== typed) typed.value = Number(value.toPrecision(6));
    slide.setAttribute("aria-label", `Value of ${where.replace(/<[^>]*>/g, "")}`);
  };
  editor.enter = (leave) => {
    if (editor.hidden) return;
    back = leave;
    slide.focus();
  };
  editor.addEventListener("keydown", (event) => event.key === "Escape" && back());
  editor.addEventListener("input", (event) => {
    editor.value = event.target.value === "" ? NaN : Number(event.target.value);
  });
  return editor;
}
