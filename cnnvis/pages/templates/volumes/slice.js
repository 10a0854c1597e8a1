// The map of one channel: its picture, its number, its cluster, its kernel, its place in the order.

class SlicePanel {
  constructor(state) {
    this.state = state;
    this.map = document.getElementById("map");
    this.kernel = document.getElementById("kernel");
    this.words = document.getElementById("channel-words");
    this.pointed = document.getElementById("pointed");
    this.values = null;
    this.map.addEventListener("pointermove", (event) => this.point(event));
    this.map.addEventListener("pointerleave", () => (this.pointed.textContent = ""));
  }

  /** Show the chosen channel of the chosen volume, in the colours of the look. */
  async show(look) {
    const { group, volume } = this.state;
    const channel = this.state.get("channel");
    const wish = {};
    this.wish = wish;
    const values = await group.map(volume, channel);
    const kernels = await group.kernels();
    if (this.wish !== wish) {
      return;
    }
    this.values = values;
    this.group = group;
    this.drawMap(look.bytes());
    this.drawKernel(kernels, channel);
    this.say(channel, group.order(volume));
  }

  drawMap(colours) {
    const { rows, cols } = this.group;
    paint(this.map, rows, cols, (pixels) => {
      this.values.forEach((byte, at) => {
        pixels.set(colours.subarray(byte * 3, byte * 3 + 3), at * 4);
      });
    });
  }

  drawKernel(kernels, channel) {
    this.kernel.toggleAttribute("data-none", !kernels);
    if (!kernels) {
      return;
    }
    const { rows, cols, pixels: all } = kernels;
    const size = rows * cols * 3;
    const tile = all.subarray(channel * size, (channel + 1) * size);
    paint(this.kernel, rows, cols, (pixels) => {
      for (let at = 0; at < rows * cols; at += 1) {
        pixels.set(tile.subarray(at * 3, at * 3 + 3), at * 4);
      }
    });
  }

  /** Say in words what is seen, for those who do not see it, too. */
  say(channel, order) {
    const { group } = this;
    const place = order.places[channel];
    const cluster = group.clusters ? `, cluster ${group.clusters[channel]}` : "";
    const bytes = this.values;
    let greatest = 0;
    for (const byte of bytes) {
      if (Math.abs(group.level(byte)) > Math.abs(greatest)) {
        greatest = group.level(byte);
      }
    }
    const what = group.signed ? "strongest value" : "greatest value";
    const most = greatest === 0 ? "all zero" : `${what} ${this.value(greatest)}`;
    this.words.textContent =
      `${capital(group.counted)} ${channel}${cluster}, at position ${place} of 0 to ` +
      `${group.channels - 1}; ${most}.`;
    this.map.setAttribute("aria-label", `Map of ${group.counted} ${channel}`);
    this.kernel.setAttribute("aria-label", `Kernel of ${group.counted} ${channel}`);
  }

  /** Return a level as a value; the largest levels stand for all that was clipped. */
  value(level) {
    const words = numeral(this.group.value(level));
    return Math.abs(level) < 1 ? words : `${words} or more`.replace(/^(\u2212.*) or more/, "$1 or less");
  }

  /** Say what is under the pointer. */
  point(event) {
    if (!this.values) {
      return;
    }
    const { rows, cols } = this.group;
    const box = this.map.getBoundingClientRect();
    const scale = Math.min(box.width / cols, box.height / rows); // the map fits into its room
    const col = Math.floor((event.clientX - box.left - (box.width - cols * scale) / 2) / scale);
    const row = Math.floor((event.clientY - box.top - (box.height - rows * scale) / 2) / scale);
    const inside = row >= 0 && row < rows && col >= 0 && col < cols;
    this.pointed.textContent = inside
      ? `row ${row}, column ${col}: ${this.value(this.group.level(this.values[row * cols + col]))}`
      : "";
  }
}

/** Fill a canvas of (rows, cols) with pixels (row, col, 4), opaque. */
function paint(canvas, rows, cols, fill) {
  canvas.width = cols;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(cols, rows);
  image.data.fill(255);
  fill(image.data);
  context.putImageData(image, 0, 0);
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}
