/* Addresses: everything that is shown has one, behind the # of the page's own.

     #network/images/layer/channel/image/order?from=285&step=pixels&with=another&...

   The first four parts name a unit, and stay valid from run to run; whatever is left out is chosen. */
"use strict";

(() => {
  const PARTS = ["network", "images", "layer", "channel", "image", "order"];
  const FROM_MAP = "channel";

  const encoded = (text) => encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text);

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // a % that is none
    }
  }

  /* Return the part of an address that says what is shown. */
  function written(state) {
    const path = PARTS.map((part) => encoded(String(state[part] ?? ""))).join("/");
    const rest = [];
    const add = (key, value) => rest.push(`${key}=${encoded(String(value))}`);
    if (state.from !== "") add("from", state.from);
    if (state.step !== "pixels") add("step", state.step);
    if (state.unit) add("unit", state.unit.join("."));
    if (state.second) {
      add("with", state.second.image);
      if (state.second.from !== "") add("withfrom", state.second.from);
    }
    if (state.scale !== "root") add("scale", state.scale);
    if (state.own) add("own", 1);
    if (state.show !== "density") add("show", state.show);
    return `#${path}${rest.length ? `?${rest.join("&")}` : ""}`;
  }

  /* Return what such a part says; what it does not say is left out. */
  function read(hash) {
    const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
    const said = {};
    path.split("/").forEach((text, place) => {
      if (text !== "" && place < PARTS.length) said[PARTS[place]] = decoded(text);
    });
    const rest = new Map();
    for (const pair of query.split("&")) {
      const [key, value = ""] = pair.split(/=(.*)/s);
      rest.set(key, decoded(value));
    }
    said.channel = /^\d+$/.test(said.channel ?? "") ? Number(said.channel) : undefined;
    said.from = start(rest.get("from"));
    said.step = rest.get("step") || "pixels";
    said.unit = /^\d+\.\d+$/.test(rest.get("unit") ?? "") ? rest.get("unit").split(".").map(Number) : null;
    said.second = rest.has("with") ? { image: rest.get("with"), from: start(rest.get("withfrom")) } : null;
    said.scale = rest.get("scale") === "linear" ? "linear" : "root";
    said.own = rest.get("own") === "1";
    said.show = ["points", "none"].includes(rest.get("show")) ? rest.get("show") : "density";
    return said;
  }

  /* What is walked back from: a class by its number, the channel that is shown, or nothing. */
  function start(text) {
    if (/^\d+$/.test(text ?? "")) return Number(text);
    return text === FROM_MAP ? FROM_MAP : "";
  }

  cnnvis.address = { written, read, FROM_MAP };
})();
