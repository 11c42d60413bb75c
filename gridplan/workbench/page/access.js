// The map for those who do not see it or do not point: a list of the homes and sub-grids in view,
// the home in focus, figures that are read out, and a focus that stays where it was. Mixed into
// the App.

import { make, short } from "/page/panels.js";

const MOST = 300; // homes in the list; who wants others zooms in
const BANDS = 12; // rows of the view, each read from west to east
const EVERY = 500; // milliseconds between two looks whether the view has changed

export const access = {
  beginAccess() {
    const { panels } = this;
    // Whatever draws the panels again, the focus stays and the figures are read out.
    for (const name of ["draw", "drawChoice"]) {
      const real = panels[name].bind(panels);
      panels[name] = () => {
        keepFocus(() => {
          real();
          this.addApprovals();
        });
        this.announce();
      };
    }
    setInterval(() => this.listInView(), EVERY);
    const side = document.getElementById("side");
    const drawer = document.getElementById("drawer");
    drawer.addEventListener("click", () => {
      drawer.setAttribute("aria-expanded", String(side.classList.toggle("open")));
    });
    document.getElementById("tabs").addEventListener("keydown", (event) => turnTabs(event));
  },

  // Homes in view, in rows from north to south and in each from west to east.
  listInView(force = false) {
    const { stage } = this;
    const key = [stage.left, stage.upper, stage.scale, this.number, this.lang,
      stage.open.size].join();
    if (!stage.width || (!force && key === this.viewListed)) return;
    this.viewListed = key;
    const rows = [];
    for (const c of stage.open.values()) {
      for (let home = 0; home < c.homes.length; home += 1) {
        const [west, south, east, north] = c.pieceBoxes[c.piece[home]];
        const [x, y] = stage.toScreen((west + east) / 2, (south + north) / 2);
        if (x < 0 || y < 0 || x > stage.width || y > stage.height) continue;
        rows.push({ c, home, x, band: Math.floor((y / stage.height) * BANDS) });
      }
    }
    rows.sort((a, b) => a.band - b.band || a.x - b.x || a.home - b.home);
    const seen = new Set();
    const options = [];
    for (const { c, home } of rows.slice(0, MOST)) {
      const code = c.codeOf(home);
      if (!seen.has(code)) options.push(this.makeGridOption(c, code));
      seen.add(code);
      options.push(this.makeHomeOption(c, home));
    }
    if (rows.length > MOST) {
      const more = this.say("and_more", { count: rows.length - MOST });
      options.push(make("div", { role: "option", "aria-disabled": "true" }, more));
    }
    const list = document.getElementById("in_view");
    list.setAttribute("aria-label", this.say("in_view"));
    list.replaceChildren(...options);
    this.announce();
  },

  makeGridOption(c, code) {
    const homes = c.members[c.place.get(code)];
    const text = `${short(code)}: ${this.sayFigures(c.measure(homes, code), c, code)}`;
    return make("div", { role: "option", id: `grid:${code}`, "aria-selected": "false",
      onclick: () => this.choose(c, homes) }, text);
  },

  makeHomeOption(c, home) {
    const text = `${c.say(home, this)}, ${short(c.codeOf(home))}, ${
      this.say("households_of", { households: c.households[home] })}`;
    return make("div", { role: "option", id: `home:${c.homes[home]}`, "aria-selected": "false",
      onclick: (event) => this.choose(c, [home], event.shiftKey) }, text);
  },

  // Which home has the focus, which are chosen, and what would become of the figures.
  announce() {
    const { community: c, homes } = this.chosen;
    const list = document.getElementById("in_view");
    const over = document.getElementById("over");
    const chosen = new Set([...homes].map((home) => `home:${c.homes[home]}`));
    for (const row of list.children) {
      const is = String(chosen.has(row.id));
      if (row.id.startsWith("home:")) row.setAttribute("aria-selected", is);
    }
    const last = [...homes].at(-1);
    if (last === undefined) over.removeAttribute("aria-activedescendant");
    else {
      const id = `home:${c.homes[last]}`;
      // The home in focus is in the list, also where it is out of view.
      if (!document.getElementById(id)) list.append(this.makeHomeOption(c, last));
      document.getElementById(id).setAttribute("aria-selected", "true");
      over.setAttribute("aria-activedescendant", id);
    }
    const figures = document.getElementById("figures");
    const text = this.foreseen ? this.sayForeseen(this.foreseen) : "";
    if (figures.textContent !== text) figures.textContent = text;
  },

  sayForeseen({ title, rows }) {
    const lines = rows.map(({ code, before, after }) => {
      const was = before ? before.households : 0;
      const now = after ? after.households : 0;
      const band = !after ? this.say("ends") : after.out
        ? this.say(after.small ? "under_band" : "over_band", { amount: after.out })
        : this.say("in_band");
      return `${short(code)}: ${was} → ${this.say("households_of", { households: now })}, ${band}`;
    });
    return [title, ...lines].filter(Boolean).join("; ");
  },
};

// Draw again, and give the focus back to the button of the same name, else to the map.
function keepFocus(draw) {
  const active = document.activeElement;
  const root = active && ["tabs", "panel", "choice"].map((id) => document.getElementById(id))
    .find((one) => one.contains(active) && one !== active);
  const text = active?.textContent;
  const place = root ? listControls(root).indexOf(active) : -1;
  draw();
  if (place < 0 || root.contains(document.activeElement)) return;
  const controls = listControls(root);
  const same = controls.filter((one) => one.textContent === text);
  const best = same.sort((a, b) =>
    Math.abs(controls.indexOf(a) - place) - Math.abs(controls.indexOf(b) - place))[0];
  (best || (root.id === "tabs" ? controls[place] : null)
    || document.getElementById("over")).focus();
}

function listControls(root) {
  return [...root.querySelectorAll("button, input, select, textarea, a")];
}

// Arrow keys go from tab to tab, as people who use the keyboard know it.
function turnTabs(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.code];
  if (!step) return;
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
  event.preventDefault();
  event.stopPropagation();
  tabs[next].focus();
  tabs[next].click();
}
