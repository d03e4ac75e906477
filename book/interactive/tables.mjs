// A layer's parameters and intermediates as tables, arrays of rows, by name: what there are pictures of.

import { Decoder, forwardSubstitution } from "../../examples/implementations/sessa.mjs";

/** The parameters, each as a matrix: { name: rows }. */
export function parameterTables(parameters) {
  return mapped(parameters, ({ shape, data }) => {
    const width = shape.at(-1) ?? 1;
    return Array.from({ length: data.length / width }, (_, i) => Array.from(data.slice(i * width, (i + 1) * width)));
  });
}

/** The tokens on their way through the layer, which takes them one at a time and keeps what later ones need. */
export class Run {
  constructor({ config, parameters }, tokens) {
    this.decoder = new Decoder(config, parameters);
    this.tokens = [];
    this.steps = [];
    tokens.forEach((token) => this.add(token));
  }

  /** Decode one more token; nothing about the earlier ones is computed again. */
  add(token) {
    this.steps.push(this.decoder.step(token));
    this.tokens.push([...token]);
  }

  /**
   * Every intermediate, under the names of `sessa_ref.reference.trace`: { name: rows }, row t of token t.
   *
   * Heads lie side by side, and the weights of each have a table of their own. Rows of weights end where a token sees
   * nothing more. "B^2", "B^3", ... are the powers of B and "K" is the inverse of I - B.
   */
  tables() {
    const gathered = (name) => this.steps.map((step) => step[name]);
    const sideBySide = (name) => this.steps.map((step) => step[name].flat());
    const heads = this.decoder.config.heads;
    const B = gathered("B");
    return {
      x: this.tokens,
      ...Object.fromEntries(["n", "a", "g", "u"].map((name) => [name, gathered(name)])),
      ...Object.fromEntries(["q", "k", "v", "q_rotated", "k_rotated"].map((name) => [name, sideBySide(name)])),
      ...Object.fromEntries(
        Array.from({ length: heads }, (_, h) => [`alpha_fwd ${h}`, this.steps.map((step) => step.alpha_fwd[h])]),
      ),
      ...Object.fromEntries(["o", "f", "q_fb", "k_fb", "alpha_fb"].map((name) => [name, gathered(name)])),
      gamma: gathered("gamma").map((gamma) => [gamma]),
      B,
      ...powers(B),
      K: inverse(B),
      ...Object.fromEntries(["s", "y"].map((name) => [name, gathered(name)])),
    };
  }
}

/** B^2 to B^(T-1); entry (t, j) of B^k is 0 for j > t - k, and left out. */
function powers(B) {
  const found = {};
  let power = B;
  for (let k = 2; k < B.length; k++) {
    const last = power;
    power = B.map((row, t) =>
      Array.from({ length: Math.max(0, t - k + 1) }, (_, j) => {
        let sum = 0;
        for (let i = j + k - 1; i < t; i++) sum += row[i] * last[i][j];
        return sum;
      }),
    );
    found[`B^${k}`] = power;
  }
  return found;
}

/** The inverse of I - B, to its diagonal. */
function inverse(B) {
  const identity = B.map((_, t) => B.map((_, j) => (t === j ? 1 : 0)));
  return forwardSubstitution(B, identity).map((row, t) => row.slice(0, t + 1));
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
