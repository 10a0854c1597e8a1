/* The grid of all channels: one canvas as large as what is seen of it, on which tiles glide from one
   order to the next. Tiles are made once for each set of maps, and copied from then on. */
"use strict";

(() => {
  const GAP = 5;
  const BAR = 3; // height of the mark of the cluster
  const DURATION = 650;
  const SIZES = [[16, 112], [64, 76], [128, 64], [256, 56], [Infinity, 46]];

  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const ease = (t) => (t < 0.5 ? 4 * t * t * t : 1 - (2 - 2 * t) ** 3 / 2);

  function Grid(root, scroller) {
    this.root = root; // as high as all tiles together
    this.scroller = scroller;
    this.canvas = root.querySelector("canvas");
    this.atlas = null;
    this.tiles = document.createElement("canvas");
    this.order = []; // place -> channel
    this.place = []; // channel -> place
    this.clusters = null;
    this.marked = { chosen: -1, pointed: -1 };
    this.size = { tile: 0, columns: 1, rows: 0 };
    this.started = -Infinity;
    this.asked = 0;
    this.listeners = [];
    new ResizeObserver(() => this.resized()).observe(root);
    document.addEventListener("scroll", () => this.redraw(), { capture: true, passive: true });
  }

  Grid.prototype = {
    /* Take the channels of another layer; their maps come later. */
    reset(count, clusters) {
      this.atlas = null;
      this.clusters = clusters;
      this.order = [...Array(count).keys()];
      this.place = [...this.order];
      this.from = new Float32Array(2 * count);
      this.to = new Float32Array(2 * count);
      this.measure();
      this.settle();
    },

    show(atlas) {
      this.atlas = atlas;
      this.cut();
      this.redraw();
    },

    /* Put the channels into another order; they glide there unless they are to stand still. */
    arrange(permutation, { glide }) {
      if (permutation.every((channel, place) => this.order[place] === channel)) return;
      const now = performance.now();
      this.order.forEach((channel) => {
        [this.from[2 * channel], this.from[2 * channel + 1]] = this.at(channel, now);
      });
      this.order = permutation;
      permutation.forEach((channel, place) => (this.place[channel] = place));
      this.target();
      if (!glide || still.matches || document.hidden) this.settle();
      else this.started = now;
      this.frames = [];
      this.redraw();
      this.changed();
    },

    mark(marked) {
      if (marked.chosen === this.marked.chosen && marked.pointed === this.marked.pointed) return;
      this.marked = marked;
      this.redraw();
      this.changed();
    },

    /* Scroll to a tile, no farther than it takes. */
    reveal(channel) {
      const { scrollTop, clientHeight, scrollHeight } = this.scroller;
      if (scrollHeight <= clientHeight || this.place[channel] === undefined) return;
      const { tile } = this.size;
      const top = this.corner(this.place[channel])[1];
      if (top < scrollTop) this.scroller.scrollTop = top - tile;
      else if (top + tile > scrollTop + clientHeight) this.scroller.scrollTop = top + 2 * tile - clientHeight;
    },

    /* Tell listeners that the chosen tile, or its place, is another. */
    changed() {
      this.listeners.forEach((listener) => listener());
    },

    resized() {
      if (!this.order.length) return;
      const { tile, columns } = this.size;
      this.measure();
      if (tile !== this.size.tile) this.cut();
      if (tile !== this.size.tile || columns !== this.size.columns) this.settle();
      this.redraw();
      this.changed();
    },

    measure() {
      const width = this.root.clientWidth;
      const count = this.order.length;
      const wanted = SIZES.find(([most]) => count <= most)[1] * (width < 480 ? 0.85 : 1);
      const columns = Math.max(1, Math.min(count, Math.round((width + GAP) / (wanted + GAP))));
      const tile = Math.max(8, Math.floor(Math.min(2 * wanted, (width + GAP) / columns - GAP)));
      const rows = Math.ceil(count / columns);
      this.size = { tile, columns, rows };
      this.root.style.height = `${rows * this.step().y - GAP}px`;
    },

    step() {
      return { x: this.size.tile + GAP, y: this.size.tile + GAP + (this.clusters ? BAR + 1 : 0) };
    },

    /* Where a place is: x and y of its upper left corner. */
    corner(place) {
      const { x, y } = this.step();
      return [(place % this.size.columns) * x, Math.floor(place / this.size.columns) * y];
    },

    target() {
      this.order.forEach((channel, place) => {
        [this.to[2 * channel], this.to[2 * channel + 1]] = this.corner(place);
      });
    },

    settle() {
      this.target();
      this.from.set(this.to);
      this.started = -Infinity;
    },

    moving(now) {
      return now - this.started < DURATION;
    },

    /* Where a channel is at a time, on its way or there. */
    at(channel, now) {
      const done = ease(Math.min(1, Math.max(0, (now - this.started) / DURATION)));
      const i = 2 * channel;
      return [
        this.from[i] + (this.to[i] - this.from[i]) * done,
        this.from[i + 1] + (this.to[i + 1] - this.from[i + 1]) * done,
      ];
    },

    /* The channel under a point of the canvas; -1 for none. */
    channelAt(x, y) {
      const step = this.step();
      const [column, row] = [Math.floor(x / step.x), Math.floor((y + this.hidden()) / step.y)];
      const place = row * this.size.columns + column;
      const beside = column < 0 || column >= this.size.columns || x - column * step.x > this.size.tile;
      return beside || row < 0 || place >= this.order.length ? -1 : this.order[place];
    },

    /* How much of the grid lies above the canvas. */
    hidden() {
      return this.canvas.getBoundingClientRect().top - this.root.getBoundingClientRect().top;
    },

    /* Make all tiles, as large as they are drawn. */
    cut() {
      if (!this.atlas) return;
      const sharpness = window.devicePixelRatio || 1;
      this.side = Math.round(this.size.tile * sharpness);
      this.across = Math.ceil(Math.sqrt(this.order.length));
      this.tiles.width = this.across * this.side;
      this.tiles.height = Math.ceil(this.order.length / this.across) * this.side;
      const context = this.tiles.getContext("2d");
      for (let channel = 0; channel < this.order.length; channel++) {
        const [x, y] = this.tileAt(channel);
        this.atlas.draw(context, channel, x, y, this.side, this.side);
      }
    },

    tileAt(channel) {
      return [(channel % this.across) * this.side, Math.floor(channel / this.across) * this.side];
    },

    redraw() {
      if (!this.asked && this.order.length) {
        this.asked = requestAnimationFrame((now) => {
          this.asked = 0;
          this.drawn(Math.max(now, this.started));
        });
      }
    },

    drawn(now) {
      const seen = (this.scroller.scrollHeight > this.scroller.clientHeight ? this.scroller.clientHeight : 0)
        || window.innerHeight;
      const [width, height] = [this.root.clientWidth, Math.min(this.root.clientHeight, seen)];
      if (!width || !height) return;
      this.canvas.style.height = `${height}px`;
      const context = cnnvis.sharp(this.canvas, width, height);
      context.imageSmoothingEnabled = false;
      const hidden = this.hidden();
      const colours = cnnvis.theme();
      const { tile } = this.size;
      for (const channel of this.order) {
        const [x, y] = this.at(channel, now);
        if (y - hidden + tile + BAR < 0 || y - hidden > height) continue;
        this.tile(context, channel, x, y - hidden, colours);
      }
      for (const [channel, colour, line] of [
        [this.marked.chosen, colours.accent, 3],
        [this.marked.pointed, colours.ink, 2],
      ]) {
        if (channel < 0 || channel >= this.order.length) continue;
        const [x, y] = this.at(channel, now);
        context.lineWidth = line;
        context.strokeStyle = colour;
        context.strokeRect(x - 1, y - hidden - 1, tile + 2, tile + 2);
      }
      if (this.moving(now)) {
        this.frames.push(now);
        this.redraw();
      }
      if (this.atlas) cnnvis.timing.firstGrid ??= performance.now();
    },

    tile(context, channel, x, y, colours) {
      const { tile } = this.size;
      if (this.atlas) {
        const [left, top] = this.tileAt(channel);
        context.drawImage(this.tiles, left, top, this.side, this.side, x, y, tile, tile);
      } else {
        context.fillStyle = colours.rule;
        context.fillRect(x, y, tile, tile);
      }
      if (this.clusters) {
        context.fillStyle = cnnvis.colours.ofCluster(this.clusters[channel]);
        context.fillRect(x, y + tile + 1, tile, BAR);
      }
    },
  };

  cnnvis.Grid = Grid;
  cnnvis.timing = {};
})();
