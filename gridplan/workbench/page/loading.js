// Which communities the page holds: one that is opened or zoomed into, quietly those beside it,
// and no more than can be looked through quickly. Mixed into the App.

import { meets, middleOf } from "/page/paths.js";
import { Community } from "/page/model.js";

const KEPT = 24; // communities that the page holds
const WIDE = 110; // pixels that a community is wide before it is loaded
const TRIES = 200; // milliseconds between two communities that are loaded quietly

export const loading = {
  async openCommunity(code, shows = true) {
    const c = await this.fetchCommunity(code);
    if (!c) return null;
    document.getElementById("community").value = code;
    if (shows) this.stage.fit(c.box);
    return c;
  },

  // Load a community once, however often it is asked for meanwhile.
  async fetchCommunity(code) {
    const { stage } = this;
    const known = stage.open.get(code);
    if (known) {
      known.used = performance.now();
      return known;
    }
    this.loads ||= new Map();
    if (!this.loads.has(code)) {
      this.loads.set(code, this.loadCommunity(code).finally(() => this.loads.delete(code)));
    }
    return this.loads.get(code);
  },

  async loadCommunity(code) {
    const { stage } = this;
    const plan = this.plan;
    const data = await this.ask({ kind: "open", community: code });
    // The plan may have been read again meanwhile.
    if (!data || plan !== this.plan) return null;
    const c = this.takeCommunity(data);
    this.dropFar(code);
    stage.paint(c.wide);
    this.drawLegend();
    this.lookUp(c);
    return c;
  },

  takeCommunity(data) {
    const c = new Community(data);
    c.name = this.places.find((place) => place.code === c.code)?.name;
    c.used = performance.now();
    this.stage.prepare(c);
    // What was heard while it was on its way, and is not in it yet.
    for (const heard of this.recent) {
      if (heard.event.number > c.as_of) this.putEvent(c, heard);
    }
    return c;
  },

  // What was looked at longest ago goes, but never what is in view or chosen.
  dropFar(code) {
    const { stage } = this;
    const spare = [...stage.open.values()].filter((c) => c.code !== code
      && c !== this.chosen.community && !meets(c.box, stage.seen));
    spare.sort((a, b) => a.used - b.used);
    for (const c of spare.slice(0, Math.max(0, stage.open.size - KEPT))) {
      stage.open.delete(c.code);
    }
  },

  // After the view has moved: load what is wide enough to be worked in, the nearest first.
  loadSeen() {
    this.nameSeen();
    clearTimeout(this.loadLater);
    this.loadLater = setTimeout(() => this.loadNext(), TRIES);
  },

  // The list above names the community in the middle of the view.
  nameSeen() {
    const { seen } = this.stage;
    const [x, y] = middleOf(seen);
    const here = this.stage.overview.find(({ box }) => meets(box, [x, y, x, y]));
    if (here) document.getElementById("community").value = here.code;
  },

  async loadNext() {
    const { stage } = this;
    if (this.loads?.size) return;
    const { seen } = stage;
    const [x, y] = middleOf(seen);
    for (const c of stage.open.values()) if (meets(c.box, seen)) c.used = performance.now();
    const wanted = stage.overview.filter((place) => !stage.open.has(place.code)
      && meets(place.box, seen) && (place.box[2] - place.box[0]) * stage.scale >= WIDE);
    const far = (place) => Math.hypot(place.middle[0] - x, place.middle[1] - y);
    wanted.sort((a, b) => far(a) - far(b));
    const held = [...stage.open.values()].filter((c) => meets(c.box, seen)).length;
    if (!wanted.length || held >= KEPT) return;
    const c = await this.fetchCommunity(wanted[0].code);
    if (c) this.loadNext();
  },

  // Totals of communities follow the changes, in the list and on the picture.
  countPlaces(effect = null) {
    const out = new Map();
    const faulty = new Set();
    for (const fault of this.faults) {
      if (faulty.has(fault.subgrid)) continue;
      faulty.add(fault.subgrid);
      out.set(fault.community, (out.get(fault.community) || 0) + 1);
    }
    const began = new Map();
    for (const [before, after] of Object.values(effect?.grids || {})) {
      if (after && !before) began.set(after, (began.get(after) || 0) + 1);
      if (before && !after) began.set(before, (began.get(before) || 0) - 1);
    }
    for (const list of [this.places, this.stage.overview]) {
      for (const place of list) {
        place.out = out.get(place.code) || 0;
        place.subgrids += began.get(place.code) || 0;
      }
    }
  },
};
