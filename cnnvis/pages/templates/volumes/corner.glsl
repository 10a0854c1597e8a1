#version 300 es
// One triangle that covers the picture: corners (-1, -1), (3, -1) and (-1, 3).
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}
