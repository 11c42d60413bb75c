// Branches: make one, go to one, compare, delete; mixed into the App.

import { button, make } from "/page/panels.js";

export const branches = {
  async readBranches() {
    const found = await this.ask({ kind: "branches" });
    this.branchRows = found ? found.rows : [];
  },

  // What the place is called where this seat is; nothing on the plan itself.
  sayHere() {
    return this.newLand ? this.say("tab_land") : this.branchName;
  },

  sayBranch(row) {
    if (row.land) return this.say("land_name", { day: row.made.slice(0, 10) });
    return row.code ? row.name : this.say("the_plan");
  },

  drawBranches() {
    const chief = this.seat?.role === "chief";
    const rows = (this.branchRows || []).map((row) => make("div",
      { class: "row", "data-branch": row.code },
      make("strong", {}, `${row.here ? "▶ " : ""}${this.sayBranch(row)}`),
      row.code ? ` ${row.made.replace("T", " ")} ${row.by}` : "",
      row.unsaved ? ` · ${this.say("unsaved", { count: row.unsaved })}` : "",
      make("br"),
      row.here ? null : button(this.say("go_there"), () => this.enterBranch(row.code)),
      row.here ? null : button(this.say("compare"), () => this.compare("branch", row.code)),
      row.code && !row.used && chief
        ? button(this.say("delete"), () => this.askDelete(row)) : null));
    const make_ = chief
      ? make("div", { class: "row buttons" },
        button(this.say("new_branch"), () => this.askBranch(), { id: "new-branch" }))
      : null;
    return [make("h3", {}, this.say("branches")), make_, ...rows].filter(Boolean);
  },

  askBranch() {
    this.askText(this.say("branch_name"), "", async (name) => {
      if (await this.ask({ kind: "make_branch", name })) await this.arrive();
    });
  },

  async enterBranch(code) {
    if (await this.ask({ kind: "enter_branch", code })) await this.arrive();
  },

  // The answer and the news of it both lead here, and the plan is read once.
  arrive() {
    this.arriving ||= this.readBranch().finally(() => { this.arriving = null; });
    return this.arriving;
  },

  async readBranch() {
    this.closeComparison();
    this.forget();
    await this.load();
    if (this.panels.tab === "versions") await this.readVersions();
    this.tell(this.say("on_branch", { name: this.sayHere() || this.say("the_plan") }));
  },

  askDelete(row) {
    const begin = async () => {
      this.forget();
      const found = await this.ask({ kind: "delete_branch", code: row.code });
      if (found) this.branchRows = found.rows;
      this.panels.draw();
    };
    this.showAsked(
      make("div", {}, this.say("delete_sure", { name: row.name, count: row.unsaved })),
      make("div", { class: "buttons" }, button(this.say("delete"), begin, { id: "delete" }),
        button(this.say("drop"), () => this.drop())));
  },

  // The plan on disk was changed by another program: nothing here is lost.
  offerBranch() {
    document.getElementById("alarm").textContent = "";
    this.askText(this.say("branch_name"), "", async (name) => {
      if (await this.ask({ kind: "leave_as_branch", name })) await this.arrive();
    }, this.say("offer_branch"));
  },

  // Another page of this seat went to another branch.
  hearMoved(message) {
    if (message.seat === this.seat?.code && message.branch !== this.branch) this.arrive();
  },
};
