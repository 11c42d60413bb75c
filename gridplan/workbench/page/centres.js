// The centre of a sub-grid: a star on each of its stairwells, and back to gridplan's own choice.

import { quote } from "/page/commands.js";
import { button } from "/page/panels.js";
import { drawStar } from "/page/overlay.js";

const ABOVE = 15; // pixels by which a star lies above its door, clear of the badge
const APART = 15; // pixels between two stars; of closer ones only the first is shown

export const centres = {
  // The stairwells that bear stars: those of a sub-grid that is chosen whole, the centre first,
  // and of those that lie close together one, until the map is larger.
  starred() {
    const { community: c, homes, whole } = this.chosen;
    if (!whole || !homes.size || this.drawing || this.near) return null;
    const codes = this.codesChosen();
    if (codes.length !== 1) return null;
    const shown = [];
    for (const home of [this.findCentre(c, codes[0]), ...homes]) {
      const [x, y] = this.placeStar(c, home);
      if (shown.every((star) => Math.hypot(star.x - x, star.y - y) >= APART)) {
        shown.push({ home, x, y });
      }
    }
    return { c, code: codes[0], shown };
  },

  placeStar(c, home) {
    const [x, y] = this.stage.toScreen(c.xy[2 * home], c.xy[2 * home + 1]);
    return [x, y - ABOVE];
  },

  findStar([x, y]) {
    const starred = this.starred();
    if (!starred) return null;
    const hit = starred.shown.find((star) => Math.hypot(star.x - x, star.y - y) <= 8);
    return hit ? hit.home : null;
  },

  paintStars(pen) {
    const starred = this.starred();
    if (!starred) return;
    starred.shown.forEach(({ x, y }, n) => drawStar(pen, x, y, n ? 6 : 8, !n));
  },

  // The centre: chosen by hand, else the home to which all together walk least.
  findCentre(c, code) {
    const homes = [...c.members[c.place.get(code)]];
    const chosen = c.homeAt.get(c.centres[c.place.get(code)] || "");
    if (chosen !== undefined && homes.includes(chosen)) return chosen;
    let best = homes[0];
    let least = Infinity;
    for (const centre of homes) {
      const sum = homes.reduce((all, home) => all + c.households[home] * c.walk(centre, home), 0);
      if (sum < least - 1e-9) {
        least = sum;
        best = centre;
      }
    }
    return best;
  },

  foreseeCentre(home) {
    const { community: c } = this.chosen;
    const code = c.codeOf(home);
    return this.tryLines([`centre of ${quote(code)} at ${quote(c.homes[home])}`],
      this.say("centre_title", { name: c.say(home, this) }));
  },

  setCentre() {
    const [home] = this.chosen.homes;
    if (home === undefined) return null;
    return this.foreseeCentre(home);
  },

  // Leave the centre to gridplan again.
  freeCentre() {
    const [code] = this.codesChosen();
    if (!code) return null;
    return this.tryLines([`centre of ${quote(code)} automatically`], this.say("centre_free"));
  },

  // Buttons of the choice: the centre here, or automatic where it was chosen by hand.
  offerCentre(c, homes, codes) {
    if (codes.length !== 1) return [];
    const byHand = Boolean(c.centres[c.place.get(codes[0])]);
    return [
      homes.length === 1 ? button(this.say("centre"), () => this.setCentre()) : null,
      byHand ? button(this.say("centre_free"), () => this.freeCentre()) : null,
    ].filter(Boolean);
  },
};
