// How a point is drawn. Train is a filled disc; test is a brighter ring around a hollow, so that
// the two differ in shape and not in colour alone. The ints of `struct Point` arrive as integer
// attributes, untouched.
import { kSlots } from './palette';

export const kVertexShader = /* glsl */ `
precision highp float;
precision highp int;

uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
uniform vec3 palette[${kSlots}];
uniform int colour_by;   // 0 phase, 1 prediction
uniform int split;       // 0 both, 1 train, 2 test
uniform uint hidden;     // one bit per slot of the palette
uniform float size;      // in device pixels, at the distance of the scatter's middle
uniform float distance_to_middle;
uniform float radius;

in vec3 position;
in ivec3 labels;         // phase, prediction, cluster
in int flags;            // is_train in the highest byte; negative: an empty slot

out vec3 colour;
out float ring;
out float depth;

void main() {
  int label = labels[colour_by];
  int slot = label < 0 ? 0 : 1 + label % ${kSlots - 1};
  bool is_train = (flags >> 24) != 0;
  bool hide = flags < 0 || (split == 1 && !is_train) || (split == 2 && is_train) ||
      ((hidden >> uint(slot)) & 1u) != 0u || !all(lessThanEqual(abs(position), vec3(1e18)));
  if (hide) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);  // Outside of the clip volume.
    gl_PointSize = 0.0;
    return;
  }
  vec4 seen = modelViewMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * seen;
  float away = max(-seen.z, 1e-6);
  float scale = clamp(distance_to_middle / away, 0.4, 4.0);
  ring = is_train ? 0.0 : 1.0;
  gl_PointSize = max(1.5, size * scale * (is_train ? 1.0 : 1.25));
  colour = is_train ? palette[slot] : mix(palette[slot], vec3(1.0), 0.35);
  depth = clamp((away - distance_to_middle) / max(radius, 1e-6) * 0.5 + 0.5, 0.0, 1.0);
}
`;

export const kFragmentShader = /* glsl */ `
precision highp float;

uniform vec3 background;

in vec3 colour;
in float ring;
in float depth;

out vec4 fragment;

void main() {
  vec2 from_centre = gl_PointCoord * 2.0 - 1.0;
  float reach = length(from_centre);
  float edge = fwidth(reach);
  float alpha = 1.0 - smoothstep(1.0 - edge, 1.0, reach);
  if (alpha < 0.05) discard;
  // Hollow only where there are pixels enough to see a ring.
  float hollow = ring * (1.0 - smoothstep(0.5 - edge, 0.5, reach)) * step(edge, 0.45);
  vec3 shaded = colour * (1.0 - 0.72 * hollow);
  shaded = mix(shaded, background, 0.55 * depth);
  fragment = vec4(shaded, alpha);
}
`;
