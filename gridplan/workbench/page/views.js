// The views and their legend; mixed into the App. Figures that the page has colour at once, the
// rest is asked of the server, which says which verb makes a table that the plan lacks.

import { VIEWS, VIEW_OF } from "/page/lenses.js";
import { INK, MAP_COLOURS, MOVED, QUIET, UNKNOWN, drawHatch } from "/page/palette.js";
import { drawChain } from "/page/badges.js";
import { make } from "/page/panels.js";

const SWATCH = [22, 14];
const WAIT = 400; // milliseconds after a change before what a view shows is asked again

export const views = {
  listViews() {
    return VIEWS.map((name) => make("option", { value: name }, this.say(`view_${name}`)));
  },

  async takeView(name, of = "") {
    this.stage.view = name;
    this.viewOf = of;
    for (const c of this.stage.open.values()) {
      c.looked = null;
      c.hosts = null;
    }
    this.stage.paint();
    this.drawLegend();
    await Promise.all([...this.stage.open.values()].map((c) => this.lookUp(c)));
  },

  // Ask what the view shows of a community, if the page does not know it.
  async lookUp(c) {
    const name = this.stage.view;
    const lens = VIEW_OF[name];
    if (!lens.of) return;
    const of = this.viewOf || "";
    const looked = await this.ask({ kind: "look", view: name, community: c.code, of });
    if (!looked || this.stage.view !== name || (this.viewOf || "") !== of) return;
    c.looked = looked;
    c.hosts = looked.hosts ? looked.hosts.map((home) => c.homeAt.get(home)) : null;
    if (looked.then) c.findRenamed();
    this.stage.paint();
    this.drawLegend();
  },

  // Figures of the server that a change made old are awaited, and asked again when it is quiet.
  lookAgain(c, codes) {
    const lens = VIEW_OF[this.stage.view];
    if (!c.looked || c.looked.missing) return;
    if (c.looked.then) {
      c.findRenamed();
      return;
    }
    if (lens.of !== "subgrid") return;
    c.looked.awaited = new Set([...(c.looked.awaited || []), ...codes]);
    for (const code of codes) delete c.looked.of[code];
    clearTimeout(c.asking);
    c.asking = setTimeout(() => this.lookUp(c), WAIT);
  },

  // What the view says of a place, for its card; null where it says nothing.
  sayLooked(c, found) {
    const { looked } = c;
    if (!looked || looked.missing) return null;
    const lens = VIEW_OF[this.stage.view];
    if (lens.of === "then") {
      if (found.home === undefined || !c.hasMoved(found.home)) return null;
      return this.say("was_in", { code: looked.codes[looked.then[found.home]] });
    }
    if (lens.of === "subgrid") {
      const value = looked.values[found.code];
      return value === undefined ? null : this.say(`value_${this.stage.view}`, { value });
    }
    if (found.home === undefined) return null;
    const value = looked.values ? looked.values[found.home] : null;
    const n = looked.of[found.home];
    if (value !== null && value !== undefined) {
      return this.say(`value_${this.stage.view}`, { value });
    }
    return n >= 0 ? this.sayClass(looked.classes[n]) : this.say("class_unknown");
  },

  sayClass(one) {
    if (typeof one === "string") return this.say(one);
    return Array.isArray(one) ? this.say(one[0], one[1]) : one.name ?? one[this.lang];
  },

  drawLegend() {
    const legend = document.getElementById("legend");
    const name = this.stage.view;
    const lens = VIEW_OF[name];
    const open = [...this.stage.open.values()];
    const looked = open.map((c) => c.looked).find(Boolean);
    const rows = [make("strong", {}, this.say(`view_${name}`))];
    if (looked?.choices?.length > 1) rows.push(this.listChoices(looked));
    if (looked?.missing) rows.push(make("div", { class: "quiet" }, this.sayMissing(looked)));
    else {
      if (looked?.note) rows.push(make("div", { class: "quiet" }, this.sayClass(looked.note)));
      rows.push(...this.listClasses(lens, looked));
    }
    rows.push(...this.listSigns(open, looked));
    legend.replaceChildren(...rows);
  },

  sayMissing(looked) {
    const verb = `gridplan ${looked.missing} ${this.name} --overwrite`;
    return this.say("view_missing", { verb });
  },

  listChoices(looked) {
    const list = make("select", { "aria-label": this.say("view_choice"),
      onchange: (event) => this.takeView(this.stage.view, event.target.value) },
    ...looked.choices.map((one) => make("option", { value: one.of }, this.sayClass(one.label))));
    list.value = looked.choice;
    return list;
  },

  listClasses(lens, looked) {
    if (lens.of === "then") {
      return [this.legendRow(swatch({ fill: MOVED }), this.say("class_moved")),
        this.legendRow(swatch({ fill: QUIET }), this.say("class_stayed"))];
    }
    // Branches have their names in the card; a legend of fifty would say little.
    if (lens.of === "name") {
      return looked ? [this.legendRow(swatch({ fill: MAP_COLOURS[0], more: MAP_COLOURS[1] }),
        this.say(`class_${this.stage.view}`, { count: looked.classes.length }))] : [];
    }
    const classes = looked ? looked.classes : lens.classes;
    return classes.map((one, n) => this.legendRow(
      swatch({ fill: lens.colours[n], hatch: lens.hatches?.[n] }), this.sayClass(one)));
  },

  // What stands for more than a colour, as far as it is on the map.
  listSigns(open, looked) {
    const rows = [];
    const faulty = new Set(this.faults.map((fault) => fault.rule));
    if (this.stage.view !== "band") {
      for (const rule of ["small", "large", "apart"]) {
        if (faulty.has(rule)) {
          rows.push(this.legendRow(swatch({ fill: "#ffffff", hatch: rule }),
            this.say(`band_${rule}`)));
        }
      }
    }
    if (open.some((c) => c.hosts?.length)) rows.push(this.legendRow("★", this.say("sign_host")));
    if (this.locks.size) rows.push(this.legendRow(swatch({ chain: true }), this.say("sign_lock")));
    const waits = open.some((c) => c.awaited?.size || c.looked?.awaited?.size);
    if (waits) rows.push(this.legendRow(swatch({ dashes: true }), this.say("sign_awaited")));
    if (looked && !looked.missing && hasUnknown(looked)) {
      rows.push(this.legendRow(swatch({ fill: UNKNOWN }), this.say("class_unknown")));
    }
    const estimated = open.some((c) => c.buildings.some((b) => b.estimated));
    if (estimated) rows.push(this.legendRow("≈", this.say("sign_estimated")));
    return rows;
  },

  legendRow(sign, text) {
    const mark = typeof sign === "string" ? make("span", { class: "sign" }, sign) : sign;
    return make("div", { class: "class" }, mark, text);
  },
};

function hasUnknown(looked) {
  return Array.isArray(looked.of) && looked.of.some((n) => n < 0);
}

// A small picture of how the map draws something.
function swatch({ fill, more, hatch, chain, dashes }) {
  const ratio = window.devicePixelRatio || 1;
  const canvas = make("canvas", { "aria-hidden": "true", width: SWATCH[0] * ratio,
    height: SWATCH[1] * ratio });
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const [wide, high] = SWATCH;
  if (fill) {
    pen.fillStyle = fill;
    pen.fillRect(0, 0, wide, high);
  }
  if (more) {
    pen.fillStyle = more;
    pen.fillRect(wide / 2, 0, wide / 2, high);
  }
  if (hatch && hatch !== "in") {
    pen.fillStyle = pen.createPattern(drawHatch(hatch, 1), "repeat");
    pen.fillRect(0, 0, wide, high);
  }
  if (chain) drawChain(pen, 3, high / 2, INK.plain);
  pen.strokeStyle = INK.border;
  if (dashes) pen.setLineDash([4, 4]);
  if (dashes || fill) pen.strokeRect(0.5, 0.5, wide - 1, high - 1);
  return canvas;
}
