// The page of a plan's map: panes, colours by view, pointer and tooltip, labels, search, legend, printing.
// Class layers and tiles are drawn by others; everything that both need stands here. Text from data only ever
// goes through textContent.
window.gridplan = (function () {
  "use strict";

  const PANES = {
    land: 250, fills: 300, streets: 310, barriers: 330, buildings: 340, outlines: 350, out: 355, limits: 360,
    openings: 365, highlight: 370, centres: 620, labels: 630,
  };

  function make(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function makeButton(className, label, text, onClick) {
    const button = make("button", className, text);
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", onClick);
    return button;
  }

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

  class Stage {
    constructor(map, config) {
      this.map = map;
      this.config = config;
      this.words = config.words;
      this.view = "colours";
      this.records = config.records || null;
      this.communities = config.communities || null;
      this.index = new PointIndex();
      this.buildingIndex = new PointIndex(0.001);
      this.parts = new Map(); // row of a sub-grid -> its polygons, for the highlight
      this.paths = []; // [path, row] of class layers
      this.lines = []; // [path, weight at zoom 16] of class layers
      this.shown = {}; // overlays of the tiled layer
      this.renderers = {};
      for (const [name, level] of Object.entries(PANES)) {
        const pane = map.createPane("gp-" + name);
        pane.style.zIndex = level;
        pane.style.pointerEvents = "none";
      }
      for (const name of ["streets", "barriers", "buildings"]) {
        this.renderers[name] = L.canvas({ pane: "gp-" + name, padding: 0.3 });
      }
      for (const name of ["land", "fills", "outlines", "out", "limits", "openings", "highlight"]) {
        this.renderers[name] = L.svg({ pane: "gp-" + name, padding: 0.3 });
      }
      this.outlines = L.layerGroup();
      map.getContainer().classList.add("gp-map");
      map.getContainer().setAttribute("role", "application");
      map.getContainer().setAttribute("aria-label", this.words.map);
      addHatch(map.getContainer(), config.ink.out);
      this.showWhole();
      addTitle(this);
      this.search = new Search(this);
      addTools(this);
      L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
      this.legend = new Legend(this);
      this.pointer = new Pointer(this);
      map.on("zoomend", () => this.widen());
      followPrinting(this);
    }

    showWhole() {
      const [west, south, east, north] = this.config.bounds;
      const wide = this.map.getSize().x > 900;
      this.map.fitBounds([[south, west], [north, east]], {
        paddingTopLeft: [wide ? 48 : 12, 12], paddingBottomRight: [wide ? 310 : 12, 24], animate: false, maxZoom: 19,
      });
    }

    // What a sub-grid is filled with in the view that is on.
    fill(row) {
      const { records, config } = this;
      if (records.exclusive[row]) return config.exclusive;
      if (this.view === "households") return config.loads[records.load[row]];
      if (this.view === "band") return config.band[records.in_band[row] ? 0 : 1];
      return config.tones[records.tone[row]];
    }

    fillCommunity(n) {
      return this.config.tones[this.communities.tone[n]];
    }

    makeView(name) {
      const layer = L.layerGroup();
      layer.on("add", () => {
        this.view = name;
        for (const [path, row] of this.paths) path.setStyle({ fillColor: this.fill(row) });
        this.legend.draw();
        this.map.fire("gridplan:view");
      });
      return layer;
    }

    // A switch in the layer control for something that the tiled layer paints.
    makeOverlay(name) {
      const layer = L.layerGroup();
      const turn = (on) => () => {
        this.shown[name] = on;
        this.map.fire("gridplan:view");
      };
      return layer.on("add", turn(true)).on("remove", turn(false));
    }

    makeMarks(kind) {
      const marks = new Marks(this, kind);
      return L.layerGroup().on("add", function () { marks.show(this); }).on("remove", () => marks.hide());
    }

    scale() {
      return Math.min(3, Math.max(0.35, Math.pow(1.45, this.map.getZoom() - 16)));
    }

    widen() {
      for (const [path, weight] of this.lines) path.setStyle({ weight: weight * this.scale() });
    }

    // Each polygon of a class layer passes here once.
    seeSubgrid(feature, path) {
      const row = feature.properties.i;
      this.paths.push([path, row]);
      for (const rings of getPolygons(feature.geometry)) this.addPolygon(row, rings);
      const outline = { ...this.config.styles.outline, fill: false, interactive: false, renderer: this.renderers.outlines };
      this.outlines.addLayer(L.polygon(path.getLatLngs(), outline));
    }

    addPolygon(row, rings) {
      this.index.add(row, rings);
      const parts = this.parts.get(row);
      if (parts) parts.push(rings);
      else this.parts.set(row, [rings]);
    }

    seeBuilding(feature) {
      const name = feature.properties.n;
      if (name) for (const rings of getPolygons(feature.geometry)) this.buildingIndex.add(name, rings);
    }

    seeLine(feature, path) {
      if (!path.setStyle) return;
      this.lines.push([path, path.options.weight]);
      path.options.weight *= this.scale();
    }

    tie(group) {
      const { outlines, map } = this;
      group.on("add", () => outlines.addTo(map)).on("remove", () => outlines.remove());
      if (map.hasLayer(group)) outlines.addTo(map);
    }

    // Called when the whole script has run, so that the layers a user added are there.
    addLayers(views, overlays) {
      const size = this.map.getSize();
      const control = L.control.layers(views, overlays, { collapsed: size.x < 760 || size.y < 420, autoZIndex: false });
      control.addTo(this.map);
      control.getContainer().setAttribute("aria-label", this.words.layers);
    }

    nameCommunity(n) {
      return n < 0 ? "" : this.communities.name[n] || this.communities.code[n];
    }

    goTo(box, point, content, row) {
      if (!box) return;
      const [west, south, east, north] = box;
      this.map.fitBounds([[south, west], [north, east]], { maxZoom: 18, padding: [70, 70], animate: false });
      this.pointer.highlight(row);
      this.pointer.show(L.latLng(point[1], point[0]), content);
    }

    ready() {
      this.legend.draw();
      this.map.fire("gridplan:ready");
      document.documentElement.dataset.gridplan = "ready";
    }
  }

  function getPolygons(geometry) {
    return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  }

  function addHatch(container, colour) {
    const svg = '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><pattern id="gridplan-hatch" ' +
      'width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7" ' +
      'stroke="' + colour + '" stroke-width="2.2" stroke-opacity="0.6"/></pattern></defs></svg>';
    container.insertAdjacentHTML("beforeend", svg);
  }

  // ---- pointer and tooltip -------------------------------------------------------------------------------------

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
      if (row === undefined) return this.hide();
      this.highlight(row);
      this.show(event.latlng, describe(stage, row, stage.buildingIndex.find(lng, lat)));
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
    if (note) cell.appendChild(make("small", "", note));
  }

  function describe(stage, row, building) {
    const { records, words, config } = stage;
    const node = make("div", "gp-card");
    const head = make("div", "gp-card-head");
    head.appendChild(make("strong", "", records.code[row]));
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
    node.appendChild(table);
    if (exclusive) node.appendChild(make("p", "gp-card-note", words.exclusive));
    else if (!records.in_band[row]) {
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

  // ---- labels and centres: only those in view, none on top of another ------------------------------------------

  const HOUSE = '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M8 1.2 1.2 7.4h1.9v7.2h9.8V7.4h1.9z" ' +
    'fill="currentColor" stroke="#fff" stroke-width="1.3" stroke-linejoin="round"/></svg>';
  const MOST_MARKS = 900, ROOM = 54; // pixels that a sub-grid must measure before its centre is shown

  class Marks {
    constructor(stage, kind) {
      this.stage = stage;
      this.kind = kind;
      this.group = null;
      this.refresh = () => this.draw();
    }

    show(group) {
      this.group = group;
      this.stage.map.on("moveend gridplan:ready", this.refresh);
      this.draw();
    }

    hide() {
      this.stage.map.off("moveend gridplan:ready", this.refresh);
      if (this.group) this.group.clearLayers();
      this.group = null;
    }

    draw() {
      if (!this.group || !this.stage.records) return;
      this.group.clearLayers();
      if (this.kind === "centres") this.drawCentres();
      else this.drawLabels();
    }

    put(point, html, className, pane, size) {
      const icon = L.divIcon({ html, className, iconSize: size, iconAnchor: size ? [size[0] / 2, size[1] / 2] : undefined });
      const marker = L.marker([point[1], point[0]], { icon, pane, interactive: false, keyboard: false });
      this.group.addLayer(marker);
    }

    drawCentres() {
      const { map, records } = this.stage;
      const view = map.getBounds();
      let count = 0;
      records.centre.forEach((point, row) => {
        if (count >= MOST_MARKS || !point || !view.contains([point[1], point[0]]) || !this.hasRoom(row)) return;
        this.put(point, HOUSE, "gp-centre", "gp-centres", [16, 16]);
        count += 1;
      });
    }

    // Whether most sub-grids in view are wide enough for their code; a few codes here and there would only confuse.
    isRoomy() {
      const { map, records } = this.stage;
      const view = map.getBounds();
      const widths = [];
      records.point.forEach((point, row) => {
        if (point && view.contains([point[1], point[0]])) widths.push(records.box[row][2] - records.box[row][0]);
      });
      const degree = map.latLngToContainerPoint([0, 1]).x - map.latLngToContainerPoint([0, 0]).x;
      return widths.length > 0 && widths.sort((a, b) => a - b)[widths.length >> 1] * degree > 30;
    }

    hasRoom(row) {
      const [left, top, right, bottom] = this.measureBox(this.stage.records.box[row]);
      return right - left >= ROOM && bottom - top >= ROOM;
    }

    // The box of a shape in pixels of the map.
    measureBox([west, south, east, north]) {
      const low = this.stage.map.latLngToContainerPoint([south, west]), high = this.stage.map.latLngToContainerPoint([north, east]);
      return [low.x, high.y, high.x, low.y];
    }

    drawLabels() {
      const { records, communities } = this.stage;
      this.used = [];
      communities.code.forEach((code, n) => {
        this.place(communities.name[n], communities.box[n], communities.point[n], "gp-label gp-label-community", 15, 0.8);
      });
      if (!this.isRoomy()) return;
      records.code.forEach((code, row) => {
        this.place(shorten(code), records.box[row], records.point[row], "gp-label gp-label-subgrid", 11, 1.15, row);
      });
    }

    // Put a label where it fits into its shape and covers neither another label nor the sub-grid's own centre.
    place(text, box, point, className, size, room, row) {
      const { map, index, records } = this.stage;
      if (!text || !point || !box || this.used.length >= MOST_MARKS || !map.getBounds().contains([point[1], point[0]])) return;
      const [left, top, right, bottom] = this.measureBox(box);
      const width = measure(text, size), height = size * 1.3;
      if (right - left < width * room || bottom - top < height * room) return;
      const centre = row === undefined || !this.hasRoom(row) ? null : records.centre[row];
      const house = centre && map.latLngToContainerPoint([centre[1], centre[0]]);
      const taken = house ? [...this.used, [house.x - 9, house.y - 9, house.x + 9, house.y + 9]] : this.used;
      const at = map.latLngToContainerPoint([point[1], point[0]]);
      for (const shift of house ? [0, height + 6, -height - 6] : [0]) {
        const rect = [at.x - width / 2, at.y + shift - height / 2, at.x + width / 2, at.y + shift + height / 2];
        if (taken.some((u) => u[0] < rect[2] && rect[0] < u[2] && u[1] < rect[3] && rect[1] < u[3])) continue;
        const spot = map.containerPointToLatLng([at.x, at.y + shift * 1.3]);
        if (shift && index.find(spot.lng, spot.lat) !== row) continue;
        this.used.push(rect);
        const label = make("span", "", text);
        label.style.top = shift + "px";
        this.put(point, label, className, "gp-labels", [0, 0]);
        return;
      }
    }
  }

  function shorten(code) {
    return code.slice(code.lastIndexOf("-") + 1);
  }

  function measure(text, size) {
    let width = 0;
    for (const letter of text) width += letter.charCodeAt(0) > 0x2e7f ? size : size * 0.58;
    return width + 4;
  }

  // ---- controls ------------------------------------------------------------------------------------------------

  function addControl(stage, position, node) {
    const control = L.control({ position });
    control.onAdd = () => {
      L.DomEvent.disableClickPropagation(node);
      L.DomEvent.disableScrollPropagation(node);
      return node;
    };
    control.addTo(stage.map);
    return control;
  }

  function addTitle(stage) {
    const node = make("header", "gp-panel gp-title");
    node.appendChild(make("h1", "", stage.config.title));
    addControl(stage, "topleft", node);
  }

  function addTools(stage) {
    const { map, words } = stage;
    const bar = make("div", "leaflet-bar gp-tools");
    bar.appendChild(makeButton("gp-zoom-in", words.zoom_in, "+", () => map.zoomIn()));
    bar.appendChild(makeButton("gp-zoom-out", words.zoom_out, "\u2212", () => map.zoomOut()));
    bar.appendChild(makeButton("gp-whole", words.whole, "", () => stage.showWhole()));
    bar.appendChild(makeButton("gp-print", words.print, "", () => window.print()));
    bar.querySelector(".gp-whole").innerHTML = '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="M1.5 6V1.5H6' +
      'M10 1.5h4.5V6M14.5 10v4.5H10M6 14.5H1.5V10" fill="none" stroke="currentColor" stroke-width="1.8"/></svg>';
    bar.querySelector(".gp-print").innerHTML = '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="M4 5V1.5h8V5' +
      'M4 11.5H1.5V5h13v6.5H12M4 9.5h8v5H4z" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>';
    addControl(stage, "topleft", bar);
  }

  class Search {
    constructor(stage) {
      this.stage = stage;
      this.hits = [];
      this.active = -1;
      const { words } = stage;
      const node = make("div", "gp-panel gp-search");
      node.setAttribute("role", "search");
      this.input = make("input");
      Object.assign(this.input, { type: "search", placeholder: words.search, title: words.search_hint, autocomplete: "off" });
      this.input.setAttribute("aria-label", words.search);
      this.input.setAttribute("role", "combobox");
      this.input.setAttribute("aria-controls", "gp-hits");
      this.input.setAttribute("aria-expanded", "false");
      this.list = make("ul");
      this.list.id = "gp-hits";
      this.list.setAttribute("role", "listbox");
      node.append(this.input, this.list);
      this.input.addEventListener("input", () => this.find());
      this.input.addEventListener("keydown", (event) => this.press(event));
      node.addEventListener("focusout", (event) => { if (!node.contains(event.relatedTarget)) this.clear(); });
      for (const type of ["keydown", "keypress", "keyup"]) node.addEventListener(type, (event) => event.stopPropagation());
      document.addEventListener("keydown", (event) => {
        const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
        if (event.key === "/" && !typing) { event.preventDefault(); this.input.focus(); }
      });
      addControl(stage, "topleft", node);
    }

    find() {
      const { records, communities, words } = this.stage;
      const wish = this.input.value.trim().toLowerCase();
      this.hits = [];
      this.active = -1;
      if (wish && records) {
        const rank = (text) => (text.toLowerCase() === wish ? 0 : text.toLowerCase().startsWith(wish) ? 1 : text.toLowerCase().includes(wish) ? 2 : 3);
        communities.code.forEach((code, n) => {
          const fit = Math.min(rank(code), rank(communities.name[n]));
          if (fit < 3) this.hits.push({ fit, community: n });
        });
        records.code.forEach((code, row) => {
          const fit = rank(code);
          if (fit < 3) this.hits.push({ fit, row });
        });
        this.hits = this.hits.sort((a, b) => a.fit - b.fit).slice(0, 8);
      }
      this.list.replaceChildren(...this.hits.map((hit, n) => this.makeHit(hit, n)));
      if (wish && !this.hits.length) this.list.replaceChildren(make("li", "gp-nothing", words.nothing));
      this.input.setAttribute("aria-expanded", String(this.hits.length > 0));
    }

    makeHit(hit, n) {
      const { records, communities, words } = this.stage;
      const ofCommunity = hit.row === undefined;
      const item = make("li");
      item.id = "gp-hit-" + n;
      item.setAttribute("role", "option");
      item.appendChild(make("b", "", ofCommunity ? this.stage.nameCommunity(hit.community) : records.code[hit.row]));
      const note = ofCommunity ? words.community + " " + communities.code[hit.community] : this.stage.nameCommunity(records.community[hit.row]);
      item.appendChild(make("span", "", note));
      item.addEventListener("mousedown", (event) => { event.preventDefault(); this.go(hit); });
      return item;
    }

    press(event) {
      if (event.key === "Escape") { this.input.value = ""; this.clear(); }
      else if (event.key === "Enter") { event.preventDefault(); this.go(this.hits[Math.max(0, this.active)]); }
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.active = Math.min(this.hits.length - 1, Math.max(0, this.active + step));
        [...this.list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === this.active)));
        this.input.setAttribute("aria-activedescendant", "gp-hit-" + this.active);
      }
    }

    go(hit) {
      if (!hit) return;
      const { stage } = this;
      if (hit.row === undefined) {
        const n = hit.community;
        stage.goTo(stage.communities.box[n], stage.communities.point[n], describeCommunity(stage, n));
      } else {
        stage.goTo(stage.records.box[hit.row], stage.records.point[hit.row], describe(stage, hit.row), hit.row);
      }
      this.clear();
    }

    clear() {
      this.list.replaceChildren();
      this.hits = [];
      this.active = -1;
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  class Legend {
    constructor(stage) {
      this.stage = stage;
      const size = stage.map.getSize();
      const node = make("details", "gp-panel gp-legend");
      node.open = size.x > 760 && size.y > 520;
      node.appendChild(make("summary", "", stage.words.legend));
      const figures = make("div", "gp-figures");
      for (const [value, label] of stage.config.figures) {
        const figure = make("div");
        figure.append(make("b", "", value), make("span", "", label));
        figures.appendChild(figure);
      }
      this.keys = make("ul", "gp-keys");
      this.signs = make("ul", "gp-keys gp-signs");
      const notes = make("div", "gp-notes");
      for (const line of stage.config.notes) notes.appendChild(make("p", "", line));
      node.append(figures, this.keys, this.signs, notes);
      addControl(stage, "bottomright", node);
    }

    draw() {
      const { config, view } = this.stage;
      this.keys.replaceChildren(...config.keys[view].map(makeKey));
      this.signs.replaceChildren(...config.keys.always.map(makeKey));
    }
  }

  function makeKey([sign, colour, text]) {
    const item = make("li");
    item.append(drawSign(sign, colour), make("span", "", text));
    return item;
  }

  function drawSign(sign, colour) {
    const box = make("span", "gp-sign gp-sign-" + sign);
    if (sign === "tones") {
      for (const tone of colour) box.appendChild(make("i")).style.background = tone;
    } else if (sign === "centre") {
      box.innerHTML = HOUSE;
      box.style.color = colour;
    } else {
      box.style.setProperty("--gp-colour", colour);
    }
    return box;
  }

  // ---- printing: the map takes the shape of an A4 or A3 sheet, and shows what was on the screen ----------------------

  function followPrinting(stage) {
    const { map } = stage;
    let before = null;
    window.addEventListener("beforeprint", () => {
      const shown = map.getBounds(), container = map.getContainer();
      before = { centre: map.getCenter(), zoom: map.getZoom(), style: container.getAttribute("style") };
      container.classList.add("gp-printing");
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(shown, { animate: false });
    });
    window.addEventListener("afterprint", () => {
      map.getContainer().classList.remove("gp-printing");
      map.invalidateSize({ animate: false, pan: false });
      if (before) map.setView(before.centre, before.zoom, { animate: false });
    });
  }

  return {
    start(map, config) {
      map.gridplan = new Stage(map, config);
      return map.gridplan;
    },
    make,
    Stage,
  };
})();
