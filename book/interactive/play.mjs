// A button that moves a slider from its start to its end, again and again, while the figure can be seen.

import { element } from "./element.mjs";

const HOP = 1300; // milliseconds
const REST = 1800; // at the end

/**
 * A button that plays `slider`, in units of hops.
 *
 * It has `start()`, which plays at once unless the reader wants no motion, in which case the slider shows its end, and
 * `restart()`, which plays from the beginning, or shows the end.
 */
export function playButton(place, slider) {
  const button = element("button", { type: "button", class: "play" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let playing = false;
  let visible = true;
  let last; // time of the last picture
  let rest = 0; // what is left of the pause at the end

  const set = (on) => {
    playing = on;
    last = undefined;
    button.textContent = on ? "Pause" : "Play";
    button.setAttribute("aria-pressed", on);
    if (on) requestAnimationFrame(move);
  };
  const show = (value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
  };
  const move = (now) => {
    if (!playing || !visible) return;
    const passed = now - (last ?? now);
    last = now;
    const end = Number(slider.max);
    if (rest > 0) {
      rest -= passed;
      if (rest <= 0) show(0);
    } else {
      const value = Math.min(end, Number(slider.value) + Math.min(passed, 100) / HOP);
      show(value);
      if (value === end) rest = REST;
    }
    requestAnimationFrame(move);
  };

  button.addEventListener("click", () => {
    if (!playing && Number(slider.value) >= Number(slider.max)) show(0);
    set(!playing);
  });
  slider.addEventListener("pointerdown", () => set(false));
  slider.addEventListener("keydown", () => set(false));
  new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    if (visible && playing) set(true);
  }).observe(place);
  button.start = () => (still ? (show(slider.max), set(false)) : (show(0), set(true)));
  button.restart = () => {
    rest = 0;
    if (playing) show(0);
    else show(slider.max);
  };
  set(false);
  return button;
}
