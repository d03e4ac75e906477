// The Sessa layer in JavaScript, without dependencies, in double precision. It runs in browsers and in node.
//
//   forward(config, parameters, x)      the layer, with every intermediate
//   new Decoder(config, parameters)     the same, one token at a time from a cache
//   forwardSubstitution(B, f)           the solve alone, and softmax(logits), the weights of a row
//   readSafetensors, writeSafetensors   parameters from and to files, and readConfig, the config in a file's header
//
// `config` has the fields of SessaConfig, all of them. `parameters` maps each published name, such as "W_in.weight",
// to { shape, data }: matrices are (outputs, inputs), row by row. `x` is an array of T tokens of D numbers each.
// What does not fit is refused with an error that names it.
// Symbols are the paper's (arXiv 2604.18580v2), and a bare number such as (17) is one of its equations.
//
// `node sessa.mjs CASE_DIR` answers one request of the oracle's command protocol.

/**
 * The layer's output and every intermediate.
 *
 * Row t of each result belongs to token t, and row t of a matrix depends on tokens 0 .. t only: the layer is
 * causal, so this is T decoding steps from an empty cache.
 *
 * @returns an object of arrays:
 *   n, a, g, u, o, f, s, y    [t][feature]: (9) to (11), (16), (20), (13)
 *   q, q_rotated              [t][head][coordinate]: (14), (15); also k, k_rotated, v, one per key/value head
 *   q_fb, k_fb                [t][coordinate]: (14)
 *   alpha_fwd                 [head][t][j], 0 for j > t: (15)
 *   alpha_fb, B               [t][j], 0 for j >= t: (17), (19)
 *   gamma                     [t]: (18)
 */
export function forward(config, parameters, x) {
  if (!Array.isArray(x)) throw new TypeError("x must be an array of tokens");
  const decoder = new Decoder(config, parameters);
  x.forEach((token, t) => checkToken(config, token, `token ${t}`));
  const steps = x.map((token) => decoder.step(token));
  const padded = (row) => Array.from(x, (_, j) => row[j] ?? 0);
  const gathered = (name) => steps.map((step) => step[name]);
  return {
    ...Object.fromEntries(TOKENWISE.map((name) => [name, gathered(name)])),
    alpha_fwd: Array.from({ length: config.heads }, (_, h) => steps.map((step) => padded(step.alpha_fwd[h]))),
    alpha_fb: gathered("alpha_fb").map(padded),
    B: gathered("B").map(padded),
  };
}

const TOKENWISE = [
  "n", "a", "g", "u", "q", "k", "v", "q_rotated", "k_rotated", "o", "f", "q_fb", "k_fb", "gamma", "s", "y",
]; // prettier-ignore

/** The layer, one token at a time. The cache holds what later tokens need of the earlier ones. */
export class Decoder {
  constructor(config, parameters) {
    checkConfig(config);
    checkParameters(config, parameters);
    this.config = config;
    this.parameters = parameters;
    this.cache = { k_rotated: [], v: [], k_fb: [], s: [] };
  }

  /** Everything about the next token, D numbers. Its rows of alpha_fwd, alpha_fb and B end at the present. */
  step(x_t) {
    const { config, parameters, cache } = this;
    const { width: D, heads: H, kv_heads: G } = config;
    checkToken(config, x_t, "a token");
    const project = (name, z) => linear(parameters, name, z);
    const t = cache.s.length;

    const n = config.norm === "layernorm" ? layerNorm(parameters, config.norm_eps, x_t) : x_t;
    const [a, g] = split(project("W_in", n), 2); // (10)
    const u = a.map(gelu); // (11)

    const position = (head) => (config.rope ? rotate(config, head, t) : head);
    const q = split(project("mixer.q_proj", u), H); // (14)
    const k = split(project("mixer.k_proj", u), G);
    const v = split(project("mixer.v_proj", u), G);
    const [q_rotated, k_rotated] = [q.map(position), k.map(position)];
    cache.k_rotated.push(k_rotated);
    cache.v.push(v);
    const group = (h) => Math.floor(h / (H / G)); // the key/value head that query head h reads
    const alpha_fwd = q_rotated.map((q_h, h) => attentionWeights(q_h, cache.k_rotated.map((k_j) => k_j[group(h)])));
    const values = (h) => cache.v.map((v_j) => v_j[group(h)]);
    const o = alpha_fwd.flatMap((alpha, h) => weightedSum(alpha, values(h), D / H));
    const f = H > 1 ? project("mixer.out_proj", o) : o; // (16); one head has no output projection

    const [q_fb, k_fb] = split(project("mixer.proj_fb", u), 2);
    const alpha_fb = attentionWeights(q_fb, cache.k_fb); // k_fb of the strict past: token t is not in it yet
    const gain = project("mixer.gamma_ctx", u)[0] + tensor(parameters, "mixer.gamma_bias").data[0];
    const gamma = config.gamma_max * Math.tanh(gain); // (18)
    const B = alpha_fb.map((weight) => gamma * weight); // (19)
    const s = nextState(B, f, cache.s);
    cache.k_fb.push(k_fb);
    cache.s.push(s);

    const update = project("W_out", s.map((s_i, i) => s_i * g[i]));
    const y = update.map((update_i, i) => x_t[i] + update_i); // (13)
    return { n, a, g, u, q, k, v, q_rotated, k_rotated, alpha_fwd, o, f, q_fb, k_fb, alpha_fb, gamma, B, s, y };
  }
}

