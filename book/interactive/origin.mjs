// Where a number of the layer comes from: the rows and columns it is made of, and the formula with the numbers in it.

import { symbol } from "./layer-steps.mjs";
import { rounded } from "./text.mjs";

const SHOWN = 3; // terms of a long sum

/**
 * @param tables parameters and intermediates, see `tables.mjs`
 * @returns { sources, formula }: blocks { name, row, col, rows, cols } of tables, and HTML that ends with the number
 */
export function origin(config, tables, name, row, col) {
  const [base, index] = name.split(/[ ^]/);
  const found = name.includes(".") ? parameter : FORMULAS[base];
  return found({ config, tables, t: row, i: col, index: Number(index), value: tables[name][row][col] });
}

const parameter = () => ({ sources: [], formula: "a parameter of the layer; change it here" });

const FORMULAS = {
  x: () => ({ sources: [], formula: "a number of the token; change it here" }),

  n({ config, tables, t, i, value }) {
    const x = tables.x[t];
    if (config.norm !== "layernorm") return { sources: [cell("x", t, i)], formula: `<i>x</i> = ${rounded(value)}` };
    const mean = total(x) / x.length;
    const deviation = Math.sqrt(total(x.map((x_i) => (x_i - mean) ** 2)) / x.length + config.norm_eps);
    const [w, b] = [tables["ln.weight"][0][i], tables["ln.bias"][0][i]];
    return {
      sources: [rowOf("x", t, x.length), cell("ln.weight", 0, i), cell("ln.bias", 0, i)],
      formula: `(${number(x[i])} − mean ${number(mean)}) / ${number(deviation)} × ${number(w)} + ${number(b)} = ${rounded(value)}`,
    };
  },

  a: (given) => linear(given, "n", "W_in", given.i),
  g: (given) => linear(given, "n", "W_in", given.config.width + given.i),
  q: (given) => linear(given, "u", "mixer.q_proj", given.i),
  k: (given) => linear(given, "u", "mixer.k_proj", given.i),
  v: (given) => linear(given, "u", "mixer.v_proj", given.i),
  q_fb: (given) => linear(given, "u", "mixer.proj_fb", given.i),
  k_fb: (given) => linear(given, "u", "mixer.proj_fb", given.config.feedback_width + given.i),

  u({ tables, t, i, value }) {
    const a = tables.a[t][i];
    const formula = `<i>a</i> Φ(<i>a</i>) = ${number(a)} × ${number(a ? value / a : 0.5)} = ${rounded(value)}`;
    return { sources: [cell("a", t, i)], formula };
  },

  q_rotated: (given) => turned(given, "q"),
  k_rotated: (given) => turned(given, "k"),

  alpha_fwd({ config, tables, t, i: j, index: head, value }) {
    const d = config.query_width;
    const group = Math.floor(head / (config.heads / config.kv_heads));
    const product = dot(part(tables.q_rotated[t], head, d), part(tables.k_rotated[j], group, d));
    return {
      sources: [block("q_rotated", t, head * d, 1, d), block("k_rotated", j, group * d, 1, d)],
      formula: softmaxFormula(product, d, value, "up to its own"),
    };
  },

  o({ config, tables, t, i, value }) {
    const d = config.width / config.heads;
    const head = Math.floor(i / d);
    const group = Math.floor(head / (config.heads / config.kv_heads));
    const column = group * d + (i % d);
    const alpha = tables[`alpha_fwd ${head}`][t];
    return {
      sources: [rowOf(`alpha_fwd ${head}`, t, t + 1), block("v", 0, column, t + 1, 1)],
      formula: `${sum(alpha.map((weight, j) => [weight, tables.v[j][column]]))} = ${rounded(value)}`,
    };
  },

  f({ config, tables, t, i, value }) {
    if (config.heads > 1) return linear({ tables, t, value }, "o", "mixer.out_proj", i);
    return { sources: [cell("o", t, i)], formula: `<i>o</i> = ${rounded(value)}` };
  },

  alpha_fb({ config, tables, t, i: j, value }) {
    const d = config.feedback_width;
    const product = dot(tables.q_fb[t], tables.k_fb[j]);
    return { sources: [rowOf("q_fb", t, d), rowOf("k_fb", j, d)], formula: softmaxFormula(product, d, value, "before it") };
  },

  gamma({ config, tables, t, value }) {
    const { sources, terms } = projected(tables, t, "u", "mixer.gamma_ctx", 0);
    const bias = tables["mixer.gamma_bias"][0][0];
    const formula = `${number(config.gamma_max)} tanh(${sum(terms)} + bias ${number(bias)}) = ${rounded(value)}`;
    return { sources: [...sources, cell("mixer.gamma_bias", 0, 0)], formula };
  },

  // B itself has no index, its powers have.
  B({ tables, t, i: j, index: k, value }) {
    if (Number.isNaN(k)) {
      const [gain, weight] = [tables.gamma[t][0], tables.alpha_fb[t][j]];
      const formula = `<i>γ</i> <i>α</i><sup>fb</sup> = ${number(gain)} × ${number(weight)} = ${rounded(value)}`;
      return { sources: [cell("gamma", t, 0), cell("alpha_fb", t, j)], formula };
    }
    const before = k === 2 ? "B" : `B^${k - 1}`;
    const stops = Array.from({ length: t - j - k + 1 }, (_, n) => j + k - 1 + n);
    const products = stops.map((m) => [tables.B[t][m], tables[before][m][j]]);
    return {
      sources: [block("B", t, stops[0], 1, stops.length), block(before, stops[0], j, stops.length, 1)],
      formula: `${symbol("B")} ${symbol(before)}: ${sum(products)} = ${rounded(value)}`,
    };
  },

  K({ tables, t, i: j, value }) {
    if (t === j) return { sources: [], formula: "1, from the identity" };
    const hops = Array.from({ length: t - j }, (_, k) => (k ? `B^${k + 1}` : "B"));
    return {
      sources: hops.map((name) => cell(name, t, j)),
      formula: `${sum(hops.map((name) => [tables[name][t][j]]))} = ${rounded(value)}`,
    };
  },

  s({ tables, t, i, value }) {
    const f = number(tables.f[t][i]);
    if (t === 0) return { sources: [cell("f", t, i)], formula: `<i>f</i> = ${rounded(value)}: there is nothing before` };
    return {
      sources: [cell("f", t, i), rowOf("B", t, t), block("s", 0, i, t, 1)],
      formula: `<i>f</i> ${f} + ${sum(tables.B[t].map((weight, j) => [weight, tables.s[j][i]]))} = ${rounded(value)}`,
    };
  },

  y({ tables, t, i, value }) {
    const weights = tables["W_out.weight"][i];
    const terms = weights.map((weight, m) => [weight, tables.s[t][m], tables.g[t][m]]);
    const width = weights.length;
    return {
      sources: [cell("x", t, i), rowOf("s", t, width), rowOf("g", t, width), rowOf("W_out.weight", i, width), cell("W_out.bias", 0, i)],
      formula: `<i>x</i> ${number(tables.x[t][i])} + ${sum(terms)} + bias ${number(tables["W_out.bias"][0][i])} = ${rounded(value)}`,
    };
  },
};

