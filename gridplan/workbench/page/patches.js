// The land of homes that have moved, until the server has drawn it: what of the land of their old
// sub-grid lies nearer to them than to any other home of it. Only seen, never kept.

import { findBox, makePath } from "/page/paths.js";

// List the pieces of land that go with homes, each with its home, path and box.
export function listPatches(c) {
  const patches = [];
  for (const [home, origin] of c.moved) {
    const rings = c.outlines[origin];
    if (!rings) continue;
    let patch = c.cells.get(home);
    if (!patch || patch.rings !== rings) {
      const cell = cutCell(c, home, origin, rings);
      patch = { home, rings, cell, path: makePath([cell], true), box: findBox(cell) };
      c.cells.set(home, patch);
    }
    if (patch.cell.length) patches.push(patch);
  }
  return patches;
}

function cutCell(c, home, origin, rings) {
  const site = [c.xy[2 * home], c.xy[2 * home + 1]];
  const s = c.place.get(origin);
  const others = s === undefined ? [] : [...c.members[s]];
  for (const [other, from] of c.moved) if (from === origin) others.push(other);
  let cell = rings;
  for (const other of others) {
    const [x, y] = [c.xy[2 * other], c.xy[2 * other + 1]];
    // Floors behind one door have one place, and share its land.
    if (x === site[0] && y === site[1]) continue;
    cell = cell.map((ring) => clip(ring, site, [x, y])).filter((ring) => ring.length >= 6);
  }
  return cell;
}

// The part of a ring that is nearer to one point than to another.
function clip(ring, [ax, ay], [bx, by]) {
  const nx = bx - ax;
  const ny = by - ay;
  const middle = (nx * (ax + bx) + ny * (ay + by)) / 2;
  const far = (n) => nx * ring[n] + ny * ring[n + 1] - middle; // above nothing beyond the line
  const kept = [];
  for (let n = 0; n < ring.length; n += 2) {
    const next = (n + 2) % ring.length;
    const [here, there] = [far(n), far(next)];
    if (here <= 0) kept.push(ring[n], ring[n + 1]);
    if ((here < 0 && there > 0) || (here > 0 && there < 0)) {
      const t = here / (here - there);
      kept.push(ring[n] + t * (ring[next] - ring[n]),
        ring[n + 1] + t * (ring[next + 1] - ring[n + 1]));
    }
  }
  return kept;
}