const whole = (value) => Number.isSafeInteger(value) && value > 0;
const number = (fits) => (value) => Number.isFinite(value) && fits(value);
const switched = (value) => typeof value === "boolean";
const oneOf = (...values) => (value) => values.includes(value);
const FIELDS = {
  width: whole,
  heads: whole,
  kv_heads: whole,
  query_width: whole,
  feedback_width: whole,
  gamma_max: number((value) => value > 0 && value <= 1),
  norm: oneOf("layernorm", "identity"),
  norm_eps: number((value) => value >= 0),
  rope: switched,
  rope_base: number((value) => value > 1),
  rotary_dtype: oneOf("float64", "float32"),
  projection_bias: switched,
};

/** Refuse a config that lacks a field or has one that is none of its values; nothing has a default here. */
function checkConfig(config) {
  for (const [name, fits] of Object.entries(FIELDS)) {
    const value = config?.[name];
    if (value === undefined) throw new Error(`the config lacks ${name}`);
    if (!fits(value)) throw new RangeError(`the config's ${name} cannot be ${JSON.stringify(value)}`);
  }
  const { width, heads, kv_heads, rope, query_width } = config;
  if (width % heads || heads % kv_heads) throw new RangeError("heads must divide width, and kv_heads heads");
  if (rope && query_width % 2) throw new RangeError(`query_width must be even with rope, got ${query_width}`);
}

/** The parameters' names and shapes; of a layer without projection biases or with one head there are fewer. */
function shapes({ width: D, heads: H, kv_heads: G, query_width, feedback_width, norm, projection_bias }) {
  const linear = (name, outputs, bias) => ({
    [`${name}.weight`]: [outputs, D],
    ...(bias && { [`${name}.bias`]: [outputs] }),
  });
  return {
    ...(norm === "layernorm" && { "ln.weight": [D], "ln.bias": [D] }),
    ...linear("W_in", 2 * D, true),
    "mixer.gamma_bias": [],
    ...linear("mixer.q_proj", H * query_width, projection_bias),
    ...linear("mixer.k_proj", G * query_width, projection_bias),
    ...linear("mixer.v_proj", (G * D) / H, projection_bias),
    ...linear("mixer.proj_fb", 2 * feedback_width, projection_bias),
    ...(H > 1 && linear("mixer.out_proj", D, false)),
    ...linear("mixer.gamma_ctx", 1, false),
    ...linear("W_out", D, true),
  };
}

/** Whether a tensor of a published layer is none of its parameters: these follow from the config. */
function isBuffer(name) {
  return /^mixer\.(rope_inv_freq|causal_mask_.*)$/.test(name);
}

/** Refuse parameters that are missing or have another shape, and those that this config's layer would not use. */
function checkParameters(config, parameters) {
  const expected = shapes(config);
  for (const [name, shape] of Object.entries(expected)) {
    const { shape: given, data } = tensor(parameters, name);
    if (String(given) !== String(shape) || data?.length !== product(shape)) {
      throw new RangeError(`${name} must have shape [${shape}], got [${given}] with ${data?.length} numbers`);
    }
  }
  const unused = Object.keys(parameters).filter((name) => !(name in expected) && !isBuffer(name));
  if (unused.length) throw new Error(`the config has no parameters named ${unused.join(", ")}`);
}

