// Reach on foot: sub-grids and streets by minutes to a kind of post, the reach of one post on a click, gaps, before and after.

const NEAR = 13; // pixels within which a click means a post or a gap
const LISTED = 6; // gaps in the panel
const MARKED = 60; // gaps marked on the map at a time

class Reach {
  constructor(stage, head, shapes, kind) {
    this.stage = stage;
    this.head = head;
    this.shapes = shapes;
    this.look = stage.config.reach;
    this.on = { streets: true, posts: true, gaps: true };
    this.lines = L.layerGroup();
    this.marks = L.layerGroup();
    this.lit = null; // the post whose reach is shown, and its sub-grids: row -> [households, tenths of minutes]
    this.view = Math.max(0, head.views.findIndex((v) => v.kind === kind));
    this.makePanel();
    stage.map.on("gridplan:view", () => this.follow());
    stage.map.on("zoomend", () => { this.drawStreets(); this.drawMarks(); });
    stage.map.on("click", (event) => this.click(event));
    stage.map.on("mousemove", (event) => this.hover(event));
  }

  get shown() {
    return this.stage.view === "reach";
  }

  get state() {
    return this.head.views[this.view];
  }

  // ---- colours

  fill(row) {
    const { config } = this.stage;
    if (this.lit) {
      const reached = this.lit.grids.get(row);
      if (!reached) return config.ink.unlit;
      return mix(this.look.fills[this.grade(reached[1] / 10)], config.ink.unlit, reached[0] / this.state.households[row]);
    }
    const tenths = this.state.minutes[row];
    if (tenths === -2) return config.exclusive;
    return this.look.fills[tenths < 0 ? this.head.bands.length : this.grade(tenths / 10)];
  }

  grade(minutes) {
    const band = this.head.bands.findIndex((high) => minutes <= high + 1e-9);
    return band < 0 ? this.head.bands.length : band;
  }

  addLines(table, row) {
    const { stage, state } = this, { words } = stage;
    if (state.minutes[row] === -2) return;
    const minutes = state.minutes[row];
    addLine(table, words.minutes_mean, minutes < 0 ? words.no_way : fillIn(words.minutes_values, { minutes: minutes / 10 }));
    for (const name of ["reachable", "served", "backed_up"]) {
      addLine(table, words[name], formatNumber(stage, state[name][row]) + " / " + formatNumber(stage, state.households[row]));
    }
  }

  // ---- what is drawn

  follow() {
    const { map } = this.stage;
    const was = map.hasLayer(this.marks);
    if (this.shown && !was) {
      this.lines.addTo(map);
      this.marks.addTo(map);
      this.draw();
    } else if (!this.shown && was) {
      this.lines.remove();
      this.marks.remove();
      map.closePopup();
    }
  }

  draw() {
    this.drawStreets();
    this.drawMarks();
    this.fillPanel();
  }

  choose(view) {
    this.view = view;
    this.lit = null;
    this.stage.map.closePopup();
    this.draw();
    this.stage.recolour();
  }

  drawStreets() {
    this.lines.clearLayers();
    if (!this.shown || !this.on.streets || this.lit) return;
    const bands = this.look.streets.map(() => []);
    this.shapes.forEach((line, n) => {
      const band = Number(this.head.lines[n][this.view]);
      if (band < bands.length) bands[band].push(line);
    });
    const weight = 3.2 * Math.max(0.45, this.stage.scale());
    bands.reverse().forEach((lines, n) => {
      const style = { color: this.look.streets[bands.length - 1 - n], weight, opacity: 0.95, interactive: false };
      if (lines.length) L.polyline(lines, { ...style, smoothFactor: 0.5, renderer: this.stage.renderers.reach }).addTo(this.lines);
    });
  }

  // Posts of the kind that is shown; those proposed only where they are reckoned with.
  listPosts() {
    const { kind, state } = this.state;
    return this.head.posts.filter((p) => p.kind === kind && (state === "proposed" || !p.proposed));
  }

  listGaps() {
    return this.state.state === "now" ? this.head.gaps[this.state.kind] : [];
  }

  drawMarks() {
    this.marks.clearLayers();
    if (!this.shown) return;
    const { ink } = this.stage.config, renderer = this.stage.renderers.posts;
    if (this.on.gaps && !this.lit) this.drawGaps();
    if (!this.on.posts) return;
    const posts = this.listPosts(), many = posts.length > 400;
    for (const post of posts) {
      const chosen = this.lit && this.lit.post === post;
      if (this.lit && many && !chosen) continue;
      const style = { radius: chosen ? 9 : many ? 3.5 : 6.5, color: "#fff", weight: many ? 1 : 2, fillOpacity: this.lit && !chosen ? 0.45 : 1 };
      L.circleMarker([post.at[1], post.at[0]], {
        ...style, fillColor: post.proposed ? ink.proposed : ink.post, interactive: false, renderer,
      }).addTo(this.marks);
    }
  }

