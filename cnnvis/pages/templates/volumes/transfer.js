// The histogram of the levels under the window, the colours and the density that are chosen.

class TransferPanel {
  constructor(state) {
    this.state = state;
    this.canvas = document.getElementById("histogram");
    this.scale = document.getElementById("scale");
    this.counted = new WeakMap(); // block -> how often each byte is in it
    this.grip = null;
    this.canvas.addEventListener("pointerdown", (event) => this.take(event));
    this.canvas.addEventListener("pointermove", (event) => this.pull(event));
    this.canvas.addEventListener("pointerup", () => (this.grip = null));
    this.canvas.addEventListener("pointercancel", () => (this.grip = null));
  }

  /** Show the levels of the chosen volume. */
  async show(look) {
    const { group, volume } = this.state;
    const wish = {};
    this.wish = wish;
    const block = await group.block(volume.block);
    if (this.wish !== wish) {
      return;
    }
    if (!this.counted.has(block)) {
      const counts = new Float64Array(256);
      block.forEach((byte) => (counts[byte] += 1));
      this.counted.set(block, counts);
    }
    this.draw(this.counted.get(block), look, group);
    const most = numeral(group.value(1));
    const zero = group.signed ? `\u2212${most} to ${most}` : `0 to ${most}`;
    this.scale.textContent =
      `Levels are square roots of the ${group.unit}, ${zero} (the ${this.percentile}th ` +
      "percentile of the magnitudes; what is beyond it is clipped).";
    const [low, high] = ["low", "high"].map((name) => numeral(group.value(this.state.get(name))));
    this.canvas.setAttribute(
      "aria-label",
      `Histogram of the levels: magnitudes up to ${low} are clear, from ${high} in full`,
    );
  }

  draw(counts, look, group) {
    const sharpness = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.canvas.width = Math.round(width * sharpness);
    this.canvas.height = Math.round(height * sharpness);
    const context = this.canvas.getContext("2d");
    context.scale(sharpness, sharpness);
    // Zero would hide all others: the scale is logarithmic, and made for the rest.
    const zero = group.signed ? ZERO : 0;
    const rest = Math.max(1, ...counts.filter((_, byte) => byte !== zero));
    const top = Math.log1p(rest);
    const bar = width / 256;
    for (let byte = 0; byte < 256; byte += 1) {
      const level = group.level(byte);
      const [red, green, blue] = look.colour(level);
      context.fillStyle = look.weight(level) > 0 ? `rgb(${red},${green},${blue})` : "#3d434e";
      const high = Math.min(1, Math.log1p(counts[byte]) / top) * (height - 6);
      context.fillRect(byte * bar, height - high, Math.ceil(bar), high);
    }
    // The curve is how opaque a layer one twentieth of the box thick is.
    context.beginPath();
    for (let byte = 0; byte < 256; byte += 1) {
      const weight = look.weight(group.level(byte));
      const opacity = 1 - Math.exp((-look.extinction * weight * weight) / 20);
      context.lineTo((byte + 0.5) * bar, 3 + (1 - opacity) * (height - 5));
    }
    context.strokeStyle = "#e8eaee";
    context.lineWidth = 1.5;
    context.stroke();
    context.fillStyle = "rgba(232, 234, 238, 0.55)";
    for (const level of [this.state.get("low"), this.state.get("high")]) {
      for (const side of group.signed ? [-1, 1] : [1]) {
        const place = group.signed ? 0.5 + 0.5 * side * level : level;
        context.fillRect(Math.min(width - 1, place * width), 0, 1, height);
      }
    }
  }

  /** Return the magnitude of the level under the pointer. */
  levelAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.abs(this.state.group.signed ? 2 * share - 1 : share);
  }

  /** Take hold of the nearer end of the window. */
  take(event) {
    const level = this.levelAt(event);
    const away = (name) => Math.abs(this.state.get(name) - level);
    this.grip = away("low") < away("high") ? "low" : "high";
    this.canvas.setPointerCapture(event.pointerId);
    this.pull(event);
  }

  pull(event) {
    if (this.grip) {
      this.state.set({ [this.grip]: Math.round(this.levelAt(event) * 100) / 100 });
    }
  }
}
