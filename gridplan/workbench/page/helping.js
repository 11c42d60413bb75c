// Help of the server: suggestions, jobs and their proposals; mixed into the App.

import { button, make } from "/page/panels.js";
import { joinBoxes } from "/page/stage.js";

export const helping = {
  takeJob(message) {
    this.job = message.cancelled || message.error ? null : message;
    if (message.error) this.alarm(message.error);
    this.panels.drawChoice();
  },

  async takeProposals({ rows }) {
    this.job = null;
    this.proposals = rows;
    this.panels.drawChoice();
    if (rows.length) this.seeProposal(rows[0]);
  },

  sayOut(row) {
    const out = (side) => Object.values(side).filter((f) => !f.in_band || f.pieces > 1).length;
    return this.say("out_change", { before: out(row.before), after: out(row.after) });
  },

  seeProposal(row) {
    for (const c of this.stage.open.values()) {
      const homes = Object.keys(row.homes).map((home) => c.homeAt.get(home))
        .filter((home) => home !== undefined);
      if (!homes.length) continue;
      this.stage.marks.foreseen = { community: c, homes };
      this.stage.show(joinBoxes(homes.map((home) => c.pieceBoxes[c.piece[home]])));
    }
    this.stage.point();
  },

  async takeProposal(row) {
    this.forget();
    await this.step("take", { proposal: row.proposal });
    this.choose(null, []);
  },

  async repair(...codes) {
    const job = await this.ask({ kind: "help", subgrids: codes });
    if (job) this.takeJob(job);
  },

  askRedraw(place) {
    const field = make("input", { type: "range", min: 0, max: 20, step: 1, value: 5 });
    const label = make("span", {}, "5 %");
    field.addEventListener("input", () => { label.textContent = `${field.value} %`; });
    // It begins where the slider is let go.
    field.addEventListener("change", () => begin());
    const begin = async () => {
      const most = Number(field.value) / 100;
      const job = await this.ask({ kind: "help", community: place.code, most_moved: most });
      if (job) this.takeJob(job);
    };
    this.panels.choice.replaceChildren(
      make("div", {}, `${this.say("redraw")} ${place.name}`),
      make("label", {}, this.say("most_moved"), field, label),
      make("div", { class: "buttons" }, button(this.say("begin"), begin, { class: "main" }),
        button(this.say("drop"), () => this.drop())),
    );
  },

  async cancelJob() {
    await this.ask({ kind: "cancel" });
  },
};
