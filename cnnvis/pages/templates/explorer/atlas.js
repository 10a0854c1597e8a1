/* The maps of one layer and image: values by unit, and a picture that holds all of them. */
"use strict";

(() => {
  /* maps: what the data file holds. spec: of the layer, from the table of contents. */
  function Atlas(maps, spec) {
    const [channels, rows, cols] = spec.shape;
    this.channels = channels;
    this.rows = rows;
    this.cols = cols;
    this.maps = maps;
    this.spec = spec;
    this.across = Math.ceil(Math.sqrt(channels));
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.across * cols;
    this.canvas.height = Math.ceil(channels / this.across) * rows;
    this.painted = "";
  }

  Atlas.prototype = {
    /* The value of a unit, and half the step between two values that the file can tell apart. */
    value(channel, row, col) {
      const { low, high, maps } = this.maps;
      const step = (high[channel] - low[channel]) / 255;
      const byte = maps[(channel * this.rows + row) * this.cols + col];
      return { value: low[channel] + step * byte, within: step / 2 };
    },

    /* The place of a channel in the picture. */
    corner(channel) {
      return [(channel % this.across) * this.cols, Math.floor(channel / this.across) * this.rows];
    },

    /* The unit with the largest value of a channel, the first of equal ones. */
    peak(channel) {
      const first = channel * this.rows * this.cols;
      const map = this.maps.maps.subarray(first, first + this.rows * this.cols);
      const place = map.indexOf(map.reduce((most, byte) => Math.max(most, byte), 0));
      return [Math.floor(place / this.cols), place % this.cols];
    },

    look(channel, { scale, own }) {
      const { low, high } = this.maps;
      const most = Math.max(Math.abs(low[channel]), Math.abs(high[channel])) || 1;
      return { scale, signed: this.spec.signed, limit: own ? most : this.spec.limit };
    },

    /* Paint all maps, unless they are painted so already. */
    paint(choice) {
      const wanted = `${choice.scale} ${choice.own}`;
      if (this.painted === wanted) return false;
      const { width, height } = this.canvas;
      const context = this.canvas.getContext("2d");
      const picture = context.createImageData(width, height);
      const words = new Uint32Array(picture.data.buffer);
      const { low, high, maps } = this.maps;
      let from = 0;
      for (let channel = 0; channel < this.channels; channel++) {
        const colours = cnnvis.colours.ofBytes(low[channel], high[channel], this.look(channel, choice));
        const [x, y] = this.corner(channel);
        for (let row = 0; row < this.rows; row++) {
          const to = (y + row) * width + x;
          for (let col = 0; col < this.cols; col++) words[to + col] = colours[maps[from++]];
        }
      }
      context.putImageData(picture, 0, 0);
      this.painted = wanted;
      return true;
    },

    /* Draw one map into a part of a canvas; smooth where it gets smaller, as it is where larger. */
    draw(context, channel, x, y, width, height) {
      const [left, top] = this.corner(channel);
      context.imageSmoothingEnabled = width < this.cols;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.canvas, left, top, this.cols, this.rows, x, y, width, height);
    },
  };

  /* Make a canvas as fine as the screen for its size on the page; return its context and scale. */
  function sharp(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    const [across, down] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    const context = canvas.getContext("2d");
    context.setTransform(across / width || 1, 0, 0, down / height || 1, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  cnnvis.Atlas = Atlas;
  cnnvis.sharp = sharp;
})();