  // The number of a gap that would cover that of a larger one is left out; a dot stays.
  drawGaps() {
    const { map } = this.stage, taken = [];
    for (const gap of this.listGaps().slice(0, MARKED)) {
      const at = this.findPlace(gap);
      if (!at) continue;
      const point = map.latLngToContainerPoint([at[1], at[0]]);
      const wide = Math.min(40, 17 + Math.sqrt(gap.households));
      const free = taken.every(([other, size]) => point.distanceTo(other) > (size + wide) / 2);
      const size = free ? wide : 9;
      if (free) taken.push([point, size]);
      const icon = L.divIcon({ html: free ? String(gap.rank) : "", className: "gp-gap-mark", iconSize: [size, size] });
      const how = { icon, pane: "gp-posts", interactive: false, keyboard: false, zIndexOffset: free ? 1000 : 0 };
      L.marker([at[1], at[0]], how).addTo(this.marks);
    }
  }

  findPlace(gap) {
    const table = gap.level === "community" ? this.stage.communities : this.stage.records;
    return table.point[gap.row];
  }

  nameGap(gap) {
    const { stage } = this, { records } = stage;
    if (gap.level === "community") return stage.nameCommunity(gap.row);
    return stage.nameCommunity(records.community[gap.row]) + " " + shorten(records.code[gap.row]);
  }

  // ---- clicks

  // The post or gap under the pointer.
  find(latlng) {
    const { map } = this.stage, at = map.latLngToContainerPoint(latlng);
    const seek = (list, place, reach) => {
      let best = null, least = reach;
      for (const one of list) {
        const point = place(one);
        if (!point) continue;
        const d = at.distanceTo(map.latLngToContainerPoint([point[1], point[0]]));
        if (d < least) [best, least] = [one, d];
      }
      return best;
    };
    const post = this.on.posts ? seek(this.listPosts(), (p) => p.at, NEAR) : null;
    const gaps = this.on.gaps && !this.lit ? this.listGaps().slice(0, MARKED) : [];
    return { post, gap: post ? null : seek(gaps, (g) => this.findPlace(g), NEAR + 4) };
  }

  hover(event) {
    const found = this.shown ? this.find(event.latlng) : {};
    this.stage.map.getContainer().style.cursor = found.post || found.gap ? "pointer" : "";
  }

  click(event) {
    if (!this.shown) return;
    const { post, gap } = this.find(event.latlng);
    if (post) this.light(post);
    else if (gap) this.openGap(gap);
    else if (this.lit) this.light(null);
  }

  // Show whom one post reaches; nothing shows all again.
  light(post) {
    const { stage } = this;
    stage.pointer.hide();
    stage.map.closePopup();
    this.lit = null;
    if (post) {
      const [rows = [], households = [], tenths = []] = post.grids;
      this.lit = { post, grids: new Map(rows.map((row, n) => [row, [households[n], tenths[n]]])) };
    }
    this.draw();
    stage.recolour();
  }

  openGap(gap) {
    const { stage } = this, { words } = stage, at = this.findPlace(gap);
    const node = make("div", "gp-card");
    const head = make("div", "gp-card-head");
    head.append(make("strong", "", fillIn(words.gap_of, { rank: gap.rank })), " ");
    head.appendChild(make("span", "", this.nameGap(gap)));
    const table = make("table");
    addLine(table, words.not_served, formatNumber(stage, gap.households) + " " + words.households);
    const way = gap.metres === null ? words.no_way : fillIn(words.way_values, { metres: formatNumber(stage, gap.metres), minutes: gap.minutes });
    addLine(table, words.way, way);
    const cause = words.cause + (stage.config.lang === "zh" ? "：" : ": ") + (this.head.reasons[gap.reason] || gap.reason);
    node.append(head, table, make("p", "gp-card-out", cause));
    stage.pointer.hide();
    L.popup({ className: "gp-popup", closeButton: true, autoPanPaddingTopLeft: [290, 60] }).setLatLng([at[1], at[0]]).setContent(node).openOn(stage.map);
  }

