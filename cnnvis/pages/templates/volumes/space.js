// What is made of the voxels before they are drawn: slopes for the lamp, and a map of empty space.

/** Voxels along each side of a block of the map of empty space. */
const BLOCK = 4;

/** Slopes from one voxel to its second neighbour, in levels: steeper ones are a surface. */
const STEEP = 0.25;

/** Return the magnitude of every byte, 0 to 255. */
function magnitudes(signed) {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    signed ? Math.min(255, Math.ceil((Math.abs(byte - ZERO) * 255) / STEPS)) : byte,
  );
}

/**
 * Return four bytes per voxel (plane, row, col): its level, and the slope of the magnitude.
 *
 * The slope has components along (col, row, plane), per voxel, and a length up to 1, which says how
 * far it is a surface. It is kept as 128 + 127 * component.
 */
function texelsOf(voxels, [planes, rows, cols], signed) {
  const magnitude = magnitudes(signed);
  const texels = new Uint8Array(voxels.length * 4);
  const scale = 1 / (255 * STEEP);
  const plane = rows * cols;
  let at = 0;
  for (let p = 0; p < planes; p += 1) {
    const before = p > 0 ? -plane : 0;
    const behind = p < planes - 1 ? plane : 0;
    for (let r = 0; r < rows; r += 1) {
      const above = r > 0 ? -cols : 0;
      const below = r < rows - 1 ? cols : 0;
      for (let c = 0; c < cols; c += 1, at += 1) {
        const left = c > 0 ? -1 : 0;
        const right = c < cols - 1 ? 1 : 0;
        const x = (magnitude[voxels[at + right]] - magnitude[voxels[at + left]]) * scale;
        const y = (magnitude[voxels[at + below]] - magnitude[voxels[at + above]]) * scale;
        const z = (magnitude[voxels[at + behind]] - magnitude[voxels[at + before]]) * scale;
        const length = Math.sqrt(x * x + y * y + z * z);
        const share = length > 1 ? STEPS / length : STEPS;
        const to = at * 4;
        texels[to] = voxels[at];
        texels[to + 1] = ZERO + x * share + 0.5;
        texels[to + 2] = ZERO + y * share + 0.5;
        texels[to + 3] = ZERO + z * share + 0.5;
      }
    }
  }
  return texels;
}

/**
 * Return the greatest magnitude (0 to 255) in every block of voxels, and how many blocks there are.
 *
 * A sample between two voxels mixes both, so that a block counts its neighbours' nearest ones too.
 */
function maximaOf(voxels, [planes, rows, cols], signed) {
  const magnitude = magnitudes(signed);
  const counts = [planes, rows, cols].map((size) => Math.ceil(size / BLOCK));
  const maxima = new Uint8Array(counts[0] * counts[1] * counts[2]);
  // The blocks that voxel i touches: its own, and the next one where it is at its border.
  const touched = [planes, rows, cols].map((size, axis) =>
    Array.from({ length: size }, (_, i) => [
      Math.max(0, Math.floor((i - 1) / BLOCK)),
      Math.min(counts[axis] - 1, Math.floor((i + 1) / BLOCK)),
    ]),
  );
  let at = 0;
  for (let p = 0; p < planes; p += 1) {
    const [p0, p1] = touched[0][p];
    for (let r = 0; r < rows; r += 1) {
      const [r0, r1] = touched[1][r];
      for (let c = 0; c < cols; c += 1, at += 1) {
        const value = magnitude[voxels[at]];
        if (value === 0) {
          continue;
        }
        const [c0, c1] = touched[2][c];
        for (let i = p0; i <= p1; i += 1) {
          for (let j = r0; j <= r1; j += 1) {
            const row = (i * counts[1] + j) * counts[2];
            for (let k = c0; k <= c1; k += 1) {
              if (maxima[row + k] < value) {
                maxima[row + k] = value;
              }
            }
          }
        }
      }
    }
  }
  return { maxima, counts };
}

/**
 * Return how far every block is, in blocks, from the nearest full one and from the nearest empty one.
 *
 * A block is full where its maximum is above `threshold`, a level; its own distance to its kind is 0.
 * Both let a ray go far without looking again: all blocks less than that far away are alike.
 */
function distancesOf({ maxima, counts }, threshold) {
  const full = maxima.map((value) => (value > threshold * 255 ? 1 : 0));
  return { toFull: distancesTo(full, 1, counts), toEmpty: distancesTo(full, 0, counts) };
}

/**
 * Return how many blocks every block is away from the nearest one of a kind, at most 255.
 *
 * Blocks that touch, by a corner too, are one away. Two passes give the exact distance: A. Rosenfeld
 * and J. L. Pfaltz, Sequential operations in digital picture processing, J. ACM 13, 1966.
 */
function distancesTo(kinds, kind, [planes, rows, cols]) {
  const distance = kinds.map((own) => (own === kind ? 0 : 255));
  const size = rows * cols;
  const before = []; // the neighbours that the first pass has been at
  for (let step = 0; step < 13; step += 1) {
    before.push([Math.floor(step / 9) - 1, (Math.floor(step / 3) % 3) - 1, (step % 3) - 1]);
  }
  const pass = (sign) => {
    const last = sign > 0 ? 0 : kinds.length - 1;
    for (let count = 0; count < kinds.length; count += 1) {
      const at = last + sign * count;
      const p = Math.floor(at / size);
      const r = Math.floor(at / cols) % rows;
      const c = at % cols;
      let least = distance[at];
      for (const [dp, dr, dc] of before) {
        const [i, j, k] = [p + sign * dp, r + sign * dr, c + sign * dc];
        if (i >= 0 && i < planes && j >= 0 && j < rows && k >= 0 && k < cols) {
          least = Math.min(least, distance[i * size + j * cols + k] + 1);
        }
      }
      distance[at] = least;
    }
  };
  pass(1);
  pass(-1);
  return distance;
}
