// Texts on the picture: badges of sub-grids, names and totals of communities.

import { FONT, INK } from "/page/palette.js";
import { middleOf } from "/page/paths.js";

const BADGE = 34; // pixels that a badge needs
const NAME = `600 13px ${FONT}`;
const TOTALS = `12px ${FONT}`;

export function paintBadge(sheet, [x, y], text, { out, locked }) {
  const [sx, sy] = sheet.toScreen(x, y);
  const { pen } = sheet;
  const colour = out ? INK.out : INK.plain;
  pen.save();
  sheet.level();
  pen.font = `600 12px ${FONT}`;
  const chain = locked ? 17 : 0;
  const wide = pen.measureText(text).width + chain + 8;
  if (out) {
    pen.fillStyle = "#fff3f0";
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.fillRect(sx - wide / 2, sy - 9, wide, 18);
    pen.strokeRect(sx - wide / 2, sy - 9, wide, 18);
  }
  write(pen, text, sx + chain / 2, sy, colour, !out);
  if (locked) drawChain(pen, sx - wide / 2 + 4, sy, colour);
  pen.restore();
}

// Two links of a chain, 15 pixels wide.
export function drawChain(pen, x, y, colour) {
  for (const [ink, width] of [["#ffffff", 4], [colour, 1.6]]) {
    pen.strokeStyle = ink;
    pen.lineWidth = width;
    for (const middle of [x + 5, x + 10]) {
      pen.beginPath();
      pen.ellipse(middle, y, 4.2, 2.8, 0, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}

// A community that is not open: its land, name and totals.
export function paintPlace(stage, sheet, place) {
  const { pen, scale } = sheet;
  pen.fillStyle = place.out ? "#f3e3da" : "#e6ece2";
  pen.fill(place.path, "evenodd");
  pen.strokeStyle = "#8b9588";
  pen.lineWidth = 1 / scale;
  pen.stroke(place.path);
  writeTotals(stage, sheet, place);
}

// Whether sub-grids of a community are wide enough for badges; else it is written over as one.
export function hasBadges(sheet, c) {
  return c.wideness * sheet.scale >= BADGE;
}

// The name and totals over a community whose sub-grids are too small for badges.
export function writeName(stage, sheet, c) {
  if (hasBadges(sheet, c)) return;
  const place = stage.overview.find((one) => one.code === c.code);
  if (place) writeTotals(stage, sheet, place);
}

function writeTotals(stage, sheet, place) {
  const wide = (place.box[2] - place.box[0]) * sheet.scale;
  if (wide < 34) return;
  const [x, y] = middleOf(place.box);
  const [sx, sy] = sheet.toScreen(x, y);
  const { pen } = sheet;
  pen.save();
  sheet.level();
  pen.font = NAME;
  const full = wide > 90 && stage.say;
  if (stage.open.has(place.code)) drawPlate(pen, sx, sy, Math.min(wide - 8, 132), full ? 38 : 20);
  write(pen, cut(pen, place.name, Math.max(wide, 46)), sx, sy - (full ? 9 : 0), "#39423a", true);
  if (full) {
    pen.font = TOTALS;
    const key = place.out ? "place_short_out" : "place_short";
    const text = stage.say(key, { households: place.households, out: place.out });
    write(pen, cut(pen, text, wide), sx, sy + 8, place.out ? INK.out : "#39423a", true);
  }
  pen.restore();
}

// Over homes a name is read only on a ground of its own.
function drawPlate(pen, x, y, wide, high) {
  pen.fillStyle = "#ffffffd0";
  pen.fillRect(x - wide / 2, y - high / 2, wide, high);
}

function cut(pen, text, wide) {
  let short = text;
  while (short.length > 1 && pen.measureText(short).width > wide) short = short.slice(0, -1);
  return short === text ? text : `${short.slice(0, -1)}…`;
}

function write(pen, text, x, y, colour, haloed) {
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  if (haloed) {
    pen.lineWidth = 3.5;
    pen.strokeStyle = "#ffffffd9";
    pen.lineJoin = "round";
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
