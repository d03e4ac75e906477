// Every intermediate of a small layer as a picture, step by step: point at a number, change one, add a token, load a layer.

import given from "../_generated/trained-layer.json";
import { element } from "./element.mjs";
import { frame, keepUpdated, silentlyLabelled, slider } from "./frame.mjs";
import { heatMap } from "./heat-map.mjs";
import { layerSteps, symbol } from "./layer-steps.mjs";
import { numberEditor } from "./number-editor.mjs";
import { origin } from "./origin.mjs";
import { ownData } from "./own-data.mjs";
import { MOST } from "./own-layer.mjs";
import { embedded, wordsOf } from "./sentence.mjs";
import { Run, parameterTables } from "./tables.mjs";
import { rounded } from "./text.mjs";
import { colours, onThemeChange } from "./theme.mjs";

const SHOWN = 6; // tokens at first
/** Sizes of cells, in pixels; on a phone fingers need larger ones for parameters, and two pictures fit side by side. */
const SIZES = { parameter: (room) => (room < 500 ? 14 : 10), intermediate: (room) => (room < 500 ? 16 : 20) };
const BETWEEN_TOKENS = /^(alpha|B|K)/;

const CAPTION = String.raw`
Blue is positive, vermilion negative; the strongest colour is the largest size in that picture. Numbers in brackets are the
paper's equations. Rows are tokens; in the pictures of \(\alpha\), \(B\), its powers and \((I-B)^{-1}\) columns are the tokens
that are read, and in those of parameters a row makes one number. Point at a cell, or go there with the tab and arrow
keys: outlined is what it is made of. A number of a token or a parameter can be changed; Enter goes to its value, and
Escape back. A cell with a dot has moved with the last change, by more than rounding. Nothing that you load leaves the page.`;

