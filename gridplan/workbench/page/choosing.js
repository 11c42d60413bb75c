// What is chosen, and what would be done with it; mixed into the App.

import { quote, quoteAll, writeMove, writeSeen } from "/page/commands.js";
import { button, make, short } from "/page/panels.js";
import { joinBoxes } from "/page/stage.js";

export const choosing = {
  async search(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    for (const c of this.stage.open.values()) {
      const code = c.codes.find((one) => one.toLowerCase() === wanted || short(one) === wanted);
      if (code) {
        this.goTo(code, c.code);
        return;
      }
      const b = c.buildings.findIndex((one) =>
        [one.name, one.code].some((name) => name.toLowerCase().includes(wanted)));
      if (b >= 0) {
        const homes = c.homesOf.get(b) || [];
        this.choose(c, homes);
        this.stage.show(joinBoxes(homes.map((home) => c.pieceBoxes[c.piece[home]])));
        return;
      }
    }
    const place = this.places.find((one) => one.name.toLowerCase().includes(wanted));
    if (place) await this.openCommunity(place.code);
    else this.tell(this.say("not_found", { text }));
  },

  async goTo(code, communityCode) {
    const c = await this.openCommunity(communityCode, !this.stage.open.has(communityCode));
    if (!c || !c.place.has(code)) return;
    this.choose(c, c.members[c.place.get(code)]);
    const box = c.landBoxes.get(code);
    if (box) this.stage.show(box);
  },

  nextFault(step) {
    if (!this.faults.length) return;
    this.fault = ((this.fault ?? -1) + step + this.faults.length) % this.faults.length;
    const fault = this.faults[this.fault];
    this.panels.turn("faults");
    this.goTo(fault.subgrid, fault.community);
  },

  choose(community, homes, adds = false) {
    const same = adds && this.chosen.community === community;
    this.chosen = { community, homes: new Set(same ? [...this.chosen.homes, ...homes] : homes) };
    this.forget();
  },

  toggle(home) {
    const { homes } = this.chosen;
    if (!homes.delete(home)) homes.add(home);
    this.forget();
  },

  forget() {
    this.foreseen = null;
    this.proposals = null;
    this.stage.marks.chosen = this.chosen.homes.size ? this.chosen : null;
    this.stage.marks.foreseen = null;
    this.stage.marks.wanted = null;
    this.stage.point();
    this.panels.drawChoice();
  },

  drop() {
    if (this.foreseen || this.proposals) this.forget();
    else this.choose(null, []);
    this.hideCard();
  },

  // With homes chosen a click on another sub-grid says where they would go; else it chooses.
  click(found, adds) {
    if (found.place) {
      this.openCommunity(found.place.code, false);
      return;
    }
    if (!found.community || !found.code) return;
    const { chosen } = this;
    const c = found.community;
    if (found.home !== undefined && (adds || !chosen.homes.size)) {
      const b = c.building[found.home];
      const inPiece = c.homesIn[found.piece];
      // A building is taken whole where it lies in one sub-grid, else this part of it.
      const all = c.homesOf.get(b);
      const whole = all.every((home) => c.member[home] === c.member[found.home]);
      this.choose(c, whole ? all : inPiece, adds);
      return;
    }
    const own = chosen.homes.size && chosen.community === c
      && [...chosen.homes].every((home) => c.codeOf(home) === found.code);
    if (!chosen.homes.size || chosen.community !== c || own) {
      this.choose(c, c.members[c.place.get(found.code)]);
    } else this.foresee(found.code);
  },

  foreseeRows(c, code) {
    const homes = [...this.chosen.homes].filter((home) => c.codeOf(home) !== code);
    return c.foresee(homes, code);
  },

  // Show what giving the chosen homes to a sub-grid would do; nothing is asked yet.
  foresee(code) {
    const { community, homes } = this.chosen;
    const moving = [...homes].filter((home) => community.codeOf(home) !== code);
    if (!moving.length) return;
    this.foreseen = {
      lines: writeMove(community, moving, code),
      seen: writeSeen(community, moving),
      rows: community.foresee(moving, code),
      title: this.say("give_title", { code: short(code) }),
      moves: { community, homes: moving, code },
    };
    this.stage.marks.wanted = { community, code };
    this.stage.point();
    this.panels.drawChoice();
  },

  foreseeNew() {
    const { community, homes } = this.chosen;
    return this.tryLines(writeMove(community, homes, ""), this.say("new_subgrid"));
  },

  // Let the server say what lines would do, and show it.
  async tryLines(lines, title) {
    const tried = await this.ask({ kind: "try", lines });
    if (!tried) return;
    const c = this.chosen.community;
    const homes = Object.keys(tried.homes).map((home) => c.homeAt.get(home))
      .filter((home) => home !== undefined);
    this.foreseen = {
      lines: tried.lines,
      seen: writeSeen(c, homes),
      rows: this.listRows(tried, c),
      warnings: this.lang === "en" ? tried.warnings : [],
      title,
    };
    this.stage.marks.foreseen = homes.length ? { community: c, homes } : null;
    this.stage.point();
    this.panels.drawChoice();
  },

  listRows({ before, after }, c) {
    const read = (f) => f && {
      households: f.households,
      walk: f.mean_walk,
      pieces: f.pieces,
      small: f.households < c.band[0],
      out: Math.max(0, c.band[0] - f.households, f.households - c.band[2]),
    };
    const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return codes.map((code) => ({ code, before: read(before[code]), after: read(after[code]) }));
  },

  async accept() {
    const { foreseen } = this;
    if (!foreseen) return;
    this.forget();
    // Shown at once; what the server says comes after, and counts.
    const undoing = foreseen.moves ? this.putAtOnce(foreseen.moves) : null;
    const done = await this.run(foreseen.lines, foreseen.seen);
    if (!done && undoing) undoing();
    if (done) this.choose(null, []);
  },

  putAtOnce({ community, homes, code }) {
    const before = homes.map((home) => [home, community.codeOf(home)]);
    const boxes = () => this.boxesOf(community, [code, ...before.map(([, was]) => was)]);
    for (const home of homes) community.put(home, code);
    this.refigure(community, [code, ...before.map(([, was]) => was)]);
    this.stage.paint(joinBoxes(boxes()));
    return () => {
      for (const [home, was] of before) community.put(home, was);
      this.refigure(community, [code, ...before.map(([, was]) => was)]);
      this.stage.paint(joinBoxes(boxes()));
    };
  },

  chooseWhole() {
    const { community: c, homes } = this.chosen;
    const all = [...homes].flatMap((home) => [...c.members[c.member[home]]]);
    this.choose(c, all);
  },

  codesChosen() {
    const { community: c, homes } = this.chosen;
    return [...new Set([...homes].map((home) => c.codeOf(home)))];
  },

  split() {
    const [code] = this.codesChosen();
    if (code) this.tryLines([`split ${quote(code)} into 2`], this.say("split"));
  },

  merge() {
    const { community: c } = this.chosen;
    const codes = this.codesChosen();
    if (codes.length < 2) return;
    const size = (code) => c.measure(c.members[c.place.get(code)], code).households;
    codes.sort((a, b) => size(b) - size(a));
    const [into, ...rest] = codes;
    this.tryLines([`merge ${quoteAll(rest)} into ${quote(into)}`], this.say("merge"));
  },

  lockChosen() {
    const { community: c, homes } = this.chosen;
    const codes = this.codesChosen();
    if (!codes.length) return;
    const count = codes.reduce((sum, code) => sum + c.members[c.place.get(code)].size, 0);
    // Whole sub-grids are locked as such, parts of them by building.
    if (count === homes.size) this.toggleLock("subgrid", codes);
    else {
      const buildings = new Set([...homes].map((home) => c.buildings[c.building[home]].code));
      this.toggleLock("building", [...buildings]);
    }
  },

  async toggleLock(level, codes) {
    const locked = codes.every((code) => this.locks.has(`${level}:${code}`));
    await this.run([`${locked ? "unlock" : "lock"} ${level} ${quoteAll(codes)}`], {});
    this.stage.paint();
  },

  async setCentre() {
    const { community: c, homes } = this.chosen;
    const [home] = homes;
    await this.run([`centre of ${quote(c.codeOf(home))} at ${quote(c.homes[home])}`], {});
  },

  askRecode() {
    const { community: c, homes } = this.chosen;
    const [code] = this.codesChosen();
    const field = make("input", { type: "text", value: code, "aria-label": this.say("recode") });
    const begin = () => {
      const all = c.members[c.place.get(code)];
      this.run([`recode ${quote(code)} as ${quote(field.value.trim())}`], writeSeen(c, all));
      this.drop();
    };
    this.panels.choice.replaceChildren(field, make("div", { class: "buttons" },
      button(this.say("accept"), begin, { class: "main" }),
      button(this.say("drop"), () => this.drop())));
    field.focus();
    return homes;
  },
};
