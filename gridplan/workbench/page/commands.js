// Lines of an edit script, with every code quoted, so that no name is taken for a word.

export function quote(code) {
  return `"${String(code).replaceAll('"', '""')}"`;
}

export function quoteAll(codes) {
  return codes.map(quote).join(" ");
}

// Why something is locked, at the end of a line.
export function writeNote(note) {
  const text = note.replaceAll(/\s+/g, " ").trim();
  return text ? ` because ${quote(text)}` : "";
}

// Move homes to a sub-grid, or to a new one: whole buildings by their codes, the rest by
// stairwell. A new sub-grid takes one line, as the line after it could not know its code.
export function writeMove(c, homes, code) {
  const chosen = new Set(homes);
  const buildings = new Set();
  const doors = [];
  for (const home of homes) {
    const b = c.building[home];
    if (c.homesOf.get(b).every((other) => chosen.has(other))) buildings.add(c.buildings[b].code);
    else doors.push(c.homes[home]);
  }
  if (!code) {
    const all = [...homes].map((home) => c.homes[home]);
    return [
      doors.length
        ? `move stairwell ${quoteAll(all)} to new`
        : `move building ${quoteAll([...buildings])} to new`,
    ];
  }
  const lines = [];
  if (buildings.size) lines.push(`move building ${quoteAll([...buildings])} to ${quote(code)}`);
  if (doors.length) lines.push(`move stairwell ${quoteAll(doors)} to ${quote(code)}`);
  return lines;
}

export function writeSeen(c, homes) {
  return Object.fromEntries([...homes].map((home) => [c.homes[home], c.codeOf(home)]));
}
