/* Beside a photo: what it is, what the network says, and the backtrack from one of its classes or
   from the channel that is shown, step by step. */
"use strict";

(() => {
  const { element, renew, named, percent } = cnnvis;
  const { FROM_MAP } = cnnvis.address;

  /* Return {fill, tell} for the photo's part of a pane. */
  function starts(pane) {
    const find = (what) => pane.find("photo", what);
    const images = find(".image");
    images.addEventListener("change", () => pane.on.image(images.value));
    for (const [what, step] of [[".previous", -1], [".next", 1]]) {
      find(what).addEventListener("click", () => pane.on.image(beside(pane, step)));
    }
    const slider = find(".step");
    slider.addEventListener("input", () => pane.on.step(pane.walk.steps[slider.value].name));

    function fill() {
      const { about, listing } = pane.shown;
      choose(images, about.photos.map((photo) => [photo.id, photo.id]), listing.id);
      const verdict = !listing.truth ? "no label" : listing.place === 0 ? "correct" : "misclassified";
      find(".truth").replaceChildren(
        ...(listing.truth ? ["Truly ", named(listing.truth)] : ["Its class is not known"]),
        element("span", { class: `verdict ${verdict.replace(" ", "-")}` }, verdict),
        ...(listing.role ? [element("span", { class: "role" }, named(listing.role))] : []),
      );
      renew(find(".from"), ...buttons(pane));
    }

    function tell() {
      renew(find(".from"), ...buttons(pane));
      const { walk, step } = pane;
      const steps = walk?.steps ?? [];
      slider.disabled = steps.length < 2;
      slider.max = Math.max(0, steps.length - 1);
      slider.value = Math.max(0, steps.indexOf(step));
      const name = step ? title(step) : "";
      slider.setAttribute("aria-valuetext", name);
      find(".at").replaceChildren(...(step ? [named(name)] : []));
      find(".told").textContent = told(pane);
      renew(find(".through"), ...(step ? channels(pane, step) : []));
    }
    return { fill, tell };
  }

  function beside(pane, step) {
    const ids = pane.shown.about.photos.map((photo) => photo.id);
    return ids[(ids.indexOf(pane.shown.image) + step + ids.length) % ids.length];
  }

  function choose(select, options, value) {
    const wanted = JSON.stringify(options);
    if (select.dataset.options !== wanted) {
      select.dataset.options = wanted;
      select.replaceChildren(...options.map(([key, words]) => element("option", { value: key }, words)));
    }
    select.value = value;
  }

  /* A button for every class and one for the channel; pressed again, it shows the plain photo. */
  function buttons(pane) {
    const { about, listing, from, state } = pane.shown;
    const walked = new Set(listing.walked.map(([index]) => index));
    const chances = new Map(listing.best.map(([index, , chance]) => [index, chance]));
    const further = listing.walked.filter(([index]) => !chances.has(index));
    const classes = [...listing.best, ...further].map(([index, name, chance]) =>
      button(pane, index, {
        words: [named(name), element("span", { class: "chance" }, chance === undefined ? "" : percent(chance))],
        share: chance ?? 0,
        truth: listing.best[listing.place]?.[0] === index,
        disabled: !walked.has(index) || Boolean(about.refused[""]),
      }),
    );
    const channel = button(pane, FROM_MAP, {
      words: [`channel ${state.channel}`, element("span", { class: "chance" }, "highest unit")],
      share: 0,
      disabled: !about.units,
    });
    if (from === FROM_MAP || about.units) classes.push(channel);
    return classes;
  }

  function button(pane, start, { words, share, truth = false, disabled }) {
    const pressed = pane.shown.from === start;
    return element(
      "button",
      {
        type: "button",
        "aria-pressed": String(pressed),
        disabled,
        class: truth ? "true" : null,
        style: { "--share": `${(100 * share).toFixed(1)}%` },
        "data-from": String(start),
        onclick: () => pane.on.from(pressed ? "" : start),
      },
      ...words,
    );
  }

  const title = (step) => (step.name === cnnvis.walk.PIXELS ? "the pixels" : step.name);

  /* What there is to say of the backtrack at this step. */
  function told(pane) {
    const { walk, step } = pane;
    const { about, from } = pane.shown;
    if (from === "" && about.refused[""]) return `No class is walked back from: ${about.refused[""]}`;
    if (from === "") return "Choose a class, or the channel, to see the pixels it goes back to.";
    if (!walk) return "There is no backtrack of that class here.";
    if (walk.refused) return `No backtrack: ${walk.refused}`;
    if (walk.off) return "This channel is off everywhere in this image: there is no unit to begin at.";
    if (!step) return "No path reached a pixel.";
    const weight = step.points.reduce((sum, point) => sum + point.weight, 0) / (walk.starts || 1);
    return `${counted(walk, step)}, ${percent(weight)} of the weight. ${ending(walk, step, about)}`;
  }

  function counted(walk, step) {
    const ends = step.name === cnnvis.walk.PIXELS;
    const count = ends ? walk.fixations.length : step.points.length;
    const thing = ends ? "pixel" : "unit";
    const said = `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
    const left = step.all - step.points.length;
    return left ? `The heaviest ${said} (${left.toLocaleString("en")} points are left out)` : said;
  }

  function ending(walk, step, about) {
    if (step.name !== cnnvis.walk.PIXELS) {
      return step.node.start ? "" : "They have no place on the photo.";
    }
    if (walk.box) return `Drawn is ${cnnvis.boxes[about.saliency.box]}.`;
    if (!walk.units) return "";
    if (walk.starts > 1) return `From ${walk.starts} units of the channel, framed in its map.`;
    const [{ row, col, value }] = walk.units;
    return `From the unit in row ${row}, column ${col}, of ${cnnvis.short(value)}, framed in the map.`;
  }

  /* The channels a step goes through, the heaviest first; those of a layer that is here lead to it. */
  function channels(pane, step) {
    if (step.name === cnnvis.walk.PIXELS) return [];
    const sums = new Map();
    for (const { channel, weight } of step.points) sums.set(channel, (sums.get(channel) ?? 0) + weight);
    const most = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 6);
    const here = pane.shown.about.layers.some((layer) => layer.name === step.name);
    return most.map(([channel, weight]) => {
      const words = `${channel} (${percent(weight / (pane.walk.starts || 1))})`;
      const go = () => cnnvis.state.set({ layer: step.name, channel, unit: null });
      return element("li", {}, here ? element("button", { type: "button", onclick: go }, words) : words);
    });
  }

  cnnvis.starts = starts;
  cnnvis.choose = choose;
})();
