// What lies under the pointer, and the tooltip that tells of it. Text from data only ever goes through textContent.

// Which of many polygons holds a point: polygons are filed under the cells of a coarse lattice that their boxes touch.
class PointIndex {
  constructor(cell) {
    this.cell = cell || 0.004;
    this.cells = new Map();
  }

  add(row, rings) {
    let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
    for (const [x, y] of rings[0]) {
      if (x < west) west = x;
      if (x > east) east = x;
      if (y < south) south = y;
      if (y > north) north = y;
    }
    const entry = { row, rings, west, south, east, north };
    for (let i = Math.floor(west / this.cell); i <= Math.floor(east / this.cell); i++) {
      for (let j = Math.floor(south / this.cell); j <= Math.floor(north / this.cell); j++) {
        const key = i * 1e6 + j;
        const list = this.cells.get(key);
        if (list) list.push(entry);
        else this.cells.set(key, [entry]);
      }
    }
  }

  find(x, y) {
    const near = this.cells.get(Math.floor(x / this.cell) * 1e6 + Math.floor(y / this.cell)) || [];
    for (const e of near) {
      if (x >= e.west && x <= e.east && y >= e.south && y <= e.north && holds(e.rings, x, y)) return e.row;
    }
    return undefined;
  }
}

function holds(rings, x, y) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i], [xj, yj] = ring[j];
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
    const elsewhere = target && target.closest && target.closest(".leaflet-control, .leaflet-interactive, .leaflet-popup");
    const { lng, lat } = event.latlng;
    const row = elsewhere || !stage.records ? undefined : stage.index.find(lng, lat);
    const home = elsewhere || !stage.change ? undefined : stage.change.find(lng, lat);
    if (row === undefined && home === undefined) return this.hide();
    this.highlight(row);
    const card = row === undefined ? make("div", "gp-card") : describe(stage, row, stage.buildingIndex.find(lng, lat));
    if (home !== undefined) card.appendChild(stage.change.tellHome(home));
    this.show(event.latlng, card);
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
    const latlngs = stage.parts.get(row).map((rings) => rings.map((ring) => ring.map(([x, y]) => [y, x])));
    const style = { ...stage.config.styles.highlight, fill: false, interactive: false, renderer: stage.renderers.highlight };
    this.mark = L.polygon(latlngs, style).addTo(stage.map);
  }

  hide() {
    this.highlight(undefined);
    this.tip.remove();
  }
}

function fillIn(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
}

function formatNumber(stage, value) {
  return value.toLocaleString(stage.config.lang === "zh" ? "zh-CN" : "en-GB");
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
  for (const [column, label, unit] of config.lines) {
    if (exclusive && column === "mean_walk") continue;
    const note = column === "households" && !exclusive ? band : "";
    addLine(table, label, formatNumber(stage, records[column][row]) + unit, note);
  }
  if (stage.view === "reach" && stage.reach) stage.reach.addLines(table, row);
  node.appendChild(table);
  if (stage.view === "reel" && stage.reels && !exclusive) node.appendChild(stage.reels.tell(row));
  const note = (word, text) => text && node.appendChild(make("p", "gp-card-note", word + (config.lang === "zh" ? "：" : ": ") + text));
  if (exclusive) note(words.exclusive, records.owner[row] || "–");
  note(words.grid, records.grid[row]);
  note(words.special, records.special[row]);
  if (exclusive) return node;
  if (stage.view === "change" && records.story) node.appendChild(make("p", "", records.story[row]));
  if (!records.in_band[row]) {
    const why = records.why[row];
    node.appendChild(make("p", "gp-card-out", words.out + (why ? (config.lang === "zh" ? "：" : ": ") + why : "")));
  }
  if (building) {
    const line = make("p", "gp-card-note", config.building + (config.lang === "zh" ? "：" : ": "));
    line.appendChild(make("b", "", building));
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
  addLine(table, config.lines[0][1], formatNumber(stage, communities.households[n]) + config.lines[0][2]);
  addLine(table, words.figure_share, communities.in_band[n] + " / " + communities.subgrids[n]);
  node.appendChild(table);
  return node;
}
