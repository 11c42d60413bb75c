// What Python packed: gzipped figures and shapes, as whole numbers of variable length.

const STEP = 1e6; // of a degree

// Read the whole numbers that tiled_layers.py writes: seven bits a byte, the top bit set where
// more follow, the sign folded into the lowest bit.
class Reader {
  constructor(bytes, offset) {
    this.bytes = bytes;
    this.offset = offset;
  }

  next() {
    const { bytes } = this;
    let byte = bytes[this.offset++];
    let value = byte & 127;
    let shift = 7;
    while (byte > 127) {
      byte = bytes[this.offset++];
      value |= (byte & 127) << shift;
      shift += 7;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  list(count) {
    const numbers = new Int32Array(count);
    for (let i = 0; i < count; i++) numbers[i] = this.next();
    return numbers;
  }
}

function readFeatures(layer, bytes, from) {
  const reader = new Reader(bytes, from + layer.at);
  const rows = reader.list(layer.count);
  const rings = reader.list(layer.count);
  const lengths = reader.list(rings.reduce((sum, n) => sum + n, 0));
  const features = new Array(layer.count);
  // Rows and places are steps from the one before, so that they are summed up.
  let row = 0;
  let ring = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i < layer.count; i++) {
    row += rows[i];
    const lists = [];
    for (let r = 0; r < rings[i]; r++) {
      const points = new Array(lengths[ring++]);
      for (let p = 0; p < points.length; p++) {
        x += reader.next();
        y += reader.next();
        points[p] = [x / STEP, y / STEP];
      }
      lists.push(points);
    }
    features[i] = { type: "Feature", geometry: shape(layer.kind, lists), properties: { i: row } };
  }
  return features;
}

function shape(kind, lists) {
  if (kind === "polygon") return { type: "Polygon", coordinates: lists };
  if (kind === "line") return { type: "LineString", coordinates: lists[0] };
  return { type: "Point", coordinates: lists[0][0] };
}

// Take what a script element of the page holds: figures, and where in the bytes shapes begin.
async function unpack(place) {
  const holder = document.getElementById(place);
  const packed = Uint8Array.from(atob(holder.textContent), (letter) => letter.charCodeAt(0));
  holder.remove(); // the text is as large as the pack, and not needed again
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  return {
    head: JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))),
    bytes,
    from: 4 + length,
  };
}
