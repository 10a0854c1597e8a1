// The controls: each has the name of a part of the state, shows it, and changes it.

/** Milliseconds from one volume to the next; more for readers who asked for less motion. */
const PLAY_EVERY = 900;
const PLAY_CALMLY = 2500;

class Controls {
  constructor(state) {
    this.state = state;
    this.form = document.getElementById("controls");
    this.position = document.getElementById("position");
    this.inputs = [...this.form.elements].filter((input) => input.name);
    this.playing = null;
    for (const input of this.inputs) {
      this.prepare(input);
      input.addEventListener("input", () => this.state.set({ [input.name]: this.read(input) }));
    }
    this.position.addEventListener("input", () => this.goTo(Number(this.position.value)));
    const press = (id, act) => document.getElementById(id).addEventListener("click", act);
    press("before", () => this.step(-1));
    press("next", () => this.step(1));
    press("play", () => this.play());
    press("whole", () => this.state.reset(PAIRS.flat().filter((name) => /From|To/.test(name))));
    press("reset", () => this.state.reset(VIEW));
    press("help-button", () => this.help());
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Give a control its bounds, or its choices where the page does not list them. */
  prepare(input) {
    const part = this.state.parts[input.name];
    if (input.type === "range") {
      Object.assign(input, { min: part.from, max: part.to, step: part.step });
    } else if (part.choices && input.tagName === "SELECT" && !input.options.length) {
      input.append(...part.choices.map((name) => new Option(name, name)));
    }
  }

  /** Return what a control says: a checkbox stands for the first or the last of two choices. */
  read(input) {
    if (input.type === "checkbox") {
      return input.checked === (input.name === "lamp") ? this.choice(input, 0) : this.choice(input, 1);
    }
    return input.type === "range" ? Number(input.value) : input.value;
  }

  choice(input, number) {
    return this.state.parts[input.name].choices[number];
  }

  /** Show the state. */
  show() {
    const { state } = this;
    const { group } = state;
    for (const input of this.inputs) {
      const value = state.get(input.name);
      if (input.name === "volume") {
        this.listVolumes(input, group);
      }
      if (input.type === "checkbox") {
        input.checked = value === (input.name === "lamp" ? "on" : "all");
      } else if (input.value !== String(value)) {
        input.value = String(value);
      }
    }
    for (const output of this.form.querySelectorAll("output[data-of]")) {
      const words = this.words(output.dataset.of);
      output.textContent = words;
      this.form.elements[output.dataset.of].setAttribute("aria-valuetext", words);
    }
    this.showPosition(group);
    this.showOnly();
    const plays = group.volumes.length > 1;
    if (!plays && this.playing !== null) {
      this.play(); // there is nothing to go on to
    }
    for (const id of ["before", "play", "next"]) {
      document.getElementById(id).disabled = !plays;
    }
    document.getElementById("counted").textContent = capital(group.counted);
  }

  /** List the volumes of the group. */
  listVolumes(select, group) {
    if (select.dataset.group !== group.name) {
      select.dataset.group = group.name;
      const options = group.volumes.map((volume) => new Option(volume.title, volume.title));
      select.replaceChildren(...options);
    }
  }

  showPosition(group) {
    const place = group.order(this.state.volume).places[this.state.get("channel")];
    this.position.max = group.channels - 1;
    this.position.value = place;
    const words = `${place}: ${group.counted} ${this.state.get("channel")}`;
    this.position.setAttribute("aria-valuetext", words);
    document.getElementById("position-said").textContent = String(place);
  }

  /** Hide the controls that change nothing now. */
  showOnly() {
    const mode = this.state.get("mode");
    const useless = {
      sequential: this.state.colours !== "sequential",
      diverging: this.state.colours !== "diverging",
      surface: mode !== "surface",
      density: mode === "surface" || mode === "maximum",
      lamp: mode === "maximum" || mode === "average",
    };
    for (const input of this.inputs) {
      if (input.name in useless) {
        input.closest("label").hidden = useless[input.name];
      }
    }
  }

  /** Return what a slider stands for: values for levels, indices for shares of an axis. */
  words(name) {
    const { group } = this.state;
    const value = this.state.get(name);
    if (["low", "high", "surface"].includes(name)) {
      return numeral(group.value(value));
    }
    const [, axis, end] = name.match(/^(planes|rows|cols)(From|To)$/) ?? [];
    if (axis) {
      const count = { planes: group.channels, rows: group.rows, cols: group.cols }[axis];
      const index = end === "From" ? Math.floor(value * count) : Math.ceil(value * count) - 1;
      return String(Math.min(count - 1, Math.max(0, index)));
    }
    return `\u00d7 ${numeral(value)}`;
  }

  /** Choose the channel at a position in the order. */
  goTo(place) {
    const { group, volume } = this.state;
    const inside = Math.min(group.channels - 1, Math.max(0, place));
    this.state.set({ channel: group.order(volume).channels[inside] });
  }

  /** Choose the channel some positions on. */
  move(steps) {
    const { group, volume } = this.state;
    this.goTo(group.order(volume).places[this.state.get("channel")] + steps);
  }

  /** Choose the volume some steps on; behind the last comes the first. */
  step(steps) {
    const { volumes } = this.state.group;
    const at = volumes.indexOf(this.state.volume) + steps;
    this.state.set({ volume: volumes[(at + volumes.length) % volumes.length].title });
  }

  /** Begin to play through the group, or stop. */
  play() {
    const button = document.getElementById("play");
    if (this.playing !== null) {
      clearInterval(this.playing);
      this.playing = null;
    } else if (this.state.group.volumes.length > 1) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.playing = setInterval(() => this.step(1), calm ? PLAY_CALMLY : PLAY_EVERY);
    }
    button.textContent = this.playing === null ? "Play" : "Stop";
    button.setAttribute("aria-pressed", String(this.playing !== null));
  }

  help() {
    const dialog = document.getElementById("help");
    if (dialog.open) {
      dialog.close();
    } else {
      dialog.showModal();
    }
  }
}
