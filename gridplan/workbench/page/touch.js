// Fingers: a tap chooses, a long press does what Shift does, two fingers move and zoom the map.
// One finger that moves draws or paints, as a mouse does with the same tool.

const LONG = 500; // milliseconds of a long press
const STILL = 10; // pixels that a finger may tremble

export class Touch {
  constructor(app, pointer) {
    this.app = app;
    this.pointer = pointer;
    this.stage = app.stage;
    this.fingers = new Map();
    this.reset();
    const { over } = this.stage;
    // Before anything else hears of them: the pointer takes one finger for a mouse.
    const on = (name, act) => document.addEventListener(name, (event) => {
      const mine = event.pointerType === "touch" && event.target === over;
      if (mine && act(event)) event.stopImmediatePropagation();
    }, true);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    // A long press of a finger also asks for a menu, which would drop what is chosen.
    over.addEventListener("contextmenu", (event) => {
      if (this.pressed || this.fingers.size) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    }, true);
  }

  reset() {
    clearTimeout(this.timer);
    this.pair = null; // the place and distance of two fingers
    this.pressed = false; // a long press was done
    this.start = null;
  }

  down(event) {
    const at = this.place(event);
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 1) {
      this.reset();
      this.start = at;
      this.timer = setTimeout(() => this.pressLong(), LONG);
      return false;
    }
    clearTimeout(this.timer);
    this.pointer.stop();
    this.pair = this.measure();
    return true;
  }

  move(event) {
    if (!this.fingers.has(event.pointerId)) return false;
    const at = this.place(event);
    this.fingers.set(event.pointerId, at);
    if (this.start && Math.hypot(at[0] - this.start[0], at[1] - this.start[1]) > STILL) {
      clearTimeout(this.timer);
    }
    if (this.pair && this.fingers.size === 2) this.pinch();
    return Boolean(this.pair) || this.pressed;
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    clearTimeout(this.timer);
    if (this.fingers.size < 2 && this.pair) this.stage.settle();
    if (!this.fingers.size) this.reset();
    // The pointer has stopped already, and who else counts fingers must see that one is gone.
    return false;
  }

  pressLong() {
    this.pressed = true;
    this.pointer.stop();
    navigator.vibrate?.(20);
    this.app.click(this.stage.find(...this.start), true, this.start);
  }

  // Two fingers: what lies between them stays between them.
  pinch() {
    const next = this.measure();
    const { stage, pair } = this;
    stage.pan(next.x - pair.x, next.y - pair.y);
    stage.zoom(next.wide / pair.wide, next.x, next.y);
    this.pair = next;
  }

  measure() {
    const [[x0, y0], [x1, y1]] = [...this.fingers.values()];
    const wide = Math.max(1, Math.hypot(x1 - x0, y1 - y0));
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, wide };
  }

  place(event) {
    const { left, top } = this.stage.over.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }
}
