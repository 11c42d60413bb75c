// What is chosen, and what would be done with it; mixed into the App.

import { quote, quoteAll, writeMove, writeSeen } from "/page/commands.js";
import { lieWithin } from "/page/drawn_lines.js";
import { short } from "/page/panels.js";
import { joinBoxes } from "/page/stage.js";

const CLOSE = 60; // pixels that a sub-grid must be wide to be looked at

export const choosing = {
  // Bring a sub-grid into view, so near that its homes can be told apart.
  showClose(box) {
    const { stage } = this;
    const wide = box[2] - box[0];
    const high = box[3] - box[1];
    if (Math.max(wide, high) * stage.scale >= CLOSE) stage.show(box);
    else stage.fit([box[0] - 2 * wide, box[1] - 2 * high, box[2] + 2 * wide, box[3] + 2 * high]);
  },

  async goTo(code, communityCode) {
    const c = await this.openCommunity(communityCode, !this.stage.open.has(communityCode));
    if (!c || !c.place.has(code)) return;
    this.choose(c, c.members[c.place.get(code)], false, true);
    const box = c.landBoxes.get(code);
    if (box) this.showClose(box);
  },

  choose(community, homes, adds = false, whole = false) {
    const same = adds && this.chosen.community === community;
    this.chosen = {
      community,
      homes: new Set(same ? [...this.chosen.homes, ...homes] : homes),
      whole: whole && !same, // a sub-grid was chosen as such
    };
    this.near = null;
    this.forget();
  },

  // What a box or a lasso holds; homes of one community are chosen at a time.
  chooseWithin(line, adds) {
    const found = this.stage.findWithin(line);
    if (found) this.choose(found.community, found.homes, adds);
    else if (!adds) this.choose(null, []);
    if (found && this.stage.open.size > 1 && this.holdsOthers(line, found.community)) {
      this.tell(this.say("one_community", { name: this.sayPlace(found.community) }));
    }
  },

  // Whether homes of further communities lie in a line, which are not chosen.
  holdsOthers(line, community) {
    return [...this.stage.open.values()].some((c) => c !== community
      && lieWithin(line, c.homes.map((_, home) => [c.xy[2 * home], c.xy[2 * home + 1]]))
        .includes(true));
  },

  forget() {
    this.panels.form = false;
    this.foreseen = null;
    this.asked = null;
    this.proposals = null;
    this.ghost = null;
    this.stage.marks.chosen = this.chosen.homes.size ? this.chosen : null;
    this.stage.marks.foreseen = null;
    this.stage.marks.wanted = null;
    this.stage.point();
    this.panels.drawChoice();
  },

  // Escape goes back one step at a time: a reason, numbers, a drawing, a preview, the choice.
  drop() {
    this.hideCard();
    if (this.hideWhy() || this.stopGiving()) return;
    const shown = this.foreseen || this.proposals || this.asked || this.ghost;
    if (this.panels.form || this.stopDrawing() || shown) this.forget();
    else {
      this.pair = null;
      this.choose(null, []);
    }
  },

  // A number chooses its sub-grid, a home its building. With homes chosen, a click on another
  // sub-grid says where they would go.
  click(found, adds, at) {
    this.hideWhy();
    if (found.place) {
      this.openCommunity(found.place.code, false);
      return;
    }
    const star = adds ? null : this.findStar(at);
    if (star !== null) {
      this.foreseeCentre(star);
      return;
    }
    const spot = this.findBadge(at) || found;
    const { chosen } = this;
    const c = spot.community;
    if (spot.lone && chosen.homes.size) this.showWhy([{ text: this.say("stop_lone") }]);
    if (!c || !spot.code) return;
    const pending = chosen.homes.size && !chosen.whole && !adds;
    if (pending && chosen.community !== c) this.stopAcross(chosen.community);
    else if (pending && !this.isOwn(spot.code)) this.foresee(spot.code);
    else this.pick(c, spot, adds);
  },

  // A building is taken whole where it lies in one sub-grid, else this part of it.
  pick(c, spot, adds) {
    let homes = [...c.members[c.place.get(spot.code)]];
    if (spot.home !== undefined) {
      const all = c.homesOf.get(c.building[spot.home]);
      const whole = all.every((home) => c.member[home] === c.member[spot.home]);
      homes = whole ? all : c.homesIn[spot.piece];
    }
    const { chosen } = this;
    const has = chosen.community === c && homes.every((home) => chosen.homes.has(home));
    // Chosen once more with Shift it is taken off.
    if (adds && has) this.choose(c, [...chosen.homes].filter((home) => !homes.includes(home)));
    else this.choose(c, homes, adds, spot.home === undefined);
  },

  foreseeRows(c, code) {
    const homes = [...this.chosen.homes].filter((home) => c.codeOf(home) !== code);
    return c.foresee(homes, code);
  },

  // Show what giving the chosen homes to a sub-grid would do; nothing is asked yet.
  foresee(code) {
    const { community, homes } = this.chosen;
    const moving = [...homes].filter((home) => community.codeOf(home) !== code);
    if (!moving.length) return;
    const stops = this.listStops(community, moving, code);
    if (stops.length) {
      this.showWhy(stops, () => this.foresee(code));
      return;
    }
    this.foreseen = {
      lines: writeMove(community, moving, code),
      seen: writeSeen(community, moving),
      rows: community.foresee(moving, code),
      title: this.say("give_title", { code: short(code) }),
      moves: { community, homes: moving, code },
    };
    if (this.tool === "brush") {
      this.pair = { community, from: community.codeOf(moving[0]), to: code };
    }
    this.stage.marks.wanted = { community, code };
    this.showForeseen();
  },

  // Enter is for what is foreseen, not for the button that led to it.
  showForeseen() {
    this.stage.point();
    this.panels.form = false;
    this.panels.drawChoice();
    const accept = document.getElementById("accept");
    if (accept && document.activeElement.tagName === "BUTTON") accept.focus();
  },

  // With giver and taker known, another stroke of the brush goes the same way.
  endBrush(from) {
    const { pair, chosen } = this;
    if (pair && pair.community === chosen.community && pair.from === from && chosen.homes.size) {
      this.foresee(pair.to);
    }
  },

  foreseeNew() {
    const { community, homes } = this.chosen;
    return this.tryLines(writeMove(community, homes, ""), this.say("new_subgrid"));
  },

  // Let the server say what lines would do, and show it.
  async tryLines(lines, title) {
    const tried = await this.ask({ kind: "try", lines });
    if (!tried) return;
    const c = this.chosen.community;
    const homes = Object.keys(tried.homes).map((home) => c.homeAt.get(home))
      .filter((home) => home !== undefined);
    this.foreseen = {
      lines: tried.lines,
      seen: writeSeen(c, homes),
      rows: this.listRows(tried, c),
      warnings: tried.warnings,
      title,
    };
    this.stage.marks.foreseen = homes.length ? { community: c, homes } : null;
    this.showForeseen();
  },

  listRows({ before, after, homes = {} }, c) {
    const read = (f) => ({
      households: f.households,
      walk: f.mean_walk,
      pieces: f.pieces,
      small: f.households < c.band[0],
      out: Math.max(0, c.band[0] - f.households, f.households - c.band[2]),
    });
    const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return codes.map((code) => {
      const now = c.place.has(code) ? c.members[c.place.get(code)] : [];
      const then = [...now].filter((home) => (homes[c.homes[home]] ?? code) === code);
      for (const [home, to] of Object.entries(homes)) {
        if (to === code && c.homeAt.has(home)) then.push(c.homeAt.get(home));
      }
      return {
        code,
        before: before[code] && { ...read(before[code]), ...c.countWholes([...now]) },
        after: after[code] && { ...read(after[code]), ...c.countWholes([...new Set(then)]) },
      };
    });
  },

  async accept() {
    const { foreseen } = this;
    if (!foreseen) return;
    // Its figures are those of before.
    this.hideCard();
    this.stopDrawing();
    this.forget();
    // Shown at once; what the server says comes after, and counts.
    const pending = foreseen.moves ? this.putAtOnce(foreseen.moves) : null;
    const done = await this.run(foreseen.lines, foreseen.seen);
    if (done) this.pending.delete(pending);
    else if (pending) this.takeBack(pending);
    if (done) this.choose(null, []);
  },

  putAtOnce({ community, homes, code }) {
    if (this.link.lost) return null;
    const pending = this.addPending(community, homes);
    const codes = [code, ...pending.was.values()];
    for (const home of homes) community.put(home, code);
    this.refigure(community, codes);
    this.stage.paint(joinBoxes(this.boxesOf(community, codes)));
    return pending;
  },

  chooseWhole() {
    const { community: c, homes } = this.chosen;
    const all = [...homes].flatMap((home) => [...c.members[c.member[home]]]);
    this.choose(c, all, false, true);
  },

  codesChosen() {
    const { community: c, homes } = this.chosen;
    return [...new Set([...homes].map((home) => c.codeOf(home)))];
  },

  merge() {
    const { community: c } = this.chosen;
    const codes = this.codesChosen();
    if (codes.length < 2) {
      this.tell(this.say("merge_two"));
      return;
    }
    const size = (code) => c.measure(c.members[c.place.get(code)], code).households;
    codes.sort((a, b) => size(b) - size(a));
    const [into, ...rest] = codes;
    this.tryLines([`merge ${quoteAll(rest)} into ${quote(into)}`], this.say("merge"));
  },

};
