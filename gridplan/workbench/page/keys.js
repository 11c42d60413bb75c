// Keys, bound by their position: with a Chinese input method letters are swallowed elsewhere.

export function bindKeys(app) {
  const acts = {
    Enter: () => app.accept(),
    Escape: () => app.drop(),
    KeyN: (event) => app.nextFault(event.shiftKey ? -1 : 1),
    KeyK: () => app.chosen.homes.size && app.lockChosen(),
    KeyM: () => app.chosen.homes.size && app.merge(),
    KeyX: () => app.chosen.homes.size && app.split(),
    KeyW: () => app.chosen.homes.size && app.chooseWhole(),
    KeyH: () => app.chosen.homes.size && app.repair(...app.codesChosen()),
    KeyS: () => app.takeTool("select"),
    KeyB: () => app.takeTool("brush"),
    KeyL: () => app.takeTool("lasso"),
    KeyP: () => app.openTaking(),
    KeyU: () => app.openUpdating(),
    Slash: () => document.getElementById("search").focus(),
    Equal: () => app.stage.zoom(1.4),
    Minus: () => app.stage.zoom(1 / 1.4),
    Digit0: () => app.chosen.homes.size && app.foreseeNew(),
  };
  for (let n = 1; n <= 9; n += 1) {
    acts[`Digit${n}`] = () => {
      const { community, homes } = app.chosen;
      const near = homes.size ? community.beside(homes) : [];
      if (near[n - 1]) app.foresee(near[n - 1]);
      else if (n === 1 && !homes.size) app.takeTool("look");
    };
  }
  for (const [code, dx, dy] of [
    ["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, 1], ["ArrowDown", 0, -1],
  ]) {
    acts[code] = (event) => walk(app, dx, dy, event.shiftKey);
  }
  document.addEventListener("keydown", (event) => {
    // While an input method composes, keys belong to it.
    if (event.isComposing || event.keyCode === 229) return;
    app.held.add(event.code);
    const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey) {
      if (act(event, {
        KeyZ: () => (event.shiftKey ? app.redo() : app.undo()),
        KeyY: () => app.redo(),
        KeyS: () => app.save(),
      })) return;
    }
    if (writes && event.code !== "Escape") return;
    if (event.target.tagName === "BUTTON" && ["Enter", "Space"].includes(event.code)) return;
    if (!event.ctrlKey && !event.metaKey && !event.altKey) act(event, acts);
  });
  document.addEventListener("keyup", (event) => app.held.delete(event.code));
}

function act(event, acts) {
  // The keys of the number block do as the others.
  const chosen = acts[event.code] || acts[event.code.replace("Numpad", "Digit")]
    || acts[event.code.replace("Numpad", "")];
  if (!chosen) return false;
  event.preventDefault();
  chosen(event);
  return true;
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
  app.choose(c, [best], extends_);
  app.stage.show(c.pieceBoxes[c.piece[best]]);
  app.tell(c.say(best, app));
}
