// Which places a drawn line or outline means: the same rule as the server's, for what is shown
// while somebody still draws. What is carried out is the server's answer.

const STEP = Math.PI / 12;

// Whether places lie on one side of a line that goes straight on beyond its ends.
export function lieBehind(points, places) {
  const same = (p, q) => q && p[0] === q[0] && p[1] === q[1];
  const line = points.filter((p, n) => !same(p, points[n - 1]));
  if (line.length < 2) return places.map(() => false);
  const all = [...line, ...places];
  const xs = all.map((p) => p[0]);
  const ys = all.map((p) => p[1]);
  const middle = [mean(xs), mean(ys)];
  const far = 10 * Math.max(spread(xs), spread(ys)) + 1;
  const begin = goOn(line[1], line[0], far);
  const end = goOn(line.at(-2), line.at(-1), far);
  const first = Math.atan2(end[1] - middle[1], end[0] - middle[0]);
  let last = Math.atan2(begin[1] - middle[1], begin[0] - middle[0]);
  if (last <= first) last += 2 * Math.PI;
  const arc = [];
  for (let angle = first; angle < last; angle += STEP) {
    arc.push([middle[0] + 2 * far * Math.cos(angle), middle[1] + 2 * far * Math.sin(angle)]);
  }
  return lieWithin([begin, ...line, end, ...arc], places);
}

// Whether places lie in an outline; where it crosses itself, every second part is outside.
export function lieWithin(ring, places) {
  return places.map(([x, y]) => {
    let inside = false;
    for (let n = 0; n < ring.length; n += 1) {
      const [x0, y0] = ring[n];
      const [x1, y1] = ring[(n + 1) % ring.length];
      if ((y0 > y) !== (y1 > y)
        && ((x - x0) * (y1 - y0) < (y - y0) * (x1 - x0)) === (y1 > y0)) inside = !inside;
    }
    return inside;
  });
}

// A line with fewer corners, nowhere farther from the first than some distance.
export function thinLine(line, off) {
  if (line.length < 3) return line;
  const [x0, y0] = line[0];
  const [x1, y1] = line.at(-1);
  const long = Math.hypot(x1 - x0, y1 - y0);
  let worst = 0;
  let at = 0;
  for (let n = 1; n < line.length - 1; n += 1) {
    const [x, y] = line[n];
    const away = long
      ? Math.abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / long : Math.hypot(x - x0, y - y0);
    if (away > worst) [worst, at] = [away, n];
  }
  if (worst <= off) return [line[0], line.at(-1)];
  return [...thinLine(line.slice(0, at + 1), off).slice(0, -1), ...thinLine(line.slice(at), off)];
}

function goOn(one, other, far) {
  const long = Math.hypot(other[0] - one[0], other[1] - one[1]);
  return [other[0] + (far * (other[0] - one[0])) / long,
    other[1] + (far * (other[1] - one[1])) / long];
}

function mean(values) {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function spread(values) {
  return Math.max(...values) - Math.min(...values);
}
