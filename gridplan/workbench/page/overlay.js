// A sheet above the picture for what is in the making: lines, stars, numbers, locks, the brush.

import { make } from "/page/panels.js";

export class Overlay {
  constructor(stage, painters) {
    this.stage = stage;
    this.painters = painters; // each draws with a pen in pixels of the screen
    this.canvas = make("canvas", { id: "draft" });
    stage.over.after(this.canvas);
    this.pen = this.canvas.getContext("2d");
    // Whatever moves the marks of the stage moves this as well.
    const point = stage.point.bind(stage);
    stage.point = () => {
      point();
      this.draw();
    };
  }

  draw() {
    const { canvas, pen, stage } = this;
    const ratio = window.devicePixelRatio || 1;
    const wide = Math.round(stage.width * ratio);
    const high = Math.round(stage.height * ratio);
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, wide, high);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const paint of this.painters) paint(pen, stage);
  }
}

// A text in a disc, so that it reads on any ground.
export function writeDisc(pen, text, x, y, colour) {
  pen.beginPath();
  pen.arc(x, y, 11, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = "#fff";
  pen.stroke();
  pen.font = "700 13px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = "#fff";
  pen.fillText(text, x, y + 0.5);
}

export function drawStar(pen, x, y, size, full) {
  pen.beginPath();
  for (let n = 0; n < 10; n += 1) {
    const far = n % 2 ? size * 0.45 : size;
    const angle = Math.PI * (n / 5 - 0.5);
    pen.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  pen.closePath();
  pen.fillStyle = full ? "#8a5a00" : "#fff";
  pen.fill();
  pen.lineWidth = 1.3;
  pen.strokeStyle = "#8a5a00";
  pen.stroke();
}
