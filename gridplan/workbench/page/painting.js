// How the plan is drawn: in layers over all communities, so that no community's streets cover
// the homes of the next, and each layer in small steps, so that a picture can be drawn in slices.

import { FONT, INK, QUIET, colourOf, colourOfHome, hatch, isByHome, judge } from "/page/palette.js";
import { findBox, joinBoxes, makePath, meets, middleOf, thinRings } from "/page/paths.js";
import { listPatches } from "/page/patches.js";
import { hasBadges, paintBadge, paintPlace, writeName } from "/page/badges.js";

const NARROW = 28; // pixels of a sub-grid whose badge would lie on its neighbour's
const GROUND = "#f2f3ee";
const CHUNK = 60; // sub-grids a step
const THIN = 0.033; // pixels for a centimetre below which nobody sees every corner

// List the steps that draw what lies in a box; each is called with a sheet that is placed.
export function listSteps(stage, sheet, box) {
  const steps = [];
  const places = stage.overview.filter((p) => !stage.open.has(p.code) && meets(p.box, box));
  for (const some of chunk(places)) {
    steps.push(() => some.forEach((place) => paintPlace(stage, sheet, place)));
  }
  const near = [...stage.open.values()].filter((c) => meets(c.wide, box));
  const lists = near.map((c) => ({ c, codes: chunk(listCodes(c, box)) }));
  const each = (paint) => {
    for (const { c, codes } of lists) {
      for (const some of codes) steps.push(() => paint(stage, sheet, c, some));
    }
  };
  for (const c of near) steps.push(() => paintGround(sheet, c, box));
  each(paintLand);
  const waits = near.filter((c) => c.moved.size);
  for (const c of waits) steps.push(() => paintPatches(stage, sheet, c, box));
  for (const c of near) steps.push(() => paintAround(sheet, c, box));
  each(paintHomes);
  each(paintBorders);
  for (const c of waits) steps.push(() => strokePatches(sheet, c, box));
  for (const c of near) steps.push(() => paintLimit(sheet, c));
  // A badge reaches beyond the land of its sub-grid.
  const more = sheet.grow(box, 40);
  for (const c of stage.open.values()) {
    if (!meets(c.box, more)) continue;
    for (const some of hasBadges(sheet, c) ? chunk(listCodes(c, more)) : []) {
      steps.push(() => paintBadges(stage, sheet, c, some));
    }
    if (c.hosts) steps.push(() => paintMarks(stage, sheet, c));
    steps.push(() => writeName(stage, sheet, c));
  }
  return steps;
}

function listCodes(c, box) {
  return c.codes.filter((code, s) => c.members[s].size && meets(boxOf(c, s), box));
}

function chunk(list) {
  const parts = [];
  for (let n = 0; n < list.length; n += CHUNK) parts.push(list.slice(n, n + CHUNK));
  return parts;
}

// The box of all that is drawn of a sub-grid: its land, and homes that lie outside it until
// the land is drawn again.
function boxOf(c, s) {
  const homes = shapeOf(c, s).box;
  const land = c.landBoxes.get(c.codes[s]);
  return land ? joinBoxes([land, homes]) : homes;
}

// The homes of a sub-grid as one path, with their box and the place of its badge; made again
// when a home comes or goes.
export function shapeOf(c, s) {
  if (c.shapes[s]) return c.shapes[s];
  const pieces = [];
  for (const home of c.members[s]) {
    const n = c.piece[home];
    if (c.homesIn[n][0] === home) pieces.push(n);
  }
  // Where several share a piece, the first says its colour; the others have a place all the same.
  const all = [...new Set([...c.members[s]].map((home) => c.piece[home]))];
  const path = new Path2D();
  for (const n of pieces) path.addPath(c.piecePaths[n]);
  const boxes = all.map((n) => c.pieceBoxes[n]);
  c.shapes[s] = { path, pieces, box: joinBoxes(boxes), middle: findMiddle(boxes) };
  return c.shapes[s];
}

