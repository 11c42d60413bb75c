// The panel of reach on foot: kinds of post, figures, gaps, and the post that was clicked.

const LISTED = 6; // gaps

class ReachPanel {
  constructor(reach) {
    this.reach = reach;
    const { stage } = this.reach;
    const { words } = stage;
    const node = make("section", "gp-panel gp-reach");
    node.setAttribute("aria-label", words.reach);
    this.kinds = make("select");
    this.kinds.setAttribute("aria-label", words.reach_kind);
    this.reach.head.views.forEach((view, n) => {
      if (view.state !== "now") return;
      const option = make("option", "", view.label);
      option.value = n;
      this.kinds.appendChild(option);
    });
    this.kinds.addEventListener("change", () => this.reach.choose(Number(this.kinds.value)));
    this.body = make("div");
    const boxes = make("div", "gp-reach-boxes");
    for (const name of ["streets", "posts", "gaps"]) {
      if (name === "streets" && !this.reach.shapes.length) continue;
      const label = make("label");
      const box = make("input");
      Object.assign(box, { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        this.reach.ticked[name] = box.checked;
        this.reach.draw();
      });
      label.append(box, words["show_" + name]);
      boxes.appendChild(label);
    }
    this.tail = make("div");
    node.append(make("h2", "", words.reach), this.kinds, this.body, boxes, this.tail);
    addControl(stage, "topleft", node);
  }

  // Write the panel for the view that is shown, and for the post that is lit, if any.
  fill() {
    const { stage, state } = this.reach;
    const { words } = stage;
    const first = this.reach.head.views.findIndex((v) => v.kind === state.kind);
    this.kinds.value = String(first);
    const parts = [];
    if (this.reach.head.views[first + 1] && this.reach.head.views[first + 1].kind === state.kind) {
      const states = make("div", "gp-states");
      ["now", "proposed"].forEach((name, n) => {
        const button = make("button", "", words[name]);
        button.type = "button";
        button.setAttribute("aria-pressed", String(this.reach.view === first + n));
        button.addEventListener("click", () => this.reach.choose(first + n));
        states.appendChild(button);
      });
      parts.push(states);
    }
    parts.push(...(this.reach.lit ? this.describePost() : this.describeFigures()));
    this.body.replaceChildren(...parts);
    this.tail.replaceChildren(...(this.reach.lit ? [] : this.makeGapList()));
  }

  describeFigures() {
    const { stage, state } = this.reach;
    const { words } = stage;
    const { figures } = state;
    const table = make("table");
    for (const name of ["reachable", "served", "backed_up"]) {
      const line = table.insertRow();
      const head = make("th", "", words[name]);
      head.scope = "row";
      line.appendChild(head);
      line.insertCell().textContent = share(figures[name], figures.demand);
      const number = formatNumber(stage, figures[name]);
      const unit = state.group === "households" ? "" : " " + state.unit;
      line.insertCell().textContent = unit ? number + unit : formatHouseholds(stage, figures[name]);
    }
    const posts = formatNumber(stage, figures.posts);
    const word = figures.posts === 1 ? words.within_one : words.within;
    return [make("p", "", fillIn(word, { minutes: state.within, posts })), table];
  }

  describePost() {
    const { stage, state } = this.reach;
    const { words } = stage;
    const { post, grids } = this.reach.lit;
    const name = make("p", "gp-post-name");
    name.append(
      make("b", "", post.name || post.code),
      post.proposed ? " (" + words.proposed_post + ")" : "",
    );
    const table = make("table");
    addLine(table, words.reachable, formatNumber(stage, post.reachable));
    addLine(table, words.served, formatNumber(stage, post.served));
    if (post.capacity !== null) addLine(table, words.capacity, formatNumber(stage, post.capacity));
    const number = formatNumber(stage, post.reachable);
    const subgrids = formatNumber(stage, grids.size);
    const text = fillIn(words.reaches, { number, unit: state.unit, subgrids });
    const close = makeButton("gp-close", words.close, words.close, () => this.reach.light(null));
    return [name, table, make("p", "gp-post-reach", text), close];
  }

  makeGapList() {
    const { stage } = this.reach;
    const { words } = stage;
    if (this.reach.state.state !== "now") return [];
    const gaps = this.reach.listGaps();
    const list = make("div", "gp-gaps");
    for (const gap of gaps.slice(0, LISTED)) {
      const button = makeButton("", this.reach.nameReason(gap), "", () => this.reach.goToGap(gap));
      button.append(make("b", "", String(gap.rank)), make("span", "", this.reach.nameGap(gap)));
      button.appendChild(
        make("em", "", formatNumber(stage, gap.households) + " " + words.households),
      );
      list.appendChild(button);
    }
    return [make("h3", "", gaps.length ? words.largest_gaps : words.no_gaps), list];
  }
}

// A share that is not rounded up to all, nor down to none.
function share(part, whole) {
  if (!whole) return "–";
  const percent = (100 * part) / whole;
  if (part < whole && percent > 99.9) return "99.9 %";
  return (part > 0 && percent < 0.1 ? "0.1" : percent.toFixed(1)) + " %";
}
