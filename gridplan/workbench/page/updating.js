// Bringing the rest up to date: what is stale, the run beside the page, and what became of each
// figure; mixed into the App.

import { button, make } from "/page/panels.js";

export const updating = {
  async openUpdating() {
    this.outlook = null;
    this.panels.turn("updating");
    const found = await this.ask({ kind: "update_look" });
    if (!found) return;
    this.outlook = found;
    // A page that was loaded while it runs hears of the next step only.
    if (found.running) this.update = this.update || { stage: "starting", done: 0, of: 1 };
    this.panels.draw();
  },

  async beginUpdate() {
    // What is not saved is saved first: the button says so.
    const answer = await this.ask({ kind: "update", save: Boolean(this.outlook?.unsaved) });
    if (answer?.kind === "unsaved") {
      await this.openUpdating();
      return;
    }
    if (!answer) return;
    this.updated = null;
    this.update = this.update || { stage: "starting", done: 0, of: 1 };
    this.panels.draw();
  },

  async cancelUpdate() {
    await this.ask({ kind: "update_cancel" });
  },

  // News of the run: how far it is, or that it ended.
  takeUpdate(message) {
    const ends = message.error || message.cancelled || message.kind === "updated";
    this.update = ends ? null : message;
    if (message.error) this.alarm(message.error[this.lang]);
    if (message.cancelled) this.tell(this.say("update_cancelled"));
    if (message.kind === "updated") {
      this.updated = { ...message, time: new Date().toLocaleTimeString("en-GB") };
      this.tell(this.say("update_done", { time: this.updated.time }));
      this.readAgain();
    }
    if (ends && this.panels.tab === "updating") this.openUpdating();
    else this.panels.draw();
  },

  // A view that asks the server for people or reach asks again; the land is what it was.
  readAgain() {
    return this.takeView?.(this.stage.view, this.viewOf);
  },

  listUpdating() {
    const rows = [
      make("div", { class: "row" }, make("strong", {}, this.say("update_title")), make("br"),
        make("small", {}, this.say("update_about"))),
    ];
    if (this.update) return [...rows, this.showRun(this.update)];
    if (this.updated) rows.push(...this.showResult(this.updated));
    if (this.outlook) rows.push(...this.showOutlook(this.outlook));
    else rows.push(make("div", { class: "row quiet" }, this.say("update_looking")));
    return rows;
  },

  showRun({ stage, done, of }) {
    const what = this.say(`step_${stage}`);
    return make(
      "div",
      { class: "row", id: "update-run" },
      make("div", {}, this.say("update_running", { stage: what, done, of })),
      make("progress", { max: of, value: done, "aria-label": what }),
      make("div", { class: "buttons" }, button(this.say("cancel"), () => this.cancelUpdate(),
        { id: "update-cancel" })),
    );
  },

  showOutlook({ steps, unsaved, may, command }) {
    const stale = steps.some((step) => step.status === "stale");
    // After a run that left nothing stale its result is enough.
    const shown = this.updated && !stale ? steps.filter((step) => step.missing) : steps;
    const rows = shown.map((step) => make(
      "div",
      { class: "row", "data-step": step.name },
      make("strong", {}, this.say(`step_${step.name}`)),
      ` ${this.say(`outlook_${step.status}`)}`,
      step.because ? make("div", { class: "quiet" }, this.say(`outlook_because_${step.because}`))
        : null,
      step.missing ? make("div", { class: "bad" }, step.missing[this.lang]) : null,
    ));
    if (steps.some((step) => step.missing)) {
      rows.push(make("div", { class: "row quiet" }, this.say("update_missing", { command })));
    }
    if (!stale) rows.push(make("div", { class: "row good" }, this.say("update_current")));
    if (unsaved) {
      rows.push(make("div", { class: "row" }, this.say("update_unsaved", { count: unsaved })));
    }
    if (!may) rows.push(make("div", { class: "row quiet" }, this.say("update_chief")));
    else if (stale || unsaved) {
      rows.push(make("div", { class: "row" }, button(
        this.say(unsaved ? "update_begin_saving" : "update_begin"),
        () => this.beginUpdate(),
        { class: "main", id: "update-begin" },
      )));
    }
    return rows;
  },

  // What became of each step and figure; figures that stayed the same are folded away.
  showResult({ rows, steps, version, left_out: leftOut, time }) {
    const parts = [
      make("div", { class: "row good" }, this.say("update_done", { time })),
      ...steps.filter((step) => step.status === "skipped").map((step) => make(
        "div",
        { class: "row" },
        make("strong", {}, this.say(`step_${step.name}`)),
        ` ${this.say("result_skipped")}: `,
        step.because ? step.because[this.lang] : "",
      )),
    ];
    if (version) {
      parts.push(make("div", { class: "row quiet" }, this.say("update_compared", { version })));
    }
    const changed = rows.filter((row) => row.changed);
    const same = rows.filter((row) => !row.changed);
    if (changed.length) parts.push(this.tableFigures(changed));
    if (same.length) {
      parts.push(make("details", { class: "row" },
        make("summary", {}, this.say("update_unchanged", { count: same.length })),
        this.tableFigures(same)));
    }
    if (leftOut.length) {
      parts.push(make("div", { class: "row" }, this.say("update_left_out"),
        ...leftOut.map((row) => make("div", { class: "quiet" },
          `${row.what}: `, make("code", {}, row.command)))));
    }
    return parts;
  },

  tableFigures(rows) {
    const heads = this.say("update_columns").split("|");
    return make(
      "table",
      { class: "figures" },
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map((row) => make(
        "tr",
        { "data-figure": row.figure },
        make("th", { scope: "row" }, row.label[this.lang]),
        make("td", {}, write(row.before, row.share)),
        make("td", {}, write(row.after, row.share)),
        make("td", {}, row.difference > 0 ? `+${write(row.difference, row.share)}`
          : write(row.difference, row.share)),
      ))),
    );
  },
};

function write(value, isShare) {
  if (value === null) return "–";
  const text = (isShare ? 100 * value : value).toLocaleString("en", { maximumFractionDigits: 2 });
  return isShare ? `${text} %` : text;
}
