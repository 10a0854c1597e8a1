// The stage: which volumes stand where, and the cameras that look at them, all turned alike.

/** Pixels of the screen between two pictures of a group. */
const GAP = 2;

/** More pixels of the screen per pixel of the page than that cost time and show nothing. */
const SHARPEST = 2;

class Stage {
  constructor(element, state, renderer) {
    Object.assign(this, { element, state, renderer });
    this.loaded = []; // [volume of the data, its textures], as far as they are there
    this.loading = null; // the latest wish
    this.drawWords = () => {};
    this.failed = (error) => {
      throw error;
    };
  }

  /** Return the width and height of the stage in pixels of the page. */
  size() {
    return [Math.max(1, this.element.clientWidth), Math.max(1, this.element.clientHeight)];
  }

  /** Return how many pixels of the screen there are per pixel of the page. */
  sharpness() {
    return Math.min(SHARPEST, window.devicePixelRatio || 1);
  }

  /** Return the width and height of the picture in its own pixels. */
  pixels() {
    return this.size().map((length) => Math.max(1, Math.round(length * this.sharpness())));
  }

  /** Load what the state wants to be shown; return whether that is still what it wants. */
  async load() {
    const wish = {};
    this.loading = wish;
    const { group, shown } = this.state;
    const loaded = [];
    for (const volume of shown) {
      loaded.push([volume, await this.renderer.load(group, volume)]);
      if (this.loading !== wish) {
        return false;
      }
    }
    this.loading = null;
    this.loaded = loaded;
    this.group = group;
    this.renderer.forget(loaded.map(([, textures]) => textures));
    return true;
  }

  /** Return every picture on the stage: its volume, its place and its camera. */
  views() {
    if (!this.group) {
      return [];
    }
    const [width, height] = this.size();
    const sharpness = this.sharpness();
    const tall = this.pixels()[1];
    const across = columnsFor(this.loaded.length, width, height);
    const down = Math.ceil(this.loaded.length / across);
    const view = Object.fromEntries(VIEW.map((name) => [name, this.state.get(name)]));
    const box = boxOf(this.group, view.stretch);
    const shape = [this.group.channels, this.group.rows, this.group.cols];
    return this.loaded.map(([volume, textures], number) => {
      const column = number % across;
      const row = Math.floor(number / across);
      const edge = (length, count, place) => Math.round((length * place) / count);
      const left = edge(width, across, column);
      const top = edge(height, down, row);
      const wide = edge(width, across, column + 1) - left - (column + 1 < across ? GAP : 0);
      const high = edge(height, down, row + 1) - top - (row + 1 < down ? GAP : 0);
      const inPixels = (length) => Math.round(length * sharpness);
      return {
        volume,
        textures,
        left,
        top,
        width: wide,
        height: high,
        // The graphics count from the lower left.
        rectangle: [
          inPixels(left),
          Math.max(0, tall - inPixels(top + high)),
          Math.max(1, inPixels(left + wide) - inPixels(left)),
          Math.max(1, inPixels(top + high) - inPixels(top)),
        ],
        camera: new Camera(shape, box, view, wide, high),
      };
    });
  }

  /** Return the plane of a volume that shows the chosen channel. */
  plane(volume) {
    return this.group.order(volume).places[this.state.get("channel")];
  }

  /** Draw one picture, or a part of it. */
  draw(view, how) {
    const slice = this.state.get("slice") === "none" ? -1 : this.plane(view.volume) ?? -1;
    this.renderer.draw(view.textures, view.camera, this.state, { ...how, slice });
  }

  /** Return the picture that a place on the stage, in pixels of the page, is in. */
  viewAt(x, y) {
    return this.views().find(
      ({ left, top, width, height }) =>
        x >= left && x < left + width && y >= top && y < top + height,
    );
  }
}

/** Return in how many columns pictures are largest. */
function columnsFor(count, width, height) {
  let best = 1;
  for (let across = 1; across <= count; across += 1) {
    const size = (n) => Math.min(width / n, height / Math.ceil(count / n));
    if (size(across) > size(best)) {
      best = across;
    }
  }
  return best;
}
