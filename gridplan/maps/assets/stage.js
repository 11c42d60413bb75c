// The stage of a plan's map: panes, colours by view, what is drawn how wide, printing.

// What lies over what: the z-index of each pane. Leaflet's own overlays are at 400, markers at 600,
// tooltips at 650 and popups at 700.
const PANES = {
  fills: 300,
  streets: 310,
  reach: 320,
  barriers: 330,
  veil: 335,
  buildings: 340,
  homes: 345,
  outlines: 350,
  before: 351,
  specials: 352,
  party: 353,
  out: 355,
  grids: 357,
  limits: 360,
  openings: 365,
  highlight: 370,
  centres: 620,
  labels: 630,
  posts: 640,
};

const CLOSE = 14; // the zoom from which small signs have room

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

class Stage {
  constructor(map, config) {
    this.map = map;
    this.config = config;
    this.words = config.words;
    this.view = "colours";
    this.records = config.records || null;
    this.communities = config.communities || null;
    this.index = new PointIndex();
    this.parts = new Map(); // row of a sub-grid -> its polygons, for the highlight
    this.paths = []; // [path, row] of class layers
    this.lines = []; // [path, weight at zoom 16] of class layers
    this.limits = []; // paths of community limits
    this.shown = {}; // overlays of the tiled layer
    this.renderers = {};
    for (const [name, level] of Object.entries(PANES)) {
      const pane = map.createPane("gp-" + name);
      pane.style.zIndex = level;
      pane.style.pointerEvents = "none"; // the map itself finds what is under the pointer
    }
    // Canvas is quick with thousands of paths; SVG has hatches and sharper outlines.
    for (const name of ["streets", "reach", "barriers", "buildings", "homes", "before"]) {
      this.renderers[name] = L.canvas({ pane: "gp-" + name, padding: 0.3 });
    }
    for (const name of [
      "fills",
      "veil",
      "outlines",
      "specials",
      "party",
      "out",
      "grids",
      "limits",
      "openings",
      "highlight",
      "posts",
    ]) {
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
    this.buildings = new Buildings(this);
    map.on("zoomend", () => this.widen());
    this.widen();
    followPrinting(this);
  }

  showWhole() {
    const [west, south, east, north] = this.config.bounds;
    // Beside the plan there is room for the panels, on small screens only for the plan.
    const wide = this.map.getSize().x > 900;
    const left = this.view === "reach" || this.view === "change" ? 285 : 48;
    const foot = this.view === "reel" ? 160 : 24; // below lies the slider
    this.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      {
        paddingTopLeft: [wide ? left : 12, 12],
        paddingBottomRight: [wide ? 310 : 12, foot],
        animate: false,
        maxZoom: 19,
      },
    );
  }

  // Whether the view that is on has a subject of its own, from which signs of the band and of
  // centres would distract.
  isBare() {
    return ["reach", "change", "reel"].includes(this.view);
  }

