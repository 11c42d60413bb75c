// Undo and redo: what the page can take back by itself is shown at once, and what the server says
// comes after, and counts. Mixed into the App.

import { joinBoxes } from "/page/stage.js";

const KEPT = 2000; // changes that the page remembers

export const stepping = {
  remember(event) {
    this.remembered ||= new Map();
    this.remembered.set(event.number, event);
    if (this.remembered.size > KEPT) {
      this.remembered.delete(this.remembered.keys().next().value);
    }
  },

  // Put homes where an undo or redo will put them; returns what takes that back, or null where
  // the page cannot know, as where sub-grids begin or end.
  stepAtOnce(kind) {
    const effect = this.remembered?.get(this.steps?.[kind])?.effect;
    const homes = Object.entries(effect?.homes || {});
    if (!homes.length || Object.keys(effect.grids || {}).length) return null;
    for (const c of this.stage.open.values()) {
      const mine = homes.filter(([home]) => c.homeAt.has(home))
        .map(([home, [before, after]]) => [c.homeAt.get(home), before, after]);
      if (!mine.length) continue;
      if (mine.length < homes.length) return null;
      // Others may have been here since; then the server says what is so.
      const stands = mine.every(([home, before, after]) =>
        c.codeOf(home) === after && c.place.has(before));
      if (!stands) return null;
      this.putHomes(c, mine.map(([home, before]) => [home, before]));
      return () => this.putHomes(c, mine.map(([home, , after]) => [home, after]));
    }
    return null;
  },

  // Put homes into sub-grids, count both sides again, and paint what it touches.
  putHomes(c, pairs) {
    const codes = new Set(pairs.flatMap(([home, code]) => [c.codeOf(home), code]));
    for (const [home, code] of pairs) c.put(home, code);
    this.refigure(c, [...codes].filter((code) => c.members[c.place.get(code)].size));
    this.stage.paint(joinBoxes(this.boxesOf(c, codes)));
  },
};
