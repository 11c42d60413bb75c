// The picture: land light, homes strong, one canvas for the plan and one above it for what is
// pointed at. An edit repaints only the box of the sub-grids that it touches; while the view
// moves the picture that is there moves with it, and is drawn again in slices.

import { findAt, findIn } from "/page/finding.js";
import { drawMarks } from "/page/marking.js";
import { dropOutline, listSteps, prepare, setOutline } from "/page/painting.js";
import { FONT } from "/page/palette.js";
import { bundle, growBox } from "/page/paths.js";
import { Sheet } from "/page/sheet.js";

export { findBox, joinBoxes, makePath, middleOf } from "/page/paths.js";

const MARGIN = 0.25; // of the view, drawn beyond each of its edges
const SLICE = 8; // milliseconds of drawing in a frame
const REST = 120; // milliseconds without a move before the picture is drawn again
const AROUND = 6000; // centimetres around a community in which its streets are drawn

export class Stage {
  constructor(land, over) {
    this.land = land;
    this.over = over;
    this.top = over.getContext("2d");
    this.front = new Sheet(land);
    this.back = new Sheet(document.createElement("canvas"));
    this.scale = 0.1; // pixels for each centimetre
    this.left = 0; // centimetres at the left and upper edge
    this.upper = 0;
    this.view = "plain";
    this.open = new Map();
    this.overview = [];
    this.marks = { chosen: null, wanted: null, point: null, line: null };
    this.job = null; // a picture that is being drawn
    this.moved = () => {}; // called when the view shows another place
    new ResizeObserver(() => this.resize()).observe(land.parentElement);
    this.watchDensity();
  }

  // A window that goes to another screen keeps its size but not its pixels.
  watchDensity() {
    const media = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    media.addEventListener("change", () => {
      this.resize();
      this.watchDensity();
    }, { once: true });
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.land.parentElement;
    // The middle stays where it is.
    if (this.width) {
      this.left += (this.width - clientWidth) / 2 / this.scale;
      this.upper -= (this.height - clientHeight) / 2 / this.scale;
    }
    this.ratio = ratio;
    this.width = clientWidth;
    this.height = clientHeight;
    if (!clientWidth || !clientHeight) return;
    this.over.width = Math.round(clientWidth * ratio);
    this.over.height = Math.round(clientHeight * ratio);
    for (const sheet of [this.front, this.back]) {
      sheet.resize(clientWidth, clientHeight, ratio, MARGIN);
    }
    const { style } = this.land;
    style.left = `${-this.front.margin[0]}px`;
    style.top = `${-this.front.margin[1]}px`;
    style.width = `${this.land.width / ratio}px`;
    style.height = `${this.land.height / ratio}px`;
    style.transformOrigin = `${this.front.margin[0]}px ${this.front.margin[1]}px`;
    this.paint();
  }

  prepare(c) {
    prepare(c);
    c.wide = growBox(c.box, AROUND);
    c.plain = bundle(c.around.plain, true);
    c.streets = bundle(c.around.streets.map((street) => street.lines), false);
    c.barriers = bundle(c.around.barriers.map((barrier) => barrier.lines), false);
    // New sub-grids have none yet.
    c.colour = new Map(c.tones.map((tone, n) => [c.codes[n], tone]).filter(([, n]) => n >= 0));
    this.open.set(c.code, c);
  }

  setOutline(c, code, rings) { setOutline(c, code, rings); }

  dropOutline(c, code) { dropOutline(c, code); }

  isLocked(c, code) {
    const names = [`subgrid:${code}`, `community:${c.code}`];
    return Boolean(this.locks) && names.some((name) => this.locks.has(name));
  }

  toWorld(x, y) {
    return [this.left + x / this.scale, this.upper - y / this.scale];
  }

  toScreen(x, y) {
    return [(x - this.left) * this.scale, (this.upper - y) * this.scale];
  }

  // What the view shows, in the plan's centimetres.
  get seen() {
    const [east, south] = this.toWorld(this.width, this.height);
    return [this.left, south, east, this.upper];
  }

  fit(box) {
    const [west, south, east, north] = box;
    const wide = Math.max(east - west, 1);
    const high = Math.max(north - south, 1);
    this.scale = Math.min(this.width / wide, this.height / high) * 0.94;
    this.centre(box);
  }

  centre(box) {
    this.left = (box[0] + box[2]) / 2 - this.width / 2 / this.scale;
    this.upper = (box[1] + box[3]) / 2 + this.height / 2 / this.scale;
    this.paint();
    this.moved();
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const [wx, wy] = this.toWorld(x, y);
    this.scale = Math.min(20, Math.max(0.0002, this.scale * factor));
    this.left = wx - x / this.scale;
    this.upper = wy + y / this.scale;
    this.follow();
  }

  pan(dx, dy) {
    this.left -= dx / this.scale;
    this.upper += dy / this.scale;
    this.follow();
    const { front } = this;
    const far = ["left", "upper"].map((edge) => Math.abs(this[edge] - front[edge]) * this.scale);
    // What is drawn beyond the edges is used up.
    if (far.some((pixels, n) => pixels > 0.9 * front.margin[n])) this.settle();
  }

