// The words over the pictures: what each shows, and what its axes count.

const WORD_COLOUR = "#c6cfdc";
const CHOSEN_COLOUR = "#ffffff";
const WORD_SIZE = 12.5; // pixels of the page
const WORD_FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

/** Narrower pictures have no room for numbers along their axes, or for any words. */
const ROOM_FOR_NUMBERS = 340;
const ROOM_FOR_AXES = 190;

/** Draw all words of the stage onto a canvas that lies over it. */
function drawWords(canvas, stage) {
  const [width, height] = stage.pixels();
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  const sharpness = stage.sharpness();
  context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
  context.clearRect(0, 0, ...stage.size());
  context.lineJoin = "round";
  const views = stage.views();
  for (const view of views) {
    context.save();
    context.beginPath();
    context.rect(view.left, view.top, view.width, view.height);
    context.clip();
    context.translate(view.left, view.top);
    if (view.width >= ROOM_FOR_AXES && view.height >= ROOM_FOR_AXES) {
      drawAxes(context, view, stage.group);
    }
    const chosen = views.length > 1 && view.volume === stage.state.volume;
    drawTitle(context, view, stage, chosen);
    context.restore();
  }
}

/** Write what a picture shows into its upper left corner, and where the chosen channel is in it. */
function drawTitle(context, view, stage, chosen) {
  context.textAlign = "left";
  context.textBaseline = "top";
  if (chosen) {
    context.strokeStyle = CHOSEN_COLOUR;
    context.lineWidth = 1.5;
    context.strokeRect(1, 1, view.width - 2, view.height - 2);
  }
  context.font = `600 ${WORD_SIZE + 1}px ${WORD_FONT}`;
  write(context, fitted(context, view.volume.title, view.width - 24), 12, 10, CHOSEN_COLOUR);
  context.font = `${WORD_SIZE}px ${WORD_FONT}`;
  const { group } = stage;
  const channel = stage.state.get("channel");
  const where = `${group.counted} ${channel} at position ${stage.plane(view.volume)}`;
  write(context, fitted(context, where, view.width - 24), 12, 29, WORD_COLOUR);
}

/** Write what is counted along three edges of the box, outside of it. */
function drawAxes(context, view, group) {
  const { camera } = view;
  const middle = camera.middle;
  context.font = `${WORD_SIZE}px ${WORD_FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  group.axes.forEach((name, axis) => {
    const edge = outerEdge(camera, axis);
    if (!edge) {
      return;
    }
    const [start, end] = edge;
    const at = [0, 1].map((part) => (start[part] + end[part]) / 2);
    const way = [0, 1].map((part) => end[part] - start[part]);
    const length = Math.hypot(...way);
    const last = camera.shape[axis] - 1;
    const numbers = view.width >= ROOM_FOR_NUMBERS && last > 0 ? `, 0 to ${last}` : "";
    // Letters stand upright: where the axis runs to the left, the arrow does.
    const backwards = way[0] < 0;
    const words = backwards ? `\u2190 ${name}${numbers}` : `${name}${numbers} \u2192`;
    if (context.measureText(words).width > length * 1.25) {
      return;
    }
    const aside = [-way[1] / length, way[0] / length];
    const outside = dot2(aside, [at[0] - middle[0], at[1] - middle[1]]) < 0 ? -1 : 1;
    context.save();
    context.translate(at[0] + aside[0] * outside * 13, at[1] + aside[1] * outside * 13);
    context.rotate(Math.atan2(backwards ? -way[1] : way[1], backwards ? -way[0] : way[0]));
    write(context, words, 0, 0, WORD_COLOUR);
    context.restore();
  });
}

const dot2 = (a, b) => a[0] * b[0] + a[1] * b[1];

/**
 * Return the ends, in pixels, of the edge along an axis that lies farthest outside; null if end on.
 *
 * Of the four edges along an axis two are on the outline of the box; the lower one is taken, so that
 * words stay below and to the left, where readers of charts look for them.
 */
function outerEdge(camera, axis) {
  const others = [0, 1, 2].filter((other) => other !== axis);
  const far = camera.shape.map((size) => size - 0.5);
  let best = null;
  for (const first of [-0.5, far[others[0]]]) {
    for (const second of [-0.5, far[others[1]]]) {
      const index = [0, 0, 0];
      index[others[0]] = first;
      index[others[1]] = second;
      const [start, end] = [-0.5, far[axis]].map((along) => {
        const corner = [...index];
        corner[axis] = along;
        return camera.project(corner);
      });
      const way = [end[0] - start[0], end[1] - start[1]];
      const length = Math.hypot(...way);
      if (length < 30) {
        return null;
      }
      // Distance of the edge from the middle of the box; a little more for what is low or left.
      const at = [(start[0] + end[0]) / 2 - camera.middle[0], (start[1] + end[1]) / 2 - camera.middle[1]];
      const away = Math.abs(dot2(at, [-way[1] / length, way[0] / length]));
      const score = away + 0.2 * (at[1] - at[0]);
      if (!best || score > best.score) {
        best = { score, edge: [start, end] };
      }
    }
  }
  return best.edge;
}

/** Write words that are read on any ground. */
function write(context, words, x, y, colour) {
  context.strokeStyle = "rgba(10, 11, 14, 0.85)";
  context.lineWidth = 3;
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
}

/** Return words cut to a width. */
function fitted(context, words, width) {
  if (context.measureText(words).width <= width) {
    return words;
  }
  const letters = Array.from(words);
  while (letters.length > 1 && context.measureText(`${letters.join("")}\u2026`).width > width) {
    letters.pop();
  }
  return `${letters.join("")}\u2026`;
}
