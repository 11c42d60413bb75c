// Keys, bound by their position: with a Chinese input method letters are swallowed elsewhere.

export function bindKeys(app) {
  const acts = {
    Enter: () => (app.drawing && app.drawing.points.length && !app.drawing.finished
      ? app.finishLine() : app.accept()),
    Escape: () => app.drop(),
    KeyN: (event) => app.nextFault(event.shiftKey ? -1 : 1),
    KeyT: () => app.tryAdvice(),
    KeyG: () => app.startGiving(),
    KeyK: () => app.lockChosen(),
    KeyM: () => app.merge(),
    KeyX: () => app.startSplit(),
    KeyW: () => app.chosen.homes.size && app.chooseWhole(),
    KeyH: () => app.chosen.homes.size && app.repair(...app.codesChosen()),
    KeyC: (event) => app.chosen.homes.size && (event.shiftKey ? app.freeCentre() : app.setCentre()),
    KeyR: () => app.chosen.homes.size && app.askRecode(),
    KeyF: () => focusFloors(),
    KeyS: () => app.takeTool("select"),
    KeyB: () => app.takeTool("brush"),
    KeyL: () => app.takeTool("lasso"),
    KeyD: () => app.takeTool("outline"),
    KeyV: () => app.panels.turn("versions"),
    KeyP: () => app.openTaking(),
    KeyU: () => app.openUpdating(),
    Slash: (event) => (event.shiftKey ? app.showKeys() : document.getElementById("search").focus()),
    BracketLeft: () => app.sizeBrush(1 / 1.3),
    BracketRight: () => app.sizeBrush(1.3),
    Equal: () => app.stage.zoom(1.4),
    Minus: () => app.stage.zoom(1 / 1.4),
    Space: () => app.setCorner(),
    Backspace: () => app.takeCornerBack(),
  };
  for (let n = 0; n <= 9; n += 1) acts[`Digit${n}`] = () => pressDigit(app, n);
  for (const [code, dx, dy] of [
    ["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, 1], ["ArrowDown", 0, -1],
  ]) {
    acts[code] = (event) => (app.drawing
      ? app.moveCross(dx, dy, event.shiftKey) : walk(app, dx, dy, event.shiftKey));
  }
  document.addEventListener("keydown", (event) => press(app, acts, event));
  document.addEventListener("keyup", (event) => app.held.delete(event.code));
  window.addEventListener("blur", () => app.held.clear());
}

function press(app, acts, event) {
  // While an input method composes, keys belong to it.
  if (event.isComposing || event.keyCode === 229) return;
  app.held.add(event.code);
  app.byKey = true;
  const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  const { code } = event;
  if (event.ctrlKey || event.metaKey) {
    // In a field undo belongs to what is written there.
    if (writes && code !== "KeyS") return;
    act(event, {
      KeyZ: () => (event.shiftKey ? app.redo() : app.undo()),
      KeyY: () => app.redo(),
      KeyS: () => app.save(),
    });
    return;
  }
  if (writes && code !== "Escape") return;
  if (/^(BUTTON|A)$/.test(event.target.tagName) && ["Enter", "Space"].includes(code)) return;
  if (event.altKey) return;
  // Another key than those that press its buttons goes on from a reason.
  if (acts[code] && !["Enter", "Escape", "Space"].includes(code)) app.hideWhy();
  act(event, acts);
}

function act(event, acts) {
  // The keys of the number block do as the others.
  const chosen = acts[event.code] || acts[event.code.replace("Numpad", "Digit")]
    || acts[event.code.replace("Numpad", "")];
  if (!chosen) return;
  event.preventDefault();
  chosen(event);
}

// After G a digit says which neighbour; while a split is proposed, into how many parts.
function pressDigit(app, n) {
  if (app.near) app.giveTo(n);
  else if (app.drawing && app.drawing.kind === "split" && n > 1) app.offerSplits(n);
  else if (n === 1) app.takeTool("look");
}

function focusFloors() {
  const row = document.querySelector("#floors .floor");
  if (row) row.focus();
}

// The next home in a direction, the nearest to the straight way.
function walk(app, dx, dy, extends_) {
  const { community: c, homes } = app.chosen;
  if (!c || !homes.size) {
    const first = [...app.stage.open.values()][0];
    if (first) app.choose(first, [0]);
    return;
  }
  const from = [...homes].at(-1);
  const [x, y] = [c.xy[2 * from], c.xy[2 * from + 1]];
  let best = -1;
  let least = Infinity;
  for (let home = 0; home < c.homes.length; home += 1) {
    const along = (c.xy[2 * home] - x) * dx + (c.xy[2 * home + 1] - y) * dy;
    const across = Math.abs((c.xy[2 * home] - x) * dy) + Math.abs((c.xy[2 * home + 1] - y) * dx);
    if (along > 0 && along + 2 * across < least) {
      least = along + 2 * across;
      best = home;
    }
  }
  if (best < 0) return;
  if (extends_) homes.delete(best);
  app.choose(c, [best], extends_);
  app.bringIntoView(c, [best]);
  app.tell(c.say(best, app));
}
