// The studio: the page, its plan and its link to the server; the rest is mixed in.

import { access } from "/page/access.js";
import { approving } from "/page/approving.js";
import { branches } from "/page/branches.js";
import { cards } from "/page/cards.js";
import { centres } from "/page/centres.js";
import { choosing } from "/page/choosing.js";
import { comparing } from "/page/comparing.js";
import { conflicts } from "/page/conflicts.js";
import { drawing } from "/page/drawing_tools.js";
import { faults } from "/page/faults.js";
import { giving } from "/page/giving.js";
import { helping } from "/page/helping.js";
import { keeping } from "/page/keeping.js";
import { bindKeys } from "/page/keys.js";
import { land } from "/page/land.js";
import { Link, takeToken } from "/page/link.js";
import { lists } from "/page/lists.js";
import { loading } from "/page/loading.js";
import { locking } from "/page/locks.js";
import { Overlay } from "/page/overlay.js";
import { Panels, button, make, plain } from "/page/panels.js";
import { Pointer } from "/page/pointer.js";
import { presence } from "/page/presence.js";
import { proposing } from "/page/proposing.js";
import { reasons } from "/page/reasons.js";
import { recoding } from "/page/recoding.js";
import { searching } from "/page/searching.js";
import { stepping } from "/page/stepping.js";
import { Stage, findBox, joinBoxes, makePath, middleOf } from "/page/stage.js";
import { strokes } from "/page/strokes.js";
import { taking } from "/page/taking.js";
import { Touch } from "/page/touch.js";
import { updating } from "/page/updating.js";
import { views } from "/page/views.js";
import { Zooming } from "/page/zooming.js";

// Made once, as making one takes longer than an edit.
const NUMBER = new Intl.NumberFormat("en");
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const TOOLS = ["look", "select", "lasso", "brush", "outline"];

class App {
  constructor() {
    this.lang = localStorage.getItem("gridplan-lang")
      || (navigator.language.startsWith("zh") ? "zh" : "en");
    this.stage = new Stage(document.getElementById("land"), document.getElementById("over"));
    this.panels = new Panels(this);
    this.overlay = new Overlay(this.stage, this.listPainters());
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
    this.recent = [];
    this.pending = new Set();
    this.waiting = new Map();
    this.ghost = null;
  }

  say(key, values = {}) {
    const text = this.words[key] || key;
    return text.replace(/\{(\w+)\}/g, (_, name) =>
      typeof values[name] === "number" ? NUMBER.format(values[name]) : values[name]);
  }

  async start() {
    const token = takeToken();
    await this.readWords();
    if (!token) {
      this.alarm(this.say("no_token"));
      return;
    }
    this.link = new Link(token, (message) => this.hear(message), (state) => this.mark(state));
    if (!(await this.load())) return;
    this.pointer = new Pointer(this);
    this.touch = new Touch(this, this.pointer);
    new Zooming(this);
    bindKeys(this);
    this.bindSearch();
    this.stage.moved = () => this.loadSeen();
    this.loadSeen();
    this.bindButtons();
    this.beginPresence();
    this.beginAccess();
    this.link.listen();
    setInterval(() => this.link.watch(), 5000);
  }

  async readWords() {
    this.words = await (await fetch(`/words/${this.lang}`)).json();
    document.documentElement.lang = this.lang === "zh" ? "zh-CN" : "en";
    document.title = this.say("title");
  }

