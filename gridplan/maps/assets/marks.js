// Labels and centres: only those in view, none on top of another.

const HOUSE =
  '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">' +
  '<path d="M8 1.2 1.2 7.4h1.9v7.2h9.8V7.4h1.9z" ' +
  'fill="currentColor" stroke="#fff" stroke-width="1.3" stroke-linejoin="round"/></svg>';
const STAR =
  '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">' +
  '<path d="M8 .8l2.2 4.7 5.1.6-3.8 3.5 1 5.1L8 12.2l-4.5 2.5 1-5.1L.7 6.1l5.1-.6z" ' +
  'fill="currentColor" stroke="#fff" stroke-width="1.1" stroke-linejoin="round"/></svg>';
const MOST_MARKS = 900; // on the map at a time; each is an element of the page
const ROOM = 54; // pixels that a sub-grid must measure before its centre is shown

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
    if (this.kind === "labels") this.tell([]);
  }

  // Say where labels are, for what must not cover them.
  tell(boxes) {
    this.stage.labelBoxes = boxes;
    this.stage.map.fire("gridplan:labels");
  }

  draw() {
    if (!this.group || !this.stage.records) return;
    this.group.clearLayers();
    if (this.kind === "centres") this.drawCentres();
    else if (this.kind === "hosts") this.drawHosts();
    else {
      this.drawLabels();
      this.tell(this.used);
    }
  }

  put(point, html, className, pane, size, shift = 0) {
    const icon = L.divIcon({
      html,
      className,
      iconSize: size,
      iconAnchor: size ? [size[0] / 2 - shift, size[1] / 2] : undefined,
    });
    const marker = L.marker([point[1], point[0]], {
      icon,
      pane,
      interactive: false,
      keyboard: false,
    });
    this.group.addLayer(marker);
  }

  drawCentres() {
    const { map, records } = this.stage;
    if (!this.stage.isClose()) return;
    const view = map.getBounds();
    let count = 0;
    records.centre.forEach((point, row) => {
      if (
        count >= MOST_MARKS ||
        !point ||
        !view.contains([point[1], point[0]]) ||
        !this.hasRoom(row)
      )
        return;
      this.put(point, HOUSE, "gp-centre", "gp-centres", [16, 16]);
      count += 1;
    });
  }

  // Party central households: stars, beside the house where both are at one door.
  drawHosts() {
    const { map, records } = this.stage;
    if (!this.stage.isClose()) return;
    const view = map.getBounds();
    let count = 0;
    records.hosts.forEach((points, row) => {
      if (!this.hasRoom(row)) return;
      const centre = records.centre[row];
      for (const point of points) {
        if (count >= MOST_MARKS || !view.contains([point[1], point[0]])) continue;
        const isBoth = centre && centre[0] === point[0] && centre[1] === point[1];
        this.put(point, STAR, "gp-host", "gp-centres", [16, 16], isBoth ? 17 : 0);
        count += 1;
      }
    });
  }

  // Whether most sub-grids in view are wide enough for their code; a few codes here and there would
  // only confuse. The median of their widths decides.
  isRoomy() {
    const { map, records } = this.stage;
    const view = map.getBounds();
    const widths = [];
    records.point.forEach((point, row) => {
      if (point && view.contains([point[1], point[0]]))
        widths.push(records.box[row][2] - records.box[row][0]);
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
    const low = this.stage.map.latLngToContainerPoint([south, west]);
    const high = this.stage.map.latLngToContainerPoint([north, east]);
    return [low.x, high.y, high.x, low.y];
  }

  drawLabels() {
    const { records, communities } = this.stage;
    this.used = [];
    communities.code.forEach((code, n) => {
      this.place(
        communities.name[n],
        communities.box[n],
        communities.point[n],
        "gp-label gp-label-community",
        15,
        0.8,
      );
    });
    if (!this.isRoomy()) return;
    const shared = countShared(communities.code);
    records.code.forEach((code, row) => {
      if (records.exclusive[row] === 2) return; // open land is quiet: its tooltip names it
      this.place(
        code.slice(shared),
        records.box[row],
        records.point[row],
        "gp-label gp-label-subgrid",
        11,
        1.15,
        row,
      );
    });
  }

  // Put a label where it fits into its shape, and covers neither another label nor the centre of
  // its sub-grid.
  place(text, box, point, className, size, room, row) {
    const { map, index, records } = this.stage;
    if (
      !text ||
      !point ||
      !box ||
      this.used.length >= MOST_MARKS ||
      !map.getBounds().contains([point[1], point[0]])
    )
      return;
    const [left, top, right, bottom] = this.measureBox(box);
    const width = measure(text, size);
    const height = size * 1.3;
    if (right - left < width * room || bottom - top < height * room) return;
    const centre =
      row === undefined || !this.stage.isClose() || !this.hasRoom(row) ? null : records.centre[row];
    const house = centre && map.latLngToContainerPoint([centre[1], centre[0]]);
    const taken = house
      ? [...this.used, [house.x - 9, house.y - 9, house.x + 9, house.y + 9]]
      : this.used;
    const spot = map.latLngToContainerPoint([point[1], point[0]]);
    // Beside a house the label may go above or below it.
    for (const shift of house ? [0, height + 6, -height - 6] : [0]) {
      const middle = spot.y + shift;
      const rect = [
        spot.x - width / 2,
        middle - height / 2,
        spot.x + width / 2,
        middle + height / 2,
      ];
      if (taken.some((other) => overlaps(other, rect))) continue;
      // Shifted, it must still be over its own sub-grid, with some room to spare.
      const edge = map.containerPointToLatLng([spot.x, spot.y + shift * 1.3]);
      if (shift && index.find(edge.lng, edge.lat) !== row) continue;
      this.used.push(rect);
      const label = make("span", "", text);
      label.style.top = shift + "px";
      this.put(point, label, className, "gp-labels", [0, 0]);
      return;
    }
  }
}

// Whether two boxes (left, top, right, bottom) overlap.
function overlaps(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

// How many letters can be left out at the beginning of codes so that those of communities still
// differ. Of one community the last part of a code is enough.
function countShared(codes) {
  if (codes.length === 1) return codes[0].length + 1;
  let count = Math.max(0, Math.min(...codes.map((code) => code.length)) - 1);
  const isShared = (start) => new Set(codes.map((code) => code.slice(start))).size < codes.length;
  while (count > 0 && isShared(count)) count -= 1;
  return count;
}

// About how wide a text is; a Chinese character is as wide as it is high.
function measure(text, size) {
  let width = 0;
  for (const letter of text) width += letter.charCodeAt(0) > 0x2e7f ? size : size * 0.58;
  return width + 4;
}