/** Row t of a table times row `output` of a weight matrix, plus a bias if there is one. */
function linear({ tables, t, value }, input, name, output) {
  const { sources, terms } = projected(tables, t, input, name, output);
  const bias = tables[`${name}.bias`]?.[0][output];
  if (bias === undefined) return { sources, formula: `${sum(terms)} = ${rounded(value)}` };
  return { sources: [...sources, cell(`${name}.bias`, 0, output)], formula: `${sum(terms)} + bias ${number(bias)} = ${rounded(value)}` };
}

function projected(tables, t, input, name, output) {
  const weights = tables[`${name}.weight`][output];
  const terms = weights.map((weight, i) => [weight, tables[input][t][i]]);
  return { sources: [rowOf(input, t, weights.length), rowOf(`${name}.weight`, output, weights.length)], terms };
}

/** Coordinates 2r and 2r + 1 of a head, turned by t base^(-2r/d). */
function turned({ config, tables, t, i, value }, name) {
  const z = tables[name][t];
  if (!config.rope) return { sources: [cell(name, t, i)], formula: `not turned in this layer: ${rounded(value)}` };
  const d = config.query_width;
  const even = i - (i % 2);
  const angle = t * config.rope_base ** (-(even % d) / d);
  const [c, s] = [`cos ${number(angle)}`, `sin ${number(angle)}`];
  const [one, other] = [number(z[even]), number(z[even + 1])];
  const formula = i === even ? `${one} × ${c} − ${other} × ${s}` : `${one} × ${s} + ${other} × ${c}`;
  return { sources: [block(name, t, even, 1, 2)], formula: `${formula} = ${rounded(value)}` };
}

function softmaxFormula(product, d, weight, seen) {
  const logit = product / Math.sqrt(d);
  return (
    `logit = product of query and key / √${d} = ${number(logit)}; <i>e</i><sup>${number(logit)}</sup>, divided by the sum of ` +
    `these over the tokens ${seen}, is ${rounded(weight)}`
  );
}

/** A sum of products, its largest terms written out. */
function sum(terms) {
  const size = (factors) => Math.abs(product(factors));
  const sorted = [...terms].sort((one, other) => size(other) - size(one));
  const [first, rest] = [sorted.slice(0, SHOWN), sorted.slice(SHOWN)];
  const written = first.map((factors) => factors.map(number).join(" × ")).join(" + ");
  if (!rest.length) return written || "0";
  return `${written} + ${rest.length} smaller ${rest.length === 1 ? "term" : "terms"} ${number(total(rest.map(product)))}`;
}

/** Three digits; a negative number in brackets, so that it can follow a sign. */
function number(value) {
  return value < 0 ? `(${rounded(value)})` : rounded(value);
}

const block = (name, row, col, rows, cols) => ({ name, row, col, rows, cols });
const cell = (name, row, col) => block(name, row, col, 1, 1);
const rowOf = (name, row, cols) => block(name, row, 0, 1, cols);
const part = (row, index, width) => row.slice(index * width, (index + 1) * width);
const dot = (one, other) => total(one.map((value, i) => value * other[i]));
const total = (numbers) => numbers.reduce((a, b) => a + b, 0);
const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
