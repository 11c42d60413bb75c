// Another code for a sub-grid, checked while it is typed; mixed into the App.

import { quote, writeSeen } from "/page/commands.js";
import { button, make } from "/page/panels.js";

const PAUSE = 250; // milliseconds after the last letter before the server is asked

export const recoding = {
  askRecode() {
    const { community: c } = this.chosen;
    const codes = this.codesChosen();
    if (codes.length !== 1) {
      this.tell(this.say("split_one"));
      return;
    }
    const [code] = codes;
    const field = make("input", { type: "text", id: "recode", value: code, maxlength: 60,
      "aria-label": this.say("recode"), "aria-describedby": "recode-says" });
    const says = make("div", { id: "recode-says", role: "status" }, this.say("recode_how"));
    const begin = () => this.recode(c, code, field.value.trim());
    const accept = button(this.say("accept"), begin, { class: "main", disabled: "" });
    const check = () => this.checkCode(c, code, field, says, accept);
    field.addEventListener("input", check);
    field.addEventListener("keydown", (event) => {
      if (event.code === "Enter" && !event.isComposing && !accept.disabled) begin();
    });
    this.panels.form = true;
    this.panels.choice.replaceChildren(make("div", {}, this.say("recode_title", { code })), field,
      says, make("div", { class: "buttons" }, accept,
        button(this.say("drop"), () => this.drop())));
    field.focus();
    field.select();
  },

  // What can be known here is said at once, the rest by the server after a pause.
  checkCode(c, code, field, says, accept) {
    const text = field.value.trim();
    const tell = (key, bad) => {
      says.textContent = this.say(key, { code: text, community: c.code });
      says.className = bad ? "bad" : "good";
      accept.disabled = bad;
    };
    clearTimeout(this.recoding);
    if (!text || text === code) {
      tell("recode_how", true);
      return;
    }
    const taken = [...this.stage.open.values()].some((one) =>
      one.members[one.place.get(text)]?.size || one.lone.some((grid) => grid.code === text));
    if (taken) {
      tell("recode_taken", true);
      return;
    }
    accept.disabled = true;
    says.textContent = "…";
    this.recoding = setTimeout(async () => {
      const answer = await this.link.ask({ kind: "try", lang: this.lang,
        lines: [`recode ${quote(code)} as ${quote(text)}`] });
      if (field.value.trim() !== text) return;
      if (answer.kind === "refused") {
        tell("recode_how", true);
        says.textContent = answer.reasons.map(({ message, remedy }) =>
          `${message} → ${remedy}`).join("; ");
      } else tell(text.startsWith(`${c.code}-`) ? "recode_free" : "recode_other", false);
    }, PAUSE);
  },

  async recode(c, code, text) {
    const all = [...c.members[c.place.get(code)]];
    const done = await this.run([`recode ${quote(code)} as ${quote(text)}`], writeSeen(c, all));
    if (done) this.choose(c, all, false, true);
  },
};
