// Shapes of the plan as paths and boxes, in its centimetres.

export function makePath(shapes, closed) {
  const path = new Path2D();
  for (const rings of shapes) {
    for (const ring of rings) {
      for (let n = 0; n < ring.length; n += 2) {
        if (n) path.lineTo(ring[n], ring[n + 1]);
        else path.moveTo(ring[n], ring[n + 1]);
      }
      if (closed) path.closePath();
    }
  }
  return path;
}

export function findBox(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let n = 0; n < ring.length; n += 2) {
      box[0] = Math.min(box[0], ring[n]);
      box[1] = Math.min(box[1], ring[n + 1]);
      box[2] = Math.max(box[2], ring[n]);
      box[3] = Math.max(box[3], ring[n + 1]);
    }
  }
  return box;
}

export function joinBoxes(boxes) {
  return boxes.reduce(
    (all, box) => [
      Math.min(all[0], box[0]),
      Math.min(all[1], box[1]),
      Math.max(all[2], box[2]),
      Math.max(all[3], box[3]),
    ],
    [Infinity, Infinity, -Infinity, -Infinity],
  );
}

export function middleOf(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

export function growBox(box, by) {
  return [box[0] - by, box[1] - by, box[2] + by, box[3] + by];
}

export function meets(a, b) {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

export function inside(box, x, y) {
  return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

// Leave out points that lie nearer to the last kept one than nobody could see.
export function thinRings(rings, least) {
  return rings.map((ring) => {
    const kept = [ring[0], ring[1]];
    for (let n = 2; n < ring.length; n += 2) {
      const dx = ring[n] - kept[kept.length - 2];
      const dy = ring[n + 1] - kept[kept.length - 1];
      if (Math.abs(dx) + Math.abs(dy) >= least) kept.push(ring[n], ring[n + 1]);
    }
    return kept;
  });
}

// Join shapes that lie near each other to one path each, so that a repaint of a spot
// draws no more than what is there.
export function bundle(shapes, closed, size = 12000) {
  const cells = new Map();
  for (const rings of shapes) {
    if (!rings.length) continue;
    const box = findBox(rings);
    const [x, y] = middleOf(box);
    const key = `${Math.floor(x / size)},${Math.floor(y / size)}`;
    if (!cells.has(key)) cells.set(key, { shapes: [], boxes: [] });
    cells.get(key).shapes.push(rings);
    cells.get(key).boxes.push(box);
  }
  return [...cells.values()].map((cell) => ({
    path: makePath(cell.shapes, closed),
    box: joinBoxes(cell.boxes),
  }));
}