  goToGap(gap) {
    const { stage } = this;
    const box = (gap.level === "community" ? stage.communities : stage.records).box[gap.row];
    if (box) stage.map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { maxZoom: 17, padding: [120, 120], animate: false });
    this.openGap(gap);
  }

  // ---- the panel

  makePanel() {
    const { stage } = this, { words } = stage;
    const node = make("section", "gp-panel gp-reach");
    node.setAttribute("aria-label", words.reach);
    this.kinds = make("select");
    this.kinds.setAttribute("aria-label", words.reach_kind);
    this.head.views.forEach((view, n) => {
      if (view.state !== "now") return;
      const option = make("option", "", view.label);
      option.value = n;
      this.kinds.appendChild(option);
    });
    this.kinds.addEventListener("change", () => this.choose(Number(this.kinds.value)));
    this.body = make("div");
    const boxes = make("div", "gp-reach-boxes");
    for (const name of ["streets", "posts", "gaps"]) {
      if (name === "streets" && !this.shapes.length) continue;
      const label = make("label"), box = make("input");
      Object.assign(box, { type: "checkbox", checked: true });
      box.addEventListener("change", () => { this.on[name] = box.checked; this.draw(); });
      label.append(box, words["show_" + name]);
      boxes.appendChild(label);
    }
    this.tail = make("div");
    node.append(make("h2", "", words.reach), this.kinds, this.body, boxes, this.tail);
    addControl(stage, "topleft", node);
  }

  fillPanel() {
    const { stage, state } = this, { words } = stage;
    const first = this.head.views.findIndex((v) => v.kind === state.kind);
    this.kinds.value = String(first);
    const parts = [];
    if (this.head.views[first + 1] && this.head.views[first + 1].kind === state.kind) {
      const states = make("div", "gp-states");
      ["now", "proposed"].forEach((name, n) => {
        const button = make("button", "", words[name]);
        button.type = "button";
        button.setAttribute("aria-pressed", String(this.view === first + n));
        button.addEventListener("click", () => this.choose(first + n));
        states.appendChild(button);
      });
      parts.push(states);
    }
    parts.push(...(this.lit ? this.tellPost() : this.tellFigures()));
    this.body.replaceChildren(...parts);
    this.tail.replaceChildren(...(this.lit ? [] : this.tellGaps()));
  }

  tellFigures() {
    const { stage, state } = this, { words } = stage, { figures } = state;
    const table = make("table");
    for (const name of ["reachable", "served", "backed_up"]) {
      const line = table.insertRow(), head = make("th", "", words[name]);
      head.scope = "row";
      line.appendChild(head);
      line.insertCell().textContent = share(figures[name], figures.households);
      line.insertCell().textContent = formatNumber(stage, figures[name]) + (stage.config.lang === "zh" ? " 户" : "");
    }
    return [make("p", "", fillIn(figures.posts === 1 ? words.within_one : words.within, { minutes: state.within, posts: formatNumber(stage, figures.posts) })), table];
  }

  tellPost() {
    const { stage } = this, { words } = stage, { post, grids } = this.lit;
    const name = make("p", "gp-post-name");
    name.append(make("b", "", post.name || post.code), post.proposed ? " (" + words.proposed_post + ")" : "");
    const table = make("table");
    addLine(table, words.reachable, formatNumber(stage, post.reachable));
    addLine(table, words.served, formatNumber(stage, post.served));
    if (post.capacity !== null) addLine(table, words.capacity, formatNumber(stage, post.capacity));
    const text = fillIn(words.reaches, { households: formatNumber(stage, post.reachable), subgrids: formatNumber(stage, grids.size) });
    const close = makeButton("gp-close", words.close, words.close, () => this.light(null));
    return [name, table, make("p", "gp-reach-told", text), close];
  }

  tellGaps() {
    const { stage } = this, { words } = stage;
    if (this.state.state !== "now") return [];
    const gaps = this.listGaps(), list = make("div", "gp-gaps");
    for (const gap of gaps.slice(0, LISTED)) {
      const button = makeButton("", this.head.reasons[gap.reason] || gap.reason, "", () => this.goToGap(gap));
      button.append(make("b", "", String(gap.rank)), make("span", "", this.nameGap(gap)));
      button.appendChild(make("em", "", formatNumber(stage, gap.households) + " " + words.households));
      list.appendChild(button);
    }
    return [make("h3", "", gaps.length ? words.largest_gaps : words.no_gaps), list];
  }
}

// A colour between two, given as #rrggbb; never so far from the first that it would not be seen.
function mix(first, second, part) {
  const keep = 0.25 + 0.75 * Math.min(1, part);
  const read = (text, at) => parseInt(text.slice(at, at + 2), 16);
  return "#" + [1, 3, 5].map((at) => Math.round(keep * read(first, at) + (1 - keep) * read(second, at)).toString(16).padStart(2, "0")).join("");
}

// A share that is not rounded up to all, nor down to none.
function share(part, whole) {
  if (!whole) return "–";
  const percent = (100 * part) / whole;
  if (part < whole && percent > 99.9) return "99.9 %";
  return (part > 0 && percent < 0.1 ? "0.1" : percent.toFixed(1)) + " %";
}

Stage.prototype.loadReach = async function (place, kind) {
  if (!("DecompressionStream" in window)) return;
  const { head, bytes, from } = await unpack(place);
  const start = () => {
    const shapes = head.layers.flatMap((layer) => readFeatures(layer, bytes, from)).map((f) => f.geometry.coordinates.map(([x, y]) => [y, x]));
    this.reach = new Reach(this, head, shapes, kind);
    this.recolour();
    this.reach.follow();
    if (this.view === "reach") this.showWhole();
    document.documentElement.dataset.gridplanReach = "ready";
  };
  if (this.records) start();
  else this.map.once("gridplan:ready", start);
};
