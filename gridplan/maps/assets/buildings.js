// Buildings under the pointer and in the search: names, codes, and a line that moves one of them.

const OFFERED = 6; // sub-grids offered for a move

// A code that could be read as something else than a code is quoted, as in a script of edits.
function quoteCode(code) {
  const isPlain = /^[A-Za-z0-9._-]*\d[A-Za-z0-9._-]*$/.test(code);
  return isPlain ? code : '"' + code.replace(/"/g, '""') + '"';
}

class Buildings {
  constructor(stage) {
    this.stage = stage;
    this.index = new PointIndex(0.001); // buildings are small, so their cells are too
    this.listed = new Map(); // code -> its first polygon, for the search
    stage.map.on("click", (event) => this.click(event));
  }

  add(name, code, rings) {
    if (!name && !code) return;
    this.index.add({ name, code }, rings);
    if (code && !this.listed.has(code)) this.listed.set(code, { name, code, rings });
  }

  find(x, y) {
    return this.index.find(x, y);
  }

  // The codes and names that match what was typed.
  search(rank) {
    const hits = [];
    for (const building of this.listed.values()) {
      const fit = Math.min(rank(building.code), building.name ? rank(building.name) : NO_MATCH);
      if (fit < NO_MATCH) hits.push({ fit, building });
    }
    return hits;
  }

  click(event) {
    const { stage } = this;
    const target = event.originalEvent && event.originalEvent.target;
    const panels = ".leaflet-control, .leaflet-popup";
    const elsewhere = target && target.closest && target.closest(panels);
    // Where minutes or a week are shown a click has another meaning.
    if (elsewhere || !stage.records || ["reach", "reel"].includes(stage.view)) return;
    const { lng, lat } = event.latlng;
    const building = this.find(lng, lat);
    if (building && building.code) this.show(building, [lng, lat]);
  }

  go({ code, name, rings }) {
    const { stage } = this;
    const bounds = L.latLngBounds(swapAxes(rings)[0]);
    stage.map.fitBounds(bounds, { maxZoom: 18, padding: [70, 70], animate: false });
    const { lng, lat } = bounds.getCenter();
    this.show({ code, name }, [lng, lat]);
  }

  show(building, [lng, lat]) {
    const { stage } = this;
    const { words, records } = stage;
    const row = stage.index.find(lng, lat);
    const card = make("div", "gp-card gp-building");
    const head = make("div", "gp-card-head");
    head.appendChild(make("strong", "", building.code));
    if (building.name) head.appendChild(make("span", "", building.name));
    card.appendChild(head);
    if (row !== undefined) {
      const where = fillIn(words.building_in, { subgrid: records.code[row] });
      card.appendChild(make("p", "gp-card-note", where));
    }
    const near = row === undefined ? [] : this.listNear(row, lng, lat);
    if (near.length) card.appendChild(this.makeMove(building.code, near));
    stage.pointer.hide();
    L.popup({ className: "gp-popup", maxWidth: 340, autoPanPaddingTopLeft: [12, 12] })
      .setLatLng([lat, lng])
      .setContent(card)
      .openOn(stage.map);
  }

  // The sub-grids of the same community that come nearest to a place, without the one it is in.
  listNear(row, lng, lat) {
    const { records, parts } = this.stage;
    const shrink = Math.cos((lat * Math.PI) / 180);
    const far = (other) => {
      let least = Infinity;
      for (const rings of parts.get(other) || [])
        for (const [x, y] of rings[0])
          least = Math.min(least, ((x - lng) * shrink) ** 2 + (y - lat) ** 2);
      return least;
    };
    return records.code
      .map((code, other) => other)
      .filter(
        (other) =>
          other !== row &&
          records.community[other] === records.community[row] &&
          !records.exclusive[other],
      )
      .map((other) => [far(other), other])
      .sort((a, b) => a[0] - b[0])
      .slice(0, OFFERED)
      .map(([, other]) => records.code[other]);
  }

  makeMove(code, near) {
    const { words } = this.stage;
    const box = make("div", "gp-move");
    const choice = make("select");
    choice.setAttribute("aria-label", words.move_to);
    for (const subgrid of near) choice.appendChild(new Option(subgrid, subgrid));
    const line = make("textarea");
    line.rows = 2;
    line.readOnly = true;
    line.setAttribute("aria-label", words.edit_line);
    const write = () => {
      const values = { building: quoteCode(code), subgrid: quoteCode(choice.value) };
      line.value = fillIn(words.move_line, values);
    };
    choice.addEventListener("change", write);
    write();
    const button = makeButton("gp-copy", words.copy, words.copy, async () => {
      line.select();
      // A page in a frame may not have the clipboard; what is selected can be copied all the same.
      try {
        await navigator.clipboard.writeText(line.value);
      } catch (error) {
        document.execCommand("copy");
      }
      button.textContent = words.copied;
    });
    const label = make("label", "", words.move_to + " ");
    label.appendChild(choice);
    box.append(label, line, button);
    return box;
  }
}
