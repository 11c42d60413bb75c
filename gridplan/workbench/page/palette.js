// Colours by view. The colour-blind tell them apart, and none of them stands alone: what is
// out of rule is hatched as well, what is locked has a chain, what is awaited is dashed.

import { VIEW_OF } from "/page/lenses.js";

export const MAP_COLOURS = ["#2ebaf0", "#baba4a", "#2e662e", "#f09e9e", "#824a82"];
export const UNKNOWN = "#9aa39c";
export const QUIET = "#c3c9c0"; // homes that a view says nothing of
export const MOVED = "#c2570c";
export const INK = { out: "#8f1d1d", plain: "#26302a", limit: "#2d362f", border: "#4b554d" };
export const FONT = '"Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif';

// How a sub-grid stands to its band: in, small, large or apart.
export function judge(figures, band) {
  if (figures.pieces > 1) return "apart";
  if (figures.in_band) return "in";
  return figures.households < band[0] ? "small" : "large";
}

// The colour of a sub-grid in a view.
export function colourOf(stage, c, code) {
  const figures = c.figures[code];
  const lens = VIEW_OF[stage.view];
  if (lens.grade) return figures ? lens.colours[lens.grade(figures, c.band)] : UNKNOWN;
  if (lens.of === "subgrid") {
    const n = c.looked?.of?.[code];
    return n === undefined ? UNKNOWN : lens.colours[n];
  }
  return MAP_COLOURS[numberOf(c, code)];
}

// The colour of one home, in views that colour homes and not sub-grids.
export function colourOfHome(stage, c, home) {
  const { looked } = c;
  const lens = VIEW_OF[stage.view];
  if (!looked || looked.missing) return UNKNOWN;
  if (lens.of === "then") return c.hasMoved(home) ? MOVED : QUIET;
  const n = looked.of[home];
  if (n < 0) return UNKNOWN;
  if (lens.of === "name") return MAP_COLOURS[looked.tones[n] % MAP_COLOURS.length];
  return lens.colours[n];
}

// Whether a view colours homes one by one.
export function isByHome(stage) {
  return ["home", "name", "then"].includes(VIEW_OF[stage.view].of);
}

// The colour that the plan has for a sub-grid; a new one takes what its neighbours use least.
function numberOf(c, code) {
  let n = c.colour.get(code);
  if (n === undefined) {
    n = chooseColour(c, code);
    c.colour.set(code, n);
  }
  return n;
}

function chooseColour(c, code) {
  const used = new Array(MAP_COLOURS.length).fill(0);
  for (const home of c.members[c.place.get(code)] || []) {
    for (const other of c.neighbours[home]) {
      const taken = c.colour.get(c.codeOf(other));
      if (taken !== undefined) used[taken] += 1;
    }
  }
  return used.indexOf(Math.min(...used));
}

// Lines across the land of what is out of rule: one way if small, the other if large, both if
// apart. Patterns are as wide on the screen at every scale.
const PATTERNS = new Map();

export function hatch(pen, kind, scale, ratio) {
  const key = `${kind},${ratio}`;
  if (!PATTERNS.has(key)) PATTERNS.set(key, pen.createPattern(drawHatch(kind, ratio), "repeat"));
  const pattern = PATTERNS.get(key);
  pattern.setTransform(new DOMMatrix().scale(1 / scale / ratio, -1 / scale / ratio));
  return pattern;
}

export function drawHatch(kind, ratio) {
  const size = Math.round(9 * ratio);
  const canvas = document.createElement("canvas");
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.strokeStyle = "#5c1f1fb0";
  pen.lineWidth = 1.1 * ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    if (kind !== "large") line(pen, shift - 2, size + 2, shift + size + 2, -2);
    if (kind !== "small") line(pen, shift - 2, -2, shift + size + 2, size + 2);
  }
  pen.stroke();
  return canvas;
}

function line(pen, x0, y0, x1, y1) {
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
}