  // The picture that is there moves with the view, and is drawn again at rest.
  follow() {
    this.turn();
    this.point();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settle(), REST);
  }

  turn() {
    const { front } = this;
    const k = this.scale / front.scale;
    const x = (front.left - this.left) * this.scale;
    const y = (this.upper - front.upper) * this.scale;
    const still = k === 1 && !x && !y;
    this.land.style.transform = still ? "" : `matrix(${k}, 0, 0, ${k}, ${x}, ${y})`;
  }

  settle() {
    clearTimeout(this.rest);
    if (!this.width) return;
    this.moved();
    const draws = this.job?.sheet === this.back;
    if (this.shows(draws ? this.back : this.front)) return;
    if (draws || this.scale !== this.front.scale) this.paint();
    else this.shift();
  }

  shows(sheet) {
    return ["scale", "left", "upper"].every((name) => sheet[name] === this[name]);
  }

  // Move the picture by whole pixels of the screen, and draw what comes into it.
  shift() {
    const { front, back } = this;
    const k = this.scale * this.ratio;
    const dx = Math.round((front.left - this.left) * k);
    const dy = Math.round((this.upper - front.upper) * k);
    const before = front.box;
    this.left = front.left - dx / k;
    this.upper = front.upper + dy / k;
    back.clear();
    back.copy(front, dx, dy);
    front.copy(back);
    front.look(this);
    this.turn();
    this.point();
    const [west, south, east, north] = front.box;
    const boxes = this.job ? [...this.job.tasks.map((task) => task.box), ...this.job.late] : [];
    if (dx > 0) boxes.push([west, south, before[0], north]);
    if (dx < 0) boxes.push([before[2], south, east, north]);
    if (dy > 0) boxes.push([west, before[3], east, north]);
    if (dy < 0) boxes.push([west, south, east, before[1]]);
    // Moving was this frame's work.
    this.begin(front, boxes, true);
  }

  // Bring a box into view, without changing what is in view already.
  show(box) {
    const [x0, y1] = this.toScreen(box[0], box[1]);
    const [x1, y0] = this.toScreen(box[2], box[3]);
    if (x0 >= 0 && y0 >= 0 && x1 <= this.width && y1 <= this.height) return;
    this.centre(box);
  }

  // Draw a box at once, or the whole picture: that in slices, if it takes long.
  paint(box = null) {
    if (!this.width) return;
    if (box) {
      if (box[0] > box[2]) return;
      this.drawBox(this.front, box);
      if (this.job) this.job.late.push(box);
    } else {
      this.back.look(this);
      this.back.clear();
      this.begin(this.back, [this.back.box]);
    }
    this.point();
  }

  drawBox(sheet, box) {
    const grown = sheet.grow(box, 14);
    const task = { box: grown, steps: listSteps(this, sheet, grown), next: 0 };
    this.drawTask(sheet, task, Infinity);
  }

  // Begin to draw some boxes on a sheet; the back one comes to the front when all is drawn.
  begin(sheet, boxes, later = false) {
    const tasks = boxes.map((box) => ({ box, steps: null, next: 0 }));
    const job = { sheet, tasks, late: [] };
    this.job = job;
    if (later) requestAnimationFrame(() => this.go(job));
    else this.go(job);
  }

  go(job) {
    if (this.job !== job) return;
    const until = performance.now() + SLICE;
    while (job.tasks.length && performance.now() < until) {
      const [task] = job.tasks;
      task.steps ||= listSteps(this, job.sheet, task.box);
      if (this.drawTask(job.sheet, task, until)) job.tasks.shift();
    }
    if (job.tasks.length) requestAnimationFrame(() => this.go(job));
    else this.finish(job);
  }

  // Draw steps of a task for a while; true when all are drawn.
  drawTask(sheet, task, until) {
    const { pen } = sheet;
    pen.save();
    sheet.clip(task.box);
    if (!task.next) sheet.clear();
    sheet.place();
    while (task.next < task.steps.length) {
      task.steps[task.next]();
      task.next += 1;
      if (performance.now() > until) break;
    }
    pen.restore();
    return task.next >= task.steps.length;
  }

  finish(job) {
    this.job = null;
    for (const box of job.late) this.drawBox(job.sheet, box);
    if (job.sheet !== this.back) return;
    this.front.copy(this.back);
    this.front.look(this.back);
    this.turn();
  }

  point() { drawMarks(this); }

  // From now on a pen above the picture draws in the plan's centimetres.
  place(pen) {
    const k = this.scale * this.ratio;
    pen.setTransform(k, 0, 0, -k, -this.left * k, this.upper * k);
  }

  // Write a text above the picture, at a place of the plan.
  write(pen, [x, y], text, colour) {
    const [sx, sy] = this.toScreen(x, y);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.font = `600 12px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3.5;
    pen.strokeStyle = "#ffffffd9";
    pen.strokeText(text, sx, sy);
    pen.fillStyle = colour;
    pen.fillText(text, sx, sy);
  }

  find(x, y) { return findAt(this, x, y); }

  findWithin(ring) { return findIn(this, ring); }
}