  // Read the plan as it stands, and open again what was open.
  async load() {
    const open = [...this.stage.open.keys()];
    const { scale, left, upper } = this.stage;
    const { community, homes } = this.chosen;
    const chosen = [...homes].map((home) => community.homes[home]);
    const welcome = await this.ask({ kind: "hello" });
    if (!welcome) return false;
    this.recent = [];
    this.branch = welcome.branch;
    this.branchName = welcome.branch_name;
    this.newLand = welcome.new_land;
    // All of it first, so that the map is not empty meanwhile.
    const again = [];
    for (const code of open) again.push(await this.ask({ kind: "open", community: code }));
    this.seat = welcome.seat;
    this.name = welcome.name;
    this.origin = welcome.origin;
    // What the welcome says is news, whatever was known; another branch has counted less far.
    this.number = -1;
    this.events = [];
    this.places = welcome.communities;
    this.plan = {}; // what is loaded belongs to this reading
    this.stage.say = (key, values) => this.say(key, values);
    this.stage.overview = this.places.map((place) => {
      const box = findBox(place.outline);
      return { ...place, path: makePath([place.outline], true), box, middle: middleOf(box) };
    });
    this.counted.clear();
    this.pending.clear();
    this.seats = welcome.seats;
    this.takeState(welcome);
    // What was heard while all of it was read is newer than the welcome.
    for (const heard of this.recent) {
      if (heard.event.number <= welcome.number) continue;
      this.counted.add(heard.event.number);
      this.takeState(heard.state, heard.event.effect);
    }
    this.stage.open.clear();
    this.label();
    this.stage.resize();
    this.stage.fit(joinBoxes(this.stage.overview.map((place) => place.box)));
    for (const data of again) if (data) this.lookUp(this.takeCommunity(data));
    // Of several communities all are shown, and those that are wide enough loaded quietly.
    if (!open.length && this.places.length === 1) await this.openCommunity(this.places[0].code);
    if (open.length) {
      // The page was away for a while: what was in view and chosen stays so.
      Object.assign(this.stage, { scale, left, upper });
      const c = community && this.stage.open.get(community.code);
      this.choose(c || null, c ? chosen.map((h) => c.homeAt.get(h)).filter((h) => h >= 0) : []);
      this.stage.paint();
    }
    if (this.newLand) this.panels.turn("land");
    if (welcome.lost) this.tell(this.say("lost_bytes", { bytes: welcome.lost }));
    return true;
  }

  async ask(message) {
    let answer;
    try {
      answer = await this.link.ask({ on: this.branch, ...message, lang: this.lang });
    } catch (error) {
      if (!["dropped", "ended"].includes(error.message)) {
        this.alarm(this.link.lost ? this.say("line_lost") : String(error.message));
      }
      return null;
    }
    this.refusal = answer.kind === "refused" || answer.kind === "overtaken" ? answer : null;
    if (answer.kind === "refused") {
      this.alarm(answer.reasons.map((r) => [r.message, r.remedy].filter(Boolean).join(" → "))
        .join("; "));
      this.takeReasons(answer.reasons);
      return null;
    }
    if (answer.kind === "busy") {
      this.alarm(this.say("busy"));
      return null;
    }
    if (answer.kind === "overtaken" && message.kind === "do") {
      this.showGhost(message, answer);
      return null;
    }
    if (answer.kind === "overtaken") {
      this.stopOvertaken(answer);
      return null;
    }
    // What the page asks by itself does not wipe off what somebody is to read.
    if (!["look", "open", "search"].includes(message.kind)) this.alarm("");
    return answer;
  }

  alarm(text) {
    document.getElementById("alarm").textContent = plain(text);
  }

  tell(text) {
    document.getElementById("status").textContent = plain(text);
  }

  mark(state) {
    if (state === "ended") this.alarm(this.say("link_ended"));
    else if (state === "lost") {
      this.alarm(this.say("line_lost"));
      this.takeBackAll();
    } else {
      this.alarm("");
      if (this.number) this.tell(this.say("line_back"));
    }
  }

