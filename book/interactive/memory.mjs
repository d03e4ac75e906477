// What the figures about memory share: their horizon, and the range of what can be chosen.

import { slider } from "./frame.mjs";
import { fixed } from "./text.mjs";

/** Tokens; lags reach three powers of ten. */
export const T = 1024;

/** Positive values to choose from, and 0. */
export const RATES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

const GAINS = [...Array.from({ length: 100 }, (_, i) => i / 100), 0.995, 0.999];

export function gainSlider(label) {
  const shown = (gamma) => fixed(gamma, gamma > 0.99 ? 3 : 2);
  return slider({ name: "gamma", label, values: GAINS, value: 0.5, shown });
}
