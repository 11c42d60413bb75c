// Help of the server: suggestions, jobs and their proposals; mixed into the App.

import { joinBoxes } from "/page/stage.js";

export const helping = {
  takeJob(message) {
    this.job = message.cancelled || message.error ? null : message;
    if (message.error) this.alarm(message.error);
    this.panels.drawChoice();
  },

  async takeProposals({ rows, shares = [] }) {
    this.job = null;
    this.proposals = rows;
    this.asked = null;
    this.shares = shares;
    // A twentieth is what most offices begin from, or the least that helps.
    const helps = (share) => rows.some((row) => row.share === share);
    const first = shares.findIndex((share) => share >= 0.05 && helps(share));
    this.stop = first >= 0 ? first : Math.max(0, shares.findLastIndex(helps));
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
    const { proposals } = this;
    this.forget();
    await this.step("take", { proposal: row.proposal });
    // Somebody was first: the ways stay in sight, with what to do about it.
    if (this.refusal) {
      this.proposals = proposals;
      this.panels.drawChoice();
      return;
    }
    // What was compared with is what there is now.
    if (this.comparison) this.closeComparison();
    this.choose(null, []);
  },

  async askHelp(question) {
    this.forget();
    this.lastHelp = question;
    const job = await this.ask({ kind: "help", ...question });
    if (job) this.takeJob(job);
  },

  repair(...codes) { return this.askHelp({ subgrids: codes }); },

  // All stops of the curve are worked out at once; the slider then costs nothing.
  async askRedraw(place) {
    await this.openCommunity(place.code, !this.stage.open.has(place.code));
    await this.askHelp({ community: place.code });
  },

  async cancelJob() {
    await this.ask({ kind: "cancel" });
  },
};
