// One ray per pixel through the box of a volume. Put before it when it is compiled: the version,
// and LIT, MAXIMUM, SURFACE or AVERAGE, which says what the ray gathers.
//
// Places are in voxels (col, row, plane): the box reaches from 0 to `size`, voxel i has its middle
// at i + 0.5. Lengths along the ray are in the world, where the longest edge of the box is 1.

precision highp float;
precision highp int;
precision highp sampler3D;

uniform sampler3D voxels; // level as a byte, and the slope of its magnitude as three
uniform sampler3D space;  // per block: blocks to the nearest full one, to the nearest empty one; greatest level
uniform sampler2D look;   // rows: colour and extinction; signed weight; plain colours

uniform vec3 size;        // of the box, in voxels
uniform vec3 voxel;       // its edges in the world
uniform vec3 clipLow;     // what is shown reaches from here
uniform vec3 clipHigh;    // to here
uniform vec3 eye;
uniform vec3 right;       // what a unit of the world to the right is in voxels
uniform vec3 up;
uniform vec3 forward;
uniform vec2 middle;      // where straight ahead is, in pixels from the lower left
uniform float focal;      // pixels per unit of tangent
uniform float stride;     // voxels from one sample to the next
uniform float block;      // voxels along a side of a block
uniform float zero;       // the share of the byte that is level 0, and
uniform float gain;       // levels per share of the byte
uniform vec3 window;      // low, high, gamma
uniform float surfaceAt;  // level of the isosurface
uniform float amount;     // of light that an average is brightened by
uniform float lamp;       // 1: a lamp at the eye, 0: none
uniform float slice;      // plane that is marked, from 0; below 0: none
uniform bool sliceFilled; // show its map, not only its outline
uniform vec3 background;
uniform vec3 frame;       // colour of the edges of the box
uniform bool skipping;    // over empty space; off only to measure what it saves

out vec4 colour;

const float DARK = 0.985;      // a ray ends where so much of what lies behind is hidden
const int MOST_SPANS = 4096;   // no ray has so many, nor so many samples in a span:
const int MOST_SAMPLES = 4096; // they end the loops whatever happens
const float AMBIENT = 0.35;    // light that a surface seen from its edge sends to the eye
const float EDGE = 0.8;        // pixels, half the width of an edge of the box

vec4 lookAt(float share, int row) {
  return texelFetch(look, ivec2(int(clamp(share, 0.0, 1.0) * float(ENTRIES - 1) + 0.5), row), 0);
}

// The magnitude of the level at a place of the texture.
float magnitude(vec3 place) {
  return abs((texture(voxels, place).r - zero) * gain);
}

float weight(float level) {
  float share = (level - window.x) / (window.y - window.x);
  return share <= 0.0 ? 0.0 : pow(min(share, 1.0), window.z);
}

// The slope of the magnitude along (col, row, plane), per voxel, up to 1.
vec3 slopeOf(vec4 texel) {
  return texel.gba * (255.0 / 127.0) - 128.0 / 127.0;
}

// The factor by which a lamp at the eye lights a place that is so far a surface, and its highlight.
vec2 lit(vec3 slope, float solid, vec3 way) {
  // Slopes are per voxel: along the ray, and over the length that they have in the world.
  float cosine = min(abs(dot(slope, way)) / (length(slope / voxel) + 1e-6), 1.0);
  float second = cosine * cosine;
  float fourth = second * second;
  float eighth = fourth * fourth;
  float shine = eighth * eighth * eighth;
  return vec2(1.0, 0.0) + lamp * solid * vec2((1.0 - AMBIENT) * (cosine - 1.0), 0.2 * shine);
}

// Enter and leave a box: two lengths along the ray.
vec2 through(vec3 low, vec3 high, vec3 perWay) {
  vec3 one = (low - eye) * perWay;
  vec3 other = (high - eye) * perWay;
  vec3 near = min(one, other);
  vec3 far = max(one, other);
  return vec2(max(max(near.x, near.y), max(near.z, 0.0)), min(far.x, min(far.y, far.z)));
}

// How much of the colour of a line is seen so many pixels beside it.
float line(float pixels) {
  return 1.0 - smoothstep(EDGE, EDGE + 1.0, pixels);
}

// How far it is in a plane, in voxels, from where a ray meets it to where the next pixel's does.
vec3 spread(vec3 way, float length, vec3 normal) {
  vec3 across = right - way * (dot(right, normal) / dot(way, normal));
  vec3 along = up - way * (dot(up, normal) / dot(way, normal));
  return length * sqrt(across * across + along * along) / focal + 1e-6;
}

// How much of the colour of an edge is seen where a ray meets a face of the box.
float onEdge(vec3 at, vec3 way, float length) {
  vec3 away = max(min(at, size - at), 0.0);
  vec3 world = away * voxel;
  vec3 normal = world.x <= min(world.y, world.z)
    ? vec3(1.0, 0.0, 0.0)
    : world.y <= world.z ? vec3(0.0, 1.0, 0.0) : vec3(0.0, 0.0, 1.0);
  // A face is no edge of its own.
  vec3 pixels = away / spread(way, length, normal) + normal * 1e6;
  return line(min(pixels.x, min(pixels.y, pixels.z)));
}

#if defined(SURFACE)
// The light of the surface that a ray meets between two lengths, the first outside of it.
vec3 surface(vec3 start, vec3 ahead, vec3 way, vec2 between) {
  for (int halving = 0; halving < 5; ++halving) {
    float at = 0.5 * (between.x + between.y);
    between = magnitude(start + ahead * at) >= surfaceAt ? vec2(between.x, at) : vec2(at, between.y);
  }
  vec3 place = start + ahead * between.y;
  vec4 texel = texture(voxels, place);
  vec2 shade = lit(slopeOf(texel), 1.0, way);
  // Signed data have the colour of their sign, others that of the place in the order.
  float tint = zero > 0.0 ? (texel.r > zero ? 0.85 : 0.15) : 0.35 + 0.55 * place.z;
  return lookAt(tint, PLAIN).rgb * shade.x + shade.y;
}
#endif

