// The views: what each colours, in how many classes, and what the classes are called.

const LOADS = ["#e69f00", "#a4c8e4", "#4f8ac0", "#a8281e"];
const STATES = ["#6c9fc0", "#e69f00", "#a8281e", "#3d1a66"];
// From few to many, near to far or sure to unsure: lightness falls all along.
const RAMP = ["#aed0ea", "#7fb0d8", "#4f8ac0", "#2b5f98", "#12355f"];
const KINDS = ["in", "small", "large", "apart"];
const METRES = [20, 40, 60, 80];

// ``grade`` counts from figures that the page has; ``of`` says what the server sends: a class
// for each sub-grid or home, a name for each home, or the sub-grid that each home had.
export const VIEW_OF = {
  plain: { classes: [] },
  households: {
    colours: LOADS,
    classes: ["load_under", "load_lower", "load_upper", "load_over"],
    grade: (f, [low, target, high]) =>
      (f.households < low ? 0 : f.households < target ? 1 : f.households <= high ? 2 : 3),
  },
  band: {
    colours: STATES,
    classes: ["band_in", "band_small", "band_large", "band_apart"],
    grade: (f, [low]) => {
      if (f.pieces > 1) return 3;
      if (f.in_band) return 0;
      return f.households < low ? 1 : 2;
    },
    hatches: KINDS,
  },
  chance: { of: "subgrid", colours: RAMP.slice(0, 4), classes: [] },
  walk: {
    colours: RAMP,
    classes: [...METRES.map((metres, n) => ["walk_class", { from: n ? METRES[n - 1] : 0,
      to: metres }]), ["walk_far", { from: 80 }]],
    grade: (f) => METRES.filter((metres) => f.mean_walk >= metres).length,
  },
  reach: { of: "home", colours: RAMP, classes: [] },
  volunteers: { of: "home", colours: RAMP.slice(0, 4), classes: [] },
  branches: { of: "name", classes: [] },
  groups: { of: "name", classes: [] },
  hosts: { of: "subgrid", colours: ["#6c9fc0", "#e69f00"], classes: [] },
  since: { of: "then", classes: [] },
};
export const VIEWS = Object.keys(VIEW_OF);
