// The picture: land light, homes strong, one canvas for the plan and one above it for what is
// pointed at. An edit repaints only the box of the sub-grids that it touches.

const COLOURS = ["#4e86b8", "#d98a3d", "#5f9e6e", "#a86fa8", "#b5a136", "#5aa6a6", "#c06c6c"];
const BADGE = 26; // pixels that a badge needs

export class Stage {
  constructor(land, over) {
    this.land = land;
    this.over = over;
    this.pen = land.getContext("2d");
    this.top = over.getContext("2d");
    this.scale = 0.1; // pixels for each centimetre
    this.left = 0; // centimetres at the left and upper edge
    this.upper = 0;
    this.view = "plain";
    this.open = new Map();
    this.overview = [];
    this.marks = { chosen: null, wanted: null, point: null, line: null };
    new ResizeObserver(() => this.resize()).observe(land.parentElement);
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.land.parentElement;
    for (const canvas of [this.land, this.over]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
    }
    this.ratio = ratio;
    this.width = clientWidth;
    this.height = clientHeight;
    this.paint();
  }

  // Paths are made once, in the plan's centimetres, and drawn at any scale.
  prepare(community) {
    const c = community;
    c.path = makePath([c.outline], true);
    c.box = findBox(c.outline);
    c.piecePaths = c.pieces.map((rings) => makePath([rings], true));
    c.pieceBoxes = c.pieces.map(findBox);
    c.landPaths = new Map();
    c.landBoxes = new Map();
    for (const [code, rings] of Object.entries(c.outlines)) this.setOutline(c, code, rings);
    c.lonePaths = c.lone.map((grid) => makePath([grid.outline], true));
    c.plainPath = makePath(c.around.plain, true);
    c.streetPath = makePath(c.around.streets.map((street) => street.lines), false);
    c.barrierPath = makePath(c.around.barriers.map((barrier) => barrier.lines), false);
    c.colour = new Map();
    this.open.set(c.code, c);
  }

  setOutline(c, code, rings) {
    c.landPaths.set(code, makePath([rings], true));
    c.landBoxes.set(code, findBox(rings));
  }

  dropOutline(c, code) {
    c.landPaths.delete(code);
    c.landBoxes.delete(code);
  }

  toWorld(x, y) {
    return [this.left + x / this.scale, this.upper - y / this.scale];
  }

  toScreen(x, y) {
    return [(x - this.left) * this.scale, (this.upper - y) * this.scale];
  }

  fit(box) {
    const [west, south, east, north] = box;
    const wide = Math.max(east - west, 1);
    const high = Math.max(north - south, 1);
    this.scale = Math.min(this.width / wide, this.height / high) * 0.94;
    this.left = (west + east) / 2 - this.width / 2 / this.scale;
    this.upper = (south + north) / 2 + this.height / 2 / this.scale;
    this.paint();
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const [wx, wy] = this.toWorld(x, y);
    this.scale = Math.min(20, Math.max(0.0005, this.scale * factor));
    this.left = wx - x / this.scale;
    this.upper = wy + y / this.scale;
    this.paint();
  }

