/* What can be searched for, from the tables of contents of all studies. */
"use strict";

(() => {
  /* Return the entries of one study; elsewhere: whether another one is shown now. */
  function of(about, elsewhere) {
    const study = { network: about.network, images: about.images };
    const place = elsewhere ? `${about.network}, ${about.images}` : "";
    const entry = (kind, name, hint, patch) => ({
      kind,
      name,
      hint: [hint, place].filter(Boolean).join(" — "),
      patch: { ...study, ...patch },
    });
    const orders = elsewhere ? [] : [...about.methods, ...about.controls];
    return [
      entry("study", `${about.network} on ${about.images}`, "", {}),
      ...about.layers.map((layer) => entry("layer", layer.name, layer.op, { layer: layer.name })),
      ...about.photos.map((photo) => entry("image", photo.id, photo.truth, { image: photo.id })),
      ...classes(about).map(({ name, photo, from, hint }) =>
        entry("class", name, hint, { image: photo, from, step: "pixels" }),
      ),
      ...orders.map((name) => entry("order", name, "", { order: name })),
    ];
  }

  /* Every class that some image is walked back from, on the image where the network is surest of it,
     and every other class that is among the best. */
  function classes(about) {
    const found = new Map();
    for (const photo of about.photos) {
      const chances = new Map(photo.best.map(([index, , chance]) => [index, chance]));
      const walked = new Set(photo.walked.map(([index]) => index));
      for (const [index, name] of [...photo.best, ...photo.walked]) {
        const [chance, known] = [chances.get(index) ?? 0, found.get(index)];
        if (known && (known.walked > walked.has(index) || known.chance >= chance)) continue;
        const from = walked.has(index) && !about.refused[""] ? index : "";
        found.set(index, { name, chance, walked: walked.has(index), photo: photo.id, from });
      }
    }
    return [...found.values()].map((one) => ({ ...one, hint: `${cnnvis.percent(one.chance)} in ${one.photo}` }));
  }

  cnnvis.entries = { of };
})();
