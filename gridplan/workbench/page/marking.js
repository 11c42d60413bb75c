// What is pointed at and chosen, above the plan.

// One path for a set of homes, kept for as long as the set is as large.
const PATHS = new WeakMap();

export function drawMarks(stage) {
  const pen = stage.top;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, stage.over.width, stage.over.height);
  stage.place(pen);
  const { chosen, wanted, point, line, foreseen } = stage.marks;
  const thin = 1 / stage.scale;
  outline(pen, point, "#1f5f8b", 2.5 * thin);
  outline(pen, wanted, "#1c6b35", 4 * thin);
  if (foreseen) mark(pen, foreseen, "#1c6b35", thin);
  if (chosen && chosen.homes.size) mark(pen, chosen, "#111", thin);
  if (line && line.length > 1) {
    pen.beginPath();
    line.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.lineWidth = 1.5 * thin;
    pen.strokeStyle = "#1f5f8b";
    pen.stroke();
  }
  if (stage.decorate) stage.decorate(pen);
}

function outline(pen, mark, colour, width) {
  const path = mark && mark.community && mark.community.landPaths.get(mark.code);
  if (!path) return;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke(path);
}

function mark(pen, { community: c, homes }, colour, thin) {
  const path = pathOf(c, homes);
  pen.fillStyle = "#ffffff88";
  pen.fill(path, "evenodd");
  pen.strokeStyle = colour;
  pen.lineWidth = 2.2 * thin;
  pen.stroke(path);
}

function pathOf(c, homes) {
  const size = homes.size ?? homes.length;
  const kept = PATHS.get(homes);
  if (kept && kept.size === size && kept.c === c) return kept.path;
  const path = new Path2D();
  for (const n of new Set([...homes].map((home) => c.piece[home]))) path.addPath(c.piecePaths[n]);
  PATHS.set(homes, { size, c, path });
  return path;
}