  // While panning the picture that is there is shifted; it is painted again at rest.
  pan(dx, dy) {
    this.left -= dx / this.scale;
    this.upper += dy / this.scale;
    this.shift = this.shift || [0, 0];
    this.shift[0] += dx;
    this.shift[1] += dy;
    const move = `translate(${this.shift[0]}px, ${this.shift[1]}px)`;
    this.land.style.transform = move;
    this.over.style.transform = move;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settle(), 120);
  }

  settle() {
    if (!this.shift) return;
    this.shift = null;
    clearTimeout(this.rest);
    this.land.style.transform = "";
    this.over.style.transform = "";
    this.paint();
  }

  // Bring a box into view, without changing what is in view already.
  show(box) {
    const [x0, y1] = this.toScreen(box[0], box[1]);
    const [x1, y0] = this.toScreen(box[2], box[3]);
    if (x0 >= 0 && y0 >= 0 && x1 <= this.width && y1 <= this.height) return;
    this.left = (box[0] + box[2]) / 2 - this.width / 2 / this.scale;
    this.upper = (box[1] + box[3]) / 2 + this.height / 2 / this.scale;
    this.paint();
  }

  place(pen) {
    const k = this.scale * this.ratio;
    pen.setTransform(k, 0, 0, -k, -this.left * k, this.upper * k);
  }

  paint(box = null) {
    if (!this.width) return;
    const pen = this.pen;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.save();
    if (box) this.clip(pen, box);
    pen.clearRect(0, 0, this.land.width, this.land.height);
    this.place(pen);
    for (const place of this.overview) this.paintPlace(pen, place);
    for (const c of this.open.values()) if (!box || meets(c.box, box)) this.paintLand(pen, c, box);
    pen.restore();
    this.point();
  }

  clip(pen, box) {
    const margin = 14 * this.ratio;
    const [x0, y0] = this.toScreen(box[0], box[3]).map((v) => v * this.ratio - margin);
    const [x1, y1] = this.toScreen(box[2], box[1]).map((v) => v * this.ratio + margin);
    pen.beginPath();
    pen.rect(Math.floor(x0), Math.floor(y0), Math.ceil(x1 - x0), Math.ceil(y1 - y0));
    pen.clip();
  }

  paintPlace(pen, place) {
    if (this.open.has(place.code)) return;
    pen.fillStyle = place.out ? "#f3e3da" : "#e6ece2";
    pen.fill(place.path, "evenodd");
    pen.strokeStyle = "#8b9588";
    pen.lineWidth = 1 / this.scale;
    pen.stroke(place.path);
    this.write(pen, place.middle, place.name, `600 13px ${FONT}`, "#39423a");
  }

  paintLand(pen, c, box) {
    const thin = 1 / this.scale;
    pen.lineJoin = "round";
    pen.fillStyle = "#f2f3ee";
    pen.fill(c.path, "evenodd");
    c.lone.forEach((grid, n) => {
      pen.fillStyle = grid.kind === "exclusive" ? "#e3dfeb" : "#edf0e4";
      pen.fill(c.lonePaths[n], "evenodd");
    });
    for (const [code, path] of c.landPaths) {
      if (box && !meets(c.landBoxes.get(code), box)) continue;
      pen.globalAlpha = 0.16;
      pen.fillStyle = this.colourOf(c, code);
      pen.fill(path, "evenodd");
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = "#9bb7cf";
    pen.lineWidth = 2 * thin;
    pen.stroke(c.barrierPath);
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = Math.min(500, 4 * thin);
    pen.stroke(c.streetPath);
    pen.fillStyle = "#d5d8d1";
    pen.fill(c.plainPath, "evenodd");
    this.paintHomes(pen, c, box);
    pen.strokeStyle = "#4b554d";
    for (const [code, path] of c.landPaths) {
      if (box && !meets(c.landBoxes.get(code), box)) continue;
      // A border that is still to be drawn again is softer.
      const soft = c.awaited && c.awaited.has(code);
      pen.lineWidth = (soft ? 0.7 : 1.3) * thin;
      pen.setLineDash(soft ? [4 * thin, 4 * thin] : []);
      pen.stroke(path);
    }
    pen.setLineDash([]);
    pen.lineWidth = 2.6 * thin;
    pen.strokeStyle = "#2d362f";
    pen.stroke(c.path);
    this.paintBadges(pen, c, box);
  }

  paintHomes(pen, c, box) {
    for (let n = 0; n < c.pieces.length; n += 1) {
      if (box && !meets(c.pieceBoxes[n], box)) continue;
      pen.fillStyle = this.colourOf(c, c.codeOf(c.homesIn[n][0]));
      pen.fill(c.piecePaths[n], "evenodd");
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 0.6 / this.scale;
      pen.stroke(c.piecePaths[n]);
    }
  }

  // State is never told by colour alone: what is out of rule has its number in a dark badge.
  paintBadges(pen, c, box) {
    c.codes.forEach((code, s) => {
      const homes = c.members[s];
      if (!homes.size) return;
      const land = c.landBoxes.get(code) || findHomesBox(c, homes);
      if (box && !meets(land, box)) return;
      if ((land[2] - land[0]) * this.scale < BADGE) return;
      const figures = c.figures[code];
      const out = figures && (!figures.in_band || figures.pieces > 1);
      const locked = this.isLocked(c, code) ? "🔒" : "";
      const text = `${locked}${figures ? figures.households : "?"}`;
      const colour = out ? "#8f1d1d" : "#26302a";
      this.write(pen, findMiddle(c, homes), text, `600 12px ${FONT}`, colour, out);
    });
  }

  isLocked(c, code) {
    const names = [`subgrid:${code}`, `community:${c.code}`];
    return Boolean(this.locks) && names.some((name) => this.locks.has(name));
  }

  write(pen, [x, y], text, font, colour, framed = false) {
    const [sx, sy] = this.toScreen(x, y);
    pen.save();
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.font = font;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (framed) {
      const wide = pen.measureText(text).width + 8;
      pen.fillStyle = "#fff3f0";
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5;
      pen.fillRect(sx - wide / 2, sy - 9, wide, 18);
      pen.strokeRect(sx - wide / 2, sy - 9, wide, 18);
    } else {
      pen.lineWidth = 3.5;
      pen.strokeStyle = "#ffffffd9";
      pen.strokeText(text, sx, sy);
    }
    pen.fillStyle = colour;
    pen.fillText(text, sx, sy);
    pen.restore();
  }

  colourOf(c, code) {
    const figures = c.figures[code];
    if (this.view === "band") {
      if (!figures) return "#9aa39c";
      if (figures.pieces > 1) return "#7b3f9e";
      if (figures.in_band) return "#6c9fc0";
      return figures.households < c.band[0] ? "#e0a03c" : "#b5362c";
    }
    if (this.view === "households" && figures) {
      return blend(figures.households / Math.max(1, c.band[2]));
    }
    if (this.view === "walk" && figures) return blend(figures.mean_walk / 80);
    let n = c.colour.get(code);
    if (n === undefined) {
      n = chooseColour(c, code);
      c.colour.set(code, n);
    }
    return COLOURS[n];
  }

  // What is pointed at and chosen, above the plan.
  point() {
    const pen = this.top;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.over.width, this.over.height);
    this.place(pen);
    const { chosen, wanted, point, line, foreseen } = this.marks;
    const thin = 1 / this.scale;
    if (point && point.community) {
      pen.strokeStyle = "#1f5f8b";
      pen.lineWidth = 2.5 * thin;
      const path = point.community.landPaths.get(point.code);
      if (path) pen.stroke(path);
    }
    if (wanted) {
      pen.strokeStyle = "#1c6b35";
      pen.lineWidth = 4 * thin;
      const path = wanted.community.landPaths.get(wanted.code);
      if (path) pen.stroke(path);
    }
    if (foreseen) this.hatch(pen, foreseen.community, foreseen.homes, "#1c6b35");
    if (chosen && chosen.homes.size) this.hatch(pen, chosen.community, chosen.homes, "#111");
    if (this.decorate) this.decorate(pen);
    if (line && line.length > 1) {
      pen.beginPath();
      line.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.lineWidth = 1.5 * thin;
      pen.strokeStyle = "#1f5f8b";
      pen.stroke();
    }
  }

  hatch(pen, c, homes, colour) {
    const pieces = new Set([...homes].map((home) => c.piece[home]));
    pen.strokeStyle = colour;
    pen.lineWidth = 2.2 / this.scale;
    for (const n of pieces) {
      pen.fillStyle = "#ffffff88";
      pen.fill(c.piecePaths[n], "evenodd");
      pen.stroke(c.piecePaths[n]);
    }
  }

  // What lies at a place of the screen: home, sub-grid, community.
  find(x, y) {
    const [wx, wy] = this.toWorld(x, y);
    for (const c of this.open.values()) {
      if (!inside(c.box, wx, wy)) continue;
      for (let n = 0; n < c.pieces.length; n += 1) {
        if (inside(c.pieceBoxes[n], wx, wy) && holds(this.top, c.piecePaths[n], wx, wy)) {
          const home = c.homesIn[n][0];
          return { community: c, home, piece: n, code: c.codeOf(home) };
        }
      }
      for (const [code, path] of c.landPaths) {
        if (inside(c.landBoxes.get(code), wx, wy) && holds(this.top, path, wx, wy)) {
          return { community: c, code };
        }
      }
      const lone = c.lonePaths.findIndex((path) => holds(this.top, path, wx, wy));
      if (lone >= 0) return { community: c, lone: c.lone[lone] };
    }
    const place = this.overview.find((one) => holds(this.top, one.path, wx, wy));
    return place ? { place } : {};
  }

  // Homes whose place lies in a polygon of the plan's coordinates, all of one community.
  findWithin(ring) {
    const area = makePath([[ring.flat()]], true);
    for (const c of this.open.values()) {
      const homes = [];
      for (let home = 0; home < c.homes.length; home += 1) {
        const [x, y] = middleOf(c.pieceBoxes[c.piece[home]]);
        if (holds(this.top, area, x, y)) homes.push(home);
      }
      if (homes.length) return { community: c, homes };
    }
    return null;
  }
}