// The middle of the home nearest to the middle of all, so that a badge lies on a home.
function findMiddle(boxes) {
  const middles = boxes.map(middleOf);
  const x = middles.reduce((sum, m) => sum + m[0], 0) / middles.length;
  const y = middles.reduce((sum, m) => sum + m[1], 0) / middles.length;
  let best = middles[0];
  for (const m of middles) {
    if (Math.hypot(m[0] - x, m[1] - y) < Math.hypot(best[0] - x, best[1] - y)) best = m;
  }
  return best;
}

// The outline of a sub-grid, far away with fewer corners.
function outlineOf(c, code, scale) {
  if (scale > THIN) return c.landPaths.get(code);
  const step = Math.floor(Math.log2(scale));
  if (c.thinned.step !== step) c.thinned = { step, paths: new Map() };
  if (!c.thinned.paths.has(code)) {
    const rings = c.outlines[code];
    const thin = rings && makePath([thinRings(rings, 0.7 / 2 ** step)], true);
    c.thinned.paths.set(code, thin);
  }
  return c.thinned.paths.get(code);
}

// The land of homes that have moved is shown as it will be, about, with a dashed border.
function paintPatches(stage, { pen, scale, ratio }, c, box) {
  const plain = isByHome(stage);
  for (const { home, path, box: patchBox } of listPatches(c)) {
    if (!meets(patchBox, box)) continue;
    const code = c.codeOf(home);
    pen.fillStyle = GROUND;
    pen.fill(path, "evenodd");
    tint(stage, pen, c, code, path, plain);
    hatchOver(pen, c, code, path, scale, ratio);
  }
}

function strokePatches({ pen, scale }, c, box) {
  const thin = 1 / scale;
  pen.strokeStyle = INK.border;
  pen.lineWidth = thin;
  pen.setLineDash([4 * thin, 4 * thin]);
  for (const { path, box: patchBox } of listPatches(c)) if (meets(patchBox, box)) pen.stroke(path);
  pen.setLineDash([]);
}

function tint(stage, pen, c, code, path, plain) {
  pen.globalAlpha = plain ? 0.1 : 0.18;
  pen.fillStyle = plain ? QUIET : colourOf(stage, c, code);
  pen.fill(path, "evenodd");
  pen.globalAlpha = 1;
}

function hatchOver(pen, c, code, path, scale, ratio) {
  const figures = c.figures[code];
  const how = figures ? judge(figures, c.band) : "in";
  if (how === "in") return;
  pen.fillStyle = hatch(pen, how, scale, ratio);
  pen.fill(path, "evenodd");
}

function paintGround({ pen }, c, box) {
  pen.lineJoin = "round";
  pen.fillStyle = GROUND;
  pen.fill(c.path, "evenodd");
  c.lone.forEach((grid, n) => {
    if (!meets(c.loneBoxes[n], box)) return;
    pen.fillStyle = grid.kind === "exclusive" ? "#e3dfeb" : "#edf0e4";
    pen.fill(c.lonePaths[n], "evenodd");
  });
}

function paintLand(stage, { pen, scale, ratio }, c, codes) {
  const plain = isByHome(stage);
  for (const code of codes) {
    const path = outlineOf(c, code, scale);
    if (!path) continue;
    tint(stage, pen, c, code, path, plain);
    hatchOver(pen, c, code, path, scale, ratio);
  }
}

function paintAround({ pen, scale }, c, box) {
  const thin = 1 / scale;
  const some = (bundles, paint) => bundles.forEach((one) => meets(one.box, box) && paint(one.path));
  pen.strokeStyle = "#9bb7cf";
  pen.lineWidth = 2 * thin;
  some(c.barriers, (path) => pen.stroke(path));
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = Math.min(500, 4 * thin);
  some(c.streets, (path) => pen.stroke(path));
  pen.fillStyle = "#d5d8d1";
  some(c.plain, (path) => pen.fill(path, "evenodd"));
}