  // What a sub-grid is filled with in the view that is on.
  fill(row) {
    const { records, config } = this;
    if (records.exclusive[row]) return records.exclusive[row] === 2 ? config.open : config.exclusive;
    if (this.view === "reach") return this.reach ? this.reach.fill(row) : config.exclusive;
    if (this.view === "reel") return this.reels ? this.reels.fill(row) : config.exclusive;
    if (this.view === "change") return config.change.fills[records.change[row]];
    if (this.view === "households") return config.loads[records.load[row]];
    if (this.view === "chance") return config.chances[records.likely[row]];
    if (this.view === "branch")
      return records.branch[row] < 0 ? config.ink.unlit : config.tones[records.branch[row]];
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
      this.map.getContainer().dataset.view = name;
      this.legend.draw();
      this.recolour();
    });
    return layer;
  }

  // Colour the sub-grids; an event makes the tiled layer paint again.
  recolour(event = "gridplan:view") {
    for (const [path, row] of this.paths) {
      const fillColor = this.fill(row);
      if (path.options.fillColor !== fillColor) path.setStyle({ fillColor });
    }
    this.map.fire(event);
  }

  // A switch in the layer control for something that the tiled layer paints.
  makeOverlay(name) {
    const layer = L.layerGroup();
    const show = (isOn) => () => {
      this.shown[name] = isOn;
      this.map.fire("gridplan:view");
    };
    return layer.on("add", show(true)).on("remove", show(false));
  }

  makeMarks(kind) {
    const marks = new Marks(this, kind);
    return L.layerGroup()
      .on("add", function () {
        marks.show(this);
      })
      .on("remove", () => marks.hide());
  }

  // By how much streets and barriers are wider than at zoom 16; the ground doubles with each zoom,
  // lines grow by less than half.
  scale() {
    return Math.min(3, Math.max(0.35, Math.pow(1.45, this.map.getZoom() - 16)));
  }

  // Limits are drawn finer the more of them there are in view.
  limitWeight() {
    const zoom = this.map.getZoom();
    return (
      this.config.styles.limit.weight *
      (zoom < 12 ? 0.35 : zoom < 13.5 ? 0.55 : zoom < 15 ? 0.8 : 1)
    );
  }

  outlineWeight() {
    return (
      this.config.styles.outline.weight *
      (this.view === "reel" ? 0.6 : 1) *
      (this.map.getZoom() < 14 ? 0.5 : 1)
    );
  }

  // Whether small signs have room: openings, buildings of the tiled layer, and centres.
  isClose() {
    return this.map.getZoom() >= CLOSE;
  }

  widen() {
    for (const [path, weight] of this.lines) path.setStyle({ weight: weight * this.scale() });
    for (const path of this.limits) path.setStyle({ weight: this.limitWeight() });
    this.outlines.eachLayer((path) => path.setStyle({ weight: this.outlineWeight() }));
    this.map.getPane("gp-openings").style.display = this.isClose() ? "" : "none";
  }

  seeLimit(feature, path) {
    this.limits.push(path);
    path.options.weight = this.limitWeight();
  }

  // Each polygon of a class layer passes here once.
  seeSubgrid(feature, path) {
    const row = feature.properties.i;
    this.paths.push([path, row]);
    for (const rings of getPolygons(feature.geometry)) this.addPolygon(row, rings);
    const outline = {
      ...this.config.styles.outline,
      weight: this.outlineWeight(),
      fill: false,
      interactive: false,
      renderer: this.renderers.outlines,
    };
    this.outlines.addLayer(L.polygon(path.getLatLngs(), outline));
  }

  addPolygon(row, rings) {
    this.index.add(row, rings);
    const parts = this.parts.get(row);
    if (parts) parts.push(rings);
    else this.parts.set(row, [rings]);
  }

  seeBuilding(feature) {
    // Buildings without a name are one shape, whose parts have their codes in a list.
    const { n: name, c: codes } = feature.properties;
    getPolygons(feature.geometry).forEach((rings, part) => {
      const code = codes ? codes[Math.min(part, codes.length - 1)] : "";
      this.buildings.add(name || "", code, rings);
    });
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
    const control = L.control.layers(views, overlays, {
      collapsed: size.x < 760 || size.y < 420,
      autoZIndex: false,
    });
    control.addTo(this.map);
    const container = control.getContainer();
    container.setAttribute("aria-label", this.words.layers);
    // Leaflet's own word for it is English on every page.
    container.querySelector("a").title = this.words.layers;
  }

  nameCommunity(n) {
    return n < 0 ? "" : this.communities.name[n] || this.communities.code[n];
  }

  goTo(box, point, content, row) {
    if (!box) return;
    const [west, south, east, north] = box;
    this.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      { maxZoom: 18, padding: [70, 70], animate: false },
    );
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
  const svg =
    '<svg width="0" height="0" aria-hidden="true" class="gp-hatch"><defs>' +
    '<pattern id="gridplan-hatch" width="7" height="7" patternUnits="userSpaceOnUse" ' +
    'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7" ' +
    'stroke="' +
    colour +
    '" stroke-width="2.2" stroke-opacity="0.6"/></pattern></defs></svg>';
  container.insertAdjacentHTML("beforeend", svg);
}

// The land that a sheet shows: all of it if the window did, else what the window showed of it.
function findPrinted(stage) {
  const [west, south, east, north] = stage.config.bounds;
  const shown = stage.map.getBounds();
  const corners = [
    [Math.max(south, shown.getSouth()), Math.max(west, shown.getWest())],
    [Math.min(north, shown.getNorth()), Math.min(east, shown.getEast())],
  ];
  const apart = corners[0][0] >= corners[1][0] || corners[0][1] >= corners[1][1];
  return apart ? shown : L.latLngBounds(corners);
}

