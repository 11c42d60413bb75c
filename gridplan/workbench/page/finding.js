// What lies at a place of the picture, and which homes lie in a line drawn round them.

import { findBox, inside, makePath, middleOf } from "/page/paths.js";
import { listPatches } from "/page/patches.js";

// What lies at a place of the screen: home, sub-grid, community.
export function findAt(stage, x, y) {
  const [wx, wy] = stage.toWorld(x, y);
  const pen = stage.top;
  for (const c of stage.open.values()) {
    if (!inside(c.box, wx, wy)) continue;
    for (let n = 0; n < c.pieces.length; n += 1) {
      if (inside(c.pieceBoxes[n], wx, wy) && holds(pen, c.piecePaths[n], wx, wy)) {
        const home = c.homesIn[n][0];
        return { community: c, home, piece: n, code: c.codeOf(home) };
      }
    }
    const patch = c.moved.size ? listPatches(c).find((one) =>
      inside(one.box, wx, wy) && holds(pen, one.path, wx, wy)) : null;
    if (patch) return { community: c, code: c.codeOf(patch.home) };
    for (const [code, path] of c.landPaths) {
      if (inside(c.landBoxes.get(code), wx, wy) && holds(pen, path, wx, wy)) {
        return { community: c, code };
      }
    }
    const lone = c.lonePaths.findIndex((path, n) =>
      inside(c.loneBoxes[n], wx, wy) && holds(pen, path, wx, wy));
    if (lone >= 0) return { community: c, lone: c.lone[lone] };
  }
  const place = stage.overview.find((one) =>
    inside(one.box, wx, wy) && holds(pen, one.path, wx, wy));
  return place ? { place } : {};
}

// Homes whose place lies in a polygon of the plan's coordinates, all of one community.
export function findIn(stage, ring) {
  const flat = ring.flat();
  const area = makePath([[flat]], true);
  const box = findBox([flat]);
  for (const c of stage.open.values()) {
    const homes = [];
    for (let home = 0; home < c.homes.length; home += 1) {
      const [x, y] = middleOf(c.pieceBoxes[c.piece[home]]);
      if (inside(box, x, y) && holds(stage.top, area, x, y)) homes.push(home);
    }
    if (homes.length) return { community: c, homes };
  }
  return null;
}

// Paths are in the plan's coordinates, so the point is asked for without any transform.
function holds(pen, path, x, y) {
  pen.save();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  const found = pen.isPointInPath(path, x, y, "evenodd");
  pen.restore();
  return found;
}
