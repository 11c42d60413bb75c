// Newer land: what broke, and the proposals one by one; mixed into the App.

import { button, make, short } from "/page/panels.js";

export const land = {
  async readLand() {
    const found = await this.ask({ kind: "land_list" });
    if (!found) return;
    this.landRows = found.rows;
    this.broken = found.broken;
    this.panels.draw();
  },

  // Proposals change with every change of the plan; several changes are one.
  readLandLater() {
    if (!this.newLand) return;
    clearTimeout(this.landSoon);
    this.landSoon = setTimeout(() => this.readLand(), 300);
  },

  drawLand() {
    const rows = this.landRows || [];
    const open = rows.filter((row) => row.status === "open");
    const chief = this.seat?.role !== "viewer";
    const top = make("div", { class: "row" },
      make("strong", {}, this.say("land_sum", { count: rows.length, open: open.length })),
      make("div", { class: "buttons" },
        button(this.say("next_proposal"), () => this.nextProposal(), { id: "next-proposal" }),
        open.length && chief
          ? button(this.say("accept_rest"), () => this.acceptPlace(null)) : null,
        open.length && chief
          ? button(this.say("drop_rest"), () => this.dropPlace(null, true)) : null,
        button(this.say("compare_plan"), () => this.compare("branch", ""))));
    return [top, ...rows.map((row) => this.drawPlace(row)), ...this.drawBroken()];
  },

  drawPlace(row) {
    const here = row.number === this.place;
    const what = row.status === "open"
      ? ` ${this.say("moved", { households: row.moved })}, ${this.sayOut(row)}, ${
        this.sayWalk(row)}`
      : ` ${this.say(`land_${row.status}`)}`;
    return make("div", { class: here ? "row here" : "row", "data-place": row.number },
      make("strong", {}, `${here ? "▶ " : ""}${row.number}`), what, make("br"),
      make("small", {}, row.subgrids.map(short).join(", ")), make("br"),
      button(this.say("see"), () => this.showPlace(row)),
      row.status === "accepted" ? null : button(this.say("take"),
        () => this.acceptPlace(row.number), { class: here ? "main" : "" }),
      row.status === "open"
        ? button(this.say("drop_proposal"), () => this.dropPlace(row.number, true)) : null,
      row.status === "dropped"
        ? button(this.say("take_up"), () => this.dropPlace(row.number, false)) : null);
  },

  drawBroken() {
    const broken = this.broken || [];
    const head = make("h3", {}, this.say("broken", { count: broken.length }));
    const more = broken.length > 300
      ? [make("div", { class: "row quiet" }, this.say("and_more", { count: broken.length - 300 }))]
      : [];
    return [head, ...broken.slice(0, 300).map((row) => make("div", { class: "row" },
      make("strong", {}, this.say(`broke_${row.rule}`)),
      ` ${this.say("broke_row", { of: row.of, subgrid: row.subgrid ? short(row.subgrid) : "–",
        households: row.households })} `,
      row.subgrid || row.rule === "new"
        ? button(this.say("go"), () => this.showBroken(row)) : null)), ...more];
  },

  async showBroken(row) {
    if (row.rule !== "new") {
      await this.goTo(row.subgrid, row.community);
      return;
    }
    const c = await this.openCommunity(row.community, !this.stage.open.has(row.community));
    const b = c ? c.buildings.findIndex((one) => one.code === row.of) : -1;
    if (b < 0) return;
    this.choose(c, c.homesOf.get(b));
    this.stage.show(c.pieceBoxes[c.piece[c.homesOf.get(b)[0]]]);
  },

  async showPlace(row) {
    this.place = row.number;
    await this.openCommunity(row.community, !this.stage.open.has(row.community));
    this.seeProposal(row);
    this.panels.draw();
  },

  // The next one that is open, after the one that was looked at last.
  async nextProposal() {
    const open = (this.landRows || []).filter((row) => row.status === "open");
    if (!open.length) {
      this.tell(this.say("land_done"));
      return;
    }
    await this.showPlace(open.find((row) => row.number > (this.place || 0)) || open[0]);
  },

  async acceptPlace(number) {
    this.forget();
    await this.step("land_accept", { number });
    if (this.refusal) return;
    await this.readLand();
    if (number !== null) await this.nextProposal();
  },

  async dropPlace(number, drops) {
    this.forget();
    const found = await this.ask({ kind: "land_drop", number, drops });
    if (!found) return;
    this.landRows = found.rows;
    this.panels.draw();
    if (number !== null && drops) await this.nextProposal();
  },
};
