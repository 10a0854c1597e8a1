// When to draw, and how finely: at once and quickly while something moves, in full when all is still.
//
// What a picture costs depends on the machine, the volume and the look, so it is measured. A picture
// that takes long is first drawn in fewer, longer steps and fewer pixels, then refined in bands, so
// that the page never waits long before it can follow the next move.

/** Milliseconds that one piece of drawing should take. */
const PIECE = 45;

/** Milliseconds without a change before a coarse picture is refined. */
const STILL_AFTER = 140;

/** Voxels between samples, in full and while something moves. */
const FINE_STRIDE = 0.7;
const COARSE_STRIDE = 1.3;

/** The least share of the pixels, along one side, that a coarse picture has. */
const LEAST = 0.15;

/** Return [left, bottom, right, top] of [left, bottom, width, height]. */
function cornersOf([left, bottom, width, height]) {
  return [left, bottom, left + width, bottom + height];
}

class Painter {
  /** `stage` says what there is to draw, draws the words over it, and hears of what fails. */
  constructor(canvas, gl, renderer, stage) {
    Object.assign(this, { canvas, gl, renderer, stage });
    this.cost = { fine: null, coarse: null }; // milliseconds per million pixels
    this.pending = null; // what the graphics are busy with
    this.stale = false; // the picture is of an older state
    this.bands = []; // what is left to refine
    this.changed = 0;
    this.ticking = false;
    this.waiting = [];
    this.frames = 0;
    this.small = null; // where coarse pictures are drawn
  }

  /** Draw soon, because something changed. */
  request() {
    this.stale = true;
    this.changed = performance.now();
    this.go();
  }

  /** Return a promise that is kept once the picture is whole and sharp. */
  settled() {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.go();
    });
  }

  go() {
    if (!this.ticking) {
      this.ticking = true;
      requestAnimationFrame(() => {
        try {
          this.tick();
        } catch (error) {
          this.stage.failed(error);
        }
      });
    }
  }

  tick() {
    this.ticking = false;
    if (this.gl.isContextLost()) {
      return;
    }
    if (this.pending && !this.finished()) {
      this.go();
    } else if (this.stale) {
      this.stale = false;
      this.frames += 1;
      this.drawSoon();
      this.go();
    } else if (this.bands.length) {
      if (performance.now() - this.changed > STILL_AFTER) {
        this.refine();
      }
      this.go();
    } else if (!this.stage.loading) {
      this.waiting.splice(0).forEach((resolve) => resolve());
    }
  }

  /** Tell whether the graphics are done, and learn what they took. */
  finished() {
    const { gl, pending } = this;
    const status = gl.clientWaitSync(pending.sync, 0, 0);
    if (status === gl.TIMEOUT_EXPIRED) {
      return false;
    }
    gl.deleteSync(pending.sync);
    this.pending = null;
    const took = (performance.now() - pending.begun) / (pending.pixels / 1e6);
    const before = this.cost[pending.kind];
    this.cost[pending.kind] = before === null ? took : 0.5 * (before + took);
    return true;
  }

  /** Remember what the graphics begin with now. */
  begin(kind, pixels) {
    const { gl } = this;
    const sync = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    this.pending = { kind, pixels, sync, begun: performance.now() };
  }

  /** Draw the state as it is: in full where that is quick, else coarsely, to be refined. */
  drawSoon() {
    this.resize();
    const views = this.stage.views();
    const pixels = this.canvas.width * this.canvas.height;
    const quick = this.cost.fine !== null && (this.cost.fine * pixels) / 1e6 < PIECE;
    this.bands = [];
    if (quick) {
      this.drawFully(views);
      this.begin("fine", pixels);
    } else {
      const share = this.coarseShare(pixels);
      this.drawCoarsely(views, share);
      this.begin("coarse", pixels * share * share);
      this.bands = this.bandsOf(views);
    }
    this.stage.drawWords();
  }

  /** Return how many of the pixels a coarse picture has, along one side, as a share. */
  coarseShare(pixels) {
    if (this.cost.coarse === null) {
      return 0.35;
    }
    const share = Math.sqrt(PIECE / ((this.cost.coarse * pixels) / 1e6));
    // Few sizes, so that a picture does not shimmer from frame to frame.
    return Math.min(1, Math.max(LEAST, Math.round(share * 8) / 8));
  }

  drawFully(views) {
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, null);
    this.renderer.clear([0, 0, this.canvas.width, this.canvas.height]);
    for (const view of views) {
      this.stage.draw(view, { rectangle: view.rectangle, part: view.rectangle, stride: FINE_STRIDE });
    }
  }

  /** Draw into a small picture, and enlarge each view to its place: none runs into the next. */
  drawCoarsely(views, share) {
    const { gl, canvas } = this;
    const width = Math.max(1, Math.ceil(canvas.width * share));
    const height = Math.max(1, Math.ceil(canvas.height * share));
    this.bindSmall(width, height);
    this.renderer.clear([0, 0, width, height]);
    const places = views.map((view) => {
      const [left, bottom, right, top] = cornersOf(view.rectangle).map((at) => Math.round(at * share));
      const rectangle = [left, bottom, Math.max(1, right - left), Math.max(1, top - bottom)];
      this.stage.draw(view, { rectangle, part: rectangle, stride: COARSE_STRIDE });
      return [rectangle, view.rectangle];
    });
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    this.renderer.clear([0, 0, canvas.width, canvas.height]);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.small.buffer);
    for (const [from, to] of places) {
      gl.blitFramebuffer(...cornersOf(from), ...cornersOf(to), gl.COLOR_BUFFER_BIT, gl.LINEAR);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  bindSmall(width, height) {
    const { gl } = this;
    if (!this.small) {
      this.small = { buffer: gl.createFramebuffer(), picture: gl.createRenderbuffer() };
    }
    const { buffer, picture } = this.small;
    gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
    if (this.small.width !== width || this.small.height !== height) {
      gl.bindRenderbuffer(gl.RENDERBUFFER, picture);
      gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, width, height);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, picture);
      Object.assign(this.small, { width, height });
    }
  }

  /** Return the views whole, to be cut into bands as it shows how long they take. */
  bandsOf(views) {
    return views.map((view) => ({ view, top: view.rectangle[3] }));
  }

  /** Draw the next band in full, from the top down. */
  refine() {
    const band = this.bands[0];
    const [left, bottom, width] = band.view.rectangle;
    // Of what is not known yet, try little.
    const perRow = ((this.cost.fine ?? 4 * (this.cost.coarse ?? 1000)) * width) / 1e6;
    const rows = Math.min(band.top, Math.max(4, Math.floor(PIECE / perRow)));
    band.top -= rows;
    const part = [left, bottom + band.top, width, rows];
    const { rectangle } = band.view;
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, null);
    this.stage.draw(band.view, { rectangle, part, stride: FINE_STRIDE });
    this.begin("fine", width * rows);
    if (band.top === 0) {
      this.bands.shift();
    }
  }

  /** Make the canvas as large as it is seen. */
  resize() {
    const [width, height] = this.stage.pixels();
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
  }

  /** Draw everything in full, wait for it, and return the milliseconds it took. */
  measure() {
    const { gl } = this;
    this.resize();
    const views = this.stage.views();
    const pixel = new Uint8Array(4);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // wait for what was begun before
    const begun = performance.now();
    this.drawFully(views);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    const took = performance.now() - begun;
    this.bands = [];
    return took;
  }
}
