// The studio: what is chosen, what is asked, and what came of it.

import { quote, quoteAll, writeMove, writeSeen } from "/page/commands.js";
import { bindKeys } from "/page/keys.js";
import { Link, takeToken } from "/page/link.js";
import { Community } from "/page/model.js";
import { Panels, button, make, short } from "/page/panels.js";
import { Pointer } from "/page/pointer.js";
import { Stage, findBox, joinBoxes, makePath, middleOf } from "/page/stage.js";

const TOOLS = ["look", "select", "lasso", "brush"];
const VIEWS = ["plain", "households", "band", "walk"];

class App {
  constructor() {
    this.lang = localStorage.getItem("gridplan-lang")
      || (navigator.language.startsWith("zh") ? "zh" : "en");
    this.stage = new Stage(document.getElementById("land"), document.getElementById("over"));
    this.panels = new Panels(this);
    this.tool = "select";
    this.held = new Set();
    this.chosen = { community: null, homes: new Set() };
    this.foreseen = null;
    this.proposals = null;
    this.job = null;
    this.faults = [];
    this.events = [];
    this.places = [];
    this.versions = [];
    this.locks = new Set();
    this.number = 0;
    this.counted = new Set();
  }

  say(key, values = {}) {
    const text = this.words[key] || key;
    return text.replace(/\{(\w+)\}/g, (_, name) =>
      typeof values[name] === "number" ? values[name].toLocaleString("en") : values[name]);
  }

  async start() {
    const token = takeToken();
    await this.readWords();
    if (!token) {
      this.alarm(this.say("no_token"));
      return;
    }
    this.link = new Link(token, (message) => this.hear(message), (lost) => this.mark(lost));
    await this.load();
    new Pointer(this);
    bindKeys(this);
    this.bindButtons();
    this.link.listen();
  }

  async readWords() {
    this.words = await (await fetch(`/words/${this.lang}`)).json();
    document.documentElement.lang = this.lang === "zh" ? "zh-CN" : "en";
    document.title = this.say("title");
  }

  // Read the plan as it stands, and open again what was open.
  async load() {
    const open = [...this.stage.open.keys()];
    const welcome = await this.ask({ kind: "hello" });
    if (!welcome) return;
    this.seat = welcome.seat;
    this.name = welcome.name;
    this.places = welcome.communities;
    this.stage.overview = this.places.map((place) => {
      const box = findBox(place.outline);
      return { ...place, path: makePath([place.outline], true), box, middle: middleOf(box) };
    });
    this.counted.clear();
    this.takeState(welcome);
    this.stage.open.clear();
    this.label();
    this.stage.resize();
    this.stage.fit(joinBoxes(this.stage.overview.map((place) => place.box)));
    for (const code of open) await this.openCommunity(code, false);
    if (!open.length && this.places.length) {
      const first = this.places.find((place) => place.out) || this.places[0];
      await this.openCommunity(first.code);
    }
    if (welcome.lost) this.tell(this.say("lost_bytes", { bytes: welcome.lost }));
  }

  async ask(message) {
    let answer;
    try {
      answer = await this.link.ask(message);
    } catch (error) {
      this.alarm(this.link.lost ? this.say("line_lost") : String(error.message));
      return null;
    }
    if (answer.kind === "refused") {
      this.alarm(answer.reasons.map((r) => [r.message, r.remedy].filter(Boolean).join(" → "))
        .join("; "));
      return null;
    }
    if (answer.kind === "overtaken") {
      const by = answer.by.map((event) => event.office || event.seat).join(", ");
      this.alarm(this.say("overtaken", { homes: answer.homes.join(", "), by }));
      return null;
    }
    document.getElementById("alarm").textContent = "";
    return answer;
  }

  alarm(text) {
    document.getElementById("alarm").textContent = text;
  }

  tell(text) {
    document.getElementById("status").textContent = text;
  }

  mark(lost) {
    if (lost) this.alarm(this.say("line_lost"));
    else {
      this.alarm("");
      if (this.number) this.tell(this.say("line_back"));
    }
  }