function paintHomes(stage, { pen, scale }, c, codes) {
  const each = isByHome(stage);
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 0.6 / scale;
  for (const code of codes) {
    const { path, pieces } = shapeOf(c, c.place.get(code));
    if (each) {
      for (const n of pieces) {
        pen.fillStyle = colourOfHome(stage, c, c.homesIn[n][0]);
        pen.fill(c.piecePaths[n], "evenodd");
      }
    } else {
      pen.fillStyle = colourOf(stage, c, code);
      pen.fill(path, "evenodd");
    }
    if (scale > 0.008) pen.stroke(path);
  }
}

function paintBorders(stage, { pen, scale }, c, codes) {
  const thin = 1 / scale;
  pen.strokeStyle = INK.border;
  pen.lineJoin = "round";
  for (const code of codes) {
    const path = outlineOf(c, code, scale);
    if (!path) continue;
    // A border that is still to be drawn again, or a figure to be counted, is dashed.
    const soft = c.awaited?.has(code) || c.looked?.awaited?.has(code);
    pen.lineWidth = (soft ? 0.7 : scale < 0.006 ? 0.8 : 1.3) * thin;
    if (soft) pen.setLineDash([4 * thin, 4 * thin]);
    pen.stroke(path);
    if (soft) pen.setLineDash([]);
  }
}

function paintLimit({ pen, scale }, c) {
  pen.lineWidth = 2.6 / scale;
  pen.strokeStyle = INK.limit;
  pen.stroke(c.path);
}

// What is out of rule has its number in a frame, and what is locked a chain before it.
function paintBadges(stage, sheet, c, codes) {
  for (const code of codes) {
    const s = c.place.get(code);
    const figures = c.figures[code];
    const out = Boolean(figures) && judge(figures, c.band) !== "in";
    const land = c.landBoxes.get(code) || shapeOf(c, s).box;
    if (!out && (land[2] - land[0]) * sheet.scale < NARROW) continue;
    const text = figures ? `${c.isEstimated(s) ? "≈" : ""}${figures.households}` : "?";
    paintBadge(sheet, shapeOf(c, s).middle, text, { out, locked: stage.isLocked(c, code) });
  }
}

// Stars where a Party central household is.
function paintMarks(stage, sheet, c) {
  const { pen } = sheet;
  for (const home of c.hosts) {
    const [x, y] = middleOf(c.pieceBoxes[c.piece[home]]);
    const [sx, sy] = sheet.toScreen(x, y);
    pen.save();
    sheet.level();
    pen.font = `700 15px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeStyle = "#ffffff";
    pen.strokeText("★", sx, sy - 11);
    pen.fillStyle = "#b3101c";
    pen.fillText("★", sx, sy - 11);
    pen.restore();
  }
}

// Paths are made once, in the plan's centimetres, and drawn at any scale.
export function prepare(c) {
  c.path = makePath([c.outline], true);
  c.box = findBox(c.outline);
  c.piecePaths = c.pieces.map((rings) => makePath([rings], true));
  c.pieceBoxes = c.pieces.map(findBox);
  c.shapes = [];
  c.thinned = { step: null, paths: new Map() };
  c.landPaths = new Map();
  c.landBoxes = new Map();
  for (const [code, rings] of Object.entries(c.outlines)) setOutline(c, code, rings);
  const wide = [...c.landBoxes.values()].map((box) => box[2] - box[0]).sort((a, b) => a - b);
  c.wideness = wide[Math.floor(wide.length / 2)] || 0; // of the middle one of its sub-grids
  c.lonePaths = c.lone.map((grid) => makePath([grid.outline], true));
  c.loneBoxes = c.lone.map((grid) => findBox(grid.outline));
}

export function setOutline(c, code, rings) {
  c.outlines[code] = rings;
  c.landPaths.set(code, makePath([rings], true));
  c.landBoxes.set(code, findBox(rings));
  c.thinned.paths.delete(code);
}

export function dropOutline(c, code) {
  delete c.outlines[code];
  c.landPaths.delete(code);
  c.landBoxes.delete(code);
  c.thinned.paths.delete(code);
}
