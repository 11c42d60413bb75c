// Mouse, pen and finger: click chooses, drag draws a box or a lasso, the brush paints, what is
// chosen is dragged onto a neighbour, and a border over the homes that it passes.

const THRESHOLD = 6; // pixels before a press is a drag
const BORDER = 4; // pixels from a border within which it can be taken hold of

export class Pointer {
  constructor(app) {
    this.app = app;
    this.stage = app.stage;
    this.press = null;
    this.waiting = [];
    const over = this.stage.over;
    over.addEventListener("pointerdown", (event) => this.down(event));
    over.addEventListener("pointermove", (event) => this.move(event));
    over.addEventListener("pointerup", (event) => this.up(event));
    over.addEventListener("pointercancel", () => this.stop());
    over.addEventListener("pointerleave", () => app.hover(null));
    over.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      app.turnRound();
    });
  }

  // What would disturb a stroke, such as undo, waits until it ends.
  afterStroke(act) {
    if (this.press && this.press.drags) this.waiting.push(act);
    else act();
  }

  down(event) {
    if (event.button === 2) return;
    const { app, stage } = this;
    app.byKey = false;
    stage.over.setPointerCapture(event.pointerId);
    const at = [event.offsetX, event.offsetY];
    const pans = event.button === 1 || app.held.has("Space") || app.tool === "look";
    this.press = {
      x: at[0],
      y: at[1],
      pans,
      drags: false,
      does: pans ? "pan" : this.choose(at),
      last: at,
      line: [stage.toWorld(...at)],
      from: null,
      added: event.shiftKey ? [...app.chosen.homes] : [],
    };
  }

  // What a drag from a place would do. It never moves a home that is not chosen.
  choose(at) {
    const { app, stage } = this;
    if (app.drawing) return "draw";
    if (app.tool === "brush" || app.tool === "lasso") return app.tool;
    const found = stage.find(...at);
    const { chosen } = app;
    if (found.home !== undefined && chosen.community === found.community
      && chosen.homes.has(found.home)) return "give";
    this.border = found.home === undefined ? this.findBorder(at) : null;
    return this.border ? "border" : "box";
  }

  // The two sub-grids whose border lies at a place of the screen.
  findBorder(at) {
    const { stage } = this;
    const [wx, wy] = stage.toWorld(...at);
    const pen = stage.top;
    const reach = BORDER / stage.scale;
    for (const c of stage.open.values()) {
      const codes = [];
      for (const [code, path] of c.landPaths) {
        const [west, south, east, north] = c.landBoxes.get(code);
        if (wx < west - reach || wx > east + reach || wy < south - reach || wy > north + reach) {
          continue;
        }
        pen.save();
        pen.setTransform(1, 0, 0, 1, 0, 0);
        pen.lineWidth = 2 * reach;
        if (pen.isPointInStroke(path, wx, wy)) codes.push(code);
        pen.restore();
      }
      if (codes.length === 2) return { community: c, codes };
    }
    return null;
  }

  move(event) {
    const { press, stage, app } = this;
    const at = [event.offsetX, event.offsetY];
    app.at = at;
    if (!press) {
      this.hover(at);
      return;
    }
    const far = Math.hypot(at[0] - press.x, at[1] - press.y) > THRESHOLD;
    press.drags = press.drags || far;
    if (!press.drags) return;
    if (press.does === "pan") stage.pan(at[0] - press.last[0], at[1] - press.last[1]);
    else if (press.does === "brush") this.paint(at, event.altKey);
    else if (press.does === "border") this.push(at);
    else if (press.does === "give") app.dragOver(stage.find(...at), at);
    else this.drawLine(at, press.does !== "box");
    press.last = at;
  }

  hover(at) {
    const { stage, app } = this;
    if (app.drawing) {
      app.drawHover(at);
      return;
    }
    const found = stage.find(...at);
    app.hover(found, at);
    if (app.tool === "brush") app.overlay.draw();
    const free = app.tool === "select" && found.home === undefined && !app.findBadge(at);
    stage.over.dataset.over = free && this.findBorder(at) ? "border" : "";
  }

  // The homes within the brush; it takes only from the sub-grid in which the stroke began.
  listBrushed(c, at, from) {
    const { stage } = this;
    const [wx, wy] = stage.toWorld(...at);
    const reach = this.app.brush / stage.scale;
    const homes = [];
    for (let home = 0; home < c.homes.length; home += 1) {
      if (from && c.codeOf(home) !== from) continue;
      const [west, south, east, north] = c.pieceBoxes[c.piece[home]];
      const dx = Math.max(west - wx, 0, wx - east);
      const dy = Math.max(south - wy, 0, wy - north);
      if (Math.hypot(dx, dy) <= reach) homes.push(home);
    }
    return homes;
  }

  paint(at, all) {
    const { press, stage, app } = this;
    if (!press.from) {
      const found = stage.find(press.x, press.y);
      if (!found.community || !found.code) return;
      press.from = found.code;
      press.community = found.community;
      const start = [press.x, press.y];
      press.brushed = new Set([
        ...press.added, ...this.listBrushed(found.community, start, all ? "" : press.from),
      ]);
    }
    const { community: c } = press;
    for (const home of this.listBrushed(c, at, all ? "" : press.from)) press.brushed.add(home);
    app.choose(c, press.brushed);
  }

  // A border goes with the pointer: the homes that it passes go over to the other side.
  push(at) {
    const { press, stage, app, border } = this;
    const { community: c, codes } = border;
    if (!press.from) {
      const found = stage.find(...at);
      if (found.community !== c || !codes.includes(found.code)) return;
      press.from = found.code;
      press.to = codes.find((code) => code !== found.code);
      press.brushed = new Set();
    }
    for (const home of this.listBrushed(c, at, press.from)) press.brushed.add(home);
    if (press.brushed.size) app.choose(c, press.brushed);
    stage.marks.wanted = { community: c, code: press.to };
    stage.point();
    app.showCard({ community: c, code: press.to }, at);
  }

  drawLine(at, free) {
    const { press, stage } = this;
    const [x, y] = stage.toWorld(...at);
    if (free) press.line.push([x, y]);
    else {
      const [x0, y0] = press.line[0];
      press.line = [[x0, y0], [x, y0], [x, y], [x0, y], [x0, y0]];
    }
    stage.marks.line = press.line;
    stage.point();
  }

  up(event) {
    const { press, stage, app } = this;
    this.press = null;
    if (!press) return;
    const at = [event.offsetX, event.offsetY];
    app.at = at;
    if (!press.drags) this.click(press, event);
    else {
      stage.marks.line = null;
      this.release(press, at, event.shiftKey);
    }
    for (const act of this.waiting.splice(0)) act();
  }

  click(press, event) {
    const { stage, app } = this;
    const at = [press.x, press.y];
    if (press.does === "draw") app.drawClick(at);
    else app.click(stage.find(...at), event.shiftKey || event.ctrlKey, at);
  }

  release(press, at, adds) {
    const { stage, app } = this;
    if (press.does === "pan") stage.settle();
    else if (press.does === "draw") app.drawStroke(press.line);
    else if (press.does === "give") app.dropOn(stage.find(...at));
    else if (press.does === "border") {
      if (press.brushed && press.brushed.size) app.foresee(press.to);
    } else if (press.does === "brush") app.endBrush(press.from);
    else app.chooseWithin(press.line, adds);
    stage.point();
  }

  stop() {
    this.press = null;
    this.stage.marks.line = null;
    this.stage.point();
    for (const act of this.waiting.splice(0)) act();
  }
}
