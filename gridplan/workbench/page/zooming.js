// Zooming by the wheel of a mouse and by two fingers on a touch pad.

const WHEEL = 0.0016; // of a step of the wheel, as a power of e
const PINCH = 0.012; // on a touch pad two fingers send small steps with Ctrl
const LINE = 16; // pixels of a line, where the wheel counts lines

export class Zooming {
  constructor(app) {
    this.stage = app.stage;
    const frame = this.stage.over.parentElement;
    frame.addEventListener("wheel", (event) => this.wheel(event), { capture: true, passive: false });
    // A key that is held when the window goes away is never seen to come up.
    window.addEventListener("blur", () => app.held.clear());
  }

  wheel(event) {
    if (event.target !== this.stage.over) return;
    event.preventDefault();
    event.stopPropagation();
    const { left, top } = this.stage.over.getBoundingClientRect();
    const pixels = event.deltaY * (event.deltaMode ? LINE : 1);
    const factor = Math.exp(-pixels * (event.ctrlKey ? PINCH : WHEEL));
    this.stage.zoom(factor, event.clientX - left, event.clientY - top);
  }
}
