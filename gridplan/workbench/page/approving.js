// A chief approves a sub-grid that is out of its band, with post and reason; mixed into the App.

import { button, make } from "/page/panels.js";

export const approving = {
  // Beside each fault: who approved it, or the button with which a chief does.
  addApprovals() {
    for (const row of document.querySelectorAll("#panel .row[data-subgrid]")) {
      if (row.querySelector(".approval")) continue;
      const code = row.dataset.subgrid;
      const approval = this.approvals?.[code];
      if (approval) {
        row.append(make("div", { class: "approval good" }, this.say("approved_by", {
          post: this.namePost(approval.post), day: approval.day, reason: approval.reason })));
      } else if (this.seat?.role === "chief" && this.isOutOfBand(code)) {
        row.append(button(this.say("approve"), () => this.askApproval(code),
          { class: "approval" }));
      }
    }
  },

  isOutOfBand(code) {
    const fault = this.faults.find((one) => one.subgrid === code);
    return Boolean(fault) && ["small", "large"].includes(fault.rule);
  },

  namePost(post) {
    const role = this.posts?.roles.find((one) => one.post === post);
    return role ? role[this.lang] : post;
  },

  async askApproval(code) {
    this.posts = this.posts || await this.ask({ kind: "posts" });
    if (!this.posts) return;
    const { roles, offices } = this.posts;
    const post = make("select", { id: "approver" },
      ...roles.map((role) => make("option", { value: role.post }, role[this.lang])),
      ...offices.map((office) => make("option", { value: office }, office)));
    const reason = make("input", { type: "text", id: "approval_reason" });
    const begin = async () => {
      const question = { kind: "approve", subgrid: code, post: post.value, reason: reason.value };
      const answer = await this.askSurely(question);
      if (!answer) return;
      this.takeEvent(answer);
      this.drop();
    };
    this.panels.choice.replaceChildren(
      make("div", {}, make("strong", {}, this.say("approve_title", { code }))),
      make("label", {}, this.say("approver"), " ", post),
      make("label", {}, this.say("reason"), reason),
      make("div", { class: "buttons" },
        button(this.say("approve"), begin, { class: "main", id: "approve_now" }),
        button(this.say("drop"), () => this.drop())));
    reason.focus();
  },
};
