// Reels: strips of frames over the sub-grids. A slider moves through the steps, choosers change
// what is shown, and of which case.

// Milliseconds of a reel that plays, and the least and most of one of its frames.
const WHOLE = 15000;
const QUICKEST = 120;
const SLOWEST = 1000;
const STRIP_HEIGHT = 46; // pixels; page.css has the same

class Reels {
  constructor(stage, head, bytes, from) {
    this.stage = stage;
    this.reels = head.reels;
    const rows = stage.records.code.length;
    // Views into the unpacked bytes, so that nothing is copied.
    for (const reel of this.reels)
      reel.frames = new Int8Array(bytes.buffer, from + reel.at, rows * reel.steps.length);
    this.current = 0; // the reel that is shown
    this.wanted = 0; // the step asked for; a reel with fewer shows its last
    this.timer = 0;
    this.opened = null; // the sub-grid whose story is open
    this.makePanel();
    stage.map.on("click", (event) => this.click(event));
    stage.map.on("popupclose", () => {
      this.opened = null;
    });
    stage.map.on("gridplan:view", () => {
      if (!this.shown) this.pause();
    });
    window.addEventListener("resize", () => this.drawStrip());
  }

  get shown() {
    return this.stage.view === "reel";
  }

  get reel() {
    return this.reels[this.current];
  }

  get step() {
    return Math.min(this.wanted, this.reel.steps.length - 1);
  }

  // ---- classes

  find(row, step) {
    return this.reel.frames[row * this.reel.steps.length + (step === undefined ? this.step : step)];
  }

  fill(row) {
    const n = this.find(row);
    return n < 0 ? this.stage.config.ink.blank : this.reel.classes[n][1];
  }

  nameClass(n) {
    if (n >= 0) return this.reel.classes[n][0];
    return this.reel.blank || this.stage.words.reel_blank;
  }

  // How many sub-grids are in each class at a step; last, of how many nothing is known.
  count(step) {
    const { exclusive } = this.stage.records;
    const counts = new Array(this.reel.classes.length + 1).fill(0);
    for (let row = 0; row < exclusive.length; row++) {
      if (exclusive[row]) continue;
      const n = this.find(row, step);
      counts[n < 0 ? counts.length - 1 : n] += 1;
    }
    return counts;
  }

  listKeys() {
    const { stage, reel } = this;
    const counts = this.count(this.step);
    const rows = reel.classes.map(([name, colour]) => [name, colour]);
    if (this.blanks) rows.push([this.nameClass(-1), stage.config.ink.blank]);
    const keys = rows.map(([name, colour], n) => {
      const key = makeKey(["fill", colour, name]);
      key.appendChild(make("b", "gp-count", formatNumber(stage, counts[n])));
      return key;
    });
    if (reel.note) keys.push(make("li", "gp-key-note", reel.note));
    return keys;
  }

  // ---- moving

  go(step) {
    this.wanted = Math.max(0, Math.min(this.reel.steps.length - 1, step));
    this.follow();
  }

  // Another reel, at the same step: that of the same name if there is one.
  choose(n) {
    const label = this.reel.steps[this.step];
    this.current = n;
    const { steps } = this.reel;
    if (steps.length > 1 && steps[this.step] !== label && steps.includes(label))
      this.wanted = steps.indexOf(label);
    if (steps.length < 2) this.pause();
    this.totals = steps.map((_, step) => this.count(step));
    this.blanks = this.totals.some((counts) => counts[counts.length - 1]);
    this.fillChoosers();
    // The slider is as much narrower than the strip as puts its thumb, 16 pixels wide, below the
    // middle of each step's column.
    const alone = 1 / steps.length;
    this.slider.max = String(steps.length - 1);
    this.slider.style.marginLeft = `calc(${50 * alone}% - 8px)`;
    this.slider.style.width = `calc(${100 * (1 - alone)}% + 16px)`;
    this.track.hidden = steps.length < 2;
    this.drawStrip();
    this.follow();
  }

  follow() {
    const { stage, reel, step } = this;
    const label = reel.steps[step];
    this.slider.value = String(step);
    this.slider.setAttribute("aria-valuetext", label);
    this.label.textContent = label;
    this.cursor.style.left = `${(100 * (step + 0.5)) / reel.steps.length}%`;
    if (!this.shown) return;
    stage.legend.draw();
    stage.recolour("gridplan:frame");
    if (this.opened) this.fillStory();
  }

