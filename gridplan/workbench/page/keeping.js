// Saving, the log and the versions; mixed into the App.

import { button, make, short } from "/page/panels.js";

export const keeping = {
  async save(name = "") {
    this.tell(this.say("saving"));
    const saved = await this.ask({ kind: "save", name });
    if (!saved) {
      if (this.refusal && this.refusal.other) this.offerBranch();
      return;
    }
    // The plan on newer land is the plan now, and is read again.
    if (saved.anew) {
      await this.load();
      this.panels.draw();
      this.tell(this.say("land_saved", { version: saved.version }));
      return;
    }
    this.saved = saved.saved;
    this.drawFooter();
    const [, time] = saved.time.split("T");
    this.tell(saved.version ? this.say("saved_now", { time, version: saved.version })
      : this.say("saved_at", { time }));
    if (this.panels.tab === "versions") this.readVersions();
  },

  sayStage(stage) {
    const name = stage.replaceAll(" ", "_");
    return `stage_${name}` in this.words ? this.say(`stage_${name}`) : this.say("stage_working");
  },

  hearSaving({ stage, done, of }) {
    this.tell(`${this.say("saving")} ${this.sayStage(stage)} ${done}/${of}`);
  },

  async readLog() {
    const log = await this.ask({ kind: "log" });
    if (!log) return;
    this.events = log.events;
    this.offices = null;
    this.panels.draw();
  },

  async readVersions() {
    const found = await this.ask({ kind: "versions" });
    if (!found) return;
    this.versions = [found.now, ...found.rows];
    await this.readBranches();
    this.panels.draw();
  },

  revert(number) { return this.step("revert", { number }); },

  // Everything that this seat did today is taken back as one change, and can be looked at.
  async goToDayStart() {
    const { number } = this;
    await this.step("day_start");
    if (this.refusal || this.number === number) return;
    const { moved } = this.lastEvent || {};
    this.showAsked(
      make("div", {}, this.say("day_taken_back", { households: moved || 0 })),
      make("div", { class: "buttons" },
        button(this.say("compare"), () => {
          this.forget();
          this.compare("change", String(number));
        }, { class: "main", id: "compare-day" }),
        button(this.say("drop_note"), () => this.drop())),
    );
  },

  async takeScript(all) {
    const script = await this.ask({ kind: "script", all });
    if (!script) return;
    const url = URL.createObjectURL(new Blob([script.text], { type: "text/plain" }));
    const link = make("a", { href: url, download: script.file });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    this.tell(this.say("script_written", { file: script.file }));
  },

  async readOffices() {
    const found = await this.ask({ kind: "offices" });
    if (!found) return;
    this.offices = found.rows;
    this.panels.draw();
  },

  drawLog() {
    const top = make("div", { class: "row buttons" },
      button(this.say("to_day_start"), () => this.goToDayStart(), { id: "day-start" }),
      button(this.say("compare_saved"), () => this.compare("saved")),
      button(this.say("compare_day"), () => this.compare("day")),
      this.offices
        ? button(this.say("by_change"), () => this.readLog())
        : button(this.say("by_office"), () => this.readOffices(), { id: "by-office" }),
      button(this.say("script_unsaved"), () => this.takeScript(false), { id: "script" }),
      button(this.say("script_all"), () => this.takeScript(true)));
    return [top, ...(this.offices ? this.listOffices() : this.listEvents())];
  },

  listEvents() {
    if (!this.events.length) return [make("div", { class: "row quiet" }, this.say("no_events"))];
    return [...this.events].reverse().slice(0, 300).map((event) => {
      const what = event.kind === "edit" || event.kind === "proposal"
        ? this.sayEvent(event) : this.say(`event_${event.kind}`, { number: event.about });
      return make("div", { class: "row" },
        make("strong", {}, `${event.number}`), ` ${what}`, make("br"),
        make("small", {}, `${event.time.replace("T", " ")} ${this.sayOffice(event)} · `,
          this.say("moved", { households: event.moved })),
        make("br"),
        button(this.say("revert"), () => this.revert(event.number)));
    });
  },

  sayVerb(verb) {
    return `verb_${verb}` in this.words ? this.say(`verb_${verb}`) : verb;
  },

  // As people say it where the homes are on the screen, else as the script has it.
  sayEvent(event) {
    const homes = Object.entries(event.effect.homes || {});
    const c = [...this.stage.open.values()].find((one) =>
      homes.some(([home]) => one.homeAt.has(home)));
    if (!c) {
      return event.lines.slice(0, 3).join("; ") + (event.lines.length > 3 ? " …" : "");
    }
    const moves = new Map();
    for (const [home, [before, after]] of homes) {
      const b = c.buildings[c.building[c.homeAt.get(home)]];
      const way = `${short(before)} → ${short(after)}`;
      if (b) moves.set(way, (moves.get(way) || new Set()).add(b.name || b.code));
    }
    const all = [...moves].map(([way, names]) => {
      const more = names.size > 3 ? this.say("and_more", { count: names.size - 3 }) : "";
      return `${[...names].slice(0, 3).join("、")}${more} ${way}`;
    });
    return all.slice(0, 3).join("; ") + (all.length > 3 ? " …" : "");
  },

  listOffices() {
    if (!this.offices.length) return [make("div", { class: "row quiet" }, this.say("no_events"))];
    return this.offices.map((row) => make("div", { class: "row" },
      make("strong", {}, row.office || this.say("no_office")), make("br"),
      `${row.day} ${this.sayVerb(row.verb)} · `,
      this.say("office_row", { changes: row.changes, households: row.moved }),
      row.saved ? "" : ` · ${this.say("not_saved")}`));
  },

  drawVersions() {
    const field = make("input", { type: "text", maxlength: 60, "aria-label": this.say("name_of") });
    field.placeholder = this.say("name_of");
    const top = make("div", { class: "row" }, make("strong", {}, this.say("save_named")),
      make("div", { class: "buttons" }, field,
        button(this.say("save"), () => this.save(field.value), { id: "save-named" })));
    const rows = this.versions.map((row) => make("div", { class: "row" },
      make("strong", {}, row.name || (row.version || this.say("as_saved"))),
      ` ${row.name && row.version ? row.version : ""} ${row.time.replace("T", " ")} ${row.by}`,
      make("br"),
      row.version
        ? button(this.say("compare"), () => this.compare("version", row.version))
        : button(this.say("compare"), () => this.compare("saved")),
      button(this.say(row.name ? "rename" : "give_name"), () => this.askName(row))));
    return [top, ...rows, ...this.drawBranches()];
  },

  askName(row) {
    this.askText(this.say("name_of"), row.name, async (name) => {
      if (await this.ask({ kind: "name_version", version: row.version, name })) {
        this.readVersions();
      }
    });
  },

  // Show a question below the panel, until it is answered or dropped.
  showAsked(...nodes) {
    this.asked = make("div", {}, ...nodes);
    this.panels.drawChoice();
  },

  // Ask for one line of text.
  askText(title, value, act, note = "") {
    const field = make("input", { type: "text", value, maxlength: 60, "aria-label": title });
    const begin = () => {
      if (!field.value.trim()) return;
      this.forget();
      act(field.value);
    };
    field.addEventListener("keydown", (event) => {
      if (event.code === "Enter" && !event.isComposing && event.keyCode !== 229) begin();
    });
    this.showAsked(
      note ? make("div", {}, note) : "",
      make("label", {}, `${title} `, field),
      make("div", { class: "buttons" },
        button(this.say("accept"), begin, { class: "main", id: "accept-text" }),
        button(this.say("drop"), () => this.drop())));
    field.focus();
  },
};