  label() {
    const set = (id, text) => { document.getElementById(id).textContent = text; };
    set("name", this.name);
    set("undo", this.say("undo"));
    set("redo", this.say("redo"));
    set("save", this.say("save"));
    set("lang", this.lang === "zh" ? "EN" : "中文");
    set("fit", this.say("fit"));
    document.getElementById("search").placeholder = this.say("search");
    document.getElementById("search").setAttribute("aria-label", this.say("search"));
    document.getElementById("over").setAttribute("aria-label", this.say("map"));
    document.getElementById("closer").setAttribute("aria-label", this.say("closer"));
    document.getElementById("farther").setAttribute("aria-label", this.say("farther"));
    const view = document.getElementById("view");
    view.setAttribute("aria-label", this.say("view"));
    view.replaceChildren(...VIEWS.map((name) =>
      make("option", { value: name }, this.say(`view_${name}`))));
    view.value = this.stage.view;
    const list = document.getElementById("community");
    list.setAttribute("aria-label", this.say("community"));
    list.replaceChildren(...this.places.map((place) =>
      make("option", { value: place.code }, place.name)));
    document.getElementById("tools").setAttribute("aria-label", this.say("tools"));
    document.getElementById("tools").replaceChildren(
      ...TOOLS.map((name) =>
        button(this.say(`tool_${name}`), () => this.takeTool(name), {
          "aria-pressed": String(name === this.tool),
          "data-tool": name,
        })),
      button(this.say("next_fault"), () => this.nextFault(1)),
      button(this.say("print"), () => window.print()),
      button(this.say("keys"), () => this.showKeys()),
    );
    this.drawFooter();
    this.panels.draw();
  }

  bindButtons() {
    const on = (id, act, event = "click") =>
      document.getElementById(id).addEventListener(event, act);
    on("undo", () => this.undo());
    on("redo", () => this.redo());
    on("save", () => this.save());
    on("fit", () => this.fitOpen());
    on("closer", () => this.stage.zoom(1.4));
    on("farther", () => this.stage.zoom(1 / 1.4));
    on("lang", async () => {
      this.lang = this.lang === "zh" ? "en" : "zh";
      localStorage.setItem("gridplan-lang", this.lang);
      await this.readWords();
      this.label();
    });
    on("view", (event) => {
      this.stage.view = event.target.value;
      this.stage.paint();
    }, "change");
    on("community", (event) => this.openCommunity(event.target.value), "change");
    on("search", (event) => this.search(event.target.value), "change");
  }

  takeTool(name) {
    this.tool = name;
    for (const one of document.querySelectorAll("[data-tool]")) {
      one.setAttribute("aria-pressed", String(one.dataset.tool === name));
    }
  }

  fitOpen() {
    const boxes = [...this.stage.open.values()].map((c) => c.box);
    this.stage.fit(joinBoxes(boxes.length ? boxes : this.stage.overview.map((p) => p.box)));
  }

  async openCommunity(code, shows = true) {
    if (!this.stage.open.has(code)) {
      const data = await this.ask({ kind: "open", community: code });
      if (!data) return null;
      this.stage.prepare(new Community(data));
    }
    document.getElementById("community").value = code;
    const community = this.stage.open.get(code);
    if (shows) this.stage.fit(community.box);
    else this.stage.paint();
    this.listNames();
    return community;
  }

  listNames() {
    const names = [];
    for (const c of this.stage.open.values()) {
      names.push(...c.buildings.map((b) => b.name || b.code), ...c.codes);
    }
    document.getElementById("found").replaceChildren(
      ...[...new Set(names)].slice(0, 4000).map((name) => make("option", { value: name })));
  }

  async search(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    for (const c of this.stage.open.values()) {
      const code = c.codes.find((one) => one.toLowerCase() === wanted || short(one) === wanted);
      if (code) {
        this.goTo(code, c.code);
        return;
      }
      const b = c.buildings.findIndex((one) =>
        [one.name, one.code].some((name) => name.toLowerCase().includes(wanted)));
      if (b >= 0) {
        const homes = c.homesOf.get(b) || [];
        this.choose(c, homes);
        this.stage.show(joinBoxes(homes.map((home) => c.pieceBoxes[c.piece[home]])));
        return;
      }
    }
    const place = this.places.find((one) => one.name.toLowerCase().includes(wanted));
    if (place) await this.openCommunity(place.code);
    else this.tell(this.say("not_found", { text }));
  }

