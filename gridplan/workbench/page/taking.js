// Taking away: files of what is on the screen, made beside the page and downloaded by it; mixed
// into the App.

import { button, make } from "/page/panels.js";

const PAPERS = ["A4", "A3"];

export const taking = {
  async openTaking() {
    this.panels.turn("taking");
    const found = await this.ask({ kind: "take_look" });
    if (!found) return;
    this.kinds = found;
    this.panels.draw();
    this.panels.panel.querySelector("button.main")?.focus();
  },

  async takeAway(what) {
    const title = document.getElementById("community").selectedOptions[0]?.textContent || this.name;
    const view = {
      box: this.viewBox(),
      colours: this.stage.view,
      kind: this.viewOf || "",
      paper: this.paper || PAPERS[0],
      title: what === "sheet" ? title : "",
    };
    const answer = await this.ask({ kind: "take_away", what, lang: this.lang, view });
    if (!answer) return;
    this.making = { ticket: answer.ticket, what, stage: "starting" };
    this.panels.draw();
  },

  async cancelTaking() {
    await this.ask({ kind: "take_cancel" });
  },

  // The box of the plan that is on the screen: west, south, east, north in centimetres.
  viewBox() {
    const { stage } = this;
    const [west, north] = stage.toWorld(0, 0);
    const [east, south] = stage.toWorld(stage.width, stage.height);
    return [west, south, east, north];
  },

  takeFile(message) {
    if (message.ticket !== this.making?.ticket) return;
    if (message.stage) this.making = { ...this.making, ...message };
    else {
      this.making = null;
      if (message.error) this.alarm(message.error[this.lang]);
      else if (message.cancelled) this.tell(this.say("take_cancelled"));
      else this.download(message);
    }
    this.panels.draw();
  },

  // Fetched with the token in a header, as nothing else opens it, and saved from memory.
  async download({ ticket, name, bytes, notes }) {
    let response;
    try {
      response = await fetch(`/taken/${ticket}`, { headers: { "x-token": this.link.token } });
    } catch (error) {
      this.alarm(this.say("take_gone", { reason: String(error.message) }));
      return;
    }
    if (!response.ok) {
      this.alarm(this.say("take_gone", { reason: await response.text() }));
      return;
    }
    const address = URL.createObjectURL(await response.blob());
    const link = make("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    const size = Math.max(1, Math.round(bytes / 1000));
    this.tell([this.say("take_done", { name, size }), ...notes].join(" "));
  },

  listTaking() {
    const since = this.number - (this.saved || 0);
    const rows = [
      make("div", { class: "row" }, make("strong", {}, this.say("take_title")), make("br"),
        make("small", { class: since ? "bad" : "" }, since
          ? this.say("take_draft", { number: this.number }) : this.say("take_saved"))),
    ];
    if (this.making) {
      const { what, stage, done, of } = this.making;
      rows.push(make(
        "div",
        { class: "row", id: "taking-run" },
        this.say("take_making", { what: this.say(`take_kind_${what}`),
          stage: this.say(`stage_${stage}`) }),
        make("progress", done ? { max: of, value: done } : {}),
        make("div", { class: "buttons" }, button(this.say("cancel"), () => this.cancelTaking())),
      ));
    }
    const kinds = this.kinds?.kinds || [];
    const sheet = kinds.find((kind) => kind.name === "sheet" && !kind.lacks.length);
    rows.push(make("div", { class: "row" }, this.choosePaper(),
      sheet ? this.offer(sheet, true) : null,
      button(this.say("take_kind_print"), () => this.printScreen(),
        { id: "take-print", class: sheet ? "" : "main" })));
    for (const kind of kinds) {
      if (kind !== sheet) rows.push(make("div", { class: "row" }, this.offer(kind)));
    }
    return rows;
  },

  offer({ name, lacks }, first = false) {
    const lacking = lacks.length > 0;
    const offered = button(this.say(`take_kind_${name}`), () => this.takeAway(name), {
      id: `take-${name}`,
      class: first ? "main" : "",
      disabled: lacking || this.making ? "" : null,
    });
    if (!lacking) return offered;
    const text = this.say("take_lacks", { packages: lacks.join(", "),
      command: this.kinds.install });
    return make("div", {}, offered, make("div", { class: "quiet" }, text));
  },

  choosePaper() {
    const list = make("select", { id: "paper", onchange: (event) => {
      this.paper = event.target.value;
    } }, ...PAPERS.map((paper) => make("option", { value: paper }, paper)));
    list.value = this.paper || PAPERS[0];
    return make("label", {}, `${this.say("take_paper")} `, list, " ");
  },

  // Printing without the server's sheet: title, picture, legend and a table of the sub-grids.
  printScreen() {
    document.getElementById("print")?.remove();
    const since = this.number - (this.saved || 0);
    const place = document.getElementById("community").selectedOptions[0]?.textContent || "";
    const heads = this.say("sheet_codes").split("|");
    const picture = make("img", { alt: "", src: drawTogether(document.getElementById("stage")) });
    const sheet = make(
      "section",
      { id: "print" },
      make("h1", {}, [this.name, place].filter(Boolean).join(" · ")),
      make("p", {}, [new Date().toISOString().slice(0, 10), this.seat?.office,
        since ? this.say("draft_stamp", { number: this.number }) : ""].filter(Boolean).join(" · ")),
      picture,
      make("p", {}, `${this.say(`view_${this.stage.view}`)}. ${this.say("sheet_legend")}`),
      make("table", { class: "figures" },
        make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))),
        make("tbody", {}, ...this.listSubgridsInView().map(([code, f]) => make("tr", {},
          make("th", { scope: "row" }, code), make("td", {}, f.households),
          make("td", {}, this.say(f.in_band ? "sheet_yes" : "sheet_no")),
          make("td", {}, Math.round(f.mean_walk)))))),
    );
    document.body.append(sheet);
    window.addEventListener("afterprint", () => sheet.remove(), { once: true });
    picture.decode().then(() => window.print());
  },

  // The sub-grids whose land is in view, by code, with their figures.
  listSubgridsInView() {
    const [west, south, east, north] = this.viewBox();
    const rows = [];
    for (const c of this.stage.open.values()) {
      for (const code of c.codes) {
        const box = c.landBoxes?.get(code);
        const f = c.figures[code];
        if (!f || (box && (box[2] < west || box[0] > east || box[3] < south || box[1] > north))) {
          continue;
        }
        rows.push([code, f]);
      }
    }
    return rows.sort(([one], [other]) => (one < other ? -1 : 1));
  },
};

// All canvases of the stage as one picture, each where it lies on the screen.
function drawTogether(stage) {
  const box = stage.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const whole = make("canvas", { width: Math.round(box.width * ratio),
    height: Math.round(box.height * ratio) });
  const pen = whole.getContext("2d");
  for (const canvas of stage.querySelectorAll("canvas")) {
    const at = canvas.getBoundingClientRect();
    if (at.width && at.height) {
      pen.drawImage(canvas, (at.left - box.left) * ratio, (at.top - box.top) * ratio,
        at.width * ratio, at.height * ratio);
    }
  }
  return whole.toDataURL("image/png");
}
