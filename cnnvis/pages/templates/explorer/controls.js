/* The bar above: which network, images, layer and order; and how maps are coloured. */
"use strict";

(() => {
  const { element, named, choose } = cnnvis;
  const find = (what) => document.querySelector(what);

  function attach(contents, on) {
    for (const key of ["network", "images", "layer", "order"]) {
      find(`#${key}`).addEventListener("change", (event) => on({ [key]: event.target.value }));
    }
    find("#scale").addEventListener("change", (event) => on({ scale: event.target.value }));
    find("#own").addEventListener("change", (event) => on({ own: event.target.checked }));
    for (const radio of document.querySelectorAll('[name="show"]')) {
      radio.addEventListener("change", () => on({ show: radio.value }));
    }

    /* Show what is chosen. */
    return function fill(about, layer, order, state) {
      const networks = [...new Set(contents.studies.map((one) => one.network))];
      const sets = contents.studies.filter((one) => one.network === state.network).map((one) => one.images);
      choose(find("#network"), networks.map((name) => [name, name]), state.network);
      choose(find("#images"), sets.map((name) => [name, name]), state.images);
      choose(find("#layer"), about.layers.map(({ name, shape }) => [name, `${name} (${shape[0]})`]), state.layer);
      orders(find("#order"), layer.orders, about.controls, order);
      find("#scale").value = state.scale;
      find("#own").checked = state.own;
      find(`[name="show"][value="${state.show}"]`).checked = true;
      quality(find("#quality"), order);
    };
  }

  function orders(select, known, controls, order) {
    const option = ({ name, best }) => element("option", { value: name }, best ? `${name} (best)` : name);
    const wanted = JSON.stringify(known.map(({ name, best }) => [name, best]));
    if (select.dataset.options !== wanted) {
      select.dataset.options = wanted;
      const own = known.filter(({ name }) => !controls.includes(name));
      const rest = known.filter(({ name }) => controls.includes(name));
      select.replaceChildren(
        ...own.map(option),
        ...(rest.length ? [element("optgroup", { label: "to compare with" }, ...rest.map(option))] : []),
      );
    }
    select.value = order.name;
  }

  /* How good the order is, in words, beside its name. */
  function quality(place, { name, words, quality, sure, best }) {
    const mark = best ? "best" : sure ? "sure" : "chance";
    place.className = mark;
    place.replaceChildren(element("b", {}, named(name)), `, ${words}. ${quality}`);
  }

  cnnvis.controls = { attach };
})();
