// Who sits where, and what the others are looking at; mixed into the App.

import { button, make, plain } from "/page/panels.js";

const EVERY = 600; // milliseconds between two words of where this page looks

export const presence = {
  beginPresence() {
    document.getElementById("seats").addEventListener("click", () => this.panels.turn("seats"));
    this.stage.decorate = (pen) => this.drawOthers(pen);
    setInterval(() => this.sayWhere(), EVERY);
  },

  // Only what has changed is said, and nothing while the line is lost.
  async sayWhere() {
    if (this.link.lost || this.link.stopped || !this.seat) return;
    const { community, homes } = this.chosen;
    const chosen = [...homes].slice(0, 20).map((home) => community.homes[home]);
    const where = { community: document.getElementById("community").value, homes: chosen,
      box: this.boxInView() };
    const written = JSON.stringify(where);
    if (written === this.saidWhere) return;
    this.saidWhere = written;
    await this.link.ask({ kind: "here", ...where }).catch(() => { this.saidWhere = ""; });
  },

  boxInView() {
    const { stage } = this;
    const [west, north] = stage.toWorld(0, 0);
    const [east, south] = stage.toWorld(stage.width, stage.height);
    return [west, south, east, north].map(Math.round);
  },

  // An office by its name, or by what it may do.
  sayOffice({ office, seat, role }) { return office || (role ? this.say(`role_${role}`) : seat); },

  takeSeats(rows) {
    this.seats = rows;
    this.drawSeatCount();
    if (this.panels.tab === "seats") this.panels.draw();
    this.stage.point();
  },

  drawSeatCount() {
    const rows = this.seats || [];
    const here = rows.filter((row) => row.here || row.code === this.seat.code).length;
    const count = document.getElementById("seats");
    count.textContent = this.say("seats_here", { count: here });
    count.hidden = rows.length < 2;
  },

  // What others have chosen, in a frame with the name of their office.
  drawOthers(pen) {
    for (const row of this.seats || []) {
      if (!row.here || row.code === this.seat.code || !row.where.homes) continue;
      for (const c of this.stage.open.values()) {
        const pieces = new Set(row.where.homes.map((home) => c.homeAt.get(home))
          .filter((home) => home !== undefined).map((home) => c.piece[home]));
        if (!pieces.size) continue;
        this.stage.place(pen);
        pen.lineWidth = 2 / this.stage.scale;
        pen.setLineDash([6 / this.stage.scale, 3 / this.stage.scale]);
        pen.strokeStyle = "#7a3d00";
        for (const piece of pieces) pen.stroke(c.piecePaths[piece]);
        pen.setLineDash([]);
        const [west, , , north] = c.pieceBoxes[[...pieces][0]];
        const name = plain(row.office || row.code);
        const said = name.length > 12 ? `${name.slice(0, 12)}…` : name;
        this.stage.write(pen, [west, north], said, "#7a3d00");
      }
    }
  },

  listSeats() {
    const rows = this.seats || [];
    const chief = this.seat?.role === "chief";
    return rows.map((row) => make("div", { class: "row" },
      make("strong", {}, row.office || this.say(`role_${row.role}`)),
      ` · ${this.say(`role_${row.role}`)}`,
      row.communities.length ? ` · ${row.communities.map((code) => this.nameOf(code)).join("、")}`
        : "",
      make("br"),
      make("small", { class: row.link ? "" : "bad" }, this.saySeat(row)),
      make("br"),
      row.here && row.where.box?.length && row.code !== this.seat?.code
        ? button(this.say("go"), () => this.goToSeat(row)) : null,
      chief ? button(this.say("new_link"), () => this.makeLink(row)) : null,
      chief && row.link && row.code !== this.seat?.code
        ? button(this.say("revoke"), () => this.revokeLink(row)) : null,
      this.fresh?.seat === row.code ? this.showLink(this.fresh) : null));
  },

  saySeat(row) {
    if (!row.link) return this.say("seat_revoked");
    if (row.code === this.seat?.code) return this.say("seat_mine");
    const where = row.where.community ? this.nameOf(row.where.community) : "";
    if (row.here) return this.say(where ? "seat_here_at" : "seat_here", { where });
    return row.seen ? this.say("seat_away", { time: row.seen.replace("T", " ") })
      : this.say("seat_never");
  },

  nameOf(code) {
    return this.places.find((place) => place.code === code)?.name || code;
  },

  async goToSeat(row) {
    if (row.where.community) await this.openCommunity(row.where.community, false);
    this.stage.show(row.where.box);
  },

  // The link is shown to the chief alone, and once.
  async makeLink(row) {
    const made = await this.ask({ kind: "new_link", seat: row.code });
    if (!made) return;
    if (row.code === this.seat.code) this.link.token = made.token;
    this.fresh = { seat: row.code, link: `${location.origin}/#${made.token}` };
    this.panels.draw();
    document.getElementById("fresh")?.select();
  },

  showLink({ link }) {
    return make("label", {}, this.say("new_link_of"),
      make("input", { id: "fresh", type: "text", readonly: "", value: link }));
  },

  async revokeLink(row) {
    const answer = await this.ask({ kind: "revoke", seat: row.code });
    if (answer) this.takeSeats(answer.rows);
  },
};
