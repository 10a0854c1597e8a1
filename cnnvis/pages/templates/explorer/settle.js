/* From what an address asks for to what there is: parts that are left out are chosen, parts that are
   not there are replaced, and it is said. */
"use strict";

(() => {
  const { FROM_MAP } = cnnvis.address;

  /* Return {study, missing} for the network and the images that are asked for. */
  function study(contents, state) {
    const { studies } = contents;
    const missing = [];
    const ofNetwork = studies.filter((one) => one.network === state.network);
    if (state.network && !ofNetwork.length) missing.push(`network “${state.network}”`);
    const among = ofNetwork.length ? ofNetwork : studies;
    const exact = among.find((one) => one.images === state.images);
    if (state.images && !exact) missing.push(`set of images “${state.images}”`);
    return { study: exact ?? among[0], missing };
  }

  /* Return {state, missing}: a whole state. */
  function settle(about, state) {
    const missing = [];
    const choose = (what, known, wanted, otherwise) => {
      if (known.includes(wanted)) return wanted;
      if (wanted !== undefined && wanted !== "") missing.push(`${what} “${wanted}”`);
      return otherwise;
    };
    const layers = about.layers.map((layer) => layer.name);
    const images = about.photos.map((photo) => photo.id);
    const layer = choose("layer", layers, state.layer, layers[0]);
    const spec = about.layers.find((one) => one.name === layer);
    const orders = [...about.methods, ...about.controls];
    const [channels, rows, cols] = spec.shape;
    const inside = state.channel < channels;
    if (state.channel !== undefined && !inside) missing.push(`channel ${state.channel} in ${layer}`);
    const image = choose("image", images, state.image, images[0]);
    const unit = state.unit && state.unit[0] < rows && state.unit[1] < cols ? state.unit : null;
    if (state.unit && !unit) missing.push(`unit ${state.unit.join(", ")}`);
    const second = state.second && {
      image: choose("image", images, state.second.image, images[0]),
      from: from(about, state.second.image, state.second.from, missing),
    };
    return {
      missing,
      state: {
        ...state,
        network: about.network,
        images: about.images,
        layer,
        image,
        unit,
        second,
        channel: inside ? state.channel : 0,
        order: choose("order", orders, state.order, spec.best || orders[0]),
        from: from(about, image, state.from, missing),
      },
    };
  }

  /* What is walked back from in an image: a class of its own, the channel, or nothing; where it is
     not said, the best class. */
  function from(about, id, wanted, missing) {
    if (wanted === "" || wanted === FROM_MAP) return wanted;
    const photo = about.photos.find((one) => one.id === id);
    if (wanted === undefined) return about.refused[""] ? "" : photo?.walked[0]?.[0] ?? "";
    if (photo?.walked.some(([index]) => index === wanted)) return wanted;
    if (photo) missing.push(`backtrack from class ${wanted} in ${id}`);
    return "";
  }

  cnnvis.settle = { study, settle };
})();
