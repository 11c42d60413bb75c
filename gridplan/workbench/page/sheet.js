// A canvas with the place that it shows; half as large again as the view, so that panning has
// something to show before anything is painted.

import { growBox } from "/page/paths.js";

const PAPER = "#fbfbf8";

export class Sheet {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.look({ scale: 0.1, left: 0, upper: 0 });
    this.ratio = 1;
    this.margin = [0, 0];
  }

  // Margins are whole pixels of the screen, so that a picture moves by whole ones.
  resize(width, height, ratio, share) {
    this.ratio = ratio;
    this.margin = [width, height].map((size) => Math.round(size * share * ratio) / ratio);
    this.canvas.width = Math.round((width + 2 * this.margin[0]) * ratio);
    this.canvas.height = Math.round((height + 2 * this.margin[1]) * ratio);
    this.pen.fillStyle = PAPER;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // The place that is shown: pixels for a centimetre, and centimetres at the view's edges.
  look({ scale, left, upper }) {
    this.scale = scale;
    this.left = left;
    this.upper = upper;
  }

  toScreen(x, y) {
    return [(x - this.left) * this.scale, (this.upper - y) * this.scale];
  }

  // Draw in the plan's centimetres from here on.
  place() {
    const k = this.scale * this.ratio;
    this.pen.setTransform(
      k, 0, 0, -k,
      this.margin[0] * this.ratio - this.left * k,
      this.margin[1] * this.ratio + this.upper * k,
    );
  }

  // Draw in pixels of the view from here on, for texts.
  level() {
    const [x, y] = this.margin;
    this.pen.setTransform(this.ratio, 0, 0, this.ratio, x * this.ratio, y * this.ratio);
  }

  // All that the canvas shows.
  get box() {
    const { ratio, scale, canvas, margin } = this;
    const west = this.left - margin[0] / scale;
    const north = this.upper + margin[1] / scale;
    return [west, north - canvas.height / ratio / scale, west + canvas.width / ratio / scale,
      north];
  }

  // Let nothing be drawn outside a box of the plan.
  clip(box) {
    const { pen, ratio, margin } = this;
    const [x0, y0] = this.toScreen(box[0], box[3]);
    const [x1, y1] = this.toScreen(box[2], box[1]);
    const west = Math.floor((x0 + margin[0]) * ratio);
    const north = Math.floor((y0 + margin[1]) * ratio);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.beginPath();
    pen.rect(west, north, Math.ceil((x1 + margin[0]) * ratio) - west,
      Math.ceil((y1 + margin[1]) * ratio) - north);
    pen.clip();
  }

  clear() {
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.fillStyle = PAPER;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  grow(box, pixels) {
    return growBox(box, pixels / this.scale);
  }

  // Take over the picture of another sheet, moved by whole pixels of the screen.
  copy(other, dx = 0, dy = 0) {
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.drawImage(other.canvas, dx, dy);
  }
}
