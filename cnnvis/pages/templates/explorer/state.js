/* The state: one JSON object that says all that is shown. The address is written from it, and back
   and forward in the history of the browser read it from there. */
"use strict";

(() => {
  const listeners = [];
  let current = {};

  /* Things that make a new entry in the history; others change the address in place. */
  const PLACES = ["network", "images", "layer", "image", "second"];

  function set(patch, { silent = false, keep = false } = {}) {
    const before = current;
    current = { ...current, ...patch };
    if (!keep) write(PLACES.some((key) => JSON.stringify(before[key]) !== JSON.stringify(current[key])));
    if (!silent) listeners.forEach((listener) => listener(current, before));
  }

  function write(entry) {
    const hash = cnnvis.address.written(current);
    if (hash === location.hash) return;
    const first = location.hash === "";
    history[entry && !first ? "pushState" : "replaceState"](null, "", hash);
  }

  window.addEventListener("popstate", () => set(cnnvis.address.read(location.hash), { keep: true }));

  cnnvis.state = {
    get: () => current,
    set,
    on: (listener) => listeners.push(listener),
  };
})();
