// Lines and outlines drawn on the map: a split along a line, an outline that takes in what lies
// in it. Corners are set by click, by a free stroke, or by keys; mixed into the App.

import { quote, writeSeen } from "/page/commands.js";
import { lieBehind, lieWithin, thinLine } from "/page/drawn_lines.js";
import { button, make, short } from "/page/panels.js";

const AGAIN = 8; // pixels and
const SOON = 450; // milliseconds within which a second click ends a line
const STEP = 10; // pixels that an arrow key moves the cross

export const drawing = {
  // Split: proposals are shown at once; a click on the map draws a line instead.
  async startSplit() {
    const codes = this.codesChosen();
    if (codes.length !== 1) {
      this.tell(this.say("split_one"));
      return;
    }
    const { community: c } = this.chosen;
    if (c.members[c.place.get(codes[0])].size < 2) {
      this.showWhy([{ text: this.say("stop_single", { code: short(codes[0]) }) }]);
      return;
    }
    this.drawing = { kind: "split", c, code: codes[0], points: [] };
    this.tell(this.say("split_how"));
    await this.offerSplits(0);
    this.overlay.draw();
  },

  async offerSplits(parts) {
    const { drawing: d } = this;
    const found = await this.ask({ kind: "splits", subgrid: d.code, parts });
    // What is refused at once, such as by a lock, is no split that one could draw either.
    if (!found && this.drawing === d && !d.choices) this.stopDrawing();
    if (!found || this.drawing !== d || d.points.length) return;
    d.choices = found.rows;
    d.parts = found.rows[0].parts;
    this.showSplit(0);
  },

  showSplit(n) {
    const { drawing: d } = this;
    const row = d.choices[n];
    const homes = Object.keys(row.homes).map((home) => d.c.homeAt.get(home));
    d.shown = n;
    this.foreseen = {
      lines: row.lines, seen: writeSeen(d.c, homes), rows: this.listRows(row, d.c),
      title: this.say("split_title", { code: short(d.code), parts: row.parts }),
    };
    this.stage.marks.foreseen = { community: d.c, homes };
    this.showForeseen();
  },

  // Under what is foreseen: the other ways to split, or where an outline could go.
  listMore() {
    const { drawing: d } = this;
    if (!d) return this.foreseen?.moves ? [this.listPending()] : [];
    if (d.kind === "split" && d.choices && !d.points.length) {
      const field = make("input", { type: "number", min: 2, max: 99, value: d.parts,
        "aria-label": this.say("split_parts"),
        onchange: (event) => this.offerSplits(Number(event.target.value)) });
      return [
        make("div", { class: "buttons" }, ...d.choices.map((row, n) =>
          button(this.say(`split_${row.how}`, { parts: row.parts }), () => this.showSplit(n),
            { "aria-pressed": String(n === d.shown) }))),
        make("label", { class: "quiet" }, `${this.say("split_parts")} `, field),
        make("div", { class: "quiet" }, this.say("split_how")),
      ];
    }
    if (d.kind !== "outline" || !d.targets) return [];
    return [make("div", { class: "buttons" }, ...d.targets.map((code) =>
      button(code ? this.say("outline_into", { code: short(code) }) : this.say("outline_new"),
        () => this.askOutline(code), { "aria-pressed": String(code === d.target) })))];
  },

  startOutline() {
    const { community, homes, whole } = this.chosen;
    const codes = homes.size && whole ? this.codesChosen() : [];
    this.foreseen = null;
    this.drawing = { kind: "outline", c: community, code: codes[0] || "", points: [] };
    this.tell(this.say("outline_how"));
    this.overlay.draw();
  },

  stopDrawing() {
    const was = Boolean(this.drawing);
    this.drawing = null;
    if (was && this.tool === "outline") this.takeTool("select");
    if (was) this.overlay.draw();
    return was;
  },

  // A click while drawing: another corner, or the end where the last one was just set.
  drawClick([x, y]) {
    const { drawing: d } = this;
    const now = performance.now();
    const near = d.last && Math.hypot(d.last[0] - x, d.last[1] - y) <= AGAIN;
    if (near && now - d.time < SOON) {
      this.finishLine();
      return;
    }
    if (d.finished || !d.points.length) this.beginLine();
    d.last = [x, y];
    d.time = now;
    d.points.push(this.stage.toWorld(x, y));
    this.overlay.draw();
  },

  beginLine() {
    const { drawing: d } = this;
    d.points = [];
    d.finished = false;
    d.targets = null;
    this.foreseen = null;
    this.stage.marks.foreseen = null;
    this.stage.point();
    this.panels.drawChoice();
  },

  // A free stroke is one outline, or one line, from press to release.
  drawStroke(line) {
    this.beginLine();
    this.drawing.points = thinLine(line, 2 / this.stage.scale);
    this.finishLine();
  },

  // The rest of a line follows the pointer, and both sides say what they would be.
  drawHover(at) {
    const { drawing: d, stage } = this;
    d.rubber = stage.toWorld(...at);
    this.overlay.draw();
    if (!d.points.length || d.finished) return;
    const rows = this.foreseeDrawn([...d.points, d.rubber]);
    const card = document.getElementById("card");
    card.replaceChildren(...(rows.length ? [this.tableOf(rows)] : []));
    card.hidden = !rows.length;
    card.style.left = `${Math.min(at[0] + 16, stage.width - card.offsetWidth - 6)}px`;
    card.style.top = `${Math.min(at[1] + 12, stage.height - card.offsetHeight - 6)}px`;
  },

  foreseeDrawn(points) {
    const { drawing: d } = this;
    const place = (c, home) => [c.xy[2 * home], c.xy[2 * home + 1]];
    if (d.kind === "split") {
      const homes = [...d.c.members[d.c.place.get(d.code)]];
      const behind = lieBehind(points, homes.map((home) => place(d.c, home)));
      const moving = homes.filter((_, n) => behind[n] !== behind[0]);
      return moving.length ? d.c.foresee(moving, this.say("new_code")) : [];
    }
    const c = d.c || [...this.stage.open.values()][0];
    if (!c || points.length < 3) return [];
    const inside = lieWithin(points, c.homes.map((_, home) => place(c, home)));
    const moving = c.homes.map((_, home) => home)
      .filter((home) => inside[home] && c.codeOf(home) !== d.code);
    return moving.length ? c.foresee(moving, d.code || this.say("new_code")).slice(0, 6) : [];
  },

  async finishLine() {
    const { drawing: d } = this;
    this.hideCard();
    d.last = null;
    if (d.points.length < (d.kind === "split" ? 2 : 3)) {
      this.tell(this.say(d.kind === "split" ? "line_short" : "outline_short"));
      return;
    }
    d.finished = true;
    this.overlay.draw();
    if (d.kind === "outline") await this.finishOutline();
    else {
      const line = `split ${quote(d.code)} along ${this.writeCorners(d.points)}`;
      await this.tryLines([line], this.say("along_title", { code: short(d.code) }));
    }
  },

  async finishOutline() {
    const { drawing: d, stage } = this;
    const found = stage.findWithin(d.points);
    if (!found) {
      this.showWhy([{ text: this.say("outline_empty") }]);
      return;
    }
    d.c = d.code ? d.c : found.community;
    const held = [...new Set(found.homes.map((home) => d.c.codeOf(home)))];
    const near = d.c === found.community ? d.c.beside(found.homes) : [];
    d.targets = [...new Set([d.code, "", ...held, ...near])].slice(0, 6);
    await this.askOutline(d.code);
  },

  async askOutline(code) {
    const { drawing: d } = this;
    d.target = code;
    const into = code ? quote(code) : "new";
    this.foreseen = null;
    if (!this.chosen.community) this.chosen.community = d.c;
    await this.tryLines([`enclose ${this.writeCorners(d.points)} in ${into}`],
      code ? this.say("outline_into", { code: short(code) }) : this.say("outline_new"));
  },

  // Corners in metres of the plan's own coordinates, to the centimetre.
  writeCorners(points) {
    const [x0, y0] = this.origin;
    return points.map(([x, y]) => `${(x0 + x / 100).toFixed(2)},${(y0 + y / 100).toFixed(2)}`)
      .join(" ");
  },

  // By keys: arrows move a cross, space sets a corner, Enter ends the line.
  moveCross(dx, dy, fast) {
    const { drawing: d, stage } = this;
    const step = fast ? 4 * STEP : STEP;
    const [x, y] = d.cross || this.placeCross();
    d.cross = [
      Math.max(0, Math.min(stage.width, x + dx * step)),
      Math.max(0, Math.min(stage.height, y - dy * step)),
    ];
    this.drawHover(d.cross);
  },

  placeCross() {
    const { drawing: d, stage } = this;
    const place = d.c && d.code && this.placeBadge(d.c, d.code);
    return place ? stage.toScreen(...place) : [stage.width / 2, stage.height / 2];
  },

  setCorner() {
    const { drawing: d } = this;
    if (!d || !d.cross) return false;
    d.last = null;
    this.drawClick(d.cross);
    return true;
  },

  takeCornerBack() {
    const { drawing: d } = this;
    if (!d || !d.points.length || d.finished) return false;
    d.points.pop();
    this.overlay.draw();
    return true;
  },

  paintDrawing(pen, stage) {
    const { drawing: d } = this;
    if (!d) return;
    const line = d.points.map(([x, y]) => stage.toScreen(x, y));
    if (d.rubber && line.length && !d.finished) line.push(stage.toScreen(...d.rubber));
    for (const [ink, width] of [["#ffffff", 5], ["#9a1f5c", 2.2]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = width;
      pen.beginPath();
      line.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      if (d.kind === "outline" && line.length > 2) pen.closePath();
      pen.stroke();
    }
    if (!d.cross || d.finished) return;
    const [x, y] = d.cross;
    pen.strokeStyle = "#9a1f5c";
    pen.lineWidth = 1.6;
    pen.beginPath();
    pen.moveTo(x - 12, y);
    pen.lineTo(x + 12, y);
    pen.moveTo(x, y - 12);
    pen.lineTo(x, y + 12);
    pen.stroke();
  },
};
