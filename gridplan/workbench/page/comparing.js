// Two pictures with a swipe between them, and the list of who moves; mixed into the App.

import { Community } from "/page/model.js";
import { button, make, short } from "/page/panels.js";
import { Stage, joinBoxes } from "/page/stage.js";

// The views that the page can draw by itself.
const THEN = ["plain", "households", "band", "walk"];

export const comparing = {
  async compare(against, of = "") {
    this.tell(this.say("comparing"));
    const turn = this.nextComparison();
    const found = await this.ask({ kind: "compare", against, of });
    // Closed, or another one asked for, meanwhile.
    if (!found || turn !== this.turnOfComparison) return;
    this.tell("");
    this.comparison = found;
    this.panels.turn("compare");
    this.openSwipe();
    await this.fillThen();
    this.markMoves();
  },

  nextComparison() {
    this.turnOfComparison = (this.turnOfComparison || 0) + 1;
    return this.turnOfComparison;
  },

  sayCompared({ against, of }) {
    const version = this.versions.find((row) => row.version === of);
    const branch = (this.branchRows || []).find((row) => row.code === of);
    if (against === "version") return this.say("version_of", { name: version?.name || of });
    if (against === "branch") {
      if (!of) return this.say("the_plan");
      return branch ? this.say("branch_of", { name: this.sayBranch(branch) }) : of;
    }
    return this.say(`against_${against}`, { number: of });
  },

  // A second picture above the first, of which the swipe shows a part. It is made once.
  openSwipe() {
    if (!this.swipeParts) this.makeSwipe();
    for (const part of this.swipeParts) part.hidden = false;
    this.then = this.stageThen;
    const now = this.stage;
    const { paint, turn } = Object.getPrototypeOf(now);
    // A change repaints a box of the picture of now; the other one only follows the view.
    now.paint = (box) => {
      paint.call(now, box);
      if (!box) this.paintThen();
    };
    now.turn = () => {
      turn.call(now);
      this.followThen();
    };
  },

  makeSwipe() {
    const place = document.getElementById("stage");
    const frame = make("div", { id: "then" });
    const canvas = make("canvas");
    frame.append(canvas);
    place.insertBefore(frame, document.getElementById("over"));
    this.stageThen = new Stage(canvas, make("canvas"));
    const line = make("div", { id: "swipe-line" });
    const slider = make("input", { type: "range", id: "swipe", min: 0, max: 100, value: 50,
      "aria-label": this.say("swipe") });
    slider.addEventListener("input", () => this.swipe(Number(slider.value)));
    line.addEventListener("pointerdown", (event) => line.setPointerCapture(event.pointerId));
    line.addEventListener("pointermove", (event) => {
      if (!line.hasPointerCapture(event.pointerId)) return;
      const box = place.getBoundingClientRect();
      slider.value = String(((event.clientX - box.left) / box.width) * 100);
      this.swipe(Number(slider.value));
    });
    const side = (id) => make("div", { id, class: "swipe-side" });
    this.swipeParts = [frame, line, slider, side("swipe-before"), side("swipe-after")];
    place.append(...this.swipeParts.slice(1));
  },

  swipe(share) {
    const { later } = this.comparison;
    const frame = this.then.land.parentElement;
    // Before is on the left, after on the right, whichever of them is now.
    frame.style.clipPath = later
      ? `inset(0 0 0 ${share}%)` : `inset(0 ${100 - share}% 0 0)`;
    document.getElementById("swipe-line").style.left = `${share}%`;
  },

  async fillThen() {
    const { comparison, then } = this;
    const names = [this.sayCompared(comparison), this.say("now")];
    if (comparison.later) names.reverse();
    document.getElementById("swipe-before").textContent = this.say("before_of", { name: names[0] });
    document.getElementById("swipe-after").textContent = this.say("after_of", { name: names[1] });
    then.open.clear();
    then.overview = this.stage.overview;
    for (const c of this.stage.open.values()) {
      const data = await this.ask({ kind: "compare_place", name: comparison.name,
        community: c.code });
      if (this.comparison !== comparison || !this.then) return;
      if (!data) continue;
      const there = new Community({ ...c, ...data });
      then.prepare(there);
      // What goes on has the colour that it has now.
      for (const [code, n] of c.colour) there.colour.set(code, n);
    }
    this.stage.paint();
    this.swipe(Number(document.getElementById("swipe").value));
  },

  paintThen() {
    const { then, stage } = this;
    if (!then) return;
    for (const name of ["scale", "left", "upper"]) then[name] = stage[name];
    // What other views ask the server for is known of now alone.
    then.view = THEN.includes(stage.view) ? stage.view : "plain";
    then.paint();
  },

  // The picture of then moves with that of now, and is drawn again at rest.
  followThen() {
    const { then, stage } = this;
    if (!then) return;
    for (const name of ["scale", "left", "upper"]) then[name] = stage[name];
    if (then.width) then.follow();
  },

  closeComparison() {
    this.nextComparison();
    if (!this.comparison) return;
    this.comparison = null;
    if (this.then) {
      delete this.stage.paint;
      delete this.stage.turn;
      for (const part of this.swipeParts) part.hidden = true;
      this.then.open.clear();
      this.then = null;
    }
    this.stage.marks.foreseen = null;
    this.stage.paint();
    if (this.panels.tab === "compare") this.panels.turn("log");
  },

  // After a change the comparison is another; several changes are one.
  compareLater() {
    if (!this.comparison) return;
    clearTimeout(this.comparingSoon);
    const { against, of } = this.comparison;
    this.comparingSoon = setTimeout(() => {
      if (this.comparison) this.compare(against, of);
    }, 700);
  },

  markMoves() {
    if (!this.comparison) return;
    for (const c of this.stage.open.values()) {
      const homes = this.comparison.rows.filter((row) => row.community === c.code)
        .flatMap((row) => row.homes.map((home) => c.homeAt.get(home)))
        .filter((home) => home !== undefined);
      if (homes.length) this.stage.marks.foreseen = { community: c, homes };
    }
    this.stage.point();
  },

  sayHomes(row) {
    const number = row.doors.join(this.lang === "zh" ? "、" : ", ");
    return (row.name || row.building) + (number && this.say("stairwell_of", { number }));
  },

  drawComparison() {
    const { comparison } = this;
    if (!comparison) return [];
    const out = (side) => Object.values(side).filter((f) => !f.in_band || f.pieces > 1).length;
    const top = make("div", { class: "row" },
      make("strong", {}, this.say("compared_with", { name: this.sayCompared(comparison) })),
      make("div", {}, this.say("compared_sum", { rows: comparison.rows.length + comparison.more,
        households: comparison.moved, offices: comparison.offices.length })),
      make("div", {}, this.say("out_change",
        { before: out(comparison.before), after: out(comparison.after) })),
      comparison.same_land ? null : make("div", { class: "quiet" }, this.say("other_land",
        { here: comparison.only_here, there: comparison.only_there })),
      make("div", { class: "buttons" },
        comparison.later && comparison.rows.length
          ? button(this.say("take_all"), () => this.takeOver(null),
            { class: "main", id: "take-all" }) : null,
        button(this.say("close"), () => this.closeComparison(), { id: "close-comparison" })));
    const rows = comparison.rows.map((row) => make("div", { class: "row" },
      make("strong", {}, this.sayHomes(row)),
      ` ${this.say("households_of", { households: row.households })} `,
      make("span", { title: `${row.before} → ${row.after}` },
        `${short(row.before)} → ${short(row.after)}`),
      row.seat
        ? make("div", { class: "quiet" }, `${row.time.replace("T", " ")} ${this.sayOffice(row)}`)
        : "",
      make("div", {},
        button(this.say("go"), () => this.showMove(row)),
        button(this.say(comparison.later ? "take_these" : "put_back"),
          () => this.takeOver(row.homes)))));
    const more = comparison.more
      ? [make("div", { class: "row quiet" }, this.say("and_more", { count: comparison.more }))]
      : [];
    if (!rows.length) return [top, make("div", { class: "row good" }, this.say("no_moves"))];
    return [top, ...rows, ...more];
  },

  async showMove(row) {
    const opens = !this.stage.open.has(row.community);
    const c = await this.openCommunity(row.community, opens);
    if (!c) return;
    if (opens) await this.fillThen();
    const homes = row.homes.map((home) => c.homeAt.get(home)).filter((h) => h !== undefined);
    if (!homes.length) return;
    this.stage.marks.foreseen = { community: c, homes };
    this.stage.show(joinBoxes(homes.map((home) => c.pieceBoxes[c.piece[home]])));
    this.stage.point();
  },

  async takeOver(homes) {
    const { name } = this.comparison;
    await this.step("take_over", homes ? { name, homes } : { name });
    this.compareLater();
  },
};
