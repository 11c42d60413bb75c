// What help proposes: the curve of what may move, and ways to choose from; mixed into the App.

import { button, make } from "/page/panels.js";

const isOut = (figures) => !figures.in_band || figures.pieces > 1;

export const proposing = {
  // Ways of several shares are a curve with a slider; of one share, a list.
  drawProposals(rows) {
    const stops = this.shares || [];
    const curve = stops.length > 1;
    if (!rows.length) {
      return [make("div", { class: "row" }, this.say("no_proposals")),
        button(this.say("drop"), () => this.drop())];
    }
    const share = curve ? stops[Math.min(this.stop, stops.length - 1)] : null;
    const shown = curve ? rows.filter((row) => row.share === share) : rows;
    const parts = curve ? [this.drawCurve(rows, stops, share)] : [];
    if (rows.some((row) => this.isStale(row))) {
      parts.push(make("div", { class: "row bad" }, this.say("stale_help"), " ",
        this.lastHelp
          ? button(this.say("run_again"), () => this.askHelp(this.lastHelp), { id: "run-again" })
          : ""));
    }
    if (!shown.length) parts.push(make("div", { class: "row" }, this.say("no_proposals")));
    return [...parts, ...shown.map((row, n) => this.drawWay(row, n)),
      button(this.say("drop"), () => this.drop())];
  },

  drawWay(row, n) {
    const see = () => this.seeProposal(row);
    return make("div", { class: "row way", tabindex: 0, onmouseenter: see, onfocus: see },
      make("strong", {}, String.fromCharCode(65 + n)),
      row.way ? ` ${this.say(`way_${row.way}`)}: ` : " ",
      `${this.say("moved", { households: row.moved })}, ${this.sayOut(row)}, ${this.sayWalk(row)} `,
      make("br"),
      button(this.say("see"), see),
      button(this.say("before_after"), () => this.compare("proposal", row.proposal)),
      this.isStale(row)
        ? null : button(this.say("take"), () => this.takeProposal(row), { class: "main" }));
  },

  // How many sub-grids would be out of rule at each stop: a bar for each, and a slider below.
  drawCurve(rows, stops, share) {
    const now = this.countFaults(rows[0]);
    // Where so few may move that nothing helps, all stays as it is.
    const best = stops.map((stop) => Math.min(now,
      ...rows.filter((row) => row.share === stop).map((row) => this.countOut(row))));
    const most = Math.max(1, now, ...best);
    const bars = [[0, now], ...stops.map((stop, n) => [stop, best[n]])].map(([stop, out]) => {
      const bar = make("span", { class: stop === share ? "bar main" : "bar" });
      bar.style.height = `${4 + (36 * out) / most}px`;
      return make("span", { class: "stop" }, make("small", {}, `${out}`), bar,
        make("small", {}, `${Math.round(stop * 100)} %`));
    });
    const slider = make("input", { type: "range", id: "budget", min: 0, max: stops.length - 1,
      step: 1, value: stops.indexOf(share), "aria-label": this.say("most_moved") });
    slider.addEventListener("input", () => {
      this.stop = Number(slider.value);
      this.panels.drawChoice();
      document.getElementById("budget").focus();
    });
    return make("div", { class: "row" },
      make("div", { class: "quiet" }, this.say("curve_says")),
      make("div", { class: "curve" }, ...bars),
      make("label", {}, `${this.say("most_moved")} ${Math.round(share * 100)} % `, slider));
  },

  // Sub-grids of a community that are out of rule now, and after a proposal.
  countFaults(row) {
    const [home] = Object.keys(row.homes);
    const c = [...this.stage.open.values()].find((one) => one.homeAt.has(home));
    if (!c) return Object.values(row.before).filter(isOut).length;
    const mine = this.faults.filter((fault) => fault.community === c.code);
    return new Set(mine.map((fault) => fault.subgrid)).size;
  },

  countOut(row) {
    const [before, after] = [row.before, row.after].map((side) =>
      Object.values(side).filter(isOut).length);
    return Math.max(0, this.countFaults(row) - before + after);
  },

  sayWalk(row) {
    const mean = (side) => {
      const all = Object.values(side);
      const sum = all.reduce((total, f) => total + f.households, 0);
      const metres = all.reduce((total, f) => total + f.households * f.mean_walk, 0);
      return Math.round(metres / Math.max(1, sum));
    };
    return this.say("walk_change", { before: mean(row.before), after: mean(row.after) });
  },

  // Whether a home is no longer where the proposal saw it.
  isStale(row) {
    const c = [...this.stage.open.values()].find((one) =>
      Object.keys(row.seen || {}).some((home) => one.homeAt.has(home)));
    return Boolean(c) && Object.entries(row.seen).some(([home, code]) => {
      const n = c.homeAt.get(home);
      return n !== undefined && c.codeOf(n) !== code;
    });
  },
};
