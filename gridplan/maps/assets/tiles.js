// The tiled layer: unpacks the shapes of a plan and paints them tile by tile, cut by geojson-vt.
(function () {
  "use strict";
  const EXTENT = 4096; // units of geojson-vt across a tile
  const SIZE = 512; // pixels of a tile
  // Zooms from which outlines, paths and narrow streets are painted.
  const OUTLINES_FROM = 12.5;
  const PATHS_FROM = 15;
  const MINOR_FROM = 12.5;

  // One kind of shapes; cut into tiles when it is first needed.
  class Sheet {
    constructor(layer, bytes, from) {
      Object.assign(this, { layer, bytes, from, index: null, features: null });
    }

    read() {
      if (!this.features) this.features = gridplan.readFeatures(this.layer, this.bytes, this.from);
      return this.features;
    }

    getTile(z, x, y) {
      if (!this.index) {
        // The buffer, in units of a tile, is wider than any line, which would else end at the seam.
        const options = { maxZoom: 19, indexMaxZoom: 4, tolerance: 2, extent: EXTENT, buffer: 96 };
        this.index = geojsonvt({ type: "FeatureCollection", features: this.read() }, options);
        this.features = null; // the index has its own copy
      }
      const tile = this.index.getTile(z, x, y);
      return tile ? tile.features : [];
    }
  }

  // Shapes traced before they are painted: a browser slows down beyond measure with paths of many
  // rings.
  const BATCH = 250;

  // Trace shapes, whose rings come closed, and finish each batch by painting it.
  function trace(pen, features, finish) {
    const scale = SIZE / EXTENT;
    pen.beginPath();
    features.forEach((feature, n) => {
      for (const ring of feature.geometry) {
        ring.forEach(([x, y], p) =>
          p ? pen.lineTo(x * scale, y * scale) : pen.moveTo(x * scale, y * scale),
        );
      }
      if (n % BATCH === BATCH - 1) {
        finish();
        pen.beginPath();
      }
    });
    finish();
  }

  class Painter {
    constructor(stage, sheets, part) {
      this.stage = stage;
      this.sheets = sheets;
      this.part = part; // "fills", "signs" (all that lies over them), or both if not given
      this.hatch = null;
    }

    paint(canvas, coords) {
      const ratio = window.devicePixelRatio || 1;
      canvas.width = canvas.height = SIZE * ratio;
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.lineJoin = pen.lineCap = "round";
      // Tiles are twice as wide as those of geojson-vt, hence one zoom less.
      const z = coords.z - 1;
      const zoom = this.stage.map.getZoom();
      const get = (name) =>
        this.sheets
          .filter((s) => s.layer.name === name && coords.z > 0)
          .map((s) => [s.layer.kind, s.getTile(z, coords.x, coords.y)]);
      if (this.part !== "signs") this.paintLand(pen, get, zoom);
      if (this.part !== "fills") this.paintSigns(pen, get, zoom);
    }

    paintLand(pen, get, zoom) {
      const { shown } = this.stage;
      // From far away sub-grids would be a flicker of dots.
      const far = zoom < OUTLINES_FROM && this.stage.view === "colours";
      if (shown.subgrids && far)
        this.paintFills(pen, get("communities"), (n) => this.stage.fillCommunity(n));
      else if (shown.subgrids) this.paintFills(pen, get("subgrids"), (row) => this.stage.fill(row));
    }

    paintSigns(pen, get, zoom) {
      const { shown, view } = this.stage;
      if (shown.streets) this.paintStreets(pen, get, zoom);
      if (shown.barriers)
        for (const name of ["water", "wall", "road", "rail"]) this.paintPlain(pen, get(name), name);
      if (shown.buildings && this.stage.isClose()) {
        for (const name of ["other_building", "home"])
          this.paintPlain(pen, get(name), name, view === "reel" ? 0.45 : 1);
      }
      if (shown.subgrids && zoom >= OUTLINES_FROM)
        this.paintOutlines(pen, get("subgrids"), "outline", this.stage.outlineWeight());
      if (shown.specials) this.paintPlain(pen, get("special"), "special");
      if (shown.out && !this.stage.isBare()) this.paintOut(pen, get("subgrids"), zoom);
      if (shown.party && view === "branch")
        for (const name of ["group", "branch"])
          this.paintOutlines(pen, get(name), name, this.stage.config.styles[name].weight);
      for (const name of ["red_list", "black_list", "bare_owners"])
        if (shown[name])
          this.paintOutlines(pen, get(name), name, this.stage.config.styles[name].weight);
      if (shown.grids)
        this.paintOutlines(pen, get("grids"), "grid", this.stage.config.styles.grid.weight);
      if (shown.communities)
        this.paintOutlines(pen, get("communities"), "limit", this.stage.limitWeight());
      if (shown.barriers && this.stage.isClose() && view !== "reel")
        this.paintOpenings(pen, get("opening"));
    }

    paintFills(pen, groups, choose) {
      // One path for each colour: changing the colour of the pen is dear.
      const alike = new Map();
      for (const [, features] of groups) {
        for (const feature of features) {
          const colour = choose(feature.tags.i);
          if (!alike.has(colour)) alike.set(colour, []);
          alike.get(colour).push(feature);
        }
      }
      pen.globalAlpha = this.stage.config.styles.subgrid.fillOpacity;
      for (const [colour, features] of alike) {
        pen.fillStyle = colour;
        trace(pen, features, () => pen.fill("evenodd"));
      }
      pen.globalAlpha = 1;
    }

    paintStreets(pen, get, zoom) {
      if (zoom >= PATHS_FROM) this.paintPlain(pen, get("street_path"), "street_path");
      if (zoom >= MINOR_FROM) this.paintPlain(pen, get("street_minor"), "street_minor");
      this.paintPlain(pen, get("street_major"), "street_major");
    }

    // Lines and polygons that all look alike, fainter where they would distract.
    paintPlain(pen, groups, name, strength = 1) {
      const style = this.stage.config.styles[name];
      for (const [kind, features] of groups) {
        if (kind === "polygon") {
          pen.globalAlpha = strength * style.fillOpacity;
          pen.fillStyle = style.fillColor;
          trace(pen, features, () => pen.fill(style.fillRule || "evenodd"));
        }
        if (style.stroke !== false) {
          pen.globalAlpha = style.opacity || 1;
          pen.strokeStyle = style.color;
          pen.lineWidth = style.weight * this.stage.scale();
          pen.setLineDash(style.dashArray ? style.dashArray.split(" ").map(Number) : []);
          trace(pen, features, () => pen.stroke());
          pen.setLineDash([]);
        }
        pen.globalAlpha = 1;
      }
    }

    // Opaque, since every border is painted from both of its sides.
    paintOutlines(pen, groups, name, weight) {
      pen.strokeStyle = this.stage.config.styles[name].color;
      pen.lineWidth = weight;
      for (const [, features] of groups) trace(pen, features, () => pen.stroke());
    }

    paintOut(pen, groups, zoom) {
      const { records, config } = this.stage;
      const style = config.styles.out;
      const near = zoom >= 13.5;
      if (!this.hatch) this.hatch = makeHatch(pen, config.ink.out);
      for (const [, features] of groups) {
        const out = features.filter(
          ({ tags: { i } }) => !records.in_band[i] && !records.exclusive[i],
        );
        pen.fillStyle = near ? this.hatch : config.ink.out;
        pen.globalAlpha = near ? 1 : 0.45;
        trace(pen, out, () => pen.fill("evenodd"));
        if (zoom < OUTLINES_FROM) continue;
        pen.strokeStyle = style.color;
        pen.lineWidth = style.weight * (zoom < 15 ? 0.6 : 1);
        pen.globalAlpha = style.opacity;
        trace(pen, out, () => pen.stroke());
      }
      pen.globalAlpha = 1;
    }

    paintOpenings(pen, groups) {
      const style = this.stage.config.styles.opening;
      const scale = SIZE / EXTENT;
      pen.strokeStyle = style.color;
      pen.fillStyle = style.fillColor;
      pen.lineWidth = style.weight;
      for (const [, features] of groups) {
        for (const feature of features) {
          for (const [x, y] of feature.geometry) {
            pen.beginPath();
            pen.arc(x * scale, y * scale, style.radius, 0, 2 * Math.PI);
            pen.fill();
            pen.stroke();
          }
        }
      }
    }
  }

  function makeHatch(pen, colour) {
    const cell = document.createElement("canvas");
    cell.width = cell.height = 10;
    const ink = cell.getContext("2d");
    ink.strokeStyle = colour;
    ink.globalAlpha = 0.6;
    ink.lineWidth = 2;
    ink.beginPath();
    // Three strokes, so that the pattern goes on from cell to cell.
    for (const shift of [-10, 0, 10]) {
      ink.moveTo(shift - 2, 12);
      ink.lineTo(shift + 12, -2);
    }
    ink.stroke();
    return pen.createPattern(cell, "repeat");
  }

  function makeLayer(painter, pane) {
    const Layer = L.GridLayer.extend({
      createTile(coords) {
        const canvas = L.DomUtil.create("canvas", "gp-tile");
        painter.paint(canvas, coords);
        return canvas;
      },
      repaint() {
        for (const tile of Object.values(this._tiles)) painter.paint(tile.el, tile.coords);
      },
    });
    return new Layer({
      tileSize: SIZE,
      pane,
      maxNativeZoom: 20,
      updateWhenZooming: false,
      keepBuffer: 1,
    });
  }

  gridplan.Stage.prototype.loadTiles = async function (place) {
    const stage = this;
    const { map, words } = this;
    const wait = gridplan.make("div", "gp-wait", words.loading);
    map.getContainer().appendChild(wait);
    if (!("DecompressionStream" in window)) {
      wait.textContent = words.too_old;
      return;
    }
    const { head, bytes, from } = await gridplan.unpack(place);
    stage.records = head.records;
    stage.communities = head.communities;
    const sheets = head.layers.map((layer) => new Sheet(layer, bytes, from));
    for (const sheet of sheets.filter((s) => s.layer.name === "subgrids")) {
      for (const feature of sheet.read())
        stage.addPolygon(feature.properties.i, feature.geometry.coordinates);
    }
    // Where fills change with every frame, what lies over them has tiles of its own, which stay.
    const parts = stage.config.reels
      ? [
          ["fills", "gp-fills"],
          ["signs", "gp-streets"],
        ]
      : [[undefined, "gp-fills"]];
    for (const [part, pane] of parts) {
      const layer = makeLayer(new Painter(stage, sheets, part), pane).addTo(map);
      map.on(part === "fills" ? "gridplan:view gridplan:frame" : "gridplan:view", () =>
        layer.repaint(),
      );
    }
    wait.remove();
    stage.ready();
    nameBuildings(stage, sheets);
  };

  // Names of buildings are filed for the pointer when the browser has nothing else to do.
  function nameBuildings(stage, sheets) {
    const named = sheets.filter(
      ({ layer }) =>
        layer.kind === "polygon" && (Object.keys(layer.names).length || (layer.codes || []).length),
    );
    const file = () => {
      for (const sheet of named) {
        for (const feature of sheet.read()) {
          const row = feature.properties.i;
          const code = (sheet.layer.codes || [])[row] || "";
          stage.buildings.add(sheet.layer.names[row] || "", code, feature.geometry.coordinates);
        }
      }
    };
    if (named.length) (window.requestIdleCallback || setTimeout)(file);
  }
})();
