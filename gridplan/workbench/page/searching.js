// Searching by what people say: code, name, building, compound, 12号楼2单元; the server searches,
// so that communities that are not open yet are looked through too. Mixed into the App.

import { make } from "/page/panels.js";
import { joinBoxes } from "/page/stage.js";

const WAIT = 180; // milliseconds without a key before it is asked

export const searching = {
  bindSearch() {
    const field = document.getElementById("search");
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-controls", "found");
    field.setAttribute("aria-expanded", "false");
    field.addEventListener("input", () => {
      clearTimeout(this.searchLater);
      this.searchLater = setTimeout(() => this.search(field.value), WAIT);
    });
    field.addEventListener("keydown", (event) => this.stepFound(event));
    field.addEventListener("blur", () => setTimeout(() => this.closeFound(), 150));
  },

  async search(text) {
    clearTimeout(this.searchLater);
    const wanted = text.trim();
    if (!wanted) {
      this.closeFound();
      return [];
    }
    const answer = await this.ask({ kind: "search", text: wanted });
    // A later question has overtaken this one.
    if (!answer || document.getElementById("search").value.trim() !== wanted) return [];
    this.hits = answer.rows;
    this.hit = 0;
    this.drawFound(wanted);
    return this.hits;
  },

  drawFound(text) {
    const list = document.getElementById("found");
    const rows = this.hits.map((row, n) => make("div", {
      role: "option", id: `hit${n}`, class: "row", "aria-selected": String(n === this.hit),
      onpointerdown: (event) => {
        event.preventDefault();
        this.takeHit(row);
      },
    }, make("strong", {}, this.sayHit(row)), make("br"),
    make("small", {}, [row.place, row.compound, row.code].filter(Boolean).join(" › "))));
    list.replaceChildren(...(rows.length ? rows
      : [make("div", { class: "row quiet", role: "option", "aria-disabled": "true" },
        this.say("not_found", { text }))]));
    list.setAttribute("aria-label", this.say("search"));
    list.hidden = false;
    const field = document.getElementById("search");
    field.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-activedescendant", rows.length ? `hit${this.hit}` : "");
  },

  sayHit(row) {
    const name = /^\d+$/.test(row.name) ? this.say("building_of", { number: row.name })
      : row.name || row.code;
    const door = row.door ? this.say("stairwell_of", { number: row.door }) : "";
    return `${this.say(`hit_${row.what}`)} ${name}${door}`;
  },

  stepFound(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.code === "Escape") this.closeFound();
    else if (event.code === "Enter" || event.code === "NumpadEnter") this.takeFirst();
    else if (["ArrowDown", "ArrowUp"].includes(event.code) && this.hits?.length) {
      const step = event.code === "ArrowDown" ? 1 : -1;
      this.hit = (this.hit + step + this.hits.length) % this.hits.length;
      this.drawFound(event.target.value);
      document.getElementById(`hit${this.hit}`).scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  },

  async takeFirst() {
    const text = document.getElementById("search").value;
    const open = !document.getElementById("found").hidden;
    if (!open || !this.hits?.length) await this.search(text);
    if (this.hits?.length) await this.takeHit(this.hits[this.hit]);
  },

  closeFound() {
    const list = document.getElementById("found");
    list.hidden = true;
    list.replaceChildren();
    this.hits = null;
    document.getElementById("search").setAttribute("aria-expanded", "false");
  },

  // Go to what was found, in a community that may have to be opened first.
  async takeHit(row) {
    this.closeFound();
    document.getElementById("over").focus();
    const c = await this.openCommunity(row.community, !this.stage.open.has(row.community)
      || row.what === "community");
    if (!c || row.what === "community") return;
    if (row.what === "subgrid") {
      await this.goTo(row.code, row.community);
      return;
    }
    const homes = row.homes.map((home) => c.homeAt.get(home)).filter((home) => home !== undefined);
    if (!homes.length) return;
    this.choose(c, homes);
    this.stage.show(joinBoxes(homes.map((home) => c.pieceBoxes[c.piece[home]])));
  },
};
