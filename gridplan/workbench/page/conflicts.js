// Two changes of one spot, and changes that wait for a lost line; mixed into the App.

import { button, make } from "/page/panels.js";

export const conflicts = {
  // What is shown before the server has said yes. Others' changes that come meanwhile are noted,
  // so that taking it back never brings back what was there before them.
  addPending(community, homes) {
    const was = new Map(homes.map((home) => [home, community.codeOf(home)]));
    const pending = { community, was };
    this.pending.add(pending);
    return pending;
  },

  notePending(community, home, code) {
    for (const pending of this.pending) {
      if (pending.community === community && pending.was.has(home)) pending.was.set(home, code);
    }
  },

  takeBack(pending) {
    if (!this.pending.delete(pending)) return;
    const { community, was } = pending;
    const codes = new Set(was.values());
    for (const home of was.keys()) codes.add(community.codeOf(home));
    for (const [home, code] of was) community.put(home, code);
    this.refigure(community, codes);
    this.stage.paint();
  },

  // While the line is lost nothing is shown as done that may not be.
  takeBackAll() {
    for (const pending of [...this.pending]) this.takeBack(pending);
  },

  keepWaiting(message) {
    this.waiting.set(message.id, message);
    this.panels.drawChoice();
  },

  stopWaiting(id) {
    if (this.waiting.delete(id)) this.panels.drawChoice();
  },

  listWaiting() {
    if (!this.link?.lost) return [];
    return [...this.waiting.values()].map((message) => make("div", { class: "row" },
      this.say("waits_for_line"), " ",
      make("span", { class: "quiet" }, (message.lines || [this.say(message.kind)]).join("; ")), " ",
      button(this.say("drop"), () => {
        this.link.drop(message.id);
        this.stopWaiting(message.id);
      })));
  },

  // Another seat was first: what this seat wanted is kept in sight as a ghost.
  showGhost({ lines, seen }, { homes, by }) {
    const wanted = Object.keys(seen);
    const c = [...this.stage.open.values()].find((one) => wanted.some((h) => one.homeAt.has(h)));
    const numbers = c ? wanted.map((home) => c.homeAt.get(home)).filter((h) => h !== undefined)
      : [];
    const names = homes.map((home) => (c?.homeAt.has(home) ? c.say(c.homeAt.get(home), this)
      : home));
    const who = [...new Set(by.map((event) => this.sayOffice(event)))].join("、");
    this.forget();
    // What the others' changes left is what is seen now.
    const now = Object.fromEntries(by.flatMap((event) => Object.entries(event.effect.homes || {})
      .map(([home, [, after]]) => [home, after])));
    const text = this.say("ghost", { by: who, homes: names.join("、") });
    this.ghost = { lines, seen, now, text };
    this.stage.marks.foreseen = numbers.length ? { community: c, homes: numbers } : null;
    this.alarm(this.ghost.text);
    this.stage.point();
    this.panels.drawChoice();
  },

  listGhost({ text, lines }) {
    return [
      make("div", { class: "bad" }, text),
      make("div", { class: "quiet" }, lines.join("; ")),
      make("div", { class: "buttons" },
        button(this.say("all_the_same"), () => this.doAllTheSame(), { id: "all_the_same" }),
        button(this.say("drop"), () => this.drop(), { id: "drop" })),
    ];
  },

  async doAllTheSame() {
    const { lines, seen, now } = this.ghost;
    const fresh = {};
    for (const [home, was] of Object.entries(seen)) {
      const c = [...this.stage.open.values()].find((one) => one.homeAt.has(home));
      fresh[home] = now[home] ?? (c ? c.codeOf(c.homeAt.get(home)) : was);
    }
    this.forget();
    if (await this.run(lines, fresh)) this.choose(null, []);
  },

  // What is about to be done saw homes that somebody has moved just now.
  checkForeseen(event) {
    const { foreseen } = this;
    if (!foreseen || event.seat === this.seat.code) return;
    const moved = Object.keys(event.effect.homes || {});
    const homes = moved.filter((home) => home in (foreseen.seen || {}));
    if (homes.length) this.showGhost(foreseen, { homes: homes.slice(0, 5), by: [event] });
  },
};