// Follow the ray from `shown.x` to `shown.y`: the light it gathers, and how much it hides.
vec4 gather(vec3 way, vec3 perWay, vec2 shown) {
  float stepLength = stride / length(way);
  // In the texture, the box reaches from 0 to 1.
  vec3 start = eye / size;
  vec3 ahead = way / size;
  // Neighbouring rays begin at different depths, or the samples would draw rings.
  float offset = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  float at = shown.x + stepLength * offset;

  vec3 light = vec3(0.0);
  float hidden = 0.0;
#if defined(MAXIMUM)
  float greatest = window.x;
  float greatestShare = zero;
#elif defined(AVERAGE)
  float sum = 0.0;
#endif

  for (int span = 0; span < MOST_SPANS; ++span) {
    if (at >= shown.y) {
      break;
    }
    // A span: as far as all blocks are like the one the ray is in, empty or not.
    vec3 place = eye + way * at;
    vec3 cell = floor(place / block);
    vec3 known = texelFetch(space, ivec3(cell), 0).rgb * 255.0;
    bool empty = known.r > 0.5;
    float alike = max(known.r, known.g);
#if defined(MAXIMUM)
    // What is no brighter than what was seen already is as good as empty, one block at a time.
    if (!empty) {
      alike = 1.0;
      empty = known.b <= greatest * 255.0;
    }
#endif
    vec3 corner = mix(cell + 1.0 - alike, cell + alike, greaterThan(way, vec3(0.0)));
    vec3 leave = (corner * block - place) * perWay;
    float until = min(at + min(leave.x, min(leave.y, leave.z)), shown.y);
    if (skipping && empty) {
      // Go on behind it, on the same samples: the picture is that of a ray that skips nothing.
      at += stepLength * max(1.0, ceil((until - at) / stepLength));
      continue;
    }

    for (int sampled = 0; sampled < MOST_SAMPLES; ++sampled) {
#if defined(LIT)
      vec4 texel = texture(voxels, start + ahead * at);
      vec4 seen = lookAt(texel.r, SEEN);
      if (seen.a > 0.0) {
        vec3 slope = slopeOf(texel);
        vec2 shade = lit(slope, min(length(slope), 1.0), way);
        float share = (1.0 - hidden) * (1.0 - exp(-seen.a * stepLength));
        light += share * (seen.rgb * shade.x + shade.y);
        hidden += share;
      }
#elif defined(MAXIMUM)
      float share = texture(voxels, start + ahead * at).r;
      float level = abs((share - zero) * gain);
      if (level > greatest) {
        greatest = level;
        greatestShare = share;
      }
#elif defined(SURFACE)
      if (magnitude(start + ahead * at) >= surfaceAt) {
        light = surface(start, ahead, way, vec2(max(shown.x, at - stepLength), at));
        hidden = 1.0;
      }
#elif defined(AVERAGE)
      sum += lookAt(texture(voxels, start + ahead * at).r, WEIGHT).r;
#endif
      at += stepLength;
      if (at >= until || hidden > DARK) {
        break;
      }
    }
    if (hidden > DARK) {
      break;
    }
  }

#if defined(MAXIMUM)
  hidden = sqrt(weight(greatest));
  light = lookAt(greatestShare, SEEN).rgb * hidden;
#elif defined(AVERAGE)
  float average = clamp(amount * sum * stepLength / (shown.y - shown.x), -1.0, 1.0);
  hidden = sqrt(abs(average));
  light = lookAt(zero > 0.0 ? 0.5 + 0.5 * average : average, PLAIN).rgb * hidden;
#endif
  return vec4(light, hidden);
}

void main() {
  vec2 pixel = (gl_FragCoord.xy - middle) / focal;
  float tangent = sqrt(1.0 + dot(pixel, pixel));
  vec3 way = (forward + pixel.x * right + pixel.y * up) / tangent;
  // A ray along a plane never meets it: lean it by nothing that is seen.
  way = mix(way, vec3(1e-5), lessThan(abs(way), vec3(1e-5)));
  vec3 perWay = 1.0 / way;

  vec2 box = through(vec3(0.0), size, perWay);
  if (box.y <= box.x) {
    colour = vec4(background, 1.0);
    return;
  }
  vec3 behind = mix(background, frame, 0.35 * onEdge(eye + way * box.y, way, box.y));
  float front = onEdge(eye + way * box.x, way, box.x);

  vec2 shown = through(clipLow, clipHigh, perWay);
  float outline = 0.0;
  if (slice >= 0.0) {
    float length = (slice + 0.5 - eye.z) * perWay.z;
    vec2 at = (eye + way * length).xy;
    vec2 pixels = min(at, size.xy - at) / spread(way, length, vec3(0.0, 0.0, 1.0)).xy;
    float nearest = min(pixels.x, pixels.y);
    if (length > 0.0 && nearest > 0.0) {
      outline = line(nearest);
      if (sliceFilled) {
        behind = lookAt(texelFetch(voxels, ivec3(at, slice), 0).r, SEEN).rgb;
        shown.y = min(shown.y, length);
      }
    }
  }

  vec4 gathered = shown.y > shown.x ? gather(way, perWay, shown) : vec4(0.0);
  vec3 seen = gathered.rgb + (1.0 - gathered.a) * behind;
  seen = mix(seen, frame, front);
  seen = mix(seen, vec3(1.0), outline);
  colour = vec4(seen, 1.0);
}
