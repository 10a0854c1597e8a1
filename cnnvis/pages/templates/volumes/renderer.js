// The graphics: textures of volumes, programs for the modes, and one ray-cast picture of a view.

/** What the shader calls the modes of the state. */
const MODES = { lit: "LIT", maximum: "MAXIMUM", surface: "SURFACE", average: "AVERAGE" };

/** Bytes of texels that are kept for volumes that are not shown: coming back to them is quick. */
const KEPT = 192 * 1024 * 1024;

/** How much an average is brightened: most of what it is over is nothing. */
const AVERAGE_GAIN = 4;

class Renderer {
  constructor(gl, data) {
    this.gl = gl;
    this.data = data;
    this.programs = new Map();
    this.volumes = new Map(); // group and title -> texture, space, ..., the longest unused first
    this.skipping = true;
    this.look = this.texture(gl.TEXTURE_2D, gl.NEAREST);
    this.most = gl.getParameter(gl.MAX_3D_TEXTURE_SIZE);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.enable(gl.SCISSOR_TEST);
  }

  /** Return the program that draws a mode, compiled when it is first asked for. */
  program(mode) {
    if (!this.programs.has(mode)) {
      const { gl } = this;
      const source = (name) => document.getElementById(`shader-${name}`).textContent;
      const names = { SEEN: ROWS.seen, WEIGHT: ROWS.weight, PLAIN: ROWS.plain, ENTRIES };
      const constants = Object.entries(names).map(([name, value]) => `#define ${name} ${value}`);
      const head = ["#version 300 es", `#define ${MODES[mode]}`, ...constants].join("\n");
      const program = gl.createProgram();
      for (const [kind, text] of [
        [gl.VERTEX_SHADER, source("corner").trim()],
        [gl.FRAGMENT_SHADER, `${head}\n${source("ray")}`],
      ]) {
        const shader = gl.createShader(kind);
        gl.shaderSource(shader, text);
        gl.compileShader(shader);
        if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
          throw new Error(gl.getShaderInfoLog(shader));
        }
        gl.attachShader(program, shader);
      }
      gl.linkProgram(program);
      if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
        throw new Error(gl.getProgramInfoLog(program));
      }
      const places = new Map();
      const at = (name) => {
        if (!places.has(name)) {
          places.set(name, gl.getUniformLocation(program, name));
        }
        return places.get(name);
      };
      this.programs.set(mode, { program, at });
    }
    return this.programs.get(mode);
  }

  /** Return a new texture; what lies outside is as its border. */
  texture(kind, filter) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(kind, texture);
    gl.texParameteri(kind, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(kind, gl.TEXTURE_MAG_FILTER, filter);
    for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) {
      if (kind === gl.TEXTURE_3D || axis !== gl.TEXTURE_WRAP_R) {
        gl.texParameteri(kind, axis, gl.CLAMP_TO_EDGE);
      }
    }
    return texture;
  }

  /** Put a volume into textures, if it is not there yet. */
  async load(group, volume) {
    const key = JSON.stringify([group.name, volume.title]);
    const shape = [group.channels, group.rows, group.cols];
    if (Math.max(...shape) > this.most) {
      throw new Error(
        `a volume of ${shape.join(" \u00d7 ")} does not fit the graphics of this machine, ` +
          `which takes ${this.most} along each axis`,
      );
    }
    if (!this.volumes.has(key)) {
      const voxels = await group.voxels(volume);
      if (!this.volumes.has(key)) {
        this.volumes.set(key, this.upload(group, voxels, shape));
      }
    }
    const found = this.volumes.get(key);
    this.volumes.delete(key);
    this.volumes.set(key, found); // used last
    return found;
  }

  upload(group, voxels, shape) {
    const { gl } = this;
    const [planes, rows, cols] = shape;
    const texture = this.texture(gl.TEXTURE_3D, gl.LINEAR);
    const texels = texelsOf(voxels, shape, group.signed);
    const [rgba, byte] = [gl.RGBA, gl.UNSIGNED_BYTE];
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGBA8, cols, rows, planes, 0, rgba, byte, texels);
    return {
      texture,
      space: this.texture(gl.TEXTURE_3D, gl.NEAREST),
      blocks: maximaOf(voxels, shape, group.signed),
      threshold: null,
      bytes: texels.length,
      group,
    };
  }

  /** Forget the volumes that were not used for the longest, down to what is kept. */
  forget(shown) {
    let bytes = [...this.volumes.values()].reduce((sum, volume) => sum + volume.bytes, 0);
    for (const [key, volume] of this.volumes) {
      if (bytes <= KEPT) {
        break;
      }
      if (!shown.includes(volume)) {
        this.gl.deleteTexture(volume.texture);
        this.gl.deleteTexture(volume.space);
        this.volumes.delete(key);
        bytes -= volume.bytes;
      }
    }
  }

  /** Map the empty space of a volume: which blocks have nothing above the threshold. */
  map(volume, threshold) {
    if (volume.threshold === threshold) {
      return;
    }
    const { gl } = this;
    const { maxima, counts } = volume.blocks;
    const { toFull, toEmpty } = distancesOf(volume.blocks, threshold);
    const texels = new Uint8Array(maxima.length * 4);
    maxima.forEach((greatest, at) => texels.set([toFull[at], toEmpty[at], greatest], at * 4));
    const [planes, rows, cols] = counts;
    gl.bindTexture(gl.TEXTURE_3D, volume.space);
    const [rgba, byte] = [gl.RGBA, gl.UNSIGNED_BYTE];
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGBA8, cols, rows, planes, 0, rgba, byte, texels);
    volume.threshold = threshold;
  }

  /** Take the look of the levels into the texture that the shaders read. */
  setLook(look) {
    const { gl } = this;
    const rows = Object.keys(ROWS).length;
    gl.bindTexture(gl.TEXTURE_2D, this.look);
    const [rgba, float] = [gl.RGBA, gl.FLOAT];
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, ENTRIES, rows, 0, rgba, float, look.table());
  }

  /**
   * Draw one volume into a rectangle of the framebuffer that is bound.
   *
   * `rectangle` is [left, bottom, width, height] in pixels; `part`, another, is what of it is drawn.
   * `camera` is for a picture of `camera.size`, which is scaled to the rectangle.
   * `slice` is the plane that is marked, or -1. `stride` is in voxels.
   */
  draw(volume, camera, state, { rectangle, part, slice, stride }) {
    const { gl } = this;
    const group = volume.group;
    const mode = state.get("mode");
    const bar = mode === "surface" ? state.get("surface") - 1 / 512 : state.get("low");
    this.map(volume, bar);
    const { program, at } = this.program(mode);
    gl.useProgram(program);
    [
      [gl.TEXTURE_3D, volume.texture, "voxels"],
      [gl.TEXTURE_3D, volume.space, "space"],
      [gl.TEXTURE_2D, this.look, "look"],
    ].forEach(([kind, texture, name], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(kind, texture);
      gl.uniform1i(at(name), unit);
    });
    gl.activeTexture(gl.TEXTURE0 + 3); // what is loaded next disturbs none of these

    const size = [group.cols, group.rows, group.channels];
    const clip = (end) => ["cols", "rows", "planes"].map((axis) => state.get(axis + end));
    const inVoxels = (shares) => shares.map((share, axis) => share * size[axis]);
    const [left, bottom, width, height] = rectangle;
    const scale = width / camera.size[0];
    gl.uniform3fv(at("size"), size);
    gl.uniform3fv(at("voxel"), [2, 1, 0].map((axis) => camera.box[axis] / camera.shape[axis]));
    gl.uniform3fv(at("clipLow"), inVoxels(clip("From")));
    gl.uniform3fv(at("clipHigh"), inVoxels(clip("To")));
    gl.uniform3fv(at("eye"), camera.eyeInVoxels());
    gl.uniform3fv(at("right"), camera.inVoxels(camera.right));
    gl.uniform3fv(at("up"), camera.inVoxels(camera.up));
    gl.uniform3fv(at("forward"), camera.inVoxels(camera.forward));
    gl.uniform2f(
      at("middle"),
      left + camera.middle[0] * scale,
      bottom + height - camera.middle[1] * scale,
    );
    gl.uniform1f(at("focal"), camera.focal * scale);
    gl.uniform1f(at("stride"), stride);
    gl.uniform1f(at("block"), BLOCK);
    gl.uniform1f(at("zero"), group.signed ? ZERO / 255 : 0);
    gl.uniform1f(at("gain"), group.signed ? 255 / STEPS : 1);
    gl.uniform3f(at("window"), state.get("low"), state.get("high"), state.get("gamma"));
    gl.uniform1f(at("surfaceAt"), state.get("surface"));
    gl.uniform1f(at("amount"), AVERAGE_GAIN * state.get("density"));
    gl.uniform1f(at("lamp"), state.get("lamp") === "on" ? 1 : 0);
    gl.uniform1f(at("slice"), slice);
    gl.uniform1i(at("sliceFilled"), state.get("slice") === "picture" ? 1 : 0);
    gl.uniform3fv(at("background"), this.data.background);
    gl.uniform3fv(at("frame"), this.data.frame);
    gl.uniform1i(at("skipping"), this.skipping ? 1 : 0);

    gl.viewport(left, bottom, width, height);
    gl.scissor(...part);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Fill a rectangle with the background. */
  clear(rectangle) {
    const { gl } = this;
    gl.scissor(...rectangle);
    gl.clearColor(...this.data.background, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }
}
