// Title, tools, search and legend.

function addControl(stage, position, node) {
  const control = L.control({ position });
  // Otherwise a click or a turn of the wheel on the panel would go to the map as well.
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
  bar.querySelector(".gp-whole").innerHTML =
    '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="M1.5 6V1.5H6' +
    'M10 1.5h4.5V6M14.5 10v4.5H10M6 14.5H1.5V10" fill="none" stroke="currentColor" ' +
    'stroke-width="1.8"/></svg>';
  bar.querySelector(".gp-print").innerHTML =
    '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="M4 5V1.5h8V5' +
    'M4 11.5H1.5V5h13v6.5H12M4 9.5h8v5H4z" fill="none" stroke="currentColor" ' +
    'stroke-width="1.5"/></svg>';
  addControl(stage, "topleft", bar);
}

const NO_MATCH = 3;

// How well a text matches what was typed: all of it, its beginning, some of it, or not at all.
function rankMatch(text, wish) {
  if (text === wish) return 0;
  if (text.startsWith(wish)) return 1;
  return text.includes(wish) ? 2 : NO_MATCH;
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
    Object.assign(this.input, {
      type: "search",
      placeholder: words.search,
      title: words.search_hint,
      autocomplete: "off",
    });
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
    node.addEventListener("focusout", (event) => {
      if (!node.contains(event.relatedTarget)) this.clear();
    });
    // Leaflet would move and zoom the map by the keys that are typed here.
    for (const type of ["keydown", "keypress", "keyup"]) {
      node.addEventListener(type, (event) => event.stopPropagation());
    }
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
      if (event.key === "/" && !typing) {
        event.preventDefault();
        this.input.focus();
      }
    });
    addControl(stage, "topleft", node);
  }

  find() {
    const { records, communities, words } = this.stage;
    const wish = this.input.value.trim().toLowerCase();
    this.hits = [];
    this.active = -1;
    if (wish && records) {
      const rank = (text) => rankMatch(text.toLowerCase(), wish);
      communities.code.forEach((code, n) => {
        const fit = Math.min(rank(code), rank(communities.name[n]));
        if (fit < NO_MATCH) this.hits.push({ fit, community: n });
      });
      records.code.forEach((code, row) => {
        const fit = rank(code);
        if (fit < NO_MATCH) this.hits.push({ fit, row });
      });
      this.hits.push(...this.stage.buildings.search(rank));
      this.hits = this.hits.sort((a, b) => a.fit - b.fit).slice(0, 8);
    }
    this.list.replaceChildren(...this.hits.map((hit, n) => this.makeHit(hit, n)));
    if (wish && !this.hits.length)
      this.list.replaceChildren(make("li", "gp-nothing", words.nothing));
    this.input.setAttribute("aria-expanded", String(this.hits.length > 0));
  }

  makeHit(hit, n) {
    const item = make("li");
    item.id = "gp-hit-" + n;
    item.setAttribute("role", "option");
    const [code, note] = this.nameHit(hit);
    item.append(make("b", "", code), make("span", "", note));
    // Before the input loses the focus, which clears the list.
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      this.go(hit);
    });
    return item;
  }

  nameHit({ building, community, row }) {
    const { stage } = this;
    const { records, communities, words } = stage;
    if (building) return [building.code, words.building + " " + building.name];
    if (row !== undefined) return [records.code[row], stage.nameCommunity(records.community[row])];
    return [stage.nameCommunity(community), words.community + " " + communities.code[community]];
  }

  press(event) {
    if (event.key === "Escape") {
      this.input.value = "";
      this.clear();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.go(this.hits[Math.max(0, this.active)]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = Math.min(this.hits.length - 1, Math.max(0, this.active + step));
      [...this.list.children].forEach((item, n) =>
        item.setAttribute("aria-selected", String(n === this.active)),
      );
      this.input.setAttribute("aria-activedescendant", "gp-hit-" + this.active);
    }
  }

  go(hit) {
    if (!hit) return;
    const { stage } = this;
    if (hit.building) {
      stage.buildings.go(hit.building);
    } else if (hit.row === undefined) {
      const n = hit.community;
      stage.goTo(stage.communities.box[n], stage.communities.point[n], describeCommunity(stage, n));
    } else {
      stage.goTo(
        stage.records.box[hit.row],
        stage.records.point[hit.row],
        describe(stage, hit.row),
        hit.row,
      );
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
    const { config, view, reels } = this.stage;
    const classes = view === "reel" && reels ? reels.listKeys() : [];
    this.keys.replaceChildren(...classes, ...config.keys[view].map(makeKey));
    const bare = this.stage.isBare()
      ? ["centre", "host", "hatch", ...(view === "reel" ? ["ring"] : [])]
      : [];
    const shown = config.keys.always.filter(([sign]) => !bare.includes(sign));
    this.signs.replaceChildren(...shown.map(makeKey));
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
  } else if (sign === "host") {
    box.innerHTML = STAR;
    box.style.color = colour;
  } else if (sign === "band") {
    [box.style.background, box.style.color] = colour;
  } else {
    box.style.setProperty("--gp-colour", colour);
  }
  return box;
}