  toggle() {
    if (this.timer) return this.pause();
    const { length } = this.reel.steps;
    if (this.step >= length - 1) this.go(0); // at the end it plays again from the start
    const pace = Math.max(QUICKEST, Math.min(SLOWEST, WHOLE / length));
    this.timer = setInterval(() => {
      this.go(this.step + 1);
      if (this.step >= this.reel.steps.length - 1) this.pause();
    }, pace);
    this.markButton();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.markButton();
  }

  markButton() {
    const { words } = this.stage;
    const word = this.timer ? words.reel_pause : words.reel_play;
    this.button.title = word;
    this.button.setAttribute("aria-label", word);
    this.button.classList.toggle("gp-playing", this.timer !== 0);
  }

  // Arrow keys move the slider while nothing else has the focus.
  press(event) {
    if (!this.shown || document.activeElement !== document.body || this.reel.steps.length < 2)
      return;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.pause();
    this.go(this.step + move);
  }

  // ---- the panel

  makePanel() {
    const { words } = this.stage;
    const node = make("section", "gp-panel gp-reels");
    node.setAttribute("aria-label", words.reel);
    this.groups = this.makeChooser(words.reel_group, () => {
      // The same case in the other group, if it is there.
      const { name } = this.reel;
      const group = this.listGroup(this.groups.value);
      this.choose(group.find((n) => this.reels[n].name === name) ?? group[0]);
    });
    this.names = this.makeChooser(words.reel_name, () => this.choose(Number(this.names.value)));
    const choosers = make("div", "gp-reel-choosers");
    this.label = make("output", "gp-reel-label");
    this.label.setAttribute("aria-live", "off"); // the slider says it
    choosers.append(this.groups, this.names, this.label);
    this.button = makeButton("gp-play", words.reel_play, "", () => this.toggle());
    this.slider = make("input");
    Object.assign(this.slider, { type: "range", min: "0", step: "1" });
    this.slider.setAttribute("aria-label", words.reel_step);
    this.slider.addEventListener("input", () => {
      this.pause();
      this.go(Number(this.slider.value));
    });
    this.strip = make("canvas");
    this.cursor = make("i");
    this.strip.addEventListener("click", (event) => {
      this.pause();
      this.go(Math.floor((event.offsetX / this.strip.clientWidth) * this.reel.steps.length));
    });
    const picture = make("div", "gp-reel-strip");
    const lane = make("div", "gp-reel-lane");
    picture.title = words.reel_strip;
    picture.append(this.strip, this.cursor);
    lane.append(picture, this.slider);
    this.track = make("div", "gp-reel-track");
    this.track.append(this.button, lane);
    node.append(choosers, this.track);
    // Leaflet would move the map by the keys that are meant for the slider.
    for (const type of ["keydown", "keypress", "keyup"]) {
      node.addEventListener(type, (event) => event.stopPropagation());
    }
    document.addEventListener("keydown", (event) => this.press(event));
    addControl(this.stage, "bottomleft", node);
    this.markButton();
  }

  makeChooser(name, onChange) {
    const chooser = make("select");
    chooser.setAttribute("aria-label", name);
    chooser.addEventListener("change", onChange);
    return chooser;
  }

  listGroup(group) {
    return this.reels.map((_, n) => n).filter((n) => this.reels[n].group === group);
  }

  fillChoosers() {
    const fill = (chooser, options, value) => {
      chooser.replaceChildren(
        ...options.map(([key, text]) => Object.assign(make("option", "", text), { value: key })),
      );
      chooser.value = value;
      chooser.hidden = !options.some(([, text]) => text);
      chooser.disabled = options.length < 2;
    };
    const groups = [...new Set(this.reels.map((reel) => reel.group))];
    fill(
      this.groups,
      groups.map((group) => [group, group]),
      this.reel.group,
    );
    fill(
      this.names,
      this.listGroup(this.reel.group).map((n) => [String(n), this.reels[n].name]),
      String(this.current),
    );
  }

  // How many sub-grids are in each class through the steps, the last class at the foot. The height
  // is the most that are known in any step, so that columns can be compared.
  drawStrip() {
    const colours = [...this.reel.classes.map(([, colour]) => colour), this.stage.config.ink.blank];
    const known = (counts) => counts.slice(0, -1).reduce((sum, n) => sum + n, 0);
    const whole = Math.max(1, ...this.totals.map(known));
    const columns = this.totals.map((counts) => {
      const sizes = [...counts.slice(0, -1), whole - known(counts)];
      return sizes.map((size, n) => [size / whole, colours[n]]).reverse();
    });
    paintColumns(this.strip, columns);
  }

  // ---- a sub-grid