  async goTo(code, communityCode) {
    const c = await this.openCommunity(communityCode, !this.stage.open.has(communityCode));
    if (!c || !c.place.has(code)) return;
    this.choose(c, c.members[c.place.get(code)]);
    const box = c.landBoxes.get(code);
    if (box) this.stage.show(box);
  }

  nextFault(step) {
    if (!this.faults.length) return;
    this.fault = ((this.fault ?? -1) + step + this.faults.length) % this.faults.length;
    const fault = this.faults[this.fault];
    this.panels.turn("faults");
    this.goTo(fault.subgrid, fault.community);
  }

  choose(community, homes, adds = false) {
    const same = adds && this.chosen.community === community;
    this.chosen = { community, homes: new Set(same ? [...this.chosen.homes, ...homes] : homes) };
    this.forget();
  }

  toggle(home) {
    const { homes } = this.chosen;
    if (!homes.delete(home)) homes.add(home);
    this.forget();
  }

  forget() {
    this.foreseen = null;
    this.proposals = null;
    this.stage.marks.chosen = this.chosen.homes.size ? this.chosen : null;
    this.stage.marks.foreseen = null;
    this.stage.marks.wanted = null;
    this.stage.point();
    this.panels.drawChoice();
  }

  drop() {
    if (this.foreseen || this.proposals) this.forget();
    else this.choose(null, []);
    this.hideCard();
  }

  // With homes chosen a click on another sub-grid says where they would go; else it chooses.
  click(found, adds) {
    if (found.place) {
      this.openCommunity(found.place.code, false);
      return;
    }
    if (!found.community || !found.code) return;
    const { chosen } = this;
    const c = found.community;
    if (found.home !== undefined && (adds || !chosen.homes.size)) {
      const b = c.building[found.home];
      const inPiece = c.homesIn[found.piece];
      // A building is taken whole where it lies in one sub-grid, else this part of it.
      const all = c.homesOf.get(b);
      const whole = all.every((home) => c.member[home] === c.member[found.home]);
      this.choose(c, whole ? all : inPiece, adds);
      return;
    }
    const own = chosen.homes.size && chosen.community === c
      && [...chosen.homes].every((home) => c.codeOf(home) === found.code);
    if (!chosen.homes.size || chosen.community !== c || own) {
      this.choose(c, c.members[c.place.get(found.code)]);
    } else this.foresee(found.code);
  }

  hover(found, at) {
    const mark = found && found.community ? found : null;
    this.stage.marks.point = mark;
    this.stage.point();
    if (!mark) {
      this.hideCard();
      return;
    }
    this.showCard(mark, at);
  }

  showCard(found, [x, y]) {
    const card = document.getElementById("card");
    card.replaceChildren(...this.describe(found));
    card.hidden = !card.childNodes.length;
    const right = x > this.stage.width - 350;
    card.style.left = `${right ? x - card.offsetWidth - 14 : x + 16}px`;
    card.style.top = `${Math.min(y + 12, this.stage.height - card.offsetHeight - 6)}px`;
  }

  hideCard() {
    document.getElementById("card").hidden = true;
  }

  describe(found) {
    const c = found.community;
    if (found.lone) {
      return [make("div", {}, `${this.say(`kind_${found.lone.kind}`)} ${found.lone.name}`)];
    }
    const { chosen } = this;
    const moves = chosen.homes.size && chosen.community === c
      && [...chosen.homes].some((home) => c.codeOf(home) !== found.code);
    const rows = [];
    if (found.home !== undefined) {
      const homes = c.homesIn[found.piece];
      const sum = homes.reduce((total, home) => total + c.households[home], 0);
      const estimated = c.buildings[c.building[found.home]].estimated ? "≈" : "";
      rows.push(make("div", {}, make("strong", {}, c.say(found.home, this)), ` ${estimated}`,
        this.say("households_of", { households: sum })));
    }
    if (moves) rows.push(this.tableOf(this.foreseeRows(c, found.code)));
    else {
      const f = c.measure(c.members[c.place.get(found.code)], found.code);
      rows.push(make("div", {}, `${short(found.code)} · ${this.sayFigures(f, c)}`));
    }
    return rows;
  }