const FONT = '"Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif';

export function makePath(shapes, closed) {
  const path = new Path2D();
  for (const rings of shapes) {
    for (const ring of rings) {
      for (let n = 0; n < ring.length; n += 2) {
        if (n) path.lineTo(ring[n], ring[n + 1]);
        else path.moveTo(ring[n], ring[n + 1]);
      }
      if (closed) path.closePath();
    }
  }
  return path;
}

export function findBox(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let n = 0; n < ring.length; n += 2) {
      box[0] = Math.min(box[0], ring[n]);
      box[1] = Math.min(box[1], ring[n + 1]);
      box[2] = Math.max(box[2], ring[n]);
      box[3] = Math.max(box[3], ring[n + 1]);
    }
  }
  return box;
}

export function joinBoxes(boxes) {
  return boxes.reduce(
    (all, box) => [
      Math.min(all[0], box[0]),
      Math.min(all[1], box[1]),
      Math.max(all[2], box[2]),
      Math.max(all[3], box[3]),
    ],
    [Infinity, Infinity, -Infinity, -Infinity],
  );
}

export function middleOf(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

function findHomesBox(c, homes) {
  return joinBoxes([...homes].map((home) => c.pieceBoxes[c.piece[home]]));
}

// The middle of the home nearest to the middle of all, so that a badge lies on a home.
function findMiddle(c, homes) {
  const middles = [...homes].map((home) => middleOf(c.pieceBoxes[c.piece[home]]));
  const x = middles.reduce((sum, m) => sum + m[0], 0) / middles.length;
  const y = middles.reduce((sum, m) => sum + m[1], 0) / middles.length;
  let best = middles[0];
  for (const m of middles) {
    if (Math.hypot(m[0] - x, m[1] - y) < Math.hypot(best[0] - x, best[1] - y)) best = m;
  }
  return best;
}

// The first colour that no neighbouring sub-grid has.
function chooseColour(c, code) {
  const s = c.place.get(code);
  const used = new Map();
  for (const home of c.members[s] || []) {
    for (const other of c.neighbours[home]) {
      const taken = c.colour.get(c.codeOf(other));
      if (taken !== undefined) used.set(taken, (used.get(taken) || 0) + 1);
    }
  }
  const order = COLOURS.map((_, n) => n).sort(
    (a, b) => (used.get(a) || 0) - (used.get(b) || 0) || a - b,
  );
  return order[0];
}

function blend(share) {
  const t = Math.max(0, Math.min(1, share));
  const mix = (a, b) => Math.round(a + (b - a) * t);
  return `rgb(${mix(214, 23)}, ${mix(228, 84)}, ${mix(238, 130)})`;
}

function meets(a, b) {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

function inside(box, x, y) {
  return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

// Paths are in the plan's coordinates, so the point is asked for without any transform.
function holds(pen, path, x, y) {
  pen.save();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  const found = pen.isPointInPath(path, x, y, "evenodd");
  pen.restore();
  return found;
}
