// What levels look like: window, gamma, colours and density, as one table for all that is drawn.
//
// The weight of a level is its magnitude within the window, w = ((|level| - low) / (high - low))^gamma,
// kept between 0 and 1. Colours go with the weight, and the extinction with its square, so that
// faint levels are glass. Signed data take the colours on both sides of the middle of their table.

/** Entries of the table, over all bytes: finer than a byte, because samples lie between voxels. */
const ENTRIES = 1024;

/** Extinction of a weight of 1 at a density of 1, per longest edge of the box. */
const EXTINCTION = 40;

/** Volumes of more planes have thinner ones: each is made denser, so that single ones are seen. */
const MANY_PLANES = 64;

/** Rows of the table, each of (red, green, blue, more). */
const ROWS = { seen: 0, weight: 1, plain: 2 };

class Look {
  /** The look of a group's levels, with the window of the state and a table of colours. */
  constructor(group, state, colours) {
    this.group = group;
    this.low = state.get("low");
    this.high = state.get("high");
    this.gamma = state.get("gamma");
    this.colours = colours;
    this.extinction =
      EXTINCTION * Math.sqrt(Math.max(1, group.channels / MANY_PLANES)) * state.get("density");
  }

  /** Return how much a level counts, 0 to 1. */
  weight(level) {
    const share = (Math.abs(level) - this.low) / (this.high - this.low);
    return share <= 0 ? 0 : Math.min(1, share) ** this.gamma;
  }

  /** Return red, green and blue (0 to 255) of a place in the table of colours, 0 to 1. */
  colourAt(place) {
    const last = this.colours.length / 3 - 1;
    const entry = Math.min(last, Math.max(0, place * last));
    const before = Math.min(last - 1, Math.floor(entry));
    const share = entry - before;
    return [0, 1, 2].map((part) => {
      const [a, b] = [this.colours[before * 3 + part], this.colours[before * 3 + 3 + part]];
      return a + share * (b - a);
    });
  }

  /** Return red, green and blue (0 to 255) of a level. */
  colour(level) {
    const weight = this.weight(level);
    return this.colourAt(this.group.signed ? 0.5 + 0.5 * Math.sign(level) * weight : weight);
  }

  /** Return red, green and blue of every byte, three after each other. */
  bytes() {
    const found = new Uint8ClampedArray(256 * 3);
    for (let byte = 0; byte < 256; byte += 1) {
      found.set(this.colour(this.group.level(byte)), byte * 3);
    }
    return found;
  }

  /** Return the table that the shaders read: (row of the table, entry, 4), see `ROWS`. */
  table() {
    const found = new Float32Array(Object.keys(ROWS).length * ENTRIES * 4);
    const put = (row, entry, values) => found.set(values, (row * ENTRIES + entry) * 4);
    const unit = (colour) => colour.map((part) => part / 255);
    for (let entry = 0; entry < ENTRIES; entry += 1) {
      const share = entry / (ENTRIES - 1);
      const level = this.group.level(share * 255);
      const weight = this.weight(level);
      put(ROWS.seen, entry, [...unit(this.colour(level)), this.extinction * weight * weight]);
      put(ROWS.weight, entry, [Math.sign(level) * weight, 0, 0, 0]);
      put(ROWS.plain, entry, [...unit(this.colourAt(share)), 0]);
    }
    return found;
  }
}
