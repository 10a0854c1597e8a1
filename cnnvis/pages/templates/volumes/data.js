// The data of the page: groups of volumes, unpacked when they are first looked at.
//
// A group holds blocks of maps (channel, row, col), one byte per value, and orders of its channels.
// A volume is a block in an order: plane p of it is the map of channel `order.channels[p]`.

/** The byte of zero in signed data, and the steps to either side of it. */
const ZERO = 128;
const STEPS = 127;

/** Return the bytes that base64 text stands for. */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Return the bytes that base64 text of deflated data stands for. */
async function inflated(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Volumes of one shape, on one scale. */
class Group {
  constructor(record) {
    this.record = record;
    this.name = record.name;
    this.title = record.title;
    this.counted = record.counted;
    this.unit = record.unit;
    this.axes = record.axes;
    this.signed = record.signed;
    this.limit = record.limit;
    this.edges = record.edges;
    [this.channels, this.rows, this.cols] = record.shape;
    this.volumes = record.volumes;
    this.orders = record.orders.map(({ channels, clusters }) => {
      const places = new Array(channels.length);
      channels.forEach((channel, place) => (places[channel] = place));
      return { channels, places, clusters };
    });
    // The order that makes clusters, whatever the order shown: a channel belongs to one in all.
    this.clusters = this.orders.map((order) => order.clusters).find(Boolean) ?? null;
    this.unpacked = new Map();
    this.tiles = null;
  }

  /** Return the bytes (channel, row, col) of a block. */
  block(number) {
    if (!this.unpacked.has(number)) {
      this.unpacked.set(number, inflated(this.record.blocks[number]));
    }
    return this.unpacked.get(number);
  }

  /** Return the colours (channel, k_row, k_col, 3) of the kernels, or null where there are none. */
  async kernels() {
    const packed = this.record.tiles;
    if (packed && !this.tiles) {
      this.tiles = { rows: packed.rows, cols: packed.cols, pixels: await inflated(packed.pixels) };
    }
    return this.tiles;
  }

  /** Return the order of a volume: channels by place, places by channel. */
  order(volume) {
    return this.orders[volume.order];
  }

  /** Return the bytes (plane, row, col) of a volume: its block with the channels in its order. */
  async voxels(volume) {
    const block = await this.block(volume.block);
    const size = this.rows * this.cols;
    const stacked = new Uint8Array(block.length);
    this.order(volume).channels.forEach((channel, place) => {
      stacked.set(block.subarray(channel * size, (channel + 1) * size), place * size);
    });
    return stacked;
  }

  /** Return the bytes (row, col) of one map. */
  async map(volume, channel) {
    const size = this.rows * this.cols;
    return (await this.block(volume.block)).subarray(channel * size, (channel + 1) * size);
  }

  /** Return the level of a byte: 0 to 1 or, of signed data, -1 to 1. */
  level(byte) {
    return this.signed ? (byte - ZERO) / STEPS : byte / 255;
  }

  /** Return the value that a level stands for: levels are roots of the share of the limit. */
  value(level) {
    return Math.sign(level) * level * level * this.limit;
  }
}

/** Return what the page holds: its groups, its tables of colours by name, and its looks. */
function readData() {
  const record = JSON.parse(document.getElementById("data").textContent);
  const tables = (list) => new Map(list.map(({ name, colours }) => [name, bytesOf(colours)]));
  return {
    title: record.title,
    background: record.background.map((part) => part / 255),
    frame: record.frame.map((part) => part / 255),
    percentile: record.percentile,
    sequential: tables(record.sequential),
    diverging: tables(record.diverging),
    groups: record.groups.map((group) => new Group(group)),
  };
}

/** Return a number in as few digits as tell something, with a true minus. */
function numeral(value) {
  const text = value === 0 ? "0" : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
  return text.replace("-", "\u2212");
}
