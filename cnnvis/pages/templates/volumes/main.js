// Put everything together, and keep it in step with the state.

/** The parts of the state that change which volumes are on the stage, or what levels look like. */
const OF_STAGE = ["group", "volume", "layout"];
const OF_LOOK = ["group", "sequential", "diverging", "low", "high", "gamma", "density"];
const OF_PANELS = ["volume", "channel", ...OF_LOOK];

/** Show the still pictures instead, and say why. */
function giveUp(error) {
  document.documentElement.className = "stills";
  document.getElementById("why").append(` Here it failed: ${error.message}.`);
}

/** Save the stage, words included, as a picture. */
function saver(state, stage, painter, picture, words) {
  return async () => {
    painter.measure(); // all of it in full, now
    const both = document.createElement("canvas");
    [both.width, both.height] = [picture.width, picture.height];
    const context = both.getContext("2d");
    context.drawImage(picture, 0, 0);
    drawWords(words, stage);
    context.drawImage(words, 0, 0);
    const file = await new Promise((resolve) => both.toBlob(resolve, "image/png"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    const named = state.get("layout") === "all" ? state.group.name : `${state.group.name} ${state.volume.title}`;
    link.download = `${named.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^-+|-+$/g, "") || "volumes"}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
}

/** Keep what is drawn and said in step with the state. */
function follow({ state, data, renderer, stage, painter, controls, slicePanel, transferPanel }) {
  const said = document.getElementById("said");
  const picture = document.getElementById("picture");
  const problem = document.getElementById("problem");
  let look = null;

  const touches = (changed, names) => names.some((name) => changed.has(name));

  async function update(changed) {
    controls.show();
    if (touches(changed, OF_LOOK)) {
      const colours = data[state.colours].get(state.get(state.colours));
      look = new Look(state.group, state, colours);
    }
    if (touches(changed, OF_PANELS)) {
      slicePanel.show(look);
      transferPanel.show(look);
    }
    if (touches(changed, OF_STAGE)) {
      const all = state.get("layout") === "all";
      const words = all ? `${state.group.volumes.length} volumes` : state.volume.title;
      picture.setAttribute("aria-label", `${state.group.title}: ${words}`);
      said.textContent = state.volume.title;
      document.getElementById("shown").textContent = state.group.title;
      try {
        if (!(await stage.load())) {
          return;
        }
        problem.hidden = true;
      } catch (error) {
        stage.loading = null;
        problem.textContent = `Cannot show ${state.volume.title}: ${error.message}.`;
        problem.hidden = false;
        painter.request(); // what was shown before, if anything
        return;
      }
    }
    // The look goes to the graphics with the volumes it belongs to, not before.
    if (stage.group === state.group) {
      if (look !== renderer.shown) {
        renderer.setLook(look);
        renderer.shown = look;
      }
      painter.request();
    }
  }

  state.listen(update);
  return update(new Set(Object.keys(state.parts)));
}

async function main() {
  const data = readData();
  const picture = document.getElementById("picture");
  const words = document.getElementById("words");
  const gl = picture.getContext("webgl2", {
    alpha: false,
    antialias: false, // rays have no edges of triangles to smooth
    depth: false,
    preserveDrawingBuffer: true, // refined in bands, over what is there
    powerPreference: "high-performance",
  });
  const state = new State(data);
  const renderer = new Renderer(gl, data);
  const stage = new Stage(document.getElementById("stage"), state, renderer);
  const painter = new Painter(picture, gl, renderer, stage);
  stage.drawWords = () => drawWords(words, stage);
  stage.failed = giveUp;
  const controls = new Controls(state);
  const slicePanel = new SlicePanel(state);
  const transferPanel = new TransferPanel(state);
  transferPanel.percentile = data.percentile;
  const save = saver(state, stage, painter, picture, words);
  document.getElementById("save").addEventListener("click", save);
  new Pointers(picture, state, stage);
  listenToKeys(picture, keysOf(state, controls, save));
  new ResizeObserver(() => painter.request()).observe(stage.element);
  picture.addEventListener("webglcontextlost", (event) => event.preventDefault());
  picture.addEventListener("webglcontextrestored", () => location.reload());
  state.follow();

  // For the console, and for tests.
  window.volumePage = { data, state, stage, painter, renderer, controls };
  await follow({ state, data, renderer, stage, painter, controls, slicePanel, transferPanel });
  await painter.settled();
  window.volumePage.ready = performance.now();
}

if (document.documentElement.className === "draws") {
  main().catch(giveUp);
}
