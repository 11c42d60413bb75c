// Giving what is chosen to a neighbour: by number, by dragging; and the list of what is pending.

import { button, make, short } from "/page/panels.js";
import { writeDisc } from "/page/overlay.js";
import { joinBoxes, middleOf } from "/page/stage.js";

const NEAR = 9;

export const giving = {
  // Numbers appear on the neighbours; the next digit says which.
  startGiving() {
    const { community: c, homes } = this.chosen;
    if (!homes.size) {
      this.tell(this.say("choose_first"));
      return;
    }
    this.near = c.beside(homes).slice(0, NEAR);
    this.tell(this.say("give_how"));
    this.overlay.draw();
  },

  stopGiving() {
    const was = Boolean(this.near);
    this.near = null;
    if (was) this.overlay.draw();
    return was;
  },

  giveTo(number) {
    const { near } = this;
    if (!near || (number && !near[number - 1])) return false;
    this.stopGiving();
    if (number) this.foresee(near[number - 1]);
    else this.foreseeNew();
    return true;
  },

  paintNumbers(pen, stage) {
    const { community: c } = this.chosen;
    if (!this.near || !c) return;
    this.near.forEach((code, n) => {
      const place = this.placeBadge(c, code);
      if (!place) return;
      const [x, y] = stage.toScreen(...place);
      const keep = (v, high) => Math.max(14, Math.min(v, high - 14));
      writeDisc(pen, `${n + 1}`, keep(x, stage.width), keep(y - 20, stage.height), "#1c6b35");
    });
  },

  // The middle of the home nearest to the middle of all: there the badge of a sub-grid lies.
  placeBadge(c, code) {
    const homes = [...(c.members[c.place.get(code)] || [])];
    if (!homes.length) return null;
    const middles = homes.map((home) => middleOf(c.pieceBoxes[c.piece[home]]));
    const x = middles.reduce((sum, m) => sum + m[0], 0) / middles.length;
    const y = middles.reduce((sum, m) => sum + m[1], 0) / middles.length;
    const far = (m) => Math.hypot(m[0] - x, m[1] - y);
    return middles.reduce((best, m) => (far(m) < far(best) ? m : best));
  },

  // The sub-grid whose number lies at a place of the screen.
  findBadge([x, y]) {
    const [wx, wy] = this.stage.toWorld(x, y);
    const reach = 20 / this.stage.scale;
    for (const c of this.stage.open.values()) {
      for (const [code, box] of c.landBoxes) {
        const wide = (box[2] - box[0]) * this.stage.scale;
        if (wide < 26 || wx < box[0] - reach || wx > box[2] + reach
          || wy < box[1] - reach || wy > box[3] + reach) continue;
        const place = this.placeBadge(c, code);
        if (!place) continue;
        const [bx, by] = this.stage.toScreen(...place);
        if (Math.abs(bx - x) <= 13 && Math.abs(by - y) <= 9) return { community: c, code };
      }
    }
    return null;
  },

  // While the choice is dragged, the sub-grid under the pointer says what it would become.
  dragOver(found, at) {
    const { community: c } = this.chosen;
    const there = found.community === c && found.code ? found : null;
    this.stage.marks.wanted = there && !this.isOwn(there.code) ? there : null;
    this.stage.point();
    if (found.community) this.showCard(found, at);
    else this.hideCard();
  },

  // Let go over another sub-grid the choice would go there; anywhere else nothing happens.
  dropOn(found) {
    const { community: c } = this.chosen;
    this.stage.marks.wanted = null;
    if (found.community && found.community !== c && found.code) this.stopAcross(c);
    else if (found.community === c && found.code && !this.isOwn(found.code)) {
      this.foresee(found.code);
    } else this.stage.point();
  },

  isOwn(code) {
    const { community: c, homes } = this.chosen;
    return [...homes].every((home) => c.codeOf(home) === code);
  },

  // What is chosen, building by building, each of which can be taken off the list.
  listPending() {
    const { community: c, homes } = this.chosen;
    if (!c || homes.size < 2) return null;
    const by = new Map();
    for (const home of homes) {
      const b = c.building[home];
      by.set(b, [...(by.get(b) || []), home]);
    }
    if (by.size < 2) return null;
    const rows = [...by].slice(0, 40).map(([b, mine]) => {
      const name = c.buildings[b].name || short(c.buildings[b].code);
      const sum = mine.reduce((total, home) => total + c.households[home], 0);
      return make("span", { class: "pick" }, `${name} (${sum})`,
        button("×", () => this.prune(mine), {
          "aria-label": this.say("take_off", { name }), title: this.say("take_off", { name }),
        }));
    });
    const more = by.size > 40 ? this.say("and_more", { count: by.size - 40 }) : null;
    return make("div", { class: "picks" }, ...rows, more);
  },

  prune(homes) {
    const { foreseen } = this;
    const code = foreseen && foreseen.moves ? foreseen.moves.code : null;
    const { community } = this.chosen;
    const left = [...this.chosen.homes].filter((home) => !homes.includes(home));
    this.choose(community, left);
    if (code && left.length) this.foresee(code);
  },

  // Pan to what changed where it is out of view; never zoom.
  bringIntoView(c, homes) {
    const { stage } = this;
    const [x, y] = stage.toScreen(...middleOf(joinBoxes(homes.map((home) =>
      c.pieceBoxes[c.piece[home]]))));
    if (x >= 0 && y >= 0 && x <= stage.width && y <= stage.height) return;
    const dx = stage.width / 2 - x;
    const dy = stage.height / 2 - y;
    stage.pan(dx, dy);
    stage.settle();
  },

  // Right button: with the brush, giver and taker change places; else what is pending is dropped.
  turnRound() {
    const { pair } = this;
    if (this.tool !== "brush" || !pair) {
      this.drop();
      return;
    }
    this.pair = { community: pair.community, from: pair.to, to: pair.from };
    this.choose(null, []);
    this.tell(this.say("turned", { from: short(pair.to), to: short(pair.from) }));
  },
};
