// The plan as the page knows it: homes, who lives where, and figures without asking.

export class Community {
  constructor(data) {
    Object.assign(this, data);
    this.member = Int32Array.from(data.subgrid);
    this.place = new Map(data.codes.map((code, n) => [code, n]));
    this.homeAt = new Map(data.homes.map((home, n) => [home, n]));
    this.neighbours = makeNeighbours(data.homes.length, data.pairs);
    this.members = data.codes.map(() => new Set());
    this.member.forEach((s, home) => this.members[s].add(home));
    this.homesOf = new Map();
    data.building.forEach((b, home) => {
      if (!this.homesOf.has(b)) this.homesOf.set(b, []);
      this.homesOf.get(b).push(home);
    });
    this.homesIn = data.pieces.map(() => []);
    data.piece.forEach((p, home) => this.homesIn[p].push(home));
    this.shapes = []; // what is drawn of a sub-grid, until a home comes or goes
    this.moved = new Map(); // homes whose land is not drawn yet: the sub-grid that has it still
    this.movedBy = new Map(); // the changes that moved them, as far as the server knows of them
    this.cells = new Map();
    this.looked = null; // what the server says for the view
  }

  // The number of a sub-grid, which may be new.
  number(code) {
    let n = this.place.get(code);
    if (n === undefined) {
      n = this.codes.length;
      this.codes.push(code);
      this.centres.push("");
      this.place.set(code, n);
      this.members.push(new Set());
    }
    return n;
  }

  put(home, code) {
    const to = this.number(code);
    const origin = this.moved.get(home) ?? this.codeOf(home);
    if (origin === code) this.moved.delete(home);
    else this.moved.set(home, origin);
    this.movedBy.delete(home);
    this.shapes[this.member[home]] = null;
    this.shapes[to] = null;
    this.members[this.member[home]].delete(home);
    this.members[to].add(home);
    this.member[home] = to;
  }

  // The land of homes is drawn as of a change; what moved later still waits.
  settleLand(number) {
    for (const home of this.moved.keys()) {
      if ((this.movedBy.get(home) ?? Infinity) <= number) {
        this.moved.delete(home);
        this.movedBy.delete(home);
        this.cells.delete(home);
      }
    }
  }

  codeOf(home) {
    return this.codes[this.member[home]];
  }

  // Figures of a set of homes as if they were one sub-grid.
  measure(homes, code) {
    const list = [...homes];
    const households = list.reduce((sum, home) => sum + this.households[home], 0);
    const [low, , high] = this.band;
    return {
      households,
      out: households < low ? low - households : Math.max(0, households - high),
      small: households < low,
      pieces: this.walked ? countPieces(list, this.neighbours) : 1,
      walk: this.straight ? this.meanWalk(list, households, code) : null,
      ...this.countWholes(list),
    };
  }

  // Buildings of which a part lies elsewhere, and compounds that homes lie in.
  countWholes(list) {
    const counts = new Map();
    const compounds = new Set();
    for (const home of list) {
      counts.set(this.building[home], (counts.get(this.building[home]) || 0) + 1);
      const compound = this.compound ? this.compound[home] : -1;
      if (compound >= 0) compounds.add(compound);
    }
    const cut = [...counts].filter(([b, count]) => this.homesOf.get(b).length !== count).length;
    return { cut, compounds: compounds.size };
  }

  // Mean walk to the centre: the home to which all together walk least, or one chosen by hand.
  meanWalk(list, households, code) {
    if (!households) return 0;
    const chosen = this.homeAt.get(this.centres[this.place.get(code)] || "");
    const tried = chosen !== undefined && list.includes(chosen) ? [chosen] : list;
    let least = Infinity;
    for (const centre of tried) {
      let sum = 0;
      for (const home of list) sum += this.households[home] * this.walk(centre, home);
      if (sum < least) least = sum;
    }
    return least / households;
  }

  walk(i, j) {
    if (this.stack[i] === this.stack[j]) return Math.abs(this.climb[i] - this.climb[j]);
    const dx = this.xy[2 * i] - this.xy[2 * j];
    const dy = this.xy[2 * i + 1] - this.xy[2 * j + 1];
    return Math.hypot(dx, dy) / 100 + this.climb[i] + this.climb[j];
  }

