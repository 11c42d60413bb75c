// The long lists of the side panel. Only the rows that somebody scrolls to are made, so that a
// prefecture's list costs no more than a town's. Mixed into the Panels.

import { button, make } from "/page/panels.js";

const PART = 40; // rows that are made at a time

export const lists = {
  listPlaces() {
    return this.listInParts("places", this.app.places, (place) => this.makePlace(place));
  },

  makePlace(place) {
    const { app } = this;
    const { code, households, subgrids, out } = place;
    const open = () => app.openCommunity(code);
    return this.makeRow(
      open,
      { "data-community": code },
      make("strong", { title: code }, place.name),
      make("br"),
      make("small", { class: out ? "bad" : "" },
        app.say("place_counts", { households, subgrids, out })),
      make("br"),
      button(app.say("open"), open),
      button(app.say("redraw"), () => app.askRedraw(place)),
      button(app.say(app.locks.has(`community:${code}`) ? "unlock" : "lock"), () =>
        app.toggleLock("community", [code])),
    );
  },

  // A click on a row does what its first button does; keys reach the button.
  makeRow(act, attributes, ...children) {
    const onclick = (event) => { if (!event.target.closest("button")) act(); };
    return make("div", { class: "row goes", onclick, ...attributes }, ...children);
  },

  // The first rows, and more when the end of them comes into sight; as many again as there were
  // when the list is drawn again.
  listInParts(name, list, makeOne) {
    this.made ||= {};
    let count = Math.min(list.length, Math.max(PART, this.made[name] || 0));
    const rows = list.slice(0, count).map(makeOne);
    if (count === list.length) return rows;
    const end = make("div", { class: "row quiet" }, "…");
    const observer = new IntersectionObserver((seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      const more = list.slice(count, count + PART);
      count += more.length;
      this.made[name] = count;
      end.before(...more.map(makeOne));
      if (count === list.length) {
        observer.disconnect();
        end.remove();
      }
    }, { root: this.panel, rootMargin: "300px" });
    observer.observe(end);
    return [...rows, end];
  },
};
