// A reader's own layer from a safetensors file, and tokens from a text. Nothing leaves the page.

import { Decoder, readConfig, readSafetensors } from "../../examples/implementations/sessa.mjs";

const WIDEST = 64;
/** Tokens that the figure has room for. */
export const MOST = 16;

/**
 * A layer { config, parameters } of the published layout.
 *
 * @param buffer the file, an ArrayBuffer
 * @param heads how many the layer has; read only if the file carries no config
 */
export function layerFrom(buffer, heads) {
  const parameters = readSafetensors(buffer);
  if (!parameters["W_in.weight"]) throw new Error(`the file holds no layer of the published layout: ${holds(parameters)}`);
  const config = readConfig(buffer) ?? published(parameters, heads);
  if (config.width > WIDEST || config.feedback_width > WIDEST) {
    throw new RangeError(`there is room for layers up to width ${WIDEST}, got ${Math.max(config.width, config.feedback_width)}`);
  }
  new Decoder(config, parameters); // names what does not fit
  const broken = Object.keys(parameters).find((name) => !parameters[name].data.every(Number.isFinite));
  if (broken) throw new RangeError(`${broken} must hold finite numbers, got NaN or infinity`);
  return { config, parameters };
}

/** The config of a published layer with the default choices of its constructor, as far as shapes do not tell it. */
function published(parameters, heads) {
  const width = parameters["W_in.weight"].shape[1];
  const [keys] = parameters["mixer.k_proj.weight"]?.shape ?? [width];
  if (width % heads) throw new RangeError(`the number of heads must divide the width ${width}, got ${heads}`);
  if (heads > 1 !== "mixer.out_proj.weight" in parameters) {
    const has = heads > 1 ? "has no output projection, so it has one head" : "has an output projection, so it has more than one head";
    throw new RangeError(`the file carries no config and ${has}; the number of heads given is ${heads}`);
  }
  const query_width = width / heads;
  return {
    width,
    heads,
    kv_heads: keys / query_width,
    query_width,
    feedback_width: width,
    gamma_max: 0.999,
    norm: "layernorm",
    norm_eps: 1e-5,
    rope: true,
    rope_base: 10000,
    rotary_dtype: "float64",
    projection_bias: "mixer.q_proj.bias" in parameters,
  };
}

function holds(parameters) {
  const names = Object.keys(parameters);
  const first = names.slice(0, 3).join(", ");
  return names.length > 3 ? `it holds ${first} and ${names.length - 3} more tensors` : `it holds ${first || "nothing"}`;
}

/** Tokens of D numbers each from JSON, an array of arrays, or from lines of numbers. */
export function tokensFrom(text, D) {
  const tokens = text.trim().startsWith("[") ? fromJson(text) : fromLines(text);
  if (!Array.isArray(tokens) || !tokens.length) throw new TypeError("tokens must be an array of arrays of numbers, or lines of numbers");
  if (tokens.length > MOST) throw new RangeError(`there is room for ${MOST} tokens, got ${tokens.length}`);
  tokens.forEach((token, t) => {
    if (!Array.isArray(token) || token.length !== D) {
      throw new RangeError(`token ${t} must hold ${D} numbers, as the layer is ${D} wide, got ${token?.length ?? typeof token}`);
    }
    const wrong = token.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw new TypeError(`number ${wrong} of token ${t} must be a finite number, got ${token[wrong]}`);
  });
  return tokens;
}

function fromJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`tokens must be JSON: ${error.message}`);
  }
}

function fromLines(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.map((line) => line.trim().split(/[\s,;]+/).map(Number));
}