  // The class of a sub-grid at the step that is shown, as one line of its tooltip.
  makeClassLine(row) {
    const { reel } = this;
    const n = this.find(row);
    const node = make("p", "gp-reel-class");
    const sign = make("span", "gp-sign gp-sign-fill");
    sign.style.setProperty("--gp-colour", this.fill(row));
    const when = reel.steps.length > 1 ? reel.steps[this.step] + " · " : "";
    node.append(sign, make("span", "", when + this.nameClass(n)));
    return node;
  }

  click(event) {
    const { stage } = this;
    const { map } = stage;
    if (!this.shown || stage.pointer.row === undefined) return;
    const row = stage.pointer.row;
    stage.pointer.hide();
    this.story = make("div", "gp-card gp-reel-story");
    this.popup = L.popup({
      className: "gp-popup",
      closeButton: true,
      autoPanPaddingTopLeft: [20, 60],
      autoPanPaddingBottomRight: [20, 130],
    });
    this.popup.setLatLng(event.latlng).setContent(this.story).openOn(map);
    this.opened = { row };
    this.fillStory();
    this.popup.update();
  }

  // Who lives there, and the class through all steps: a column's height is its class.
  fillStory() {
    const { stage, reel } = this;
    const { records, words, config } = stage;
    const { row } = this.opened;
    const head = make("div", "gp-card-head");
    const table = make("table");
    head.append(make("strong", "", records.code[row]), " ");
    head.appendChild(make("span", "", stage.nameCommunity(records.community[row])));
    addLine(table, config.lines[0][1], formatHouseholds(stage, records.households[row]));
    const parts = [head, table];
    if (records.exclusive[row]) {
      parts.push(make("p", "gp-card-note", records.exclusive[row] === 2 ? words.open_open : words.exclusive));
    } else {
      const title = [reel.group, reel.name].filter(Boolean).join(" · ");
      parts.push(make("p", "gp-card-note", title), this.makeClassLine(row));
      if (reel.steps.length > 1) parts.push(...this.makeStory());
    }
    this.story.replaceChildren(...parts);
    // A canvas has a width to paint on only when it is in the page.
    const canvas = this.story.querySelector("canvas");
    if (canvas) paintColumns(canvas, this.listColumns(row));
  }

  listColumns(row) {
    const { classes, steps } = this.reel;
    return steps.map((_, step) => {
      const n = this.find(row, step);
      return n < 0 ? [] : [[(n + 1) / classes.length, classes[n][1]]];
    });
  }

  makeStory() {
    const { reel, step } = this;
    const { words } = this.stage;
    const picture = make("div", "gp-reel-strip");
    const canvas = make("canvas");
    const cursor = make("i");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words.reel_story);
    cursor.style.left = `${(100 * (step + 0.5)) / reel.steps.length}%`;
    picture.append(canvas, cursor);
    const ends = make("div", "gp-reel-ends");
    ends.append(
      make("span", "", reel.steps[0]),
      make("span", "", reel.steps[reel.steps.length - 1]),
    );
    return [picture, ends];
  }
}

// Paint columns side by side, each from the foot up: [[share of the height, colour], ...].
function paintColumns(canvas, columns) {
  const ratio = window.devicePixelRatio || 1;
  const wide = canvas.clientWidth || 240;
  const pen = canvas.getContext("2d");
  // Painted in the screen's own pixels, so that edges stay sharp.
  canvas.width = wide * ratio;
  canvas.height = STRIP_HEIGHT * ratio;
  pen.scale(ratio, ratio);
  columns.forEach((parts, n) => {
    const left = Math.round((n * wide) / columns.length);
    const right = Math.round(((n + 1) * wide) / columns.length);
    let foot = STRIP_HEIGHT;
    for (const [share, colour] of parts) {
      pen.fillStyle = colour;
      pen.fillRect(
        left,
        foot - share * STRIP_HEIGHT,
        Math.max(1, right - left),
        share * STRIP_HEIGHT,
      );
      foot -= share * STRIP_HEIGHT;
    }
  });
}

Stage.prototype.loadReels = async function (place) {
  if (!("DecompressionStream" in window)) {
    const { words } = this;
    const container = this.map.getContainer();
    if (!container.querySelector(".gp-wait"))
      container.appendChild(make("div", "gp-wait", words.too_old));
    return;
  }
  const { head, bytes, from } = await unpack(place);
  const start = () => {
    this.reels = new Reels(this, head, bytes, from);
    this.reels.choose(0);
    this.showWhole();
    document.documentElement.dataset.gridplanReels = "ready";
  };
  if (this.records) start();
  else this.map.once("gridplan:ready", start);
};
