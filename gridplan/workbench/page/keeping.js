// Saving, the log and the versions; mixed into the App.

export const keeping = {
  async save() {
    this.tell(this.say("saving"));
    const saved = await this.ask({ kind: "save" });
    if (!saved) return;
    this.saved = saved.saved;
    this.drawFooter();
    const [, time] = saved.time.split("T");
    this.tell(this.say("saved_now", { time, version: saved.version || "–" }));
  },

  async readLog() {
    const log = await this.ask({ kind: "log" });
    if (!log) return;
    this.events = log.events;
    this.panels.draw();
  },

  async readVersions() {
    const found = await this.ask({ kind: "versions" });
    if (!found) return;
    this.versions = found.rows;
    this.panels.draw();
  },

  // Who would move if an earlier version were taken again; taking it is a change like any other.
  async lookBack(version) {
    const found = await this.ask({ kind: "look_back", version });
    if (found) this.takeProposals(found);
  },

  revert(number) { return this.step("revert", { number }); },
};