  sayFigures(f, c) {
    const walk = f.walk === null ? this.say("walk_later") : this.say("walk_of", {
      metres: Math.round(f.walk),
    });
    const band = f.out
      ? this.say(f.small ? "under_band" : "over_band", { amount: f.out })
      : this.say("in_band");
    const apart = f.pieces > 1 ? ` · ${this.say("in_pieces", { pieces: f.pieces })}` : "";
    return `${this.say("households_of", { households: f.households })} · ${band}`
      + ` (${c.band[0]}–${c.band[2]}) · ${walk}${apart}`;
  }

  tableOf(rows) {
    const cell = (before, after, bad) =>
      make("td", { class: bad ? "bad" : "" },
        before === after ? `${after}` : `${before} → ${after}`);
    return make("table", {}, ...rows.map(({ code, before, after }) => {
      const b = before || { households: "–", walk: null, pieces: 1, out: 0 };
      const a = after || { households: this.say("ends"), walk: null, pieces: 1, out: 0 };
      const walk = (f) => (f.walk === null || f.walk === undefined ? "–" : Math.round(f.walk));
      return make("tr", {},
        make("td", {}, make("strong", {}, short(code))),
        cell(b.households, a.households, a.out),
        make("td", { class: a.out ? "bad" : "good" }, a.out
          ? this.say(a.small ? "under_band" : "over_band", { amount: a.out }) : "✓"),
        cell(`${walk(b)} m`, `${walk(a)} m`, false),
        make("td", { class: a.pieces > 1 ? "bad" : "" },
          a.pieces > 1 ? this.say("in_pieces", { pieces: a.pieces }) : ""));
    }));
  }

  foreseeRows(c, code) {
    const homes = [...this.chosen.homes].filter((home) => c.codeOf(home) !== code);
    return c.foresee(homes, code);
  }

  // Show what giving the chosen homes to a sub-grid would do; nothing is asked yet.
  foresee(code) {
    const { community, homes } = this.chosen;
    const moving = [...homes].filter((home) => community.codeOf(home) !== code);
    if (!moving.length) return;
    this.foreseen = {
      lines: writeMove(community, moving, code),
      seen: writeSeen(community, moving),
      rows: community.foresee(moving, code),
      title: this.say("give_title", { code: short(code) }),
      moves: { community, homes: moving, code },
    };
    this.stage.marks.wanted = { community, code };
    this.stage.point();
    this.panels.drawChoice();
  }

  foreseeNew() {
    const { community, homes } = this.chosen;
    return this.tryLines(writeMove(community, homes, ""), this.say("new_subgrid"));
  }

  // Let the server say what lines would do, and show it.
  async tryLines(lines, title) {
    const tried = await this.ask({ kind: "try", lines });
    if (!tried) return;
    const c = this.chosen.community;
    const homes = Object.keys(tried.homes).map((home) => c.homeAt.get(home))
      .filter((home) => home !== undefined);
    this.foreseen = {
      lines: tried.lines,
      seen: writeSeen(c, homes),
      rows: this.listRows(tried, c),
      warnings: this.lang === "en" ? tried.warnings : [],
      title,
    };
    this.stage.marks.foreseen = homes.length ? { community: c, homes } : null;
    this.stage.point();
    this.panels.drawChoice();
  }

  listRows({ before, after }, c) {
    const read = (f) => f && {
      households: f.households,
      walk: f.mean_walk,
      pieces: f.pieces,
      small: f.households < c.band[0],
      out: Math.max(0, c.band[0] - f.households, f.households - c.band[2]),
    };
    const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return codes.map((code) => ({ code, before: read(before[code]), after: read(after[code]) }));
  }