const PRINT_ZOOM = 0.8; // of the legend on paper, as in page.css
const PRINT_AIR = 14;
const INCH = 0.0254; // metres; a CSS pixel is the 96th part
const MARGIN = 0.008; // metres of paper at each side, as in page.css
// Short and long side of the papers, in metres.
const PAPERS = { A4: [0.21, 0.297], A3: [0.297, 0.42] };

// The sides of a sheet that panels cover, where no land should be.
function measureSides(stage, tall) {
  const container = stage.map.getContainer();
  const high = (name) => container.querySelector(name)?.offsetHeight || 0;
  const right = [...container.querySelectorAll(".leaflet-right .gp-panel")];
  const wide = Math.max(0, ...right.map((panel) => panel.offsetWidth));
  const legend = high(".gp-legend") * PRINT_ZOOM;
  // Panels of figures at the left, where a view has them; they are not smaller on paper.
  const beside = [...container.querySelectorAll(".gp-reach, .gp-change")];
  const left = Math.max(0, ...beside.map((panel) => panel.offsetWidth));
  return {
    // On a sheet that stands the bar of the scale is below the title.
    paddingTopLeft: [left + PRINT_AIR, high(".gp-title") + (tall ? 4 : 2) * PRINT_AIR],
    paddingBottomRight: tall
      ? [PRINT_AIR, legend + 2 * PRINT_AIR]
      : [wide * PRINT_ZOOM + 2 * PRINT_AIR, high(".gp-reels") + 2 * PRINT_AIR],
    animate: false,
  };
}

// 1 to so many on a paper, by the factor that page.css enlarges the sheet with.
function findPaperScale(map, paper) {
  const size = map.getSize();
  const middle = size.y / 2;
  const metres = map.distance(
    map.containerPointToLatLng([0, middle]), map.containerPointToLatLng([size.x, middle]),
  );
  const [short, long] = PAPERS[paper].map((side) => (side - 2 * MARGIN) / (INCH / 96));
  const zoom = Math.min(long / 1060, short / 728);
  return metres / (size.x * zoom * (INCH / 96));
}

// The scale as numbers, each true on its paper, beside the bar.
function writePaperScale(stage) {
  const numbers = Object.keys(PAPERS).map((paper) => {
    const scale = Math.round(findPaperScale(stage.map, paper) / 10) * 10;
    return `1:${scale.toLocaleString("en")} (${paper})`;
  });
  const line = document.createElement("div");
  line.className = "gp-paper-scale";
  line.textContent = `${stage.words.scale} ${numbers.join(", ")}`;
  stage.map.getContainer().querySelector(".leaflet-control-scale")?.appendChild(line);
  return line;
}

function layOut(stage, tall) {
  const { map } = stage;
  map.getContainer().classList.toggle("gp-tall", tall);
  map.invalidateSize({ animate: false, pan: false });
  return measureSides(stage, tall);
}

function followPrinting(stage) {
  const { map } = stage;
  let before = null;
  window.addEventListener("beforeprint", () => {
    const container = map.getContainer();
    const legend = container.querySelector("details.gp-legend");
    before = {
      centre: map.getCenter(),
      zoom: map.getZoom(),
      snap: map.options.zoomSnap,
      legend,
      open: legend?.open,
    };
    const printed = findPrinted(stage);
    container.classList.add("gp-printing");
    if (legend) legend.open = true;
    map.options.zoomSnap = 0; // the land fills the sheet, whatever the steps of the screen
    const fit = (tall) => {
      const sides = layOut(stage, tall);
      const padding = L.point(sides.paddingTopLeft).add(sides.paddingBottomRight);
      return map.getBoundsZoom(printed, false, padding);
    };
    // The sheet stands where that shows the land larger; other panels need one that lies.
    const panels = [...container.querySelectorAll(".gp-reels, .gp-change, .gp-reach")];
    const flat = panels.some((panel) => panel.offsetHeight > 0);
    const tall = !flat && fit(true) > fit(false);
    map.fitBounds(printed, layOut(stage, tall));
    before.line = writePaperScale(stage);
  });
  window.addEventListener("afterprint", () => {
    before?.line.remove();
    map.getContainer().classList.remove("gp-printing", "gp-tall");
    map.invalidateSize({ animate: false, pan: false });
    if (!before) return;
    map.options.zoomSnap = before.snap;
    if (before.legend) before.legend.open = before.open;
    map.setView(before.centre, before.zoom, { animate: false });
  });
}

function start(map, config) {
  map.gridplan = new Stage(map, config);
  return map.gridplan;
}
