/* The map of one channel, large: the value under the pointer, which unit it is, and what it sees. */
"use strict";

(() => {
  const START = "#ff4d6d";

  /* starts: the units that a backtrack begins at, as {row, col}. */
  function draw(canvas, atlas, { channel, unit }, starts) {
    const side = canvas.clientWidth;
    const height = (side * atlas.rows) / atlas.cols;
    const context = cnnvis.sharp(canvas, side, height);
    atlas.draw(context, channel, 0, 0, side, height);
    const unitSize = [side / atlas.cols, height / atlas.rows];
    for (const { row, col } of starts) frame(context, [row, col], unitSize, START);
    if (unit) frame(context, unit, unitSize, "#ffd166");
  }

  /* A frame round a unit, never too small to be seen. */
  function frame(context, [row, col], [wide, high], colour) {
    const [width, height] = [Math.max(wide, 7), Math.max(high, 7)];
    const [x, y] = [(col + 0.5) * wide, (row + 0.5) * high];
    for (const [line, stroke] of [[4, "rgba(0, 0, 0, 0.7)"], [2, colour]]) {
      context.lineWidth = line;
      context.strokeStyle = stroke;
      context.strokeRect(x - width / 2, y - height / 2, width, height);
    }
  }

  /* What a unit sees of the input: the middle, and the size where it is known. */
  function field(spec, [row, col]) {
    const [rows, cols] = spec.field ?? [0, 0];
    return { row: spec.row[row], col: spec.col[col], rows, cols };
  }

  /* A number with as many digits as the file can tell apart. */
  function number(value, within) {
    if (!within) return String(Number(value.toPrecision(4)));
    const digits = Math.min(8, Math.max(0, Math.ceil(-Math.log10(within))));
    return value.toFixed(digits).replace("-", "−");
  }

  function words(atlas, { channel, unit }, rows, cols) {
    if (!unit) return "Point at the map: the value there, and what the unit sees of the photo.";
    const [row, col] = unit;
    const { value, within } = atlas.value(channel, row, col);
    const said = `unit (${channel}, ${row}, ${col}): ${number(value, within)}`;
    if (!atlas.spec.field) return `${said}. What it sees is not known.`;
    const span = (axis, size) => {
      const centre = axis ? atlas.spec.col[col] : atlas.spec.row[row];
      const first = centre - (atlas.spec.field[axis] - 1) / 2;
      const last = first + atlas.spec.field[axis] - 1;
      return `${Math.max(0, first)} to ${Math.min(size - 1, last)}`;
    };
    const of = atlas.spec.field.join(" × ");
    return `${said}. It sees rows ${span(0, rows)}, columns ${span(1, cols)} (${of} pixels, padding included).`;
  }

  /* Tell where the pointer is on a canvas, as shares of its sides; null when it leaves. A click, or
     a tap, pins the place; arrow keys move it where there are keys. */
  function pointing(canvas, tell, { keys } = {}) {
    const place = (event, pinned) => {
      const box = canvas.getBoundingClientRect();
      tell((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, pinned);
    };
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") place(event, false);
    });
    canvas.addEventListener("pointerleave", () => tell(null, null, false));
    canvas.addEventListener("click", (event) => place(event, true));
    if (!keys) return;
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    canvas.addEventListener("keydown", (event) => {
      if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      keys(...steps[event.key]);
    });
  }

  cnnvis.map = { draw, field, words, number };
  cnnvis.pointing = pointing;
})();
