/* A pane: one image with the map of the channel that is shown, and the grid of all channels. There is
   a second one to compare with; what they share (layer, order, channel, step) comes from the state. */
"use strict";

(() => {
  const { PIXELS } = cnnvis.walk;

  /* on: {image(id), from(start), choose(channel, how), point(channel), unit(place, pinned), step(name)} */
  function Pane(name, on) {
    this.name = name;
    this.on = on;
    this.parts = {};
    for (const part of ["photo", "map", "grid"]) {
      this.parts[part] = document.querySelector(`#${part}-${name}`);
    }
    this.find = (part, what) => this.parts[part].querySelector(what);
    this.canvas = { photo: this.find("photo", "canvas"), map: this.find("map", "canvas") };
    this.grid = new cnnvis.Grid(this.find("grid", ".grid"), this.find("grid", ".scroll"));
    this.cell = cnnvis.cell.attach(this.grid, on);
    this.starts = cnnvis.starts(this);
    this.shown = null; // {about, spec, layer, state, image, from}
    this.atlas = this.image = this.photo = this.walk = null;
    this.turn = 0;
    this.listen();
    new ResizeObserver(() => this.redraw()).observe(this.canvas.photo);
    new ResizeObserver(() => this.redraw()).observe(this.canvas.map);
  }

  Pane.prototype = {
    listen() {
      cnnvis.pointing(this.canvas.map, (x, y, pinned) => this.on.unit(this.unitAt(x, y), pinned), {
        keys: (down, right) => this.on.unit(this.moved(down, right), true),
      });
      cnnvis.pointing(this.canvas.photo, (x, y, pinned) => this.on.unit(this.unitSeeing(x, y), pinned));
    },

    /* Show something else; parts that are the same stay as they are. */
    async show(shown) {
      const turn = ++this.turn;
      const before = this.shown;
      const other = (key) => !before || before[key] !== shown[key];
      const listing = shown.about.photos.find((photo) => photo.id === shown.image);
      this.shown = { ...shown, listing };
      const layer = other("spec");
      if (layer) this.grid.reset(shown.spec.shape[0], shown.layer.clusters);
      this.starts.fill();
      this.grid.arrange(shown.permutation, { glide: !layer });
      if (layer || before.state.channel !== shown.state.channel) this.grid.reveal(shown.state.channel);
      if (layer || other("image")) {
        this.parts.grid.setAttribute("aria-busy", "true");
        const key = shown.about.key;
        const [maps, photo] = await Promise.all([
          cnnvis.data.load(`${key}/maps/${shown.spec.file}/${listing.file}`),
          cnnvis.data.load(`${key}/photos/${listing.file}`),
        ]);
        const image = await cnnvis.photo.decoded(photo.png);
        if (turn !== this.turn) return;
        this.atlas = new cnnvis.Atlas(maps, shown.spec);
        this.image = image;
        this.photo = photo;
        this.fresh = true;
        this.parts.grid.setAttribute("aria-busy", "false");
      }
      if (!this.atlas) return;
      if (this.atlas.paint(shown.state) || this.fresh) this.grid.show(this.atlas);
      this.fresh = false;
      await this.follow(turn);
      if (turn === this.turn) this.point({});
    },

    /* Find the backtrack that is shown. */
    async follow(turn) {
      const { about, spec, from, state, listing } = this.shown;
      let walk = null;
      if (typeof from === "number") walk = cnnvis.walk.ofClass(this.photo, about, from);
      if (from === cnnvis.address.FROM_MAP && about.units) {
        const file = await cnnvis.data.load(`${about.key}/walks/${spec.file}/${listing.file}`);
        if (turn !== this.turn) return;
        walk = cnnvis.walk.ofChannel(file, about, spec.name, state.channel);
      }
      const key = JSON.stringify([about.key, listing.id, from, spec.name, from === "channel" && state.channel]);
      if (key !== this.walked) this.walk = walk;
      this.walked = key;
      this.starts.tell();
    },

    /* The step that is shown: the wanted one, or the end where this backtrack does not have it. */
    get step() {
      const steps = this.walk?.steps ?? [];
      return steps.find((step) => step.name === this.shown.state.step) ?? steps.at(-1) ?? null;
    },

    /* Show another channel and unit, for as long as the pointer is on them. */
    point({ channel, unit }) {
      this.seen = { channel: channel ?? this.shown.state.channel, unit: unit ?? this.shown.state.unit };
      this.grid.mark({ chosen: this.shown.state.channel, pointed: channel ?? -1 });
      this.redraw();
    },

    redraw() {
      if (!this.atlas || !this.seen || !this.canvas.photo.clientWidth) return;
      const { about, state } = this.shown;
      const starts = (this.seen.channel === state.channel && this.walk?.units) || [];
      cnnvis.map.draw(this.canvas.map, this.atlas, this.seen, starts);
      const [, rows, cols] = about.nodes[0].shape;
      cnnvis.photo.draw(this.canvas.photo, {
        image: this.image,
        size: [rows, cols],
        field: this.seen.unit && cnnvis.map.field(this.atlas.spec, this.seen.unit),
        starts: starts.map(({ row, col }) => cnnvis.map.field(this.atlas.spec, [row, col])),
        walk: this.walk,
        step: this.step,
        show: state.show,
        sigma: about.saliency.sigma * Math.sqrt(rows * cols),
      });
      this.find("map", ".readout").textContent = cnnvis.map.words(this.atlas, this.seen, rows, cols);
      this.find("map", ".title").textContent = `channel ${this.seen.channel}`;
    },

    /* The unit under a place of the map, both from 0 to 1. */
    unitAt(x, y) {
      if (x === null || !this.atlas) return null;
      const clipped = (share, size) => Math.min(size - 1, Math.max(0, Math.floor(share * size)));
      return [clipped(y, this.atlas.rows), clipped(x, this.atlas.cols)];
    },

    /* The unit whose middle is next to a place of the photo. */
    unitSeeing(x, y) {
      if (x === null || !this.atlas) return null;
      const [, rows, cols] = this.shown.about.nodes[0].shape;
      const next = (centres, place) =>
        centres.reduce(
          (best, centre, i) => (Math.abs(centre - place) < Math.abs(centres[best] - place) ? i : best),
          0,
        );
      const { row, col } = this.shown.spec;
      return [next(row, y * rows - 0.5), next(col, x * cols - 0.5)];
    },

    moved(down, right) {
      if (!this.atlas) return null;
      const [row, col] = this.seen.unit ?? this.atlas.peak(this.seen.channel);
      if (!this.seen.unit) return [row, col];
      const clipped = (place, size) => Math.min(size - 1, Math.max(0, place));
      return [clipped(row + down, this.atlas.rows), clipped(col + right, this.atlas.cols)];
    },
  };

  cnnvis.Pane = Pane;
  cnnvis.PIXELS = PIXELS;
})();
