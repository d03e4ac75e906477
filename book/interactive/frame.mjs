// What every figure has around its drawing: controls, a sentence with the key numbers and a caption.

import { element, freshId } from "./element.mjs";
import { typeset } from "./page.mjs";

/**
 * Fill `place` with a figure's frame.
 *
 * @param title what assistive technology calls the figure
 * @param controls elements, see `slider` and `choice`
 * @param below whether they stand below the drawing
 * @param drawing the element to draw in
 * @param caption HTML; formulas stand between \( and \)
 * @returns say(sentence), which shows a sentence, HTML, below the drawing and has it read out
 */
export function frame(place, { title, controls, below = false, drawing, caption }) {
  const reading = element("p", { class: "reading", "aria-live": "polite" });
  const explained = element("p", { class: "explained math" });
  explained.innerHTML = caption;
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", title);
  const used = element("div", { class: "controls" }, ...controls);
  place.append(...(below ? [drawing, used] : [used, drawing]), reading, explained);
  typeset(explained);
  return (sentence) => (reading.innerHTML = sentence);
}

/**
 * A labelled slider over a list of values.
 *
 * @param name tells it from the figure's other controls
 * @param label HTML
 * @param shown the text for a value
 * @returns an element whose `value` is the chosen one; it passes on the slider's `input` events
 */
export function slider({ name, label, values, value, shown = String }) {
  const id = freshId();
  const [first, last] = [0, values.length - 1];
  const input = element("input", { id, name, type: "range", min: first, max: last, step: 1, value: values.indexOf(value) });
  const output = element("output", { for: id });
  const control = element("div", { class: "control" }, labelled(id, label), output, input);
  const show = () => {
    control.value = values[input.value];
    input.dataset.value = control.value;
    output.textContent = shown(control.value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", show);
  show();
  return control;
}

/** A choice of one of a few options, given as { value: text }; use it like a slider. */
export function choice({ name, label, options, value }) {
  const group = freshId();
  const control = element("fieldset", { class: "control" }, element("legend", {}, label));
  for (const [option, text] of Object.entries(options)) {
    const id = freshId();
    const input = element("input", { id, name: `${group}-${name}`, type: "radio", value: option });
    input.checked = option === value;
    input.addEventListener("input", () => (control.value = option));
    control.append(element("span", {}, input, labelled(id, text)));
  }
  control.value = value;
  return control;
}

/** An input with a label that only assistive technology shows. */
export function silentlyLabelled(input, text) {
  input.id = freshId();
  return [element("label", { for: input.id, class: "visually-hidden" }, text), input];
}

function labelled(id, html) {
  const label = element("label", { for: id });
  label.innerHTML = html;
  return label;
}

/**
 * Call `update` now, and again after changes of the controls, at most once per frame.
 *
 * The time that each such step took is an entry "step" of the browser's performance timeline.
 */
export function keepUpdated(controls, update) {
  let waiting = false;
  const onInput = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(async () => {
      waiting = false;
      const start = performance.now();
      await update();
      performance.measure("step", { start });
    });
  };
  controls.forEach((control) => control.addEventListener("input", onInput));
  return update();
}