export function lookInto(place) {
  const tokens = slider({ name: "tokens", label: "Tokens", values: Array.from({ length: MOST }, (_, i) => i + 1), value: SHOWN });
  const words = element("input", { type: "text", name: "words", value: given.sequence, maxlength: 120 });
  const decode = element("button", { type: "button", class: "action" }, "Decode the next token");
  const restart = element("button", { type: "button", class: "action" }, "Start over");
  const own = ownData();
  const controls = [
    tokens,
    element("div", { class: "control own" }, ...silentlyLabelled(words, "Your own symbols")),
    element("div", { class: "control actions" }, decode, restart),
    own,
  ];
  const drawing = element("div", { class: "drawing look" });
  const say = frame(place, { title: "A layer to look into", controls, drawing, caption: CAPTION });
  const editor = numberEditor();
  const inspector = element("div", { class: "inspector" });
  const reading = place.querySelector(".reading");
  reading.replaceWith(inspector);
  inspector.append(reading, editor);

  let layer; // as it is now
  let names; // of the tokens that are words
  let pool; // all tokens; the first ones are shown
  let run;
  let tables = {};
  let chosen = { name: "n", row: 3, col: 0 };
  const maps = new Map();

  /** Begin with a layer, and with tokens or the words in the box; a word that the layer does not know gets one from its letters. */
  const begin = ({ config, parameters, tokens: known }, itsTokens, T = itsTokens?.length ?? tokens.value) => {
    layer = { config, parameters: Object.fromEntries(Object.entries(parameters).map(copied)), tokens: known };
    names = itsTokens ? [] : wordsOf(words.value.trim() || given.sequence);
    const tokenOf = (name, made) => (known && Object.hasOwn(known, name) ? [...known[name]] : made);
    pool = itsTokens ?? embedded(names, config.width).map((made, t) => tokenOf(names[t], made));
    maps.clear();
    tables = {};
    resize(Math.min(T, pool.length));
    compute();
  };
  const resize = (T) => {
    const input = tokens.querySelector("input");
    input.max = pool.length - 1;
    input.value = T - 1;
    input.dispatchEvent(new Event("input"));
  };

  const compute = () => {
    run = new Run(layer, pool.slice(0, tokens.value));
    show();
  };
  const show = () => {
    const before = tables;
    tables = { ...parameterTables(layer.parameters), ...run.tables() };
    arrange();
    const look = [drawing.clientWidth, colours()];
    for (const [name, map] of maps) map.show(tables[name], before[name], ...look);
    decode.disabled = run.tokens.length === pool.length;
    const isThere = tables[chosen.name]?.[chosen.row]?.[chosen.col] !== undefined;
    choose(isThere ? chosen : { name: "n", row: 0, col: 0 });
  };

  /** The steps with their pictures, built anew when there are other ones. */
  const arrange = () => {
    const steps = layerSteps(layer.config, run.tokens.length);
    const wanted = steps.flatMap((step) => step.names);
    if (String(wanted) === String([...maps.keys()])) return;
    const old = new Map(maps);
    maps.clear();
    wanted.forEach((name) => maps.set(name, old.get(name) ?? picture(name)));
    drawing.replaceChildren(
      ...steps.map(({ title, sentence, names }) => {
        const told = element("p", { class: "sentence" });
        told.innerHTML = sentence;
        const pictures = element("div", { class: "pictures" }, ...names.map((name) => maps.get(name)));
        return element("section", { class: "step" }, element("h3", {}, title), told, pictures);
      }),
    );
  };
  const picture = (name) => {
    const isParameter = name.includes(".");
    const on = {
      point: (row, col) => explain({ name, row, col }),
      leave: () => explain(chosen),
      choose: (row, col) => choose({ name, row, col }),
      enter: () => editor.enter(() => maps.get(name).focus()),
    };
    const size = isParameter ? SIZES.parameter : SIZES.intermediate;
    const map = heatMap({ title: symbol(name), spoken: spokenName(name), perToken: !isParameter, size, on });
    map.dataset.name = name;
    return map;
  };

  /** Outline a number and what it is made of; the formula. */
  const outline = (cell) => {
    const { sources, formula } = origin(layer.config, tables, cell.name, cell.row, cell.col);
    for (const [name, map] of maps) {
      const its = cell.name === name ? [{ ...cell, rows: 1, cols: 1 }] : [];
      map.mark(sources.filter((block) => block.name === name), its);
    }
    return formula;
  };
  const explain = (cell) => {
    const value = isChangeable(cell.name) ? ` is ${rounded(valueOf(cell))}` : "";
    say(`${symbol(cell.name)}, ${where(cell, names)}${value}: ${outline(cell)}.`);
  };
  const choose = (cell) => {
    chosen = cell;
    explain(cell);
    editor.show(valueOf(cell), where(cell, names));
    editor.hidden = !isChangeable(cell.name);
  };
  const valueOf = ({ name, row, col }) => tables[name][row][col];

  const change = () => {
    if (!isChangeable(chosen.name) || !Number.isFinite(editor.value)) return;
    const { name, row, col } = chosen;
    if (name === "x") pool[row][col] = editor.value;
    else layer.parameters[name].data[row * tables[name][row].length + col] = editor.value;
    compute();
  };
  const addToken = () => {
    const old = run.tokens.length;
    run.add(pool[old]);
    show();
    resize(run.tokens.length);
    const moved = [...maps.values()].reduce((sum, map) => sum + Number(map.dataset.moved), 0);
    const place = where({ name: "gamma", row: old }, names);
    say(
      `Decoded: ${place}, from what the layer kept of the tokens before it. What it computes has a row more, and of the numbers ` +
        `that were there ${moved} moved.`,
    );
  };

  decode.addEventListener("click", addToken);
  restart.addEventListener("click", () => {
    words.value = given.sequence;
    own.clear();
    begin(given, undefined, SHOWN);
  });
  words.addEventListener("input", () => own.attempt(() => begin(layer)));
  own.onLayer = (loaded) => begin(loaded);
  own.onTokens = (read) => begin(layer, read(layer.config.width));
  begin(given);
  keepUpdated([tokens], () => tokens.value !== run.tokens.length && compute());
  keepUpdated([editor], change);
  const draw = () => {
    const look = [drawing.clientWidth, colours()];
    maps.forEach((map) => map.draw(...look));
  };
  onThemeChange(draw);
  new ResizeObserver(() => {
    draw();
    outline(chosen);
  }).observe(drawing);
}

const isChangeable = (name) => name === "x" || name.includes(".");

function copied([name, { shape, data }]) {
  return [name, { shape, data: Array.from(data) }];
}

/** Which number of a table it is, in words. */
function where({ name, row, col }, words) {
  const token = (t) => `token ${t}${words[t] === undefined ? "" : ` (${quoted(words[t])})`}`;
  if (name.includes(".")) return `row ${row}, column ${col}`;
  if (BETWEEN_TOKENS.test(name)) return `${token(row)} from ${token(col)}`;
  return name === "gamma" ? token(row) : `${token(row)}, number ${col}`;
}

function quoted(word) {
  return `“${word.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`)}”`;
}

function spokenName(name) {
  return name.replace("_", " ").replace("^", " to the power ");
}
