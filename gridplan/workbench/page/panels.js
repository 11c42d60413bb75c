// The side panel: what is out of rule, what is chosen, the log. Every row can be reached by key.

import { listFloors } from "/page/floors.js";

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  // Names come from the data, and are only ever set as text.
  element.append(...children.filter((child) => child !== null).map(toNode));
  return element;
}

function toNode(child) {
  return child instanceof Node ? child : document.createTextNode(plain(child));
}

// Marks that turn the direction of writing would turn what stands beside a name as well.
export function plain(text) {
  return String(text).replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, "");
}

export function button(text, onclick, attributes = {}) {
  return make("button", { type: "button", onclick, ...attributes }, text);
}

export function short(code) {
  const end = /([^-]+)$/.exec(code);
  return end ? end[1] : code;
}

export class Panels {
  constructor(app) {
    this.app = app;
    this.tab = "faults";
    this.panel = document.getElementById("panel");
    this.tabs = document.getElementById("tabs");
    this.choice = document.getElementById("choice");
    this.form = false; // whether the choice shows something to be filled in
  }

  draw() {
    this.drawList();
    this.drawChoice();
  }

  drawList() {
    const { app } = this;
    // A comparison that is closed, or land that is saved, has no list any more.
    const lists = [...this.listTabs(), "updating", "taking", "key_list"];
    if (!lists.includes(this.tab)) this.tab = "faults";
    const written = document.activeElement.id === "lock-note";
    const counts = { faults: app.faults.length, log: app.events.length, locks: app.locks.size };
    this.tabs.replaceChildren(
      ...this.listTabs().map((name) =>
        button(
          `${app.say(`tab_${name}`)}${counts[name] === undefined ? "" : ` (${counts[name]})`}`,
          () => this.turn(name),
          { role: "tab", "aria-selected": String(name === this.tab) },
        ),
      ),
    );
    const rows = { faults: () => app.listFaults(), places: () => this.listPlaces(),
      log: () => app.drawLog(), versions: () => app.drawVersions(),
      compare: () => app.drawComparison(), locks: () => app.listLocks(),
      seats: () => app.listSeats(), land: () => app.drawLand(),
      updating: () => app.listUpdating(), taking: () => app.listTaking(),
      key_list: () => this.listKeys() }[this.tab]();
    // Who has scrolled down stays there.
    const { scrollTop } = this.panel;
    this.panel.replaceChildren(...rows);
    this.panel.scrollTop = scrollTop;
    // Who writes a note goes on writing when the list changes.
    const note = written && document.getElementById("lock-note");
    if (note) {
      note.focus();
      note.setSelectionRange(note.value.length, note.value.length);
    }
  }

  // A button that gives the choice to a neighbour, which is outlined while it is pointed at.
  makeTarget(community, code, key) {
    const { app } = this;
    const point = (wanted) => () => {
      app.stage.marks.wanted = wanted;
      app.stage.point();
    };
    const shown = { community, code };
    return button(app.say("give_to", { code: short(code), key }), () => app.foresee(code), {
      onmouseenter: point(shown), onmouseleave: point(null), onfocus: point(shown),
      onblur: point(null),
    });
  }

  listKeys() {
    const lines = this.app.say("key_list").split("|");
    return lines.map((line) => make("div", { class: "row" }, line));
  }

  listTabs() {
    const { comparison, newLand } = this.app;
    const compare = comparison ? ["compare"] : [];
    const tabs = ["faults", "places", "log", "versions", ...compare, "locks", "seats"];
    return newLand ? ["land", ...tabs] : tabs;
  }

  turn(name) {
    if (name !== this.tab) this.panel.scrollTop = 0;
    this.tab = name;
    if (name === "log") this.app.readLog();
    if (name === "versions") this.app.readVersions();
    if (name === "land") this.app.readLand();
    this.draw();
  }

  // What is about to be done: figures before and after, and what can be done with the choice.
  drawChoice() {
    const { app } = this;
    // Who is writing in a form is not disturbed by what others do.
    if (this.form) return;
    const { chosen, foreseen, proposals, job } = app;
    // What is being asked stays, with what was written into it, whatever others do.
    if (app.asked) {
      if (this.choice.firstChild !== app.asked) this.choice.replaceChildren(app.asked);
      return;
    }
    const parts = [];
    if (job) {
      parts.push(
        make("div", {}, `${app.say("working")} ${app.sayStage(job.stage)} ${job.done}/${job.of} `),
        make("div", { class: "buttons" }, button(app.say("cancel"), () => app.cancelJob())),
      );
    }
    parts.push(...app.listWaiting());
    if (app.ghost) parts.push(...app.listGhost(app.ghost));
    else if (proposals) parts.push(...app.drawProposals(proposals));
    else if (foreseen) parts.push(...this.showForeseen(foreseen));
    else if (chosen.homes.size) parts.push(...this.showChosen(chosen));
    this.choice.replaceChildren(...parts);
  }

  showForeseen(foreseen) {
    const { app } = this;
    return [
      foreseen.title ? make("div", {}, make("strong", {}, foreseen.title)) : null,
      ...(foreseen.warnings || []).map((text) => make("div", { class: "quiet" }, text)),
      app.tableOf(foreseen.rows),
      ...app.listMore(),
      make(
        "div",
        { class: "buttons" },
        button(app.say("accept"), () => app.accept(), { class: "main", id: "accept" }),
        button(app.say("drop"), () => app.drop(), { id: "drop" }),
      ),
    ].filter(Boolean);
  }

  showChosen({ community, homes }) {
    const { app } = this;
    const list = [...homes];
    const sum = list.reduce((total, home) => total + community.households[home], 0);
    const codes = [...new Set(list.map((home) => community.codeOf(home)))];
    const named = list.slice(0, 3).map((home) => community.say(home, app));
    const more = list.length > 3 ? app.say("and_more", { count: list.length - 3 }) : "";
    const near = community.beside(homes).slice(0, 9);
    return [
      make("div", {}, make("strong", {}, `${named.join("、")}${more}`)),
      make(
        "div",
        { class: "quiet" },
        app.say("chosen", { homes: list.length, households: sum }),
        ` · ${codes.map(short).join(", ")}`,
      ),
      app.listPending(),
      listFloors(app, community, list),
      make("div", { class: "buttons" }, ...near.map((code, n) =>
        this.makeTarget(community, code, n + 1))),
      make(
        "div",
        { class: "buttons" },
        button(app.say("new_subgrid"), () => app.foreseeNew()),
        button(app.say("whole"), () => app.chooseWhole()),
        codes.length === 1 ? button(app.say("split"), () => app.startSplit()) : null,
        button(app.say("merge"), () => app.merge()),
        button(app.say("lock"), () => app.lockChosen()),
        ...app.offerCentre(community, list, codes),
        codes.length === 1 ? button(app.say("recode"), () => app.askRecode()) : null,
        button(app.say("repair_here"), () => app.repair(...codes)),
      ),
    ].filter(Boolean);
  }
}
