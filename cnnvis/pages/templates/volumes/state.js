// The state of the page: one flat object, all of which is in its address.
//
// Everything that is drawn or said follows from the state and the data. Controls, keys and fingers
// call `state.set`; whoever shows something listens.

/** What every part of the state may be; `start` is where it begins. */
const PARTS = {
  group: { choices: [] },
  volume: { choices: [] },
  layout: { choices: ["one", "all"] },
  channel: { whole: true, from: 0, to: 0, start: 0 },
  slice: { choices: ["outline", "picture", "none"] },
  mode: { choices: ["lit", "maximum", "surface", "average"] },
  sequential: { choices: [] },
  diverging: { choices: [] },
  low: { from: 0, to: 0.99, step: 0.01, start: 0.1 },
  high: { from: 0.01, to: 1, step: 0.01, start: 1 },
  gamma: { from: 0.2, to: 4, step: 0.05, start: 1 },
  density: { from: 0, to: 5, step: 0.05, start: 1 },
  surface: { from: 0.02, to: 1, step: 0.01, start: 0.4 },
  lamp: { choices: ["on", "off"] },
  rowsFrom: { from: 0, to: 0.99, step: 0.01, start: 0 },
  rowsTo: { from: 0.01, to: 1, step: 0.01, start: 1 },
  colsFrom: { from: 0, to: 0.99, step: 0.01, start: 0 },
  colsTo: { from: 0.01, to: 1, step: 0.01, start: 1 },
  planesFrom: { from: 0, to: 0.99, step: 0.01, start: 0 },
  planesTo: { from: 0.01, to: 1, step: 0.01, start: 1 },
  stretch: { from: 0.25, to: 4, step: 0.05, start: 1 },
  turn: { from: -180, to: 180, start: -34.6 },
  tilt: { from: -89, to: 89, start: 19.4 },
  zoom: { from: 0.2, to: 20, start: 1 },
  panX: { from: -2, to: 2, start: 0 },
  panY: { from: -2, to: 2, start: 0 },
};

/** Pairs of which the first stays below the second: whichever moves pushes the other. */
const PAIRS = [
  ["low", "high"],
  ["rowsFrom", "rowsTo"],
  ["colsFrom", "colsTo"],
  ["planesFrom", "planesTo"],
];

/** The parts that say where the eye is. */
const VIEW = ["turn", "tilt", "zoom", "panX", "panY", "stretch"];

/** Fewer digits than these make an address long for nothing. */
const DIGITS = 4;

class State {
  /** Begin with the data's choices, and with what the address says. */
  constructor(data) {
    this.groups = data.groups;
    this.parts = { ...PARTS };
    this.parts.group = { choices: data.groups.map((group) => group.name) };
    this.parts.sequential = { choices: [...data.sequential.keys()] };
    this.parts.diverging = { choices: [...data.diverging.keys()] };
    this.listeners = [];
    this.values = {};
    this.read(location.hash);
  }

  get(name) {
    return this.values[name];
  }

  get group() {
    return this.groups.find((group) => group.name === this.values.group);
  }

  get volume() {
    return this.group.volumes.find((volume) => volume.title === this.values.volume);
  }

  /** The volumes on the stage: one, or the whole group. */
  get shown() {
    return this.values.layout === "all" ? this.group.volumes : [this.volume];
  }

  /** The table of colours that suits the data. */
  get colours() {
    return this.group.signed ? "diverging" : "sequential";
  }

  /** Call `listener` with the names of the parts that changed, now and whenever some do. */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** Change some parts; what cannot be is made the nearest that can. */
  set(changes) {
    const before = this.values;
    this.values = this.possible({ ...before, ...changes }, Object.keys(changes));
    const changed = Object.keys(this.parts).filter((name) => this.values[name] !== before[name]);
    if (changed.length) {
      this.listeners.forEach((listener) => listener(new Set(changed)));
      this.write();
    }
  }

