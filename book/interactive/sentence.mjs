// The weights that a small layer with real parameters gives to the words of a sentence.

import { forward } from "../../examples/implementations/sessa.mjs";
import { generator } from "./random.mjs";

/** Words that the figure has room for. */
export const MOST = 12;

/** The words of a text, the first ones if there are too many. */
export function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean).slice(0, MOST);
}

/**
 * A token for each word: D numbers that the word's letters alone decide, spread like normal ones.
 *
 * The sum of twelve uniform numbers less 6 has mean 0 and variance 1.
 */
export function embedded(words, D) {
  return words.map((word) => {
    const uniform = generator(hashed(word.toLowerCase()));
    return Array.from({ length: D }, () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b, -6));
  });
}

/**
 * What the words want to read, row by row: `read`, of the first head of the forward attention, and `feedback`.
 *
 * @param sharpness multiplies the logits of both
 */
export function weights({ config, parameters }, words, sharpness) {
  const { alpha_fwd, alpha_fb } = forward(config, parameters, embedded(words, config.width));
  return {
    read: alpha_fwd[0].map((row, t) => sharpened(row.slice(0, t + 1), sharpness)),
    feedback: alpha_fb.map((row, t) => sharpened(row.slice(0, t), sharpness)),
  };
}

/** The softmax of the logits times `sharpness`, from the softmax of the logits. */
function sharpened(row, sharpness) {
  const largest = Math.max(...row);
  const powers = row.map((weight) => (weight / largest) ** sharpness);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** FNV-1a, 32 bits. */
function hashed(text) {
  return [...text].reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0, 2166136261);
}
