// The card beside the pointer; mixed into the App.

import { make, short } from "/page/panels.js";

export const cards = {
  hover(found, at) {
    const mark = found && found.community ? found : null;
    const before = this.stage.marks.point;
    const same = mark && before && ["community", "code", "piece", "lone"]
      .every((name) => mark[name] === before[name]);
    this.stage.marks.point = mark;
    if (!same && (mark || before)) this.stage.point();
    if (mark) this.showCard(mark, at);
    else if (found && found.place) this.showCard(found, at);
    else this.hideCard();
  },

  showCard(found, [x, y]) {
    const card = document.getElementById("card");
    // The same place with the same figures is said already; the card only goes with the pointer.
    const about = [found.community, found.code, found.piece, found.lone, found.place,
      found.community?.looked, this.chosen, this.chosen.homes.size, this.number, this.lang];
    const same = !card.hidden && this.said && about.every((one, n) => one === this.said[n]);
    if (!same) {
      this.said = about;
      card.replaceChildren(...this.describe(found));
      card.hidden = !card.childNodes.length;
    }
    const right = x > this.stage.width - 350;
    card.style.left = `${right ? x - card.offsetWidth - 14 : x + 16}px`;
    card.style.top = `${Math.min(y + 12, this.stage.height - card.offsetHeight - 6)}px`;
  },

  hideCard() {
    document.getElementById("card").hidden = true;
  },

  describe(found) {
    if (found.place) return this.describePlace(found.place);
    const c = found.community;
    if (found.lone) {
      return [this.sayChain([c.name || c.code]), make("div", {},
        make("strong", {}, `${this.say(`kind_${found.lone.kind}`)} ${found.lone.name}`),
        make("small", {}, ` ${found.lone.code}`))];
    }
    const { chosen } = this;
    const moves = chosen.homes.size && !chosen.whole && chosen.community === c
      && [...chosen.homes].some((home) => c.codeOf(home) !== found.code);
    const rows = [];
    if (found.home !== undefined) {
      const homes = c.homesIn[found.piece];
      const sum = homes.reduce((total, home) => total + c.households[home], 0);
      const estimated = c.buildings[c.building[found.home]].estimated ? "≈" : "";
      rows.push(this.sayChain([c.name || c.code, c.sayCompound(found.home)]));
      rows.push(make("div", {}, make("strong", {}, c.say(found.home, this)), ` ${estimated}`,
        this.say("households_of", { households: sum }),
        make("small", {}, ` ${c.homes[found.home]}`)));
    } else rows.push(this.sayChain([c.name || c.code]));
    if (moves) {
      rows.push(this.tableOf(this.foreseeRows(c, found.code)), ...this.sayStops(c, found.code));
    } else {
      const f = c.measure(c.members[c.place.get(found.code)], found.code);
      rows.push(make("div", {}, make("strong", {}, short(found.code)), ` · ${
        this.sayFigures(f, c, found.code)}`));
      const looked = this.sayLooked(c, found);
      if (looked) rows.push(make("div", {}, looked));
    }
    return rows;
  },

  // The chain from the widest to the narrowest, without what there is none of.
  sayChain(names) {
    return make("div", { class: "quiet" }, names.filter(Boolean).join(" › "));
  },

  describePlace(place) {
    return [make("div", {}, make("strong", {}, place.name), make("small", {}, ` ${place.code}`)),
      make("div", {}, this.say("place_counts", place)),
      make("div", { class: "quiet" }, this.say("place_opens"))];
  },

  sayFigures(f, c, code) {
    const about = c.isEstimated(c.place.get(code)) ? "≈" : "";
    const walk = f.walk === null ? this.say("walk_later") : this.say("walk_of", {
      metres: Math.round(f.walk),
    });
    const band = f.out
      ? this.say(f.small ? "under_band" : "over_band", { amount: f.out })
      : this.say("in_band");
    const apart = f.pieces > 1 ? ` · ${this.say("in_pieces", { pieces: f.pieces })}` : "";
    return `${about}${this.say("households_of", { households: f.households })} · ${band}`
      + ` (${c.band[0]}–${c.band[2]}) · ${walk}${apart}`;
  },

  tableOf(rows) {
    const cell = (before, after, bad) =>
      make("td", { class: bad ? "bad" : "" },
        before === after ? `${after}` : `${before} → ${after}`);
    return make("table", {}, ...rows.map(({ code, before, after }) => {
      const b = before || { households: "–", walk: null, pieces: 1, out: 0 };
      const a = after || { households: this.say("ends"), walk: null, pieces: 1, out: 0 };
      const walk = (f) => (f.walk === null || f.walk === undefined ? "–" : Math.round(f.walk));
      return make("tr", {},
        make("td", {}, make("strong", {}, short(code))),
        cell(b.households, a.households, a.out),
        make("td", { class: a.out ? "bad" : "good" }, a.out
          ? this.say(a.small ? "under_band" : "over_band", { amount: a.out }) : "✓"),
        make("td", {}, walk(b) === walk(a) ? `${walk(a)} m` : `${walk(b)} → ${walk(a)} m`),
        make("td", { class: "last" }, make("span", { class: a.pieces > 1 ? "bad" : "" },
          a.pieces > 1 ? this.say("in_pieces", { pieces: a.pieces }) : this.say("one_piece")),
        make("small", { class: a.cut > b.cut ? "bad" : "quiet" }, this.sayWholes(b, a))));
    }));
  },

  // Buildings that are cut and compounds that are reached into, where there are any.
  sayWholes(b, a) {
    const from = (before, after) => (before === after || before === undefined
      ? `${after}` : `${before} → ${after}`);
    return [
      a.cut || b.cut ? this.say("cut_buildings", { count: from(b.cut, a.cut || 0) }) : "",
      a.compounds > 1 || b.compounds > 1
        ? this.say("in_compounds", { count: from(b.compounds, a.compounds || 0) }) : "",
    ].filter(Boolean).join(" · ");
  },
};
