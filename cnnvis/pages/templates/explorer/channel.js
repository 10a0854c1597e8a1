/* The panel of the channel that is shown: its kernel, its statistics, channels like it, and the
   photos it answers most to. */
"use strict";

(() => {
  const { element, renew, named, percent, short } = cnnvis;

  /* on: {choose(channel), image(id)}; returns show(...), which fills the panel. */
  function panel(root, on) {
    const find = (what) => root.querySelector(what);
    let before = "";

    /* shown: {about, spec, layer, order, state}, atlas: of the first pane. */
    function show(shown, atlas, channel, unit, image) {
      const key = [shown.about.key, shown.spec.name, channel, atlas.painted, shown.order.name].join(" ");
      if (key !== before || atlas !== show.atlas) {
        find(".name").textContent = `Channel ${channel}`;
        find(".facts").replaceChildren(...facts(shown, channel));
        renew(find(".alike"), ...alike(shown, atlas, channel, on));
        renew(find(".answers"), ...answers(shown, channel, on));
        find(".kernel p").replaceChildren(...kernelWords(shown.layer.kernels, channel));
      }
      before = key;
      show.atlas = atlas;
      kernel(find(".kernel .weights"), shown.layer.kernels, channel);
      patch(find(".kernel .patch"), shown, unit, image);
    }
    return show;
  }

  function facts({ layer, order, spec }, channel) {
    const rows = [
      ["mean over all images", short(layer.mean[channel])],
      ["maximum", short(layer.maximum[channel])],
      ["units that are on", percent(layer.on[channel])],
      [`place in ${order.name}`, `${order.permutation.indexOf(channel) + 1} of ${spec.shape[0]}`],
    ];
    if (layer.clusters) rows.push(["cluster of kmeans", String(layer.clusters[channel] + 1)]);
    return rows.flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]);
  }

  /* The channels most like this one, each as its map. */
  function alike({ layer }, atlas, channel, on) {
    const found = layer.alike[channel].map(([other, correlation]) => {
      const canvas = element("canvas", { "aria-hidden": "true", width: 112, height: 112 });
      atlas.draw(canvas.getContext("2d"), other, 0, 0, 112, 112);
      return element(
        "li",
        {},
        element(
          "button",
          {
            type: "button",
            "data-channel": other,
            onclick: () => on.choose(other, { by: "pointer" }),
            "aria-label": `channel ${other}, correlation ${correlation.toFixed(2)}`,
          },
          canvas,
          element("span", {}, `${other} `, element("small", {}, `r ${correlation.toFixed(2)}`)),
        ),
      );
    });
    return found.length ? found : [element("li", { class: "none" }, "None: it correlates with no other.")];
  }

  function answers({ about, layer }, channel, on) {
    return layer.photos[channel].map((place, rank) => {
      const { id } = about.photos[place];
      const value = short(layer.peaks[channel][rank]);
      const go = () => on.image(id);
      return element("li", {}, element("button", { type: "button", onclick: go }, named(id)), ` ${value}`);
    });
  }

  function kernelWords(kernels, channel) {
    if (!kernels) return ["Which filters make these channels is not known."];
    const [filters, inputs, rows, cols] = kernels.shape;
    const size = `${rows} × ${cols}, ${inputs} ${inputs === 1 ? "input" : "inputs"}`;
    const norm = `norm ${short(kernels.norm[channel])}, number ${kernels.rank[channel]} of ${filters}`;
    const words = kernels.words ? `. It answers to ${kernels.words[channel]}` : "";
    return ["Filter of ", named(kernels.layer), `: ${size}; ${norm}${words}.`];
  }

  /* The kernel as colours, where it sees the image. */
  function kernel(canvas, kernels, channel) {
    canvas.hidden = !kernels?.colours;
    if (canvas.hidden) return;
    const [, , rows, cols] = kernels.shape;
    canvas.width = cols;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    const picture = context.createImageData(cols, rows);
    const first = channel * rows * cols * 3;
    for (let i = 0; i < rows * cols; i++) {
      picture.data.set([...kernels.colours.subarray(first + 3 * i, first + 3 * i + 3), 255], 4 * i);
    }
    context.putImageData(picture, 0, 0);
  }

  /* What the unit sees of the photo, as large as the kernel beside it. */
  function patch(canvas, { spec, layer }, unit, image) {
    canvas.hidden = !layer.kernels?.colours || !unit || !image || !spec.field;
    if (canvas.hidden) return;
    const { row, col, rows, cols } = cnnvis.map.field(spec, unit);
    canvas.width = cols;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(image, Math.round((cols - 1) / 2 - col), Math.round((rows - 1) / 2 - row));
  }

  cnnvis.channel = { panel };
})();