  // What becomes of every sub-grid touched if some homes go to one: before and after.
  foresee(homes, code) {
    const moving = new Set(homes);
    const to = this.place.get(code);
    const touched = new Set([...homes].map((home) => this.member[home]));
    if (to !== undefined) touched.add(to);
    const rows = [];
    for (const s of touched) {
      const now = this.members[s];
      const left = new Set([...now].filter((home) => !moving.has(home)));
      if (s === to) for (const home of homes) left.add(home);
      const name = this.codes[s];
      rows.push({
        code: name,
        before: this.measure(now, name),
        after: left.size ? this.measure(left, name) : null,
      });
    }
    if (to === undefined) {
      rows.push({ code, before: null, after: this.measure(moving, code) });
    }
    return rows;
  }

  // Sub-grids beside some homes, those with most ways between them first.
  beside(homes) {
    const counts = new Map();
    const own = new Set([...homes].map((home) => this.member[home]));
    for (const home of homes) {
      for (const other of this.neighbours[home]) {
        const s = this.member[other];
        if (!own.has(s)) counts.set(s, (counts.get(s) || 0) + 1);
      }
    }
    const order = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return order.map(([s]) => this.codes[s]);
  }

  // Whether households of a sub-grid are estimated, if only those of one building.
  isEstimated(s) {
    for (const home of this.members[s]) {
      if (this.buildings[this.building[home]].estimated) return true;
    }
    return false;
  }

  // Whether a home lies elsewhere than in the plan it is compared with; a sub-grid that only
  // got another code has not moved.
  hasMoved(home) {
    const { then, renamed } = this.looked;
    const before = this.looked.codes[then[home]];
    return (renamed.get(before) ?? before) !== this.codeOf(home);
  }

  // Find the sub-grids of the plan before that have the same homes by another code now.
  findRenamed() {
    const { looked } = this;
    const sizes = new Map();
    const now = new Map();
    looked.then.forEach((s, home) => {
      sizes.set(s, (sizes.get(s) || 0) + 1);
      if (!now.has(s)) now.set(s, new Set());
      now.get(s).add(this.member[home]);
    });
    looked.renamed = new Map();
    for (const [s, members] of now) {
      const [only] = members;
      if (members.size === 1 && this.members[only].size === sizes.get(s)) {
        looked.renamed.set(looked.codes[s], this.codes[only]);
      }
    }
  }

  // The compound and the community of a home, as people call them; empty where there is none.
  sayCompound(home) {
    const compound = this.compounds[this.compound[home]];
    return compound ? compound.name || compound.code : "";
  }

  // How people say where a home is: building and stairwell, floors where a door has several.
  say(home, words) {
    const building = this.buildings[this.building[home]];
    const name = this.sayBuilding(building, words);
    const all = this.homesOf.get(this.building[home]);
    if (all.length === 1) return name;
    const doors = new Set(all.map((other) => this.door[other]));
    const door = doors.size > 1 ? words.say("stairwell_of", { number: this.door[home] }) : "";
    const shared = all.filter((other) => this.door[other] === this.door[home]).length > 1;
    const floors = shared
      ? words.say("floors_of", { low: this.floors[2 * home], high: this.floors[2 * home + 1] })
      : "";
    return name + door + floors;
  }

  // A number alone is said as a building's number.
  sayBuilding({ name, code }, words) {
    return /^\d+$/.test(name) ? words.say("building_of", { number: name }) : name || code;
  }
}

function makeNeighbours(count, pairs) {
  const lists = Array.from({ length: count }, () => []);
  for (let n = 0; n < pairs.length; n += 2) {
    lists[pairs[n]].push(pairs[n + 1]);
    lists[pairs[n + 1]].push(pairs[n]);
  }
  return lists;
}

function countPieces(list, neighbours) {
  const left = new Set(list);
  let pieces = 0;
  for (const first of list) {
    if (!left.delete(first)) continue;
    pieces += 1;
    const open = [first];
    while (open.length) {
      for (const other of neighbours[open.pop()]) if (left.delete(other)) open.push(other);
    }
  }
  return pieces;
}
