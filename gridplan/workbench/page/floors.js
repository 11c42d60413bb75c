// The floors of a tower as a ladder, the highest first: one drags over rows to choose them.

import { make, short } from "/page/panels.js";

// The ladders of a building: one for each door behind which several bands of floors lie.
export function listFloors(app, c, homes) {
  if (!homes.length || new Set(homes.map((home) => c.building[home])).size > 1) return null;
  const b = c.building[homes[0]];
  const doors = new Map();
  for (const home of c.homesOf.get(b)) {
    doors.set(c.stack[home], [...(doors.get(c.stack[home]) || []), home]);
  }
  const towers = [...doors.values()].filter((ladder) => ladder.length > 1);
  if (!towers.length) return null;
  const name = c.buildings[b].name || c.buildings[b].code;
  return make("div", { id: "floors" },
    make("div", { class: "quiet" }, app.say("floors_how")),
    ...towers.map((ladder) => makeLadder(app, c, ladder, name)));
}

function makeLadder(app, c, ladder, name) {
  ladder.sort((a, z) => c.floors[2 * z] - c.floors[2 * a]);
  const title = app.say("floors_title", { name, number: c.door[ladder[0]] });
  const rows = ladder.map((home, n) => makeRow(app, c, home, n === 0));
  const list = make("div", {
    class: "ladder", role: "listbox", "aria-multiselectable": "true", "aria-label": title,
    onkeydown: (event) => step(app, rows, event),
  }, ...rows);
  bindDrag(app, list, rows);
  return make("div", {}, make("strong", {}, title), list);
}

function makeRow(app, c, home, first) {
  const code = c.codeOf(home);
  const low = c.floors[2 * home];
  const high = c.floors[2 * home + 1];
  const row = make("div", {
    class: `floor ${c.place.get(code) % 2 ? "odd" : "even"}`, role: "option",
    "aria-selected": String(app.chosen.homes.has(home)), tabindex: first ? "0" : "-1",
    "data-home": home,
  }, make("span", {}, low === high ? `${low}` : `${high}–${low}`),
  make("span", {}, app.say("households_of", { households: c.households[home] })),
  make("span", {}, short(code)));
  return row;
}

function pick(app, row, chooses) {
  const home = Number(row.dataset.home);
  if (chooses) app.chosen.homes.add(home);
  else app.chosen.homes.delete(home);
  row.setAttribute("aria-selected", String(chooses));
}

// The first row that is pressed says whether the drag chooses or takes off.
function bindDrag(app, list, rows) {
  let chooses = null;
  let began = 0;
  list.addEventListener("pointerdown", (event) => {
    const row = event.target.closest(".floor");
    if (!row || event.button) return;
    event.preventDefault();
    row.focus();
    chooses = row.getAttribute("aria-selected") !== "true";
    began = rows.indexOf(row);
    // A first drag over floors means these floors, not the whole tower that was clicked.
    if (!chooses && rows.every((one) => one.getAttribute("aria-selected") === "true")) {
      for (const one of rows) pick(app, one, false);
      chooses = true;
    }
    pick(app, row, chooses);
    list.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", (event) => {
    if (chooses === null) return;
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const n = rows.indexOf(under && under.closest(".floor"));
    if (n < 0) return;
    for (let k = Math.min(began, n); k <= Math.max(began, n); k += 1) pick(app, rows[k], chooses);
  });
  const end = () => {
    if (chooses === null) return;
    chooses = null;
    settle(app);
  };
  list.addEventListener("pointerup", end);
  list.addEventListener("pointercancel", end);
}

function settle(app, focus = null) {
  app.choose(app.chosen.community, app.chosen.homes);
  if (focus === null) return;
  const row = document.querySelector(`#floors [data-home="${focus}"]`);
  if (row) row.focus();
}

// Arrows go from floor to floor, with Shift they choose on the way, space chooses one.
function step(app, rows, event) {
  const n = rows.indexOf(document.activeElement);
  const to = { ArrowUp: n - 1, ArrowDown: n + 1, Home: 0, End: rows.length - 1 }[event.code];
  if (n < 0 || (to === undefined && event.code !== "Space")) return;
  event.preventDefault();
  event.stopPropagation();
  const row = rows[to === undefined ? n : Math.max(0, Math.min(to, rows.length - 1))];
  if (to === undefined) pick(app, row, row.getAttribute("aria-selected") !== "true");
  else if (event.shiftKey) for (const one of [rows[n], row]) pick(app, one, true);
  else {
    row.focus();
    return;
  }
  settle(app, row.dataset.home);
}
