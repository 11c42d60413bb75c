// What lies under the pointer, and its tooltip. Text from data only ever goes through textContent,
// so that a name can never be taken for markup.

// Which of many polygons holds a point: polygons are filed under the cells of a coarse lattice
// that their boxes touch, so that a look-up tests a few of them only.
class PointIndex {
  constructor(cell) {
    this.cell = cell || 0.004; // degrees, about 400 m
    this.cells = new Map();
  }

  add(row, rings) {
    let west = Infinity;
    let south = Infinity;
    let east = -Infinity;
    let north = -Infinity;
    for (const [x, y] of rings[0]) {
      if (x < west) west = x;
      if (x > east) east = x;
      if (y < south) south = y;
      if (y > north) north = y;
    }
    const entry = { row, rings, west, south, east, north };
    for (let i = Math.floor(west / this.cell); i <= Math.floor(east / this.cell); i++) {
      for (let j = Math.floor(south / this.cell); j <= Math.floor(north / this.cell); j++) {
        const key = i * 1e6 + j; // j is at most 180 / cell, far below a million
        const list = this.cells.get(key);
        if (list) list.push(entry);
        else this.cells.set(key, [entry]);
      }
    }
  }

  find(x, y) {
    const near = this.cells.get(Math.floor(x / this.cell) * 1e6 + Math.floor(y / this.cell)) || [];
    for (const { row, rings, west, south, east, north } of near) {
      // The box is tested first, since it is cheap and nearly always decides.
      if (x >= west && x <= east && y >= south && y <= north && holds(rings, x, y)) return row;
    }
    return undefined;
  }
}

// A ray to the east crosses the rings an odd number of times from inside, holes included.
function holds(rings, x, y) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i];
      const [xj, yj] = ring[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}

class Pointer {
  constructor(stage) {
    this.stage = stage;
    this.tip = L.tooltip({ className: "gp-tip", direction: "auto", offset: [14, 0], opacity: 1 });
    this.mark = null;
    this.row = undefined;
    stage.map.on("mousemove click", (event) => this.follow(event));
    stage.map.on("mouseout", () => this.hide());
  }

  follow(event) {
    const { stage } = this;
    const target = event.originalEvent && event.originalEvent.target;
    // Over a control, a popup or a layer of the user's the map has nothing to say.
    const elsewhere =
      target &&
      target.closest &&
      target.closest(".leaflet-control, .leaflet-interactive, .leaflet-popup");
    const { lng, lat } = event.latlng;
    const row = elsewhere || !stage.records ? undefined : stage.index.find(lng, lat);
    const home = elsewhere || !stage.change ? undefined : stage.change.find(lng, lat);
    const opening = elsewhere ? "" : this.findOpening(event.latlng);
    if (row === undefined && home === undefined && !opening) return this.hide();
    this.highlight(row);
    const card =
      row === undefined
        ? make("div", "gp-card")
        : describe(stage, row, stage.buildings.find(lng, lat));
    if (home !== undefined) card.appendChild(stage.change.describeHome(home));
    if (opening) card.prepend(make("p", "gp-card-opening", opening));
    this.show(event.latlng, card);
  }

  // What is written of the opening whose ring is under the pointer, such as a bridge's name.
  findOpening(latlng) {
    const { map, config } = this.stage;
    if (!this.stage.isClose()) return "";
    const spot = map.latLngToContainerPoint(latlng);
    const near = (config.openings || []).find(([x, y]) => {
      // The box is tested first, since most openings are far off.
      if (Math.abs(x - latlng.lng) > 0.01 || Math.abs(y - latlng.lat) > 0.01) return false;
      return spot.distanceTo(map.latLngToContainerPoint([y, x])) <= 8;
    });
    return near ? near[2] : "";
  }

  show(latlng, content) {
    this.tip.setContent(content).setLatLng(latlng);
    if (!this.stage.map.hasLayer(this.tip)) this.tip.addTo(this.stage.map);
  }

  highlight(row) {
    if (row === this.row) return;
    const { stage } = this;
    if (this.mark) this.mark.remove();
    this.mark = null;
    this.row = row;
    if (row === undefined || !stage.parts.has(row)) return;
    const latlngs = stage.parts.get(row).map(swapAxes);
    const style = {
      ...stage.config.styles.highlight,
      fill: false,
      interactive: false,
      renderer: stage.renderers.highlight,
    };
    this.mark = L.polygon(latlngs, style).addTo(stage.map);
  }

  hide() {
    this.highlight(undefined);
    this.tip.remove();
  }
}

