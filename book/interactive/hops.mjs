// A pulse leaves a word: in attention by one arc, along a state-space chain from word to word, in Sessa by every route.

import { element } from "./element.mjs";
import { frame, keepUpdated, silentlyLabelled, slider } from "./frame.mjs";
import { drawLane } from "./lane.mjs";
import { playButton } from "./play.mjs";
import { embedded, wordsOf, weights } from "./sentence.mjs";
import { fixed, rounded } from "./text.mjs";
import layer from "../_generated/small-layer.json";

const SENTENCE = "The key I hid last spring opens this old door";
const KEPT = 0.75; // by the chain, from one word to the next
const GAINS = Array.from({ length: 100 }, (_, i) => i / 100);
const SHARPNESSES = Array.from({ length: 33 }, (_, i) => i / 4);
const EMS = 3.6; // of a word with the gap behind it, about
const LANES = { attention: "Attention: one read", chain: "State space: a chain", sessa: "Sessa: every route" };

const CAPTION = String.raw`
The words go through a small layer with its initial weights. A pulse of size 1 starts in the marked word. Attention hands each
later word its weight, once. The chain hands on 3/4 from word to word. In Sessa whatever arrives is handed on again:
\(B_{t,j}=\gamma\,\alpha_{t,j}\), and the hops add up to \((I-B)^{-1}\).`;

export function hops(place) {
  const gain = slider({ name: "gamma", label: "Gain <i>γ</i>", values: GAINS, value: 0.9, shown: (g) => fixed(g, 2) });
  const sharpness = slider({ name: "sharpness", label: "Sharpness", values: SHARPNESSES, value: 1, shown: (k) => fixed(k, 2) });
  const done = element("input", { type: "range", name: "hops", min: 0, step: "any" });
  const text = element("input", { type: "text", name: "words", value: SENTENCE, maxlength: 120 });
  const play = playButton(place, done);
  const time = element("div", { class: "control time" }, play, ...silentlyLabelled(done, "Hops so far"));
  const own = element("div", { class: "control own" }, ...silentlyLabelled(text, "Your own words"));
  const controls = [time, own, gain, sharpness];

  const words = element("div", { class: "words" });
  const lanes = Object.keys(LANES).map((name) => element("div", { class: "lane", "data-lane": name }));
  const bars = element("div", { class: "bars" });
  const drawing = element("div", { class: "drawing" }, words, ...lanes, bars);
  const say = frame(place, { title: "How far a word is felt", controls, below: true, drawing, caption: CAPTION });

  let source = 1;
  let last;
  let flows;
  const show = () => {
    fit(words);
    const reached = Object.entries(LANES).map(([name, title], i) => {
      lanes[i].dataset.reached = JSON.stringify(flows[name].arrived.map((hop) => hop.at(-1)));
      drawLane(lanes[i], title, flows[name], source, Number(done.value));
      return arrivedBy(flows[name], Number(done.value));
    });
    drawBars(bars, last, reached, Math.max(...Object.values(flows).map(total)));
  };
  const update = () => {
    const given = wordsOf(text.value);
    const sentence = given.length > 1 ? given : wordsOf(SENTENCE);
    source = Math.min(source, sentence.length - 2);
    last = sentence.at(-1);
    flows = flowsOf(sentence, source, gain.value, sharpness.value);
    words.replaceChildren(...sentence.map((word, t) => wordButton(word, t, t === source, t < sentence.length - 1, () => choose(t))));
    words.style.gridTemplateColumns = `repeat(${sentence.length}, 1fr)`;
    done.max = sentence.length - 1 - source;
    done.value = Math.min(done.value, done.max);
    drawing.dataset.tokens = JSON.stringify(embedded(sentence, layer.config.width));
    say(sentenceOn(sentence, source, flows));
    show();
  };
  const choose = (t) => {
    source = t;
    update();
    words.children[t].focus();
    play.restart();
  };
  keepUpdated([gain, sharpness, own], update);
  done.addEventListener("input", show);
  new ResizeObserver(show).observe(drawing);
  play.start();
}

function wordButton(word, t, pressed, possible, onClick) {
  const button = element("button", { type: "button", "aria-pressed": pressed, style: `grid-column: ${t + 1}` }, word);
  button.disabled = !possible; // nothing comes after the last word
  button.addEventListener("click", onClick);
  return button;
}

/** One row of words, or two with larger letters where one would be hard to read. */
function fit(words) {
  const size = (rows) => (rows * words.clientWidth) / (EMS * words.children.length);
  const crowded = size(1) < 14;
  words.classList.toggle("crowded", crowded);
  words.style.fontSize = `${Math.max(Math.min(size(crowded ? 2 : 1), crowded ? 14 : 16), 9)}px`;
}

/** For each lane its matrix, row t over the words before it, and what arrives at each word by hop 1, 2, ... */
function flowsOf(words, source, gain, sharpness) {
  const T = words.length;
  const { read, feedback } = weights(layer, words, sharpness);
  const flow = (matrix, hops) => ({ matrix, arrived: arrivals(matrix, source, hops) });
  return {
    attention: flow(read.map((row, t) => row.slice(0, t)), 1),
    chain: flow(read.map((_, t) => Array.from({ length: t }, (_, j) => (j === t - 1 ? KEPT : 0))), T - 1 - source),
    sessa: flow(feedback.map((row) => row.map((weight) => gain * weight)), T - 1 - source),
  };
}

/** What arrives at each word by hop 1, 2, ...: the columns of the matrix's powers. */
function arrivals(matrix, source, hops) {
  let here = matrix.map((_, t) => (t === source ? 1 : 0));
  return Array.from({ length: hops }, () => (here = matrix.map((row) => row.reduce((sum, w, j) => sum + w * here[j], 0))));
}

/** What the last word has by now, hop by hop. */
function arrivedBy({ arrived }, time) {
  return arrived.filter((_, i) => i + 1 <= time + 1e-9).map((hop) => hop.at(-1));
}

/** What the last word has in the end. */
function total({ arrived }) {
  return arrived.reduce((sum, hop) => sum + hop.at(-1), 0);
}

function sentenceOn(words, source, flows) {
  const between = words.length - 2 - source;
  const routes = between ? `${2 ** between} routes of 1 to ${between + 1} hops` : "one hop";
  const [from, to] = [words[source], words.at(-1)].map(quoted);
  return (
    `Of ${from}, attention hands ${to} ${rounded(total(flows.attention))} in one read, the chain ${rounded(total(flows.chain))} ` +
    `step by step, and Sessa ${rounded(total(flows.sessa))} by ${routes}.`
  );
}

function quoted(word) {
  return `“${word.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`)}”`;
}

/** Of what has reached the last word a bar for each lane, in pieces of one hop each; `longest` fills the width. */
function drawBars(bars, last, reached, longest) {
  bars.replaceChildren(
    element("p", {}, `What has reached “${last}”:`),
    ...Object.keys(LANES).map((name, i) => {
      const pieces = reached[i].map((piece) => element("span", { style: `width: ${(100 * piece) / longest}%` }));
      return element("div", { class: "reached", "data-lane": name }, element("span", { class: "name" }, LANES[name].split(":")[0]),
        element("span", { class: "pieces" }, ...pieces)); // prettier-ignore
    }),
  );
}
