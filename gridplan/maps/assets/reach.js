// Reach on foot: sub-grids and streets by minutes to a kind of post, the reach of one post on a
// click, gaps, and what proposed posts change.

const NOBODY = -2; // in place of tenths of minutes: nobody lives there; any other below 0: no way
const NEAR = 13; // pixels within which a click means a post or a gap
const MARKED = 60; // gaps marked on the map at a time

class Reach {
  constructor(stage, head, shapes, kind) {
    this.stage = stage;
    this.head = head;
    this.shapes = shapes;
    this.look = stage.config.reach;
    this.ticked = { streets: true, posts: true, gaps: true };
    this.lines = L.layerGroup();
    this.marks = L.layerGroup();
    // The post whose reach is shown, and its sub-grids: row -> [demand, tenths of minutes].
    this.lit = null;
    this.view = Math.max(
      0,
      head.views.findIndex((v) => v.kind === kind),
    );
    this.panel = new ReachPanel(this);
    stage.map.on("gridplan:view", () => this.follow());
    // Where the mark of each gap stands, which may be beside its place.
    this.spots = new Map();
    stage.map.on("zoomend", () => {
      this.drawStreets();
      this.drawMarks();
    });
    stage.map.on("gridplan:labels", () => this.drawMarks());
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
      return mix(
        this.look.fills[this.grade(reached[1] / 10)],
        config.ink.unlit,
        reached[0] / this.state.demand[row],
      );
    }
    const tenths = this.state.minutes[row];
    if (tenths === NOBODY) return config.exclusive;
    return this.look.fills[tenths < 0 ? this.head.bands.length : this.grade(tenths / 10)];
  }

  grade(minutes) {
    // A little more than the limit is rounding, as in Python.
    const band = this.head.bands.findIndex((high) => minutes <= high + 1e-9);
    return band < 0 ? this.head.bands.length : band;
  }

  addLines(table, row) {
    const { stage, state } = this;
    const { words } = stage;
    const tenths = state.minutes[row];
    if (tenths === NOBODY) return;
    const minutes = fillIn(words.minutes_values, { minutes: tenths / 10 });
    addLine(table, words.minutes_mean, tenths < 0 ? words.no_way : minutes);
    const all = formatNumber(stage, state.demand[row]);
    for (const name of ["reachable", "served", "backed_up"]) {
      addLine(table, words[name], formatNumber(stage, state[name][row]) + " / " + all);
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
    this.panel.fill();
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
    if (!this.shown || !this.ticked.streets || this.lit) return;
    const bands = this.look.streets.map(() => []);
    this.shapes.forEach((line, n) => {
      const band = Number(this.head.lines[n][this.view]);
      if (band < bands.length) bands[band].push(line);
    });
    const weight = 3.2 * Math.max(0.45, this.stage.scale());
    // The nearest band is drawn last, on top.
    bands.reverse().forEach((lines, n) => {
      const style = {
        color: this.look.streets[bands.length - 1 - n],
        weight,
        opacity: 0.95,
        interactive: false,
      };
      if (lines.length)
        L.polyline(lines, {
          ...style,
          smoothFactor: 0.5,
          renderer: this.stage.renderers.reach,
        }).addTo(this.lines);
    });
  }

  // Posts of the kind that is shown; those proposed only in the state that counts them in.
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
    const { ink } = this.stage.config;
    const renderer = this.stage.renderers.posts;
    if (this.ticked.gaps && !this.lit) this.drawGaps();
    if (!this.ticked.posts) return;
    this.drawCourses(renderer);
    // Many posts become small dots, of which only the one that is lit stays.
    const posts = this.listPosts();
    const many = posts.length > 400;
    for (const post of posts) {
      const chosen = this.lit && this.lit.post === post;
      if (this.lit && many && !chosen) continue;
      const radius = many ? 3.5 : 6.5;
      const fillOpacity = this.lit && !chosen ? 0.45 : 1;
      const style = {
        radius: chosen ? 9 : radius,
        color: "#fff",
        weight: many ? 1 : 2,
        fillOpacity,
      };
      L.circleMarker([post.at[1], post.at[0]], {
        ...style,
        fillColor: post.proposed ? ink.proposed : ink.post,
        interactive: false,
        renderer,
      }).addTo(this.marks);
    }
  }

  // Belts of posts along a street and routes of drills, named where the pointer rests on them.
  drawCourses(renderer) {
    if (this.lit) return;
    const { ink } = this.stage.config;
    for (const course of this.head.courses || []) {
      if (course.kind !== this.state.kind) continue;
      const line = course.line.map(([lon, lat]) => [lat, lon]);
      L.polyline(line, { color: "#fff", weight: 7, opacity: 0.8, interactive: false, renderer }).addTo(
        this.marks,
      );
      const look = course.drill
        ? { color: ink.proposed, weight: 3, dashArray: "2 7", lineCap: "round" }
        : { color: ink.post, weight: 4 };
      L.polyline(line, { ...look, opacity: 0.9, renderer })
        .bindTooltip(course.name, { sticky: true })
        .addTo(this.marks);
    }
  }

  // The number of a gap that would cover a label stands beside it; one that would cover that of a
  // larger gap is left out, and a dot stays.
  drawGaps() {
    const { map } = this.stage;
    const taken = [];
    this.spots.clear();
    for (const gap of this.listGaps().slice(0, MARKED)) {
      const place = this.findPlace(gap);
      if (!place) continue;
      const point = map.latLngToContainerPoint([place[1], place[0]]);
      // The area of a mark grows with the households, up to a limit.
      const wide = Math.min(40, 17 + Math.sqrt(gap.households));
      const spot = this.findSpot(point, wide, taken);
      const size = spot ? wide : 9;
      if (spot) taken.push([spot, size]);
      const icon = L.divIcon({
        html: spot ? String(gap.rank) : "",
        className: "gp-gap-mark",
        iconSize: [size, size],
      });
      const how = {
        icon,
        pane: "gp-posts",
        interactive: false,
        keyboard: false,
        zIndexOffset: spot ? 1000 : 0,
      };
      const where = map.containerPointToLatLng(spot || point);
      this.spots.set(gap, [where.lng, where.lat]);
      L.marker(where, how).addTo(this.marks);
    }
  }

  // A point at a place, or just beside a label there, where a round mark covers nothing.
  findSpot(point, wide, taken) {
    const boxes = this.stage.labelBoxes || [];
    const apart = (spot) => taken.every(([o, size]) => spot.distanceTo(o) > (size + wide) / 2);
    const half = wide / 2;
    const bare = (spot) => {
      const box = [spot.x - half, spot.y - half, spot.x + half, spot.y + half];
      return !boxes.some((label) => overlaps(label, box));
    };
    // Marks of gaps side by side are not pushed about: they would seem to be of other land.
    if (!apart(point)) return undefined;
    const step = half + 9;
    const shifts = [[0, 0], [0, -step], [0, step], [step + 8, 0], [-step - 8, 0]];
    const spots = shifts.map(([x, y]) => point.add([x, y]));
    return spots.find((spot) => bare(spot) && apart(spot));
  }

  findPlace(gap) {
    const table = gap.level === "community" ? this.stage.communities : this.stage.records;
    return table.point[gap.row];
  }

  nameGap(gap) {
    const { stage } = this;
    const { records } = stage;
    if (gap.level === "community") return stage.nameCommunity(gap.row);
    return stage.nameCommunity(records.community[gap.row]) + " " + records.code[gap.row];
  }

  nameReason(gap) {
    return this.head.reasons[gap.reason] || gap.reason;
  }

  // ---- clicks

  // The post or gap under the pointer.
  find(latlng) {
    const { map } = this.stage;
    const pointer = map.latLngToContainerPoint(latlng);
    const findNearest = (list, getPlace, limit) => {
      let nearest = null;
      let least = limit;
      for (const one of list) {
        const place = getPlace(one);
        if (!place) continue;
        const distance = pointer.distanceTo(map.latLngToContainerPoint([place[1], place[0]]));
        if (distance >= least) continue;
        nearest = one;
        least = distance;
      }
      return nearest;
    };
    const post = this.ticked.posts ? findNearest(this.listPosts(), (p) => p.at, NEAR) : null;
    const gaps = this.ticked.gaps && !this.lit ? this.listGaps().slice(0, MARKED) : [];
    const getSpot = (gap) => this.spots.get(gap) || this.findPlace(gap);
    return { post, gap: post ? null : findNearest(gaps, getSpot, NEAR + 4) };
  }

  hover(event) {
    const { post, gap } = this.shown ? this.find(event.latlng) : {};
    this.stage.map.getContainer().style.cursor = post || gap ? "pointer" : "";
  }

  click(event) {
    if (!this.shown) return;
    const { post, gap } = this.find(event.latlng);
    if (post) this.light(post);
    else if (gap) this.openGap(gap);
    else if (this.lit) this.light(null);
  }

  // Show the reach of one post; null shows that of all again.
  light(post) {
    const { stage } = this;
    stage.pointer.hide();
    stage.map.closePopup();
    this.lit = null;
    if (post) {
      const [rows = [], people = [], tenths = []] = post.grids;
      this.lit = { post, grids: new Map(rows.map((row, n) => [row, [people[n], tenths[n]]])) };
    }
    this.draw();
    stage.recolour();
  }

  openGap(gap) {
    const { stage } = this;
    const { words } = stage;
    const place = this.findPlace(gap);
    const node = make("div", "gp-card");
    const head = make("div", "gp-card-head");
    head.append(make("strong", "", fillIn(words.gap_of, { rank: gap.rank })), " ");
    head.appendChild(make("span", "", this.nameGap(gap)));
    const table = make("table");
    addLine(table, words.not_served, formatNumber(stage, gap.households) + " " + words.households);
    let way = words.no_way;
    if (gap.metres !== null) {
      const metres = formatNumber(stage, gap.metres);
      way = fillIn(words.way_values, { metres, minutes: gap.minutes });
    }
    addLine(table, words.way, way);
    const cause = fillIn(words.cause_of, { cause: this.nameReason(gap) });
    node.append(head, table, make("p", "gp-card-out", cause));
    stage.pointer.hide();
    L.popup({ className: "gp-popup", closeButton: true, autoPanPaddingTopLeft: [290, 60] })
      .setLatLng([place[1], place[0]])
      .setContent(node)
      .openOn(stage.map);
  }

  goToGap(gap) {
    const { stage } = this;
    const box = (gap.level === "community" ? stage.communities : stage.records).box[gap.row];
    if (box)
      stage.map.fitBounds(
        [
          [box[1], box[0]],
          [box[3], box[2]],
        ],
        { maxZoom: 17, padding: [120, 120], animate: false },
      );
    this.openGap(gap);
  }
}

// A colour between two, given as #rrggbb; never so far from the first that it would not be seen.
function mix(first, second, part) {
  const keep = 0.25 + 0.75 * Math.min(1, part);
  const read = (text, start) => parseInt(text.slice(start, start + 2), 16);
  const channels = [1, 3, 5].map(
    (start) => keep * read(first, start) + (1 - keep) * read(second, start),
  );
  return "#" + channels.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("");
}

Stage.prototype.loadReach = async function (place, kind) {
  if (!("DecompressionStream" in window)) return;
  const { head, bytes, from } = await unpack(place);
  const start = () => {
    const features = head.layers.flatMap((layer) => readFeatures(layer, bytes, from));
    const shapes = features.map((f) => f.geometry.coordinates.map(([x, y]) => [y, x]));
    this.reach = new Reach(this, head, shapes, kind);
    this.recolour();
    this.reach.follow();
    if (this.view === "reach") this.showWhole();
    document.documentElement.dataset.gridplanReach = "ready";
  };
  if (this.records) start();
  else this.map.once("gridplan:ready", start);
};