  async accept() {
    const { foreseen } = this;
    if (!foreseen) return;
    this.forget();
    // Shown at once; what the server says comes after, and counts.
    const undoing = foreseen.moves ? this.putAtOnce(foreseen.moves) : null;
    const done = await this.run(foreseen.lines, foreseen.seen);
    if (!done && undoing) undoing();
    if (done) this.choose(null, []);
  }

  putAtOnce({ community, homes, code }) {
    const before = homes.map((home) => [home, community.codeOf(home)]);
    const boxes = () => this.boxesOf(community, [code, ...before.map(([, was]) => was)]);
    for (const home of homes) community.put(home, code);
    this.refigure(community, [code, ...before.map(([, was]) => was)]);
    this.stage.paint(joinBoxes(boxes()));
    return () => {
      for (const [home, was] of before) community.put(home, was);
      this.refigure(community, [code, ...before.map(([, was]) => was)]);
      this.stage.paint(joinBoxes(boxes()));
    };
  }

  refigure(c, codes) {
    for (const code of new Set(codes)) {
      const homes = c.members[c.place.get(code)];
      const f = c.measure(homes, code);
      c.figures[code] = { households: f.households, in_band: !f.out, pieces: f.pieces,
        mean_walk: f.walk ?? 0 };
    }
  }

  boxesOf(c, codes) {
    const boxes = [];
    for (const code of codes) {
      const box = c.landBoxes.get(code);
      if (box) boxes.push(box);
      for (const home of c.members[c.place.get(code)] || []) {
        boxes.push(c.pieceBoxes[c.piece[home]]);
      }
    }
    return boxes;
  }

  async run(lines, seen) {
    const answer = await this.ask({ kind: "do", id: makeId(), lines, seen: { ...seen } });
    if (answer) this.takeEvent(answer);
    return answer;
  }

  async step(kind, more = {}) {
    const answer = await this.ask({ kind, id: makeId(), ...more });
    if (!answer) return;
    this.takeEvent(answer);
    const c = [...this.stage.open.values()].find((one) =>
      Object.keys(answer.event.effect.homes || {}).some((home) => one.homeAt.has(home)));
    if (!c) return;
    const homes = Object.keys(answer.event.effect.homes).map((home) => c.homeAt.get(home));
    this.stage.show(joinBoxes(homes.filter((h) => h !== undefined)
      .map((home) => c.pieceBoxes[c.piece[home]])));
  }

  undo() { return this.step("undo"); }

  redo() { return this.step("redo"); }

  revert(number) { return this.step("revert", { number }); }

  // Put an event on: mine, or one that another seat made.
  takeEvent({ event, figures, ...state }) {
    if (this.counted.has(event.number)) {
      this.takeState(state);
      return;
    }
    this.counted.add(event.number);
    if (this.events.length) this.events.push(event);
    const { homes = {}, grids = {}, centres = {} } = event.effect;
    for (const c of this.stage.open.values()) {
      const codes = new Set();
      for (const [home, [before, after]] of Object.entries(homes)) {
        const n = c.homeAt.get(home);
        if (n === undefined) continue;
        c.put(n, after);
        codes.add(before).add(after);
      }
      for (const [code, [, after]] of Object.entries(centres)) {
        if (c.place.has(code)) c.centres[c.place.get(code)] = after;
      }
      for (const [code, f] of Object.entries(figures)) {
        if (c.place.has(code)) c.figures[code] = f;
      }
      for (const [code, [, after]] of Object.entries(grids)) {
        if (!after) delete c.figures[code];
      }
      if (!codes.size) continue;
      c.awaited = new Set([...(c.awaited || []), ...codes]);
      const known = [...codes].filter((code) => c.place.has(code));
      this.stage.paint(joinBoxes(this.boxesOf(c, known)));
    }
    this.takeState(state);
  }

