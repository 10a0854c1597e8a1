/* The explorer: what the state says is loaded and shown; what is clicked changes the state. */
"use strict";

(() => {
  const { state, address, settle, say, notice } = cnnvis;
  const find = (what) => document.querySelector(what);

  let contents = null; // of all data
  let fill = null; // the controls
  let shown = null; // what is on the page: {about, spec, layer, order}
  let turn = 0;
  const panes = {};
  let showChannel = null;
  let showFoot = null;

  const load = async (key) => Object.assign(await cnnvis.data.load(`${key}/about`), { key });

  async function update() {
    const mine = ++turn;
    try {
      const { study, missing } = settle.study(contents, state.get());
      const about = await load(study.key);
      if (mine !== turn) return;
      if (about.version !== contents.version) {
        throw new Error(`${study.key} is of another version than this site. Make the explorer again.`);
      }
      const whole = settle.settle(about, state.get());
      const spec = about.layers.find((one) => one.name === whole.state.layer);
      const layer = await cnnvis.data.load(`${about.key}/layers/${spec.file}`);
      if (mine !== turn) return;
      state.set(whole.state, { silent: true });
      tell([...missing, ...whole.missing], whole.state);
      const order = layer.orders.find((one) => one.name === whole.state.order);
      shown = { about, spec, layer, order };
      await present(whole.state, mine);
    } catch (error) {
      if (mine !== turn) return;
      notice(error.message);
      throw error;
    }
  }

  function tell(missing, now) {
    if (!missing.length) return notice("");
    const there = `${now.network}, ${now.images}, ${now.layer}, ${now.image}`;
    return notice(`Not here: ${missing.join(", ")}. Shown instead: ${there}.`);
  }

  async function present(now, mine) {
    const { about, spec, layer, order } = shown;
    fill(about, layer, order, now);
    document.title = `${now.layer}, channel ${now.channel} — ${now.image} — cnnvis`;
    find("#main").dataset.compare = now.second ? "yes" : "no";
    find("#compare").setAttribute("aria-pressed", String(Boolean(now.second)));
    const common = { about, spec, layer, state: now, permutation: order.permutation };
    const loading = [panes.a.show({ ...common, image: now.image, from: now.from })];
    if (now.second) loading.push(panes.b.show({ ...common, ...now.second }));
    await Promise.all(loading);
    if (mine !== turn) return;
    point({});
    cnnvis.ready = mine;
    document.documentElement.dataset.ready = cnnvis.address.written(now);
  }

  /* Show the channel, or the unit, that the pointer is on; without one, the chosen ones. */
  function point(what) {
    if (!shown) return;
    const now = state.get();
    const open = now.second ? [panes.a, panes.b] : [panes.a];
    for (const pane of open) if (pane.atlas) pane.point(what);
    if (!panes.a.atlas || panes.a.atlas.spec !== shown.spec) return;
    const channel = what.channel ?? now.channel;
    showChannel({ ...shown, state: now }, panes.a.atlas, channel, what.unit ?? now.unit, panes.a.image);
    showFoot(panes.a.atlas, now.channel);
  }

  function choose(channel, { by }) {
    const { from, second } = state.get();
    const patch = { channel };
    // A click shows where the channel's highest unit goes back to; the keys only move.
    if (by === "pointer" && shown.about.units) Object.assign(patch, { from: address.FROM_MAP, step: "pixels" });
    if (by === "pointer" && second && from !== address.FROM_MAP) patch.second = { ...second, from: address.FROM_MAP };
    state.set(patch);
    const at = shown.order.permutation.indexOf(channel) + 1;
    say(`Channel ${channel}, place ${at} in ${shown.order.name}`);
  }

  function unit(place, pinned) {
    if (pinned && place) {
      const now = state.get().unit;
      const same = now && now[0] === place[0] && now[1] === place[1];
      state.set({ unit: same ? null : place });
      const pane = panes.a;
      say(pane.find("map", ".readout").textContent);
    } else {
      point({ unit: place ?? undefined });
    }
  }

  function pane(name) {
    const second = name === "b";
    const own = (patch) => {
      const now = state.get();
      state.set(second ? { second: { ...now.second, ...patch } } : patch);
    };
    return new cnnvis.Pane(name, {
      image(id) {
        const now = state.get();
        const from = second ? now.second.from : now.from;
        // A class of one image may not be walked back from in another.
        const photo = shown.about.photos.find((one) => one.id === id);
        const kept = typeof from !== "number" || photo.walked.some(([index]) => index === from);
        own({ image: id, from: kept ? from : photo.walked[0]?.[0] ?? "" });
        say(`${id}${photo.truth ? `, truly ${photo.truth}` : ""}`);
      },
      from: (start) => own({ from: start, ...(second ? {} : { step: "pixels" }) }),
      step: (step) => state.set({ step }),
      point: (channel) => point({ channel: channel < 0 ? undefined : channel }),
      choose,
      unit,
    });
  }

  function compare() {
    const { second, image, from } = state.get();
    if (second) return state.set({ second: null });
    const { photos } = shown.about;
    const at = photos.findIndex((photo) => photo.id === image);
    const other = photos[(at + 1) % photos.length];
    const kept = typeof from !== "number" || other.walked.some(([index]) => index === from);
    return state.set({ second: { image: other.id, from: kept ? from : other.walked[0]?.[0] ?? "" } });
  }

  /* Two grids to compare stay at the same rows. */
  function together(...scrollers) {
    for (const one of scrollers) {
      one.addEventListener("scroll", () => scrollers.forEach((other) => (other.scrollTop = one.scrollTop)));
    }
  }

  /* The next one of a list, going round. */
  function turned(list, value, step) {
    return list[(list.indexOf(value) + step + list.length) % list.length];
  }

  const next = (key, list, step) => () => shown && state.set({ [key]: turned(list(), state.get()[key], step) });

  function commands() {
    const orders = () => shown.layer.orders.map((one) => one.name);
    const layers = () => shown.about.layers.map((one) => one.name);
    const photos = () => shown.about.photos.map((one) => one.id);
    const image = (step) => () => shown && panes.a.on.image(turned(photos(), state.get().image, step));
    const step = (by) => () => {
      const steps = panes.a.walk?.steps ?? [];
      const to = steps[steps.indexOf(panes.a.step) + by];
      if (to) state.set({ step: to.name });
    };
    const back = () => state.set({ from: state.get().from === address.FROM_MAP ? "" : address.FROM_MAP, step: "pixels" });
    return [
      [["←", "→", "↑", "↓"], "from channel to channel, when the grid has the focus; from unit to unit in the map"],
      [["Home", "End", "Page Up", "Page Down"], "farther in the grid"],
      [["g"], "to the grid", () => panes.a.cell.focus()],
      [["/"], "search", () => search.focus()],
      [["[", "]"], "previous and next image", image(-1), image(1)],
      [["o", "O"], "next and previous order", next("order", orders, 1), next("order", orders, -1)],
      [["l", "L"], "next and previous layer", next("layer", layers, 1), next("layer", layers, -1)],
      [["b"], "walk back from the channel, or not", back],
      [[",", "."], "one step back to the start of a backtrack, one on to the pixels", step(-1), step(1)],
      [["c"], "compare with a second image, or not", compare],
      [["?"], "this help", () => find("#help").showModal()],
    ];
  }

  let search = null;

  async function everything() {
    const abouts = await Promise.all(contents.studies.map((study) => load(study.key)));
    return abouts.flatMap((about) => cnnvis.entries.of(about, about.key !== shown?.about.key));
  }

  async function begin() {
    if (!("DecompressionStream" in window)) {
      notice("This browser is too old to unpack the maps; any of 2023 or later can.");
      return;
    }
    contents = await cnnvis.data.load("index");
    cnnvis.colours.use(contents);
    cnnvis.boxes = contents.boxes;
    fill = cnnvis.controls.attach(contents, (patch) => state.set(patch));
    cnnvis.panes = panes;
    panes.a = pane("a");
    panes.b = pane("b");
    together(panes.a.grid.scroller, panes.b.grid.scroller);
    showChannel = cnnvis.channel.panel(find("#channel"), {
      choose,
      image: (id) => panes.a.on.image(id),
    });
    showFoot = cnnvis.foot.attach(find("#map-a"));
    search = cnnvis.search.attach(find("#search"), {
      entries: everything,
      layers: () => (shown?.about.layers ?? []).map(({ name, shape }) => ({ name, channels: shape[0] })),
      go: (patch) => state.set({ ...patch, ...(patch.layer ? { unit: null } : {}) }),
    });
    find("#compare").addEventListener("click", compare);
    find("#keys").addEventListener("click", () => find("#help").showModal());
    find("#to-grid").addEventListener("click", () => panes.a.cell.focus());
    cnnvis.keys.attach(commands(), find("#help"));
    state.on(update);
    // Who comes without an address sees what the network goes by, and not the plain photo.
    const asked = address.read(location.hash);
    state.set(location.hash.length > 1 ? asked : { ...asked, from: undefined }, { keep: true });
  }

  begin().catch((error) => {
    notice(error.message);
    throw error;
  });
})();