  label() {
    const set = (id, text) => { document.getElementById(id).textContent = text; };
    set("name", [this.name, this.sayHere()].filter(Boolean).join(" · "));
    set("undo", this.say("undo"));
    set("redo", this.say("redo"));
    set("save", this.say("save"));
    set("drawer", this.say("drawer"));
    set("lang", this.lang === "zh" ? "EN" : "中文");
    set("fit", this.say("fit"));
    document.getElementById("search").placeholder = this.say("search");
    document.getElementById("search").setAttribute("aria-label", this.say("search"));
    document.getElementById("over").setAttribute("aria-label", this.say("map"));
    document.getElementById("in_view").setAttribute("aria-label", this.say("in_view"));
    document.getElementById("closer").setAttribute("aria-label", this.say("closer"));
    document.getElementById("farther").setAttribute("aria-label", this.say("farther"));
    const view = document.getElementById("view");
    view.setAttribute("aria-label", this.say("view"));
    view.replaceChildren(...this.listViews());
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
      this.makeBrushSize(),
      button(this.say("next_fault"), () => this.nextFault(1)),
      button(this.say("update"), () => this.openUpdating(), { id: "open-updating" }),
      button(this.say("print"), () => this.openTaking(), { id: "open-taking" }),
      button(this.say("keys"), () => this.showKeys()),
    );
    this.drawLegend();
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
      this.stage.paint();
    });
    on("view", (event) => this.takeView(event.target.value), "change");
    on("community", (event) => this.openCommunity(event.target.value), "change");
  }

  takeTool(name) {
    this.pair = null;
    if (this.drawing) {
      this.stopDrawing();
      this.forget();
    }
    this.tool = name;
    if (name === "outline") this.startOutline();
    else this.overlay.draw();
    document.getElementById("brush-size").hidden = name !== "brush";
    for (const one of document.querySelectorAll("[data-tool]")) {
      one.setAttribute("aria-pressed", String(one.dataset.tool === name));
    }
  }

  fitOpen() {
    const boxes = [...this.stage.open.values()].map((c) => c.box);
    this.stage.fit(joinBoxes(boxes.length ? boxes : this.stage.overview.map((p) => p.box)));
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
    await afterFrame();
    const answer = await this.askSurely({ kind: "do", lines, seen: { ...seen } });
    if (answer) this.takeEvent(answer);
    return answer;
  }

  // A change is asked under a name of its own, and again while the line is lost.
  async askSurely(question) {
    const message = { id: makeId(), ...question };
    this.keepWaiting(message);
    const answer = await this.ask(message);
    this.stopWaiting(message.id);
    return answer;
  }

  async step(kind, more = {}) {
    const undoing = this.stepAtOnce(kind);
    if (undoing) await afterFrame();
    const answer = await this.askSurely({ kind, ...more });
    if (!answer) {
      undoing?.();
      return;
    }
    this.takeEvent(answer);
    const c = [...this.stage.open.values()].find((one) =>
      Object.keys(answer.event.effect.homes || {}).some((home) => one.homeAt.has(home)));
    if (!c) return;
    const homes = Object.keys(answer.event.effect.homes).map((home) => c.homeAt.get(home));
    this.bringIntoView(c, homes.filter((h) => h !== undefined));
  }

  undo() { return this.pointer.afterStroke(() => this.step("undo")); }

  redo() { return this.pointer.afterStroke(() => this.step("redo")); }

  // Put an event on: mine, or one that another seat made.
  takeEvent({ event, figures, ...state }) {
    if (this.counted.has(event.number)) {
      this.takeState(state);
      return;
    }
    this.counted.add(event.number);
    this.lastEvent = event;
    this.recent = [...this.recent.slice(-200), { event, figures, state }];
    this.remember(event);
    if (this.events.length) this.events.push(event);
    for (const c of this.stage.open.values()) {
      // A community that was opened later holds it already.
      if (event.number > c.as_of) this.putEvent(c, { event, figures });
    }
    this.takeState(state, event.effect);
  }

  putEvent(c, { event, figures }) {
    const { homes = {}, grids = {}, centres = {} } = event.effect;
    const codes = new Set();
    for (const [home, [before, after]] of Object.entries(homes)) {
      const n = c.homeAt.get(home);
      if (n === undefined) continue;
      c.put(n, after);
      c.movedBy.set(n, event.number);
      this.notePending(c, n, after);
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
    if (!codes.size) return;
    this.lookAgain(c, codes);
    c.awaited = new Set([...(c.awaited || []), ...codes]);
    const known = [...codes].filter((code) => c.place.has(code));
    this.stage.paint(joinBoxes(this.boxesOf(c, known)));
  }

  takeState(state, effect = null) {
    const newer = state.number > this.number;
    if (newer) {
      this.number = state.number;
      this.faults = state.faults;
      this.approvals = state.approvals || {};
      this.countPlaces(effect);
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
    this.time = TIME.format(new Date());
    this.drawFooter();
    // Who asked hears of a change twice; lists are drawn once.
    if (newer && this.words) {
      this.panels.draw();
      this.drawLegend();
    }
  }

  drawFooter() {
    const set = (id, text) => { document.getElementById(id).textContent = text; };
    if (this.seat) this.drawSeatCount();
    set("disk", this.say("on_disk", { time: this.time, number: this.number }));
    const since = this.number - (this.saved || 0);
    set("saved", since ? this.say("unsaved", { count: since }) : this.say("all_saved"));
    document.getElementById("undo").disabled = !(this.steps && this.steps.undo);
    document.getElementById("redo").disabled = !(this.steps && this.steps.redo);
    document.getElementById("save").disabled = !(since || this.newLand)
      || this.seat?.role !== "chief";
  }

  hear(message) {
    if (message.kind === "seats") {
      this.takeSeats(message.rows);
      return;
    }
    if (message.kind === "moved") {
      this.hearMoved(message);
      return;
    }
    // What happens on other branches is none of this page's business.
    if ((message.branch ?? "") !== (this.branch ?? "") && message.kind !== "anew") return;
    if (message.kind === "event") {
      this.takeEvent(message);
      this.checkForeseen(message.event);
      this.compareLater();
      this.readLandLater();
    } else if (message.kind === "land_changed") this.readLandLater();
    else if (message.kind === "saving") this.hearSaving(message);
    else if (message.kind === "land") this.takeLand(message);
    else if (message.kind === "job") this.takeJob(message);
    else if (message.kind === "proposals") this.takeProposals(message);
    else if (["update", "updated"].includes(message.kind)) this.takeUpdate(message);
    else if (message.kind === "taken") this.takeFile(message);
    else if (message.kind === "saved") {
      this.saved = message.saved;
      this.drawFooter();
    } else if (message.kind === "anew") return this.load();
  }

  takeLand({ number, outlines, gone }) {
    for (const c of this.stage.open.values()) {
      const mine = Object.entries(outlines).filter(([code]) => c.place.has(code));
      const left = gone.filter((code) => c.place.has(code));
      const waited = [...(c.awaited || [])].filter((code) => c.place.has(code));
      if (number >= this.number) c.awaited = null;
      c.settleLand(number);
      if (!mine.length && !left.length && !waited.length) continue;
      const codes = [...mine.map(([code]) => code), ...left, ...waited];
      const boxes = this.boxesOf(c, codes);
      for (const [code, rings] of mine) this.stage.setOutline(c, code, rings);
      for (const code of left) this.stage.dropOutline(c, code);
      this.stage.paint(joinBoxes([...boxes, ...this.boxesOf(c, codes)]));
    }
    this.drawLegend();
  }

  showKeys() { this.panels.turn("key_list"); }
}

// Wait until what was painted is on the screen, as asking the server keeps the page busy for
// longer than painting; a page that is not in sight has no frames.
function afterFrame() {
  return new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done, 3));
    setTimeout(done, 60);
  });
}

// A name for a question, so that asking it twice does nothing twice.
function makeId() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
}

Object.assign(Panels.prototype, lists);
Object.assign(App.prototype, access, approving, branches, cards, centres, choosing, comparing,
  conflicts, drawing, faults, giving, helping, keeping, land, loading, locking, presence,
  proposing, reasons, recoding, searching, stepping, strokes, taking, updating, views);

const app = new App();
// For tests in a browser, which ask what the page believes.
window.studio = app;
app.start();