  /** Return where a part begins, in the group of `values`. */
  start(name, group) {
    if (name === "volume") {
      return group.volumes[0].title;
    }
    if (name === "channel") {
      const order = group.order(group.volumes[0]);
      return order.channels[Math.floor(group.channels / 2)];
    }
    const part = this.parts[name];
    return part.choices ? part.choices[0] : part.start;
  }

  /** Set some parts back to where they begin. */
  reset(names) {
    this.set(Object.fromEntries(names.map((name) => [name, this.start(name, this.group)])));
  }

  /** Return values that are all allowed; `moved` are those that others give way to. */
  possible(values, moved) {
    const found = {};
    const group =
      this.groups.find((one) => one.name === values.group) ?? this.groups[0];
    for (const [name, part] of Object.entries(this.parts)) {
      const start = this.start(name, group);
      if (name === "volume") {
        const titles = group.volumes.map((volume) => volume.title);
        found[name] = titles.includes(values[name]) ? values[name] : start;
      } else if (part.choices) {
        found[name] = part.choices.includes(values[name]) ? values[name] : start;
      } else {
        const most = name === "channel" ? group.channels - 1 : part.to;
        found[name] = this.number(values[name], part, most, start);
      }
    }
    found.turn = ((((found.turn + 180) % 360) + 360) % 360) - 180;
    for (const [below, above] of PAIRS) {
      const gap = 0.01;
      if (found[below] > found[above] - gap) {
        if (moved.includes(above)) {
          found[below] = Math.max(this.parts[below].from, found[above] - gap);
        } else {
          found[above] = Math.min(this.parts[above].to, found[below] + gap);
        }
      }
    }
    return found;
  }

  /** Return a number within its bounds; `start` for what is none, and a channel that is not there. */
  number(value, part, most, start) {
    const number = typeof value === "number" ? value : NaN;
    if (!Number.isFinite(number) || (part.whole && number > most)) {
      return start;
    }
    if (part === this.parts.turn) {
      return number; // it goes round
    }
    const inside = Math.min(most, Math.max(part.from, number));
    return part.whole ? Math.round(inside) : inside;
  }

  /** Return the state as it stands behind the # of an address: what is not at its start. */
  address() {
    const said = new URLSearchParams();
    for (const [name, part] of Object.entries(this.parts)) {
      const value = this.values[name];
      if (part.choices && value !== this.start(name, this.group)) {
        said.set(name, value);
      } else if (!part.choices && this.rounded(value) !== this.start(name, this.group)) {
        said.set(name, String(this.rounded(value)));
      }
    }
    if (this.values.group !== this.start("group", this.group)) {
      said.set("group", this.values.group);
    }
    return said.toString();
  }

  rounded(value) {
    return Number(value.toFixed(DIGITS));
  }

  /** Put the state into the address, a little later: browsers limit how often. */
  write() {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.writeNow(), 150);
  }

  writeNow() {
    clearTimeout(this.writing);
    this.written = this.address();
    history.replaceState(null, "", `#${this.written}`);
  }

  /** Take the state from what stands behind the # of an address, the rest from the start. */
  read(hash) {
    const said = new URLSearchParams(hash.replace(/^#/, ""));
    const values = {};
    for (const [name, part] of Object.entries(this.parts)) {
      if (said.has(name)) {
        const text = said.get(name);
        values[name] = part.choices ? text : text === "" ? NaN : Number(text);
      }
    }
    const before = this.values;
    this.values = this.possible(values, []);
    const changed = Object.keys(this.parts).filter((name) => this.values[name] !== before[name]);
    this.listeners.forEach((listener) => listener(new Set(changed)));
  }

  /** Read the address again when its reader changes it; not when this page wrote it. */
  follow() {
    addEventListener("hashchange", () => {
      if (location.hash.replace(/^#/, "") !== this.written) {
        this.read(location.hash);
      }
    });
  }
}
