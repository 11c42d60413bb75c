// The list of what is out of rule: each with its reason, the smallest cure, and why just that.

import { quote } from "/page/commands.js";
import { button, make, short } from "/page/panels.js";

const PAUSE = 900; // milliseconds without a change before long walks are asked for

export const faults = {
  listFaults() {
    this.readFar();
    const rows = this.faults.length
      ? this.panels.listInParts("faults", this.faults, (fault) => this.showFault(fault))
      : [make("div", { class: "row good" }, this.say("no_faults"))];
    const far = (this.far || []).slice(0, 20);
    if (!far.length) return rows;
    return [...rows, make("div", { class: "row quiet" }, this.say("far_title")),
      ...far.map((fault) => this.showFault(fault))];
  },

  // Long walks are asked for when nothing has changed for a while: they can wait.
  readFar() {
    if (this.farNumber === this.number) return;
    clearTimeout(this.farTimer);
    this.farTimer = setTimeout(async () => {
      const { number } = this;
      const answer = await this.askQuietly({ kind: "far" });
      if (!answer || number !== this.number) return;
      this.farNumber = number;
      const other = answer.rows.length || (this.far && this.far.length);
      this.far = answer.rows;
      if (other && this.panels.tab === "faults") this.panels.drawList();
    }, PAUSE);
  },

  showFault(fault) {
    const { subgrid, community, rule, households, amount, locked } = fault;
    const text = this.say(`fault_${rule}`, { households, amount });
    const advice = this.readAdvice(fault);
    const now = this.current === subgrid;
    const c = this.stage.open.get(community);
    const counts = ["small", "large"].includes(rule) && c?.place.has(subgrid);
    const about = counts && c.isEstimated(c.place.get(subgrid)) ? "≈" : "";
    const place = this.places.length > 1
      ? this.places.find((one) => one.code === community)?.name : "";
    return make("div", {
      class: now ? "row now" : "row", "data-subgrid": subgrid, "data-rule": rule,
      "aria-current": now ? "true" : null,
    },
    make("strong", { title: subgrid }, [place, short(subgrid)].filter(Boolean).join(" ")),
    ` ${about}${text}`,
    locked ? make("div", {}, this.say("fault_locked", { lock: this.sayLock(locked) })) : null,
    advice && !locked ? make("div", { class: "advice" }, this.sayAdvice(advice)) : make("br"),
    button(this.say("go"), () => this.lookAt(fault)),
    locked
      ? button(this.say("unlock"), () => this.run([`unlock ${quote(locked)}`], {}))
      : button(this.say("try"), () => this.tryAdvice(fault), { "data-try": "" }),
    button(this.say("why"), () => this.explain(fault), { "aria-expanded": String(
      this.explained === subgrid) }),
    locked ? null : button(this.say("repair_here"), () => this.repair(subgrid)),
    advice && this.explained === subgrid ? this.sayWhy(fault, advice) : null);
  },

  // What was advised counts until the plan changes.
  readAdvice({ subgrid }) {
    const known = this.advised && this.advised.get(subgrid);
    return known && known.number === this.number ? known.answer : null;
  },

  async advise(fault) {
    const known = this.readAdvice(fault);
    if (known) return known;
    const { number } = this;
    const answer = await this.askQuietly({ kind: "suggest", subgrid: fault.subgrid });
    if (!answer) return null;
    this.advised = this.advised || new Map();
    this.advised.set(fault.subgrid, { number, answer });
    if (this.panels.tab === "faults") this.panels.drawList();
    return answer;
  },

  async lookAt(fault) {
    this.current = fault.subgrid;
    this.stopDrawing();
    await this.goTo(fault.subgrid, fault.community);
    this.panels.drawList();
    const row = document.querySelector("#panel .now");
    if (row) row.scrollIntoView({ block: "nearest" });
    await this.advise(fault);
  },

  nextFault(step) {
    const list = [...this.faults, ...(this.far || [])];
    if (!list.length) {
      this.tell(this.say("no_faults"));
      return;
    }
    const now = list.findIndex((fault) => fault.subgrid === this.current);
    const next = now < 0 ? (step > 0 ? 0 : list.length - 1)
      : (now + step + list.length) % list.length;
    this.panels.tab = "faults";
    this.lookAt(list[next]);
  },

  async tryAdvice(fault = [...this.faults, ...(this.far || [])]
    .find((one) => one.subgrid === this.current)) {
    if (!fault) {
      this.tell(this.say("try_first"));
      return;
    }
    this.current = fault.subgrid;
    await this.goTo(fault.subgrid, fault.community);
    const answer = await this.advise(fault);
    if (!answer) return;
    if (!answer.lines.length) this.showWhy([{ text: this.sayAdvice(answer) }]);
    else await this.tryLines(answer.lines, this.sayAdvice(answer));
  },

  explain(fault) {
    this.explained = this.explained === fault.subgrid ? null : fault.subgrid;
    this.panels.drawList();
    if (this.explained) this.advise(fault);
  },

  // The cure in plain words: what moves from where to where.
  sayAdvice({ how, homes, into, parts, subgrid, beside }) {
    const code = short(subgrid);
    if (!how) return this.say("no_suggestion", { code });
    const c = [...this.stage.open.values()].find((one) => one.place.has(subgrid));
    const there = c ? homes.map((home) => c.homeAt.get(home)) : [];
    const households = there.reduce((sum, home) => sum + c.households[home], 0);
    const names = c ? [...new Set(there.map((home) => this.sayBuildingOf(c, home)))] : homes;
    const from = c ? [...new Set(there.map((home) => short(c.codeOf(home))))].join(", ") : "";
    return this.say(`advice_${how}`, { code, names: names.join(this.say("comma")), households,
      from, into: short(into), parts, beside: beside.length });
  },

  sayBuildingOf(c, home) {
    const building = c.buildings[c.building[home]];
    const all = c.homesOf.get(c.building[home]);
    const whole = all.every((other) => c.codeOf(other) === c.codeOf(home));
    return whole ? building.name || short(building.code) : c.say(home, this);
  },

  // Why just that: the band, the neighbours, and what stood in the way of other changes.
  sayWhy({ subgrid, households }, { beside, tried, band }) {
    const near = beside.slice(0, 6).map(([code, count]) => `${short(code)} (${count})`);
    const lines = [
      band.length ? this.say("why_band", { code: short(subgrid), households, low: band[0],
        high: band[2] }) : "",
      near.length ? this.say("why_beside", { list: near.join(this.say("comma")) })
        : this.say("why_alone"),
      ...["works", "short", "others", "locked"].filter((key) => tried[key]).map((key) =>
        this.say(`why_${key}`, { count: tried[key] })),
    ];
    return make("ul", { class: "why" }, ...lines.filter(Boolean).map((text) =>
      make("li", {}, text)));
  },
};
