// Two plans: outlines before, homes that changed their sub-grid, and what became of every sub-grid.

const LISTED_EVENTS = 60; // of a kind, in the panel

class Change {
  constructor(stage, head, features) {
    this.stage = stage;
    this.head = head;
    this.look = stage.config.change;
    this.homes = new PointIndex(0.001);
    this.layers = { before: L.layerGroup(), homes: L.layerGroup() };
    this.fillBefore(features.before || []);
    this.fillHomes(features);
    this.makePanel();
    stage.map.on("gridplan:view", () => this.follow());
    stage.map.on("zoomend", () => this.widen());
    this.widen();
  }

  // ---- what is drawn

  // Outlines before are dashed; those that ended are drawn in a colour of their own.
  fillBefore(features) {
    const { look, stage } = this;
    const ended = new Set(this.head.ended);
    for (const [over, style] of [
      [false, look.before],
      [true, look.ended],
    ]) {
      const rings = features
        .filter((f) => ended.has(f.properties.i) === over)
        .map((f) => swapAxes(f.geometry.coordinates));
      if (!rings.length) continue;
      const lines = L.polygon(rings, {
        ...style,
        fill: false,
        interactive: false,
        renderer: stage.renderers.before,
      });
      lines.weightNear = style.weight;
      lines.addTo(this.layers.before);
    }
  }

  // From afar outlines are drawn finer, as those of now are.
  widen() {
    const share = this.stage.map.getZoom() < 14 ? 0.5 : 1;
    this.layers.before.eachLayer((lines) => lines.setStyle({ weight: lines.weightNear * share }));
  }

  // Those that moved are filed last and drawn on top: they are what a reader looks for.
  fillHomes(features) {
    for (const kind of ["gone", "new", "moved"]) {
      const homes = features["homes_" + kind] || [];
      for (const f of homes) this.homes.add([kind, f.properties.i], f.geometry.coordinates);
      const rings = homes.map((f) => swapAxes(f.geometry.coordinates));
      const style = {
        ...this.look.homes[kind],
        interactive: false,
        renderer: this.stage.renderers.homes,
      };
      if (rings.length) L.polygon(rings, style).addTo(this.layers.homes);
    }
  }

  follow() {
    for (const [name, layer] of Object.entries(this.layers)) {
      const wanted = this.stage.shown[name] !== false;
      if (wanted === this.stage.map.hasLayer(layer)) continue;
      if (wanted) layer.addTo(this.stage.map);
      else layer.remove();
    }
  }

  // ---- words

  find(x, y) {
    return this.stage.map.hasLayer(this.layers.homes) ? this.homes.find(x, y) : undefined;
  }

  describeHome([kind, row]) {
    const { words } = this.stage;
    const home = this.head.homes[kind][row];
    const node = make("div", "gp-flows");
    node.appendChild(make("b", "", home.name));
    for (const [old, now, households] of home.flows) {
      let word = old === now ? "flow_kept" : "flow_moved";
      if (!old && now) word = "flow_new";
      else if (old && home.gone) word = "flow_gone";
      const values = {
        old: old || words.no_subgrid,
        new: now || words.no_subgrid,
        households: formatNumber(this.stage, households),
      };
      node.appendChild(make("div", "", fillIn(words[word], values)));
    }
    return node;
  }

  makePanel() {
    const { stage, head } = this;
    const { words } = stage;
    // It folds, and is folded at first where it would cover the map, as on a phone.
    const node = make("details", "gp-panel gp-change");
    const size = stage.map.getSize();
    node.open = size.x > 760 && size.y > 520;
    node.setAttribute("aria-label", words.change);
    node.appendChild(make("summary", "", words.change));
    const list = make("div", "gp-events");
    for (const { kind, events } of head.events) {
      const title = make(
        "h3",
        "",
        words["events_" + kind] + " (" + formatNumber(stage, events.length) + ")",
      );
      const sign = make("i");
      sign.style.background = this.look.kinds[kind];
      title.prepend(sign);
      list.appendChild(title);
      for (const event of events.slice(0, LISTED_EVENTS)) {
        list.appendChild(makeButton("", event.text, event.text, () => this.goTo(event)));
      }
      if (events.length > LISTED_EVENTS) {
        list.appendChild(
          make(
            "p",
            "",
            fillIn(words.more_events, {
              count: formatNumber(stage, events.length - LISTED_EVENTS),
            }),
          ),
        );
      }
    }
    if (!head.events.length) list.appendChild(make("p", "", words.no_events));
    node.appendChild(list);
    addControl(stage, "topleft", node);
  }

  goTo({ box, row, text }) {
    if (!box) return;
    const { stage } = this;
    const [west, south, east, north] = box;
    const wide = stage.map.getSize().x > 900;
    stage.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      {
        maxZoom: 18,
        paddingTopLeft: [wide ? 330 : 40, 60],
        paddingBottomRight: [wide ? 350 : 40, 60],
        animate: false,
      },
    );
    stage.pointer.highlight(row < 0 ? undefined : row);
    const card = make("div", "gp-card");
    card.appendChild(make("p", "", text));
    stage.pointer.show(L.latLng(north, (west + east) / 2), card);
  }
}

Stage.prototype.loadChange = async function (place) {
  if (!("DecompressionStream" in window)) return;
  const { head, bytes, from } = await unpack(place);
  const start = () => {
    const features = {};
    for (const layer of head.layers)
      features[layer.name] = (features[layer.name] || []).concat(readFeatures(layer, bytes, from));
    this.change = new Change(this, head, features);
    this.recolour();
    this.showWhole();
    document.documentElement.dataset.gridplanChange = "ready";
  };
  if (this.records) start();
  else this.map.once("gridplan:ready", start);
};
