// A table as a picture: a coloured cell for each number, that can be pointed at, and walked over with the arrow keys.

import { element } from "./element.mjs";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const MARGIN = 18; // for the numbers of the tokens
const DOT = 8; // cells of this size show which of them have moved
const ROUNDING = 1e-12; // of a table's largest number; what differs by less has not moved

/**
 * @param title HTML
 * @param spoken the title without markup
 * @param perToken whether its rows are those of tokens, which are then numbered
 * @param size from the room that there is to the size of a cell, at most, both in pixels
 * @param on what to call: point(row, col), leave(), choose(row, col) and enter()
 * @returns an element with show(rows, before, room, c), which draws in at most `room` pixels with the colours c, draw(room, c)
 *   and mark(blocks, chosen)
 */
export function heatMap({ title, spoken, perToken, size, on }) {
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-roledescription": "picture of numbers" });
  const marks = element("div", { class: "marks", "aria-hidden": "true" });
  const note = element("span", { class: "note" });
  const heading = element("p", { class: "name" });
  heading.innerHTML = title;
  heading.append(" ", note);
  const map = element("div", { class: "map" }, heading, element("div", { class: "cells" }, canvas, marks));
  const margin = perToken ? MARGIN : 0;

  let rows = [[]];
  let before = rows;
  let largest = 0;
  let cellSize;
  let here = [0, 0];

  const columns = () => Math.max(1, ...rows.map((row) => row.length));
  const moved = (row, col) => {
    const old = before[row]?.[col];
    return old !== undefined && !(Math.abs(rows[row][col] - old) <= ROUNDING * largest);
  };
  const has = (row, col) => rows[row]?.[col] !== undefined;
  /** The number at a place, or in the next row that has any, on from `row` by `step`; undefined where there is none. */
  const nearest = (row, col, step) => {
    while (rows[row] && !rows[row].length) row += step;
    return rows[row] && [row, Math.max(0, Math.min(col, rows[row].length - 1))];
  };
  const under = ({ offsetX, offsetY }) => [Math.floor(offsetY / cellSize), Math.floor((offsetX - margin) / cellSize)];

  map.draw = (room, c) => {
    cellSize = Math.max(3, Math.min(size(room), Math.floor((room - margin) / columns())));
    paint(canvas, rows, { c, cellSize, margin, columns: columns(), largest, moved });
    const description = `${spoken}, ${rows.length} by ${columns()} numbers; the arrow keys go from one to the next`;
    canvas.setAttribute("aria-label", description);
  };
  map.show = (now, old, room, c) => {
    [rows, before] = [now, old ?? now];
    map.rows = rows;
    here = nearest(Math.min(here[0], rows.length - 1), here[1], 1) ?? [0, 0];
    const sizes = rows.flat().map(Math.abs);
    largest = Math.max(0, ...sizes.filter(Number.isFinite));
    const count = rows.flatMap((row, r) => row.filter((_, c) => moved(r, c))).length;
    map.dataset.moved = count;
    note.textContent = count ? `${count} of ${sizes.length} moved` : "";
    map.draw(room, c);
  };
  map.mark = (blocks, chosen) => {
    const drawn = (block, kind) => {
      const style = `left:${margin + block.col * cellSize}px;top:${block.row * cellSize}px;width:${block.cols * cellSize}px;height:${block.rows * cellSize}px`;
      const name = [block.row, block.col, block.rows, block.cols].join(" ");
      return element("div", { class: kind, style, "data-block": name });
    };
    marks.replaceChildren(...blocks.map((block) => drawn(block, "source")), ...chosen.map((block) => drawn(block, "chosen")));
  };
  map.focus = () => canvas.focus();

  canvas.addEventListener("pointermove", (event) => (has(...under(event)) ? on.point(...under(event)) : on.leave()));
  canvas.addEventListener("pointerleave", () => on.leave());
  canvas.addEventListener("click", (event) => {
    if (!has(...under(event))) return;
    here = under(event);
    on.choose(...here);
  });
  canvas.addEventListener("focus", () => has(...here) && on.choose(...here));
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter") on.enter();
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const next = nearest(here[0] + step[0], here[1] + step[1], step[0] || 1);
    if (!next) return;
    here = next;
    on.choose(...here);
  });
  return map;
}

/** Blue for positive numbers and vermilion for negative ones, the stronger the larger; a dot where a number moved. */
function paint(canvas, rows, { c, cellSize, margin, columns, largest, moved }) {
  const [width, height] = [margin + columns * cellSize, rows.length * cellSize];
  const ratio = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const context = canvas.getContext("2d");
  const gap = cellSize >= 6 ? 1 : 0;
  context.scale(ratio, ratio);
  context.font = "11px sans-serif";
  context.textBaseline = "middle";
  rows.forEach((row, r) => {
    const y = r * cellSize;
    context.globalAlpha = 1;
    context.fillStyle = c.text;
    if (margin) context.fillText(String(r), 1, y + cellSize / 2);
    row.forEach((value, col) => {
      const x = margin + col * cellSize;
      context.globalAlpha = 1;
      context.fillStyle = c.grid;
      context.fillRect(x, y, cellSize - gap, cellSize - gap);
      context.globalAlpha = Math.sqrt(Math.abs(value) / largest) || 0;
      context.fillStyle = value < 0 ? c.vermilion : c.blue;
      context.fillRect(x, y, cellSize - gap, cellSize - gap);
      if (cellSize < DOT || !moved(r, col)) return;
      context.globalAlpha = 1;
      context.fillStyle = c.text;
      context.fillRect(x + 1, y + 1, 3, 3);
    });
  });
}
