/* The photo as the network saw it, and what is drawn on it: what a unit sees, the points of a
   backtrack at one step, and where it ends: pixels, their density, a box. */
"use strict";

(() => {
  const POINT = "#ff4d6d";
  const BOX = "#3fd0e0";

  async function decoded(png) {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    return image;
  }

  /* what: {image, size: [rows, cols], field, starts, walk, step, show, sigma}; image, field, walk and
     step may be null. */
  function draw(canvas, what) {
    const side = canvas.clientWidth;
    const [rows, cols] = what.size;
    const height = (side * rows) / cols;
    const context = cnnvis.sharp(canvas, side, height);
    context.save();
    context.scale(side / cols, height / rows);
    const line = cols / side; // one pixel of the page
    if (what.image) {
      context.imageSmoothingEnabled = side < cols;
      context.drawImage(what.image, 0, 0, cols, rows);
    }
    if (what.walk && what.show !== "none") {
      veil(context, rows, cols);
      if (what.step?.name !== cnnvis.walk.PIXELS) units(context, what.step, line);
      else if (what.show === "density") heat(context, what);
      else fixations(context, what.walk, line);
      if (what.step?.name === cnnvis.walk.PIXELS && what.walk.box) box(context, what.walk.box, line);
    }
    if (what.show !== "none") for (const one of what.starts) seen(context, one, line, POINT);
    if (what.field) field(context, what.field, line);
    context.restore();
  }

  function veil(context, rows, cols) {
    context.fillStyle = "rgba(12, 14, 18, 0.38)";
    context.fillRect(0, 0, cols, rows);
  }

  const byWeight = (points) => [...points].sort((a, b) => a.weight - b.weight);

  /* Units of a layer, each a square as large as the step to the next one. */
  function units(context, step, line) {
    if (!step?.node.stride) return;
    const most = step.points.reduce((weight, point) => Math.max(weight, point.weight), 0);
    const [high, wide] = step.node.stride.map((size) => Math.max(size, 5 * line));
    for (const { place, weight } of byWeight(step.points)) {
      if (!place) continue;
      context.globalAlpha = 0.25 + (0.7 * weight) / most;
      context.fillStyle = POINT;
      context.fillRect(place[1] + 0.5 - wide / 2, place[0] + 0.5 - high / 2, wide, high);
      context.globalAlpha = 0.9;
      context.lineWidth = line;
      context.strokeStyle = "white";
      context.strokeRect(place[1] + 0.5 - wide / 2, place[0] + 0.5 - high / 2, wide, high);
    }
    context.globalAlpha = 1;
  }

  function fixations(context, walk, line) {
    const most = walk.fixations[0]?.weight ?? 1;
    for (const { row, col, weight } of byWeight(walk.fixations)) {
      context.beginPath();
      context.arc(col + 0.5, row + 0.5, line * (2.5 + 6 * Math.sqrt(weight / most)), 0, 2 * Math.PI);
      context.globalAlpha = 0.85;
      context.fillStyle = POINT;
      context.fill();
      context.lineWidth = line;
      context.strokeStyle = "white";
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function heat(context, { walk, size: [rows, cols], sigma }) {
    walk.heat ??= painted(cnnvis.walk.density(walk.fixations, [rows, cols], sigma), rows, cols);
    context.imageSmoothingEnabled = true;
    context.drawImage(walk.heat, 0, 0, cols, rows);
  }

  function painted(density, rows, cols) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [cols, rows];
    const context = canvas.getContext("2d");
    const picture = context.createImageData(cols, rows);
    density.forEach((share, i) => {
      picture.data.set([...cnnvis.colours.heat(share), 235 * Math.min(1, 1.6 * share)], 4 * i);
    });
    context.putImageData(picture, 0, 0);
    return canvas;
  }

  function box(context, [row0, col0, row1, col1], line) {
    outline(context, [col0, row0, col1 - col0, row1 - row0], line, BOX);
  }

  /* What a unit sees: {row, col} of the middle, and {rows, cols}; a cross where the size is unknown. */
  function field(context, { row, col, rows, cols }, line) {
    const accent = "#ffd166";
    seen(context, { row, col, rows, cols }, line, accent);
    const [x, y] = [col + 0.5, row + 0.5];
    for (const [width, colour] of [[3, "black"], [1.5, accent]]) {
      context.lineWidth = width * line;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(x - 4 * line, y);
      context.lineTo(x + 4 * line, y);
      context.moveTo(x, y - 4 * line);
      context.lineTo(x, y + 4 * line);
      context.stroke();
    }
  }

  /* The rectangle that a unit sees, where its size is known. */
  function seen(context, { row, col, rows, cols }, line, colour) {
    if (!rows) return;
    outline(context, [col + 0.5 - cols / 2, row + 0.5 - rows / 2, cols, rows], line, colour);
  }

  /* A rectangle that is seen on light and on dark. */
  function outline(context, rectangle, line, colour) {
    for (const [width, stroke] of [[4, "rgba(0, 0, 0, 0.65)"], [2, colour]]) {
      context.lineWidth = width * line;
      context.strokeStyle = stroke;
      context.strokeRect(...rectangle);
    }
  }

  cnnvis.photo = { decoded, draw };
})();
