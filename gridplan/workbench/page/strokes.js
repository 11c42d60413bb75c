// What the overlay paints, and the size of the brush; mixed into the App.

import { button, make } from "/page/panels.js";

export const strokes = {
  brush: 14, // pixels from the pointer

  listPainters() {
    return [
      (pen, stage) => this.paintLocks(pen, stage),
      (pen) => this.paintStars(pen),
      (pen, stage) => this.paintDrawing(pen, stage),
      (pen, stage) => this.paintNumbers(pen, stage),
      (pen) => this.paintBrush(pen),
    ];
  },

  sizeBrush(factor) {
    this.brush = Math.max(4, Math.min(120, this.brush * factor));
    this.tell(this.say("brush_size", { size: Math.round(this.brush) }));
    this.overlay.draw();
  },

  makeBrushSize() {
    const size = (text, key, factor) => button(text, () => this.sizeBrush(factor),
      { "aria-label": this.say(key), title: this.say(key) });
    return make("span", { id: "brush-size", hidden: this.tool === "brush" ? null : "" },
      size("[ −", "brush_smaller", 1 / 1.3), size("] +", "brush_larger", 1.3));
  },

  paintBrush(pen) {
    if (this.tool !== "brush" || !this.at) return;
    pen.beginPath();
    pen.arc(this.at[0], this.at[1], this.brush, 0, 2 * Math.PI);
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 3.5;
    pen.stroke();
    pen.strokeStyle = "#1f5f8b";
    pen.lineWidth = 1.5;
    pen.stroke();
  },
};
