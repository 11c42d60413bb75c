// Mouse, pen and finger: click chooses, drag draws a box or a lasso, the brush paints.

const THRESHOLD = 6; // pixels before a press is a drag

export class Pointer {
  constructor(app) {
    this.app = app;
    this.stage = app.stage;
    this.press = null;
    const over = this.stage.over;
    over.addEventListener("pointerdown", (event) => this.down(event));
    over.addEventListener("pointermove", (event) => this.move(event));
    over.addEventListener("pointerup", (event) => this.up(event));
    over.addEventListener("pointercancel", () => this.stop());
    over.addEventListener("pointerleave", () => app.hover(null));
    over.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      app.drop();
    });
    over.addEventListener("wheel", (event) => {
      event.preventDefault();
      const factor = Math.exp(-event.deltaY * 0.0016);
      this.stage.zoom(factor, event.offsetX, event.offsetY);
    }, { passive: false });
  }

  down(event) {
    if (event.button === 2) return;
    this.stage.over.setPointerCapture(event.pointerId);
    const pans = event.button === 1 || this.app.held.has("Space") || this.app.tool === "look";
    this.press = {
      x: event.offsetX,
      y: event.offsetY,
      pans,
      drags: false,
      last: [event.offsetX, event.offsetY],
      line: [this.stage.toWorld(event.offsetX, event.offsetY)],
      brushed: new Set(),
      from: null,
    };
  }

  move(event) {
    const { press, stage, app } = this;
    const at = [event.offsetX, event.offsetY];
    if (!press) {
      app.hover(stage.find(...at), at);
      return;
    }
    const far = Math.hypot(at[0] - press.x, at[1] - press.y) > THRESHOLD;
    press.drags = press.drags || far;
    if (!press.drags) return;
    if (press.pans) stage.pan(at[0] - press.last[0], at[1] - press.last[1]);
    else if (app.tool === "brush") this.paint(at);
    else this.drawLine(at);
    press.last = at;
  }

  // The brush takes only from the sub-grid in which the stroke began.
  paint(at) {
    const found = this.stage.find(...at);
    if (found.home === undefined) return;
    const { press } = this;
    press.from = press.from || found.code;
    if (found.code !== press.from) return;
    for (const home of found.community.homesIn[found.piece]) press.brushed.add(home);
    this.app.choose(found.community, press.brushed);
  }

  drawLine(at) {
    const { press, stage } = this;
    const [x, y] = stage.toWorld(...at);
    if (this.app.tool === "lasso") press.line.push([x, y]);
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
    if (!press.drags) {
      app.click(stage.find(press.x, press.y), event.shiftKey || event.ctrlKey);
      return;
    }
    if (press.pans) {
      stage.settle();
      return;
    }
    stage.marks.line = null;
    if (app.tool !== "brush") {
      const found = stage.findWithin(press.line);
      if (found) app.choose(found.community, found.homes, event.shiftKey);
    }
    stage.point();
  }

  stop() {
    this.press = null;
    this.stage.marks.line = null;
    this.stage.point();
  }
}