function checkToken({ width }, token, name) {
  if (token?.length !== width) throw new RangeError(`${name} must hold ${width} numbers, got ${token?.length}`);
  if (!token.every((number) => typeof number === "number")) throw new TypeError(`${name} must hold numbers alone`);
}

/**
 * The solution s of (I - B) s = f (20), by forward substitution.
 *
 * @param B [t][j], strictly lower-triangular: of row t, the entries j < t alone are read.
 * @param f [t][feature]
 */
export function forwardSubstitution(B, f) {
  const s = [];
  f.forEach((f_t, t) => {
    if (!(B[t]?.length >= t)) throw new RangeError(`row ${t} of B must have ${t} entries, got ${B[t]?.length}`);
    const width = f[0].length;
    if (f_t.length !== width) throw new RangeError(`row ${t} of f must have width ${width}, got ${f_t.length}`);
  });
  f.forEach((f_t, t) => s.push(nextState(B[t], f_t, s)));
  return s;
}

/** s_t = f_t + sum over j < t of B_tj s_j (21), (22): the next row of the solve, from all states before it. */
function nextState(B_t, f_t, states) {
  const fromPast = weightedSum(B_t, states, f_t.length);
  return f_t.map((f_i, i) => f_i + fromPast[i]);
}

/** W z + b; without b where the parameters have none. */
function linear(parameters, name, z) {
  const { shape, data } = tensor(parameters, `${name}.weight`);
  const bias = parameters[`${name}.bias`]?.data;
  return Array.from({ length: shape[0] }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < z.length; j++) sum += data[i * z.length + j] * z[j];
    return bias ? sum + bias[i] : sum;
  });
}

/** Layer norm with the biased variance (9). */
function layerNorm(parameters, eps, x_t) {
  const weight = tensor(parameters, "ln.weight").data;
  const bias = tensor(parameters, "ln.bias").data;
  const mean = total(x_t) / x_t.length;
  const centred = Array.from(x_t, (x_i) => x_i - mean);
  // The squares of larger numbers would overflow, and the result be 0. A power of two changes no digit.
  const unit = centred.some((c) => Math.abs(c) > 2 ** 500) ? 2 ** -600 : 1;
  const variance = total(centred.map((c) => (c * unit) ** 2)) / x_t.length;
  const scale = Math.sqrt(variance + eps * unit * unit);
  return centred.map((c, i) => ((c * unit) / scale) * weight[i] + bias[i]);
}

/** Turn coordinates (2r, 2r + 1) by the angle t base^(-2r/d_k) (15). */
function rotate(config, z, t) {
  const stored = config.rotary_dtype === "float32" ? Math.fround : (number) => number;
  const turned = [];
  for (let i = 0; i < z.length; i += 2) {
    const theta = t * stored(config.rope_base ** stored(-i / z.length));
    const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
    turned.push(z[i] * cos - z[i + 1] * sin, z[i] * sin + z[i + 1] * cos);
  }
  return turned;
}

/** Softmax over the keys of <q, k_j> / sqrt(width) (15), (17). */
function attentionWeights(q, keys) {
  return softmax(keys.map((k) => total(k.map((k_i, i) => q[i] * k_i)) / Math.sqrt(q.length)));
}

/** The weights exp(logit), normalised to sum to 1; no logits give no weights. */
export function softmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = logits.map((logit) => Math.exp(logit - highest)); // at most 1: no overflow
  const normaliser = total(exponentials);
  return exponentials.map((exponential) => exponential / normaliser);
}

/** Sum over j of weights[j] vectors[j]; zeros of the given width if there are none. */
function weightedSum(weights, vectors, width) {
  const sum = new Array(width).fill(0);
  vectors.forEach((vector, j) => vector.forEach((number, i) => (sum[i] += weights[j] * number)));
  return sum;
}

/** `z` in `parts` runs of equal length. */
function split(z, parts) {
  const width = z.length / parts;
  return Array.from({ length: parts }, (_, i) => z.slice(i * width, (i + 1) * width));
}

