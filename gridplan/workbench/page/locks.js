// Locks: of sub-grids, buildings, communities and all, by selection, each with a note.

import { quote, quoteAll, writeNote } from "/page/commands.js";
import { drawChain } from "/page/badges.js";
import { INK } from "/page/palette.js";
import { button, make } from "/page/panels.js";
import { middleOf } from "/page/stage.js";

const NARROW = 11; // pixels below which a locked building bears no chain

export const locking = {
  // Lock what is chosen, or unlock it where all of it is locked: whole sub-grids as such, the
  // rest by building.
  lockChosen(note = "") {
    const { community: c, homes } = this.chosen;
    if (!homes.size) {
      this.tell(this.say("choose_first"));
      return null;
    }
    const whole = this.codesChosen().filter((code) =>
      [...c.members[c.place.get(code)]].every((home) => homes.has(home)));
    const rest = [...homes].filter((home) => !whole.includes(c.codeOf(home)));
    const buildings = [...new Set(rest.map((home) => c.buildings[c.building[home]].code))];
    const names = [
      ...whole.map((code) => `subgrid:${code}`), ...buildings.map((code) => `building:${code}`),
    ];
    return this.toggleLocks(names, note);
  },

  async toggleLocks(names, note = "") {
    const locked = names.filter((name) => this.locks.has(name));
    const opens = locked.length === names.length;
    const lines = opens ? [`unlock ${quoteAll(names)}`]
      : [`lock ${quoteAll(names.filter((name) => !this.locks.has(name)))}${writeNote(note)}`];
    const done = await this.run(lines, {});
    if (done) this.tell(this.say(opens ? "unlocked_now" : "locked_now", { count: names.length }));
    this.stage.paint();
    return done;
  },

  toggleLock(level, codes, note = "") {
    return this.toggleLocks(codes.map((code) => `${level}:${code}`), note);
  },

  async lockAll(opens) {
    const note = opens ? "" : writeNote(this.readNote());
    await this.run([opens ? "unlock all" : `lock all${note}`], {});
    this.stage.paint();
  },

  readNote() {
    const field = document.getElementById("lock-note");
    return field ? field.value.trim() : "";
  },

  async readLocks() {
    const { number } = this;
    const answer = await this.askQuietly({ kind: "locks" });
    if (!answer) return;
    this.lockRows = answer.rows;
    this.lockNumber = number;
    if (this.panels.tab === "locks") this.panels.drawList();
  },

  listLocks() {
    if (this.lockNumber !== this.number) this.readLocks();
    const rows = (this.lockRows || []).filter((row) => this.locks.has(row.name));
    const head = make("div", { class: "row" },
      make("input", { id: "lock-note", type: "text", maxlength: 200, value: this.note || "",
        oninput: (event) => { this.note = event.target.value; },
        placeholder: this.say("lock_note"), "aria-label": this.say("lock_note") }),
      make("br"),
      button(this.say("lock_these"), () => this.lockChosen(this.readNote())),
      button(this.say("lock_all"), () => this.lockAll(false)),
      rows.length ? button(this.say("unlock_all"), () => this.lockAll(true)) : null);
    if (!rows.length) return [head, make("div", { class: "row quiet" }, this.say("no_locks"))];
    return [head, ...rows.slice(0, 300).map((row) =>
      make("div", { class: "row", "data-lock": row.name },
        make("strong", {}, this.sayLock(row.name)),
        row.note ? make("div", { class: "quiet" }, row.note) : make("br"),
        button(this.say("go"), () => this.goToLock(row)),
        button(this.say("unlock"), () => this.run([`unlock ${quote(row.name)}`], {}))))];
  },

  async goToLock({ level, of }) {
    if (level === "community") {
      await this.openCommunity(of);
      return;
    }
    for (const c of this.stage.open.values()) {
      const b = c.buildings.findIndex((one) => one.code === of);
      if (level === "building" && b >= 0) {
        this.choose(c, c.homesOf.get(b));
        this.bringIntoView(c, c.homesOf.get(b));
        return;
      }
      if (c.place.has(of)) {
        await this.goTo(of, c.code);
        return;
      }
    }
    this.tell(this.say("not_found", { text: of }));
  },

  // A chain on every locked building; sub-grids and communities have theirs in the badge.
  paintLocks(pen, stage) {
    const names = [...this.locks].filter((name) => name.startsWith("building:"));
    if (!names.length) return;
    for (const c of stage.open.values()) {
      if (!c.numberOf) c.numberOf = new Map(c.buildings.map(({ code }, n) => [code, n]));
      for (const name of names) {
        const homes = c.homesOf.get(c.numberOf.get(name.slice(9)));
        if (!homes) continue;
        const box = c.pieceBoxes[c.piece[homes[0]]];
        if ((box[2] - box[0]) * stage.scale < NARROW) continue;
        const [x, y] = stage.toScreen(...middleOf(box));
        drawChain(pen, x - 7.5, y + 7, INK.plain);
      }
    }
  },
};
