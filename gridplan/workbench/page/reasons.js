// What cannot be done, said beside the pointer with the button that cures it; mixed into the App.

import { quote } from "/page/commands.js";
import { button, make, short } from "/page/panels.js";

export const reasons = {
  // Ask what nobody waits for: what is refused, or lost on the way, changes nothing on the page.
  async askQuietly(message) {
    try {
      const answer = await this.link.ask({ ...message, lang: this.lang });
      return ["refused", "overtaken"].includes(answer.kind) ? null : answer;
    } catch {
      return null;
    }
  },

  // Locks that forbid giving homes to a sub-grid; an empty code stands for a new one.
  listStops(c, homes, code) {
    const names = new Set();
    const codes = new Set([...homes].map((home) => c.codeOf(home)));
    if (code) codes.add(code);
    for (const one of codes) names.add(`subgrid:${one}`);
    names.add(`community:${c.code}`);
    for (const home of homes) names.add(`building:${c.buildings[c.building[home]].code}`);
    return [...names].filter((name) => this.locks.has(name)).map((lock) => this.stopBy(lock));
  },

  stopBy(lock) {
    return { text: this.say("stop_lock", { lock: this.sayLock(lock) }), lock };
  },

  sayStops(c, code) {
    const homes = [...this.chosen.homes].filter((home) => c.codeOf(home) !== code);
    return this.listStops(c, homes, code).slice(0, 3).map(({ text }) =>
      make("div", { class: "bad" }, text));
  },

  // A lock as people name it.
  sayLock(name) {
    const level = name.slice(0, name.indexOf(":"));
    const of = name.slice(level.length + 1);
    let called = of;
    if (level === "community") {
      called = (this.places.find((place) => place.code === of) || { name: of }).name;
    } else if (level === "building") {
      for (const c of this.stage.open.values()) {
        const b = c.buildings.find((one) => one.code === of);
        if (b) called = b.name || b.code;
      }
    } else called = short(of);
    return this.say(`lock_${level}`, { name: called });
  },

  // Reasons as the server gives them: each with its remedy, and the lock to open where it is one.
  takeReasons(list) {
    this.showWhy(list.map(({ message, remedy, lock }) => ({
      text: [message, lock ? "" : remedy].filter(Boolean).join(" → "), lock,
    })));
  },

  showWhy(stops, again = null) {
    this.hideWhy();
    this.hideCard();
    const cures = stops.flatMap(({ lock, cure }) => [
      lock ? button(this.say("unlock_it", { lock: this.sayLock(lock) }),
        () => this.openLock(lock, again), { class: "main" }) : null,
      cure ? button(cure.label, () => {
        this.hideWhy();
        cure.run();
      }, { class: "main" }) : null,
    ]).filter(Boolean);
    const box = make("div", { id: "why", role: "group", "aria-label": this.say("why_not") },
      ...stops.slice(0, 4).map(({ text }) => make("div", { class: "bad" }, text)),
      make("div", { class: "buttons" }, ...cures.slice(0, 4),
        button(this.say("close"), () => this.hideWhy())));
    document.getElementById("stage").append(box);
    const [x, y] = this.at || [this.stage.width / 2, this.stage.height / 3];
    box.style.left = `${Math.max(4, Math.min(x + 12, this.stage.width - box.offsetWidth - 6))}px`;
    box.style.top = `${Math.max(4, Math.min(y + 12, this.stage.height - box.offsetHeight - 6))}px`;
    this.alarm(stops.map(({ text }) => text).join("; "));
    if (this.byKey) box.querySelector("button").focus();
  },

  hideWhy() {
    const box = document.getElementById("why");
    if (!box) return false;
    if (box.contains(document.activeElement)) this.stage.over.focus();
    box.remove();
    this.alarm("");
    return true;
  },

  async openLock(lock, again) {
    this.hideWhy();
    const done = await this.run([`unlock ${quote(lock)}`], {});
    if (done && again) again();
  },

  // Homes of one community cannot go to another; a new sub-grid of their own can be made.
  stopAcross(c) {
    this.showWhy([{
      text: this.say("stop_across", { name: this.sayPlace(c) }),
      cure: { label: this.say("new_in", { name: this.sayPlace(c) }), run: () => this.foreseeNew() },
    }]);
  },

  sayPlace(c) {
    return (this.places.find((place) => place.code === c.code) || { name: c.code }).name;
  },

  // Who was first, and where to look.
  stopOvertaken({ homes, by }) {
    const who = by.map((event) => this.sayOffice(event)).join(", ");
    const text = this.say("overtaken", { homes: homes.join(", "), by: who });
    const look = () => {
      const c = [...this.stage.open.values()].find((one) => one.homeAt.has(homes[0]));
      if (!c) return;
      const there = homes.map((home) => c.homeAt.get(home)).filter((home) => home !== undefined);
      this.choose(c, there);
      this.bringIntoView(c, there);
    };
    const cure = homes.length ? { label: this.say("show_theirs", { by: who }), run: look } : null;
    this.showWhy([{ text, cure }]);
  },
};