function total(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function product(numbers) {
  return numbers.reduce((all, number) => all * number, 1);
}

function tensor(parameters, name) {
  if (!Object.hasOwn(parameters ?? {}, name)) throw new Error(`the parameters lack ${name}`);
  return parameters[name];
}

/** The exact GELU, a Phi(a) with Phi the standard normal distribution function (11). */
export function gelu(a) {
  return (a * (1 + erf(a / Math.SQRT2))) / 2;
}

const TWO_OVER_SQRT_PI_MINUS_1 = 0.1283791670955126;

/**
 * The error function, within 1.5 units in the last place.
 *
 * Near 0 by its Maclaurin series, elsewhere as 1 - erfc with Laplace's continued fraction for erfc: 7.1.5 and
 * 7.1.14 in Abramowitz and Stegun, Handbook of Mathematical Functions. What is cut off is below 2^-56.
 */
export function erf(z) {
  const magnitude = Math.abs(z);
  if (magnitude < 0.875) {
    // 2/sqrt(pi) (z - z^3/3 + z^5/10 - ...), nested, written as z plus a small correction.
    let rest = 0;
    for (let n = 20; n > 0; n--) rest = 1 / (2 * n + 1) - ((z * z) / (n + 1)) * rest;
    const c = TWO_OVER_SQRT_PI_MINUS_1;
    return z + z * (c - (1 + c) * z * z * rest);
  }
  let fraction = 0;
  for (let k = Math.ceil(200 / (z * z)); k > 0; k--) fraction = k / 2 / (magnitude + fraction);
  const erfc = Math.exp(-z * z) / Math.sqrt(Math.PI) / (magnitude + fraction);
  return Math.sign(z) * (1 - erfc);
}

/**
 * The tensors of a safetensors file, an ArrayBuffer: { name: { dtype, shape, data } }. F64 becomes a Float64Array;
 * F32 and F16 become a Float32Array. Like the file, the machine must be little-endian.
 *
 * A published layer's buffers, of whatever format, are left out. A file that is cut off or contradicts itself is
 * refused.
 */
export function readSafetensors(buffer) {
  const { header, start, broken } = headerOf(buffer);
  delete header.__metadata__;
  const tensors = {};
  const offset = (entry, which) => entry[1].data_offsets?.[which];
  const inOrder = Object.entries(header).sort((a, b) => offset(a, 0) - offset(b, 0) || offset(a, 1) - offset(b, 1));
  let position = 0; // tensors lie side by side, without gaps
  for (const [name, { dtype, shape, data_offsets }] of inOrder) {
    const { size, decode } = isBuffer(name) ? bufferOf(shape, data_offsets) : storage(name, dtype);
    const isShape = Array.isArray(shape) && shape.every((length) => length === 0 || whole(length));
    if (!isShape) throw broken(`${name} has no shape`);
    const end = position + product(shape) * size;
    if (data_offsets?.[0] !== position || data_offsets[1] !== end) {
      throw broken(`${name} of shape [${shape}] must have the offsets ${position} and ${end}, got ${data_offsets}`);
    }
    if (start + end > buffer.byteLength) throw broken(`${name} ends at byte ${start + end}`);
    if (decode) tensors[name] = { dtype, shape, data: decode(buffer.slice(start + position, start + end)) };
    position = end;
  }
  if (start + position !== buffer.byteLength) throw broken(`its tensors end at byte ${start + position}`);
  return tensors;
}

/** The config that a safetensors file carries in its header; undefined where it carries none. */
export function readConfig(buffer) {
  const { header, broken } = headerOf(buffer);
  const text = header.__metadata__?.sessa_config;
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(`its sessa_config is not JSON, ${error.message}`);
  }
}

function headerOf(buffer) {
  const broken = (reason) => new RangeError(`a file of ${buffer.byteLength} bytes is not safetensors: ${reason}`);
  if (buffer.byteLength < 8) throw broken("it ends before its header's length");
  const headerLength = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + headerLength;
  if (start > buffer.byteLength) throw broken(`its header is said to have ${headerLength} bytes`);
  return { header: parsed(new Uint8Array(buffer, 8, headerLength), broken), start, broken };
}

/** How large the entries of a tensor are that is not read. */
function bufferOf(shape, data_offsets) {
  const entries = Array.isArray(shape) ? product(shape) : 1;
  return { size: entries ? (data_offsets?.[1] - data_offsets?.[0]) / entries : 0 };
}

function parsed(bytes, broken) {
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw broken(`its header is not JSON, ${error.message}`);
  }
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(header) || !Object.values(header).every(isObject)) throw broken("its header does not describe tensors");
  return header;
}