// GeoJSON has longitude first, Leaflet latitude.
function swapAxes(rings) {
  return rings.map((ring) => ring.map(([x, y]) => [y, x]));
}

function fillIn(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
}

function formatNumber(stage, value) {
  return value.toLocaleString(stage.config.lang === "zh" ? "zh-CN" : "en-GB");
}

// Households with their unit where the language puts it after the value.
function formatHouseholds(stage, count) {
  const [, , unit] = stage.config.lines[0];
  // A release keeps the total of some communities to itself.
  if (count === null) return "–";
  return formatNumber(stage, count) + unit;
}

function addLine(table, label, value, note) {
  const line = table.insertRow();
  const head = make("th", "", label);
  head.scope = "row";
  line.appendChild(head);
  const cell = line.insertCell();
  cell.textContent = value;
  if (note) cell.append(" ", make("small", "", note));
}

function describe(stage, row, building) {
  const { records, words, config } = stage;
  const node = make("div", "gp-card");
  const head = make("div", "gp-card-head");
  head.append(make("strong", "", records.code[row]), " ");
  head.appendChild(make("span", "", stage.nameCommunity(records.community[row])));
  node.appendChild(head);
  const table = make("table");
  const exclusive = records.exclusive[row];
  const band = fillIn(words.band_values, { low: records.low[row], high: records.high[row] });
  const exclusiveWords = exclusive === 2 ? words["open_" + records.land[row]] : "";
  if (exclusive === 2) head.after(make("p", "", exclusiveWords || words.open_open));
  for (const [column, label, unit] of config.lines) {
    const value = records[column][row];
    if (exclusive === 2 && !value) continue; // nobody lives there, which the card says already
    if (value === null || value === "") continue; // such as the walk of an exclusive grid
    const note = column === "households" && !exclusive ? band : "";
    addLine(table, label, formatNumber(stage, value) + unit, note);
  }
  if (stage.view === "reach" && stage.reach) stage.reach.addLines(table, row);
  node.appendChild(table);
  if (stage.view === "reel" && stage.reels && !exclusive)
    node.appendChild(stage.reels.makeClassLine(row));
  const addNote = (text) => node.appendChild(make("p", "gp-card-note", text));
  const grid = records.grid[row];
  const special = records.special[row];
  if (exclusive === 1) addNote(fillIn(words.exclusive_of, { owner: records.owner[row] || "–" }));
  if (exclusive === 2 && records.responsible[row])
    addNote(fillIn(words.open_responsible, { code: records.responsible[row] }));
  if (grid) addNote(fillIn(words.grid_of, { grid }));
  if (special) addNote(fillIn(words.special_of, { special }));
  // Branch, hosts and chiefs come as whole lines.
  for (const line of (records.notes || [])[row] || []) addNote(line);
  if (exclusive) return node;
  // Where all was counted, or little may be said, there is no range.
  if (records.to && records.to[row] !== null)
    addNote(
      fillIn(words.likely_range, {
        low: records.from[row],
        high: records.to[row],
        chance: records.chance[row],
      }),
    );
  if (stage.view === "change" && records.story) node.appendChild(make("p", "", records.story[row]));
  if (!records.in_band[row]) {
    const why = records.why[row];
    node.appendChild(
      make("p", "gp-card-out", why ? fillIn(words.out_because, { why }) : words.out),
    );
  }
  for (const word of ["name", "code"]) {
    if (!building || !building[word]) continue;
    const [before, after] = words["building_" + word].split("{" + word + "}");
    const line = make("p", "gp-card-note");
    line.append(before, make("b", "", building[word]), after);
    node.appendChild(line);
  }
  return node;
}

function describeCommunity(stage, n) {
  const { communities, words, config } = stage;
  const node = make("div", "gp-card");
  const head = make("div", "gp-card-head");
  head.appendChild(make("strong", "", stage.nameCommunity(n)));
  head.appendChild(make("span", "", communities.code[n]));
  node.appendChild(head);
  const table = make("table");
  addLine(table, words.subgrids, formatNumber(stage, communities.subgrids[n]));
  addLine(table, config.lines[0][1], formatHouseholds(stage, communities.households[n]));
  addLine(table, words.figure_share, communities.in_band[n] + " / " + communities.subgrids[n]);
  node.appendChild(table);
  // Where all was counted, the total is known, or little may be said, there is no range.
  if (communities.to && communities.to[n] !== null) {
    const [low, high] = [communities.from[n], communities.to[n]];
    const ends = { low: formatNumber(stage, low), high: formatNumber(stage, high) };
    node.appendChild(make("p", "gp-card-note", fillIn(words.community_range, ends)));
  }
  return node;
}
