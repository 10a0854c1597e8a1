// Where the eye is, and where it sees a voxel.
//
// The world has the box of the volume in its middle, the longest edge 1: planes run along x, rows
// down along -y, columns along z. Voxels are counted (plane, row, col), voxel i reaching from
// i - 0.5 to i + 0.5. The first view is that of the still pictures.

/** Distance of the eye from the middle of the box, in its diagonals. */
const DISTANCE = 2.3;

/** What is left free round the box, as a share of the picture. */
const MARGIN = 0.1;

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Return right, up and forward of an eye that turns round the box and tilts over it (degrees). */
function directions(turn, tilt) {
  const [t, u] = [(turn * Math.PI) / 180, (tilt * Math.PI) / 180];
  const towards = [Math.cos(u) * Math.sin(t), Math.sin(u), Math.cos(u) * Math.cos(t)];
  return {
    right: [Math.cos(t), 0, -Math.sin(t)],
    up: [-Math.sin(u) * Math.sin(t), Math.cos(u), -Math.sin(u) * Math.cos(t)],
    forward: towards.map((part) => -part),
  };
}

/** Return the lengths (plane, row, col) of a group's box in the world. */
function boxOf(group, stretch) {
  const [plane, row, col] = group.edges;
  const edges = [plane * stretch, row, col];
  const longest = Math.max(...edges);
  return edges.map((edge) => edge / longest);
}

class Camera {
  /**
   * A view of a box for a picture of so many pixels.
   *
   * `shape` counts voxels and `box` gives the lengths of the box, both along (plane, row, col).
   * `view` has turn, tilt, zoom, panX and panY of the state.
   */
  constructor(shape, box, view, width, height) {
    this.shape = shape;
    this.box = box;
    this.size = [width, height];
    Object.assign(this, directions(view.turn, view.tilt));
    this.distance = DISTANCE * Math.hypot(...box);
    this.eye = this.forward.map((part) => -part * this.distance);
    // Pixels per unit of tangent. What fits does not depend on the turn: turning moves nothing else.
    this.focal = fittingFocal(box, this.distance, width, height) * view.zoom;
    const least = Math.min(width, height);
    this.middle = [width / 2 + view.panX * least, height / 2 + view.panY * least];
  }

  /** Return the place in the world of a voxel index (plane, row, col). */
  world(index) {
    const share = index.map((i, axis) => (i + 0.5) / this.shape[axis] - 0.5);
    return [share[0] * this.box[0], -share[1] * this.box[1], share[2] * this.box[2]];
  }

  /** Return where a voxel index is seen: [x, y] in pixels from the upper left. */
  project(index) {
    const way = this.world(index).map((part, axis) => part - this.eye[axis]);
    const depth = dot(way, this.forward);
    return [
      this.middle[0] + (this.focal * dot(way, this.right)) / depth,
      this.middle[1] - (this.focal * dot(way, this.up)) / depth,
    ];
  }

  /** Return a direction of the world in voxels (col, row, plane), as the shader counts. */
  inVoxels(way) {
    return [
      (way[2] / this.box[2]) * this.shape[2],
      (-way[1] / this.box[1]) * this.shape[1],
      (way[0] / this.box[0]) * this.shape[0],
    ];
  }

  /** Return the eye in voxels (col, row, plane); the box reaches from 0 to the number of voxels. */
  eyeInVoxels() {
    const middle = [this.shape[2] / 2, this.shape[1] / 2, this.shape[0] / 2];
    return this.inVoxels(this.eye).map((part, axis) => part + middle[axis]);
  }
}

/** Return the focal length with which the box, seen from the first view, fills the picture. */
function fittingFocal(box, distance, width, height) {
  const { right, up, forward } = directions(PARTS.turn.start, PARTS.tilt.start);
  let across = 0;
  let high = 0;
  for (let corner = 0; corner < 8; corner += 1) {
    const at = box.map((edge, axis) => (corner & (1 << axis) ? edge / 2 : -edge / 2));
    const depth = distance + dot(at, forward);
    across = Math.max(across, Math.abs(dot(at, right)) / depth);
    high = Math.max(high, Math.abs(dot(at, up)) / depth);
  }
  const free = 0.5 - MARGIN;
  return Math.min((width * free) / across, (height * free) / high);
}