  takeState(state) {
    if (state.number !== undefined && state.number >= this.number) {
      this.number = state.number;
      this.faults = state.faults;
      const locks = new Set(state.locks);
      const other = locks.size !== this.locks.size || [...locks].some((l) => !this.locks.has(l));
      this.locks = locks;
      this.stage.locks = this.locks;
      if (other) this.stage.paint();
    }
    if (state.undo !== undefined) {
      this.steps = { undo: state.undo, redo: state.redo };
    }
    if (state.saved !== undefined) this.saved = state.saved;
    this.time = new Date().toLocaleTimeString("en-GB");
    this.drawFooter();
    if (this.words) this.panels.draw();
  }

  drawFooter() {
    const set = (id, text) => { document.getElementById(id).textContent = text; };
    set("disk", this.say("on_disk", { time: this.time, number: this.number }));
    const since = this.number - (this.saved || 0);
    set("saved", since ? this.say("unsaved", { count: since }) : this.say("all_saved"));
    document.getElementById("undo").disabled = !(this.steps && this.steps.undo);
    document.getElementById("redo").disabled = !(this.steps && this.steps.redo);
    document.getElementById("save").disabled = !since || this.seat?.role !== "chief";
  }

  hear(message) {
    if (message.kind === "event") this.takeEvent(message);
    else if (message.kind === "land") this.takeLand(message);
    else if (message.kind === "job") this.takeJob(message);
    else if (message.kind === "proposals") this.takeProposals(message);
    else if (message.kind === "saved") {
      this.saved = message.saved;
      this.drawFooter();
    } else if (message.kind === "anew") this.load();
  }

  takeLand({ outlines, gone }) {
    for (const c of this.stage.open.values()) {
      const mine = Object.entries(outlines).filter(([code]) => c.place.has(code));
      const left = gone.filter((code) => c.place.has(code));
      c.awaited = null;
      if (!mine.length && !left.length) continue;
      const codes = [...mine.map(([code]) => code), ...left];
      const boxes = this.boxesOf(c, codes);
      for (const [code, rings] of mine) this.stage.setOutline(c, code, rings);
      for (const code of left) this.stage.dropOutline(c, code);
      this.stage.paint(joinBoxes([...boxes, ...this.boxesOf(c, codes)]));
    }
  }

  takeJob(message) {
    this.job = message.cancelled || message.error ? null : message;
    if (message.error) this.alarm(message.error);
    this.panels.drawChoice();
  }

  async takeProposals({ rows }) {
    this.job = null;
    this.proposals = rows;
    this.panels.drawChoice();
    if (rows.length) this.seeProposal(rows[0]);
  }

  sayOut(row) {
    const out = (side) => Object.values(side).filter((f) => !f.in_band || f.pieces > 1).length;
    return this.say("out_change", { before: out(row.before), after: out(row.after) });
  }

  seeProposal(row) {
    for (const c of this.stage.open.values()) {
      const homes = Object.keys(row.homes).map((home) => c.homeAt.get(home))
        .filter((home) => home !== undefined);
      if (!homes.length) continue;
      this.stage.marks.foreseen = { community: c, homes };
      this.stage.show(joinBoxes(homes.map((home) => c.pieceBoxes[c.piece[home]])));
    }
    this.stage.point();
  }

  async takeProposal(row) {
    this.forget();
    await this.step("take", { proposal: row.proposal });
    this.choose(null, []);
  }

  async suggest(code, communityCode) {
    await this.goTo(code, communityCode);
    const found = await this.ask({ kind: "suggest", subgrid: code });
    if (!found) return;
    if (!found.lines.length) this.tell(this.say("no_suggestion", { code: short(code) }));
    else await this.tryLines(found.lines, this.say("suggestion"));
  }

  async repair(...codes) {
    const job = await this.ask({ kind: "help", subgrids: codes });
    if (job) this.takeJob(job);
  }

  askRedraw(place) {
    const field = make("input", { type: "range", min: 0, max: 20, step: 1, value: 5 });
    const label = make("span", {}, "5 %");
    field.addEventListener("input", () => { label.textContent = `${field.value} %`; });
    const begin = async () => {
      const most = Number(field.value) / 100;
      const job = await this.ask({ kind: "help", community: place.code, most_moved: most });
      if (job) this.takeJob(job);
    };
    this.panels.choice.replaceChildren(
      make("div", {}, `${this.say("redraw")} ${place.name}`),
      make("label", {}, this.say("most_moved"), field, label),
      make("div", { class: "buttons" }, button(this.say("begin"), begin, { class: "main" }),
        button(this.say("drop"), () => this.drop())),
    );
  }

