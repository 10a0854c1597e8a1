// Mouse, fingers and keys on the stage.

/** Degrees per pixel dragged, and per press of an arrow key. */
const TURN_PER_PIXEL = 0.45;
const TURN_PER_KEY = 5;

/** A press that moves less than this many pixels is a click. */
const CLICK = 5;

class Pointers {
  constructor(canvas, state, stage) {
    Object.assign(this, { canvas, state, stage });
    this.down = new Map(); // pointer -> where it was seen last
    this.moved = 0;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", (event) => this.down.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, [event.clientX, event.clientY]);
    this.moved = this.down.size > 1 ? CLICK : 0;
  }

  drag(event) {
    const before = this.down.get(event.pointerId);
    if (!before) {
      return;
    }
    const now = [event.clientX, event.clientY];
    const [x, y] = [now[0] - before[0], now[1] - before[1]];
    this.moved += Math.hypot(x, y);
    if (this.down.size > 1) {
      const others = [...this.down].filter(([id]) => id !== event.pointerId);
      this.pinch(others[0][1], before, now);
    } else if (event.shiftKey || event.buttons & 6) {
      this.pan(x, y);
    } else {
      this.state.set({
        turn: this.state.get("turn") - x * TURN_PER_PIXEL,
        tilt: this.state.get("tilt") + y * TURN_PER_PIXEL,
      });
    }
    this.down.set(event.pointerId, now);
  }

  /** Two fingers: their distance is the zoom, their middle moves the picture. */
  pinch(other, before, now) {
    const apart = (place) => Math.max(1, Math.hypot(place[0] - other[0], place[1] - other[1]));
    this.state.set({ zoom: (this.state.get("zoom") * apart(now)) / apart(before) });
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  pan(x, y) {
    const [view] = this.stage.views();
    const least = Math.min(view.width, view.height);
    this.state.set({
      panX: this.state.get("panX") + x / least,
      panY: this.state.get("panY") + y / least,
    });
  }

  release(event) {
    if (this.down.delete(event.pointerId) && this.moved < CLICK) {
      const box = this.canvas.getBoundingClientRect();
      const view = this.stage.viewAt(event.clientX - box.left, event.clientY - box.top);
      if (view) {
        this.state.set({ volume: view.volume.title });
      }
    }
  }

  wheel(event) {
    event.preventDefault();
    // A wheel counts in pixels, lines or pages.
    const pixels = event.deltaY * [1, 16, 400][event.deltaMode];
    this.state.set({ zoom: this.state.get("zoom") * Math.exp(-pixels * 0.0012) });
  }
}

/** Return what every key does; those of `picture` only with the picture in focus. */
function keysOf(state, controls, save) {
  const by = (name, step) => () => state.set({ [name]: state.get(name) + step });
  const mode = (name) => () => state.set({ mode: name });
  const nearer = (factor) => () => state.set({ zoom: state.get("zoom") * factor });
  const always = {
    ",": () => controls.move(-1),
    ".": () => controls.move(1),
    p: () => controls.step(-1),
    n: () => controls.step(1),
    " ": () => controls.play(),
    g: () => state.set({ layout: state.get("layout") === "all" ? "one" : "all" }),
    r: () => state.reset(VIEW),
    s: save,
    "?": () => controls.help(),
    "+": nearer(1.15),
    "=": nearer(1.15),
    "-": nearer(1 / 1.15),
  };
  Object.keys(MODES).forEach((name, number) => (always[String(number + 1)] = mode(name)));
  const picture = {
    ArrowLeft: by("turn", -TURN_PER_KEY),
    ArrowRight: by("turn", TURN_PER_KEY),
    ArrowUp: by("tilt", TURN_PER_KEY),
    ArrowDown: by("tilt", -TURN_PER_KEY),
    "shift ArrowLeft": by("panX", -0.05),
    "shift ArrowRight": by("panX", 0.05),
    "shift ArrowUp": by("panY", -0.05),
    "shift ArrowDown": by("panY", 0.05),
    Home: () => state.reset(VIEW),
    PageUp: () => controls.move(-10),
    PageDown: () => controls.move(10),
  };
  return { always, picture };
}

/** Let keys act, but not those that a control needs for itself, nor those of the browser. */
function listenToKeys(canvas, keys) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) {
      return;
    }
    const { target } = event;
    const inPicture = target === canvas || target === document.body;
    // Lists take letters and space, buttons and boxes take space.
    const taken = target.tagName === "SELECT" || (event.key === " " && !inPicture);
    const name = event.shiftKey && event.key.startsWith("Arrow") ? `shift ${event.key}` : event.key;
    const small = name.length === 1 ? name.toLowerCase() : name;
    const act = (inPicture && keys.picture[name]) || (!taken && keys.always[small]);
    if (act) {
      event.preventDefault();
      act();
    }
  });
}
