/* Backtracks: from the files to steps that can be drawn, each with its points on the photo. */
"use strict";

(() => {
  const PIXELS = "pixels";

  /* Where the middle of what a unit sees is, in pixels of the input; null where that is not known. */
  function centre(node, row, col) {
    if (!node.start) return null;
    return [0, 1].map((axis) => {
      const unit = axis ? col : row;
      return node.start[axis] + unit * node.stride[axis] + (node.field[axis] - 1) / 2;
    });
  }

  /* The points of some starts at one node, with what they weigh together. */
  function points(step, node, first, last) {
    const axes = node.shape.length;
    const found = [];
    for (let i = step.edge[first]; i < step.edge[last]; i++) {
      const index = step.index.subarray(i * axes, (i + 1) * axes);
      const [channel, row, col] = axes === 3 ? index : [index[0], null, null];
      const place = axes === 3 ? centre(node, row, col) : null;
      found.push({ channel, row, col, weight: step.weight[i], place });
    }
    return found;
  }

  function steps(walk, about, first, last) {
    const known = new Map(about.nodes.map((node) => [node.name, node]));
    const image = about.nodes[0].name;
    return walk.steps
      .map((step) => {
        const node = known.get(step.node);
        const all = step.count.subarray(first, last).reduce((sum, count) => sum + count, 0);
        const name = step.node === image ? PIXELS : step.node;
        return { name, node, points: points(step, node, first, last), all };
      })
      .filter((step) => step.points.length);
  }

  /* Pixels, whatever the colour: the sum of the weights of each. */
  function fixations(step) {
    const sums = new Map();
    for (const { row, col, weight } of step?.points ?? []) {
      const key = `${row} ${col}`;
      const known = sums.get(key) ?? { row, col, weight: 0 };
      known.weight += weight;
      sums.set(key, known);
    }
    return [...sums.values()].sort((a, b) => b.weight - a.weight);
  }

  /* Return what is shown of the backtrack from a class; null if there is none. */
  function ofClass(photo, about, number) {
    const walk = photo.classes.find((one) => one.class === number);
    if (!walk) return null;
    const found = steps(walk, about, 0, 1);
    return {
      title: walk.name,
      refused: about.refused[""] ?? "",
      arrived: walk.arrived,
      starts: 1,
      box: walk.box,
      steps: found,
      fixations: fixations(found.find((step) => step.name === PIXELS)),
    };
  }

  /* Return what is shown of the backtrack from the highest units of a channel. */
  function ofChannel(walk, about, layer, channel) {
    const each = about.units;
    const [first, last] = [channel * each, (channel + 1) * each];
    const units = [];
    let arrived = 0;
    for (let start = first; start < last; start++) {
      const [row, col] = walk.unit.subarray(2 * start, 2 * start + 2);
      if (row < 0) continue;
      units.push({ row, col, value: walk.value[start] });
      arrived += walk.arrived[start];
    }
    const found = steps(walk, about, first, last);
    return {
      title: `channel ${channel} of ${layer}`,
      refused: about.refused[layer] ?? "",
      off: units.length === 0,
      arrived,
      starts: units.length,
      units,
      box: null,
      steps: found,
      fixations: fixations(found.find((step) => step.name === PIXELS)),
    };
  }

  /* The density of weighted pixels, smoothed with a Gaussian, as numbers from 0 to 1. */
  function density(found, [rows, cols], sigma) {
    const counted = new Float32Array(rows * cols);
    for (const { row, col, weight } of found) counted[row * cols + col] += weight;
    const radius = Math.ceil(4 * sigma);
    const bell = Float32Array.from({ length: 2 * radius + 1 }, (_, i) =>
      Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
    );
    const across = blurred(counted, rows, cols, 1, bell);
    const both = blurred(across, rows, cols, cols, bell);
    const most = both.reduce((a, b) => Math.max(a, b), 0) || 1;
    return both.map((value) => value / most);
  }

  /* Spread every value that is not 0 along one axis; step: from one value to the next on it. */
  function blurred(values, rows, cols, step, bell) {
    const found = new Float32Array(values.length);
    const radius = (bell.length - 1) / 2;
    for (let i = 0; i < values.length; i++) {
      if (!values[i]) continue;
      const place = step === 1 ? i % cols : Math.floor(i / cols);
      const length = step === 1 ? cols : rows;
      const [low, high] = [Math.max(-radius, -place), Math.min(radius, length - 1 - place)];
      for (let d = low; d <= high; d++) found[i + d * step] += values[i] * bell[d + radius];
    }
    return found;
  }

  cnnvis.walk = { PIXELS, ofClass, ofChannel, centre, density };
})();