/** The safetensors file, as bytes, of tensors given as { name: { dtype, shape, data } }. */
export function writeSafetensors(tensors) {
  const header = {};
  const parts = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const bytes = storage(name, dtype).encode(data);
    if (data.length !== product(shape)) throw new RangeError(`${name} of shape [${shape}] got ${data.length} numbers`);
    header[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
    parts.push(bytes);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8; // keeps the numbers aligned; spaces fill it up
  const file = new Uint8Array(8 + headerLength + end).fill(32, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  let position = 8 + headerLength;
  for (const bytes of parts) {
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}

const STORAGE = {
  F64: { size: 8, decode: (bytes) => new Float64Array(bytes), encode: (data) => bytesOf(Float64Array.from(data)) },
  F32: { size: 4, decode: (bytes) => new Float32Array(bytes), encode: (data) => bytesOf(Float32Array.from(data)) },
  F16: {
    size: 2,
    decode: (bytes) => Float32Array.from(new Uint16Array(bytes), fromHalf),
    encode: (data) => bytesOf(Uint16Array.from(data, toHalf)),
  },
};

function storage(name, dtype) {
  if (!Object.hasOwn(STORAGE, dtype)) throw new TypeError(`${name} must be F64, F32 or F16, got ${dtype}`);
  return STORAGE[dtype];
}

function bytesOf(typedArray) {
  return new Uint8Array(typedArray.buffer);
}

/** The number that 16 bits stand for: sign, five bits of exponent, ten of fraction. */
export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24; // zero and subnormal numbers
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The 16 bits of the half-precision number nearest to `number`; ties go to even. */
export function toHalf(number) {
  const sign = number < 0 || Object.is(number, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(number);
  if (Number.isNaN(number)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00; // halfway between the largest number and 2^16: infinity
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const steps = magnitude * 2 ** (10 - exponent); // exact
  let nearest = Math.round(steps);
  if (nearest - steps === 0.5 && nearest % 2) nearest -= 1;
  // A normal number has 1024 .. 2048 steps. Its leading 1 raises the exponent field by one, rounding up to
  // 2048 by two; a subnormal number has fewer steps and the exponent field 0.
  return sign | (((exponent + 14) << 10) + nearest);
}

/** Answer the oracle's request in a directory and return the exit status. An operation unknown here is declined. */
async function main(caseDir) {
  const { readFileSync, writeFileSync } = await import("node:fs");
  const { operation, config } = JSON.parse(readFileSync(`${caseDir}/case.json`, "utf8"));
  if (operation !== "forward" && operation !== "decode") {
    writeFileSync(`${caseDir}/unsupported.txt`, `it does not implement ${operation}\n`);
    return 0;
  }
  const file = readFileSync(`${caseDir}/case.safetensors`);
  const tensors = readSafetensors(new Uint8Array(file).buffer);
  const named = Object.entries(tensors).filter(([name]) => name.startsWith("param."));
  const parameters = Object.fromEntries(named.map(([name, tensor]) => [name.slice("param.".length), tensor]));
  const x = tensors.x;
  const [batch, T, D] = x.shape;
  const y = [];
  for (let row = 0; row < batch; row++) {
    // Prompt or not, every token is one step.
    const decoder = new Decoder(config, parameters);
    for (let t = row * T; t < (row + 1) * T; t++) {
      y.push(...decoder.step(Array.from(x.data.subarray(t * D, (t + 1) * D))).y);
    }
  }
  const results = { y: { dtype: x.dtype, shape: x.shape, data: y } };
  writeFileSync(`${caseDir}/out.safetensors`, writeSafetensors(results));
  return 0;
}

/** Whether this is `node sessa.mjs CASE_DIR`: not a browser, and not another module's import of this one. */
async function isProgram() {
  const script = globalThis.process?.argv?.[1];
  if (script === undefined || !import.meta.url?.startsWith("file:")) return false;
  const { existsSync, realpathSync } = await import("node:fs");
  const { pathToFileURL } = await import("node:url");
  return existsSync(script) && pathToFileURL(realpathSync(script)).href === import.meta.url;
}

// Not awaited here: a module that awaits cannot be bundled into one plain script.
isProgram().then(async (program) => {
  if (program) process.exitCode = await main(process.argv[2]);
});