  async cancelJob() {
    await this.ask({ kind: "cancel" });
  }

  chooseWhole() {
    const { community: c, homes } = this.chosen;
    const all = [...homes].flatMap((home) => [...c.members[c.member[home]]]);
    this.choose(c, all);
  }

  codesChosen() {
    const { community: c, homes } = this.chosen;
    return [...new Set([...homes].map((home) => c.codeOf(home)))];
  }

  split() {
    const [code] = this.codesChosen();
    if (code) this.tryLines([`split ${quote(code)} into 2`], this.say("split"));
  }

  merge() {
    const { community: c } = this.chosen;
    const codes = this.codesChosen();
    if (codes.length < 2) return;
    const size = (code) => c.measure(c.members[c.place.get(code)], code).households;
    codes.sort((a, b) => size(b) - size(a));
    const [into, ...rest] = codes;
    this.tryLines([`merge ${quoteAll(rest)} into ${quote(into)}`], this.say("merge"));
  }

  lockChosen() {
    const { community: c, homes } = this.chosen;
    const codes = this.codesChosen();
    if (!codes.length) return;
    const count = codes.reduce((sum, code) => sum + c.members[c.place.get(code)].size, 0);
    // Whole sub-grids are locked as such, parts of them by building.
    if (count === homes.size) this.toggleLock("subgrid", codes);
    else {
      const buildings = new Set([...homes].map((home) => c.buildings[c.building[home]].code));
      this.toggleLock("building", [...buildings]);
    }
  }

  async toggleLock(level, codes) {
    const locked = codes.every((code) => this.locks.has(`${level}:${code}`));
    await this.run([`${locked ? "unlock" : "lock"} ${level} ${quoteAll(codes)}`], {});
    this.stage.paint();
  }

  async setCentre() {
    const { community: c, homes } = this.chosen;
    const [home] = homes;
    await this.run([`centre of ${quote(c.codeOf(home))} at ${quote(c.homes[home])}`], {});
  }

  askRecode() {
    const { community: c, homes } = this.chosen;
    const [code] = this.codesChosen();
    const field = make("input", { type: "text", value: code, "aria-label": this.say("recode") });
    const begin = () => {
      const all = c.members[c.place.get(code)];
      this.run([`recode ${quote(code)} as ${quote(field.value.trim())}`], writeSeen(c, all));
      this.drop();
    };
    this.panels.choice.replaceChildren(field, make("div", { class: "buttons" },
      button(this.say("accept"), begin, { class: "main" }),
      button(this.say("drop"), () => this.drop())));
    field.focus();
    return homes;
  }

  async save() {
    this.tell(this.say("saving"));
    const saved = await this.ask({ kind: "save" });
    if (!saved) return;
    this.saved = saved.saved;
    this.drawFooter();
    const [, time] = saved.time.split("T");
    this.tell(this.say("saved_now", { time, version: saved.version || "–" }));
  }

  async readLog() {
    const log = await this.ask({ kind: "log" });
    if (!log) return;
    this.events = log.events;
    this.panels.draw();
  }

  async readVersions() {
    const found = await this.ask({ kind: "versions" });
    if (!found) return;
    this.versions = found.rows;
    this.panels.draw();
  }

  // Who would move if an earlier version were taken again; taking it is a change like any other.
  async lookBack(version) {
    const found = await this.ask({ kind: "look_back", version });
    if (found) this.takeProposals(found);
  }

  showKeys() {
    const rows = this.say("key_list").split("|").map((line) => make("div", { class: "row" }, line));
    this.panels.panel.replaceChildren(...rows);
  }
}

// A name for a question, so that asking it twice does nothing twice.
function makeId() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
}

const app = new App();
// For tests in a browser, which ask what the page believes.
window.studio = app;
app.start();
