// The box that the camera frames: all points but those so far from the others that framing them
// would leave nothing to see of the rest.
//
// On each axis, half a percent of the points at either end may be far away; what lies between them
// is the core. The box holds all points that are within twice the core's size of it, by the longest
// side of the core, so that what is flat on one axis is not cut there. A few thousand points tell
// where the core is.
import { kFlagsWord, kWordsPerPoint, type PointStore } from './point_store';

type Xyz = [number, number, number];

export interface Box {
  min: Xyz;
  max: Xyz;
}

const kAxes = [0, 1, 2] as const;
const kSamples = 1 << 14;
const kTrimmed = 0.005;
// Beyond this a graphics card has no number for the square of a distance.
const kFarthest = 1e18;
const kReach = 2;
// With so few points there is no saying which of them is far from the others.
const kFewestToTrim = 4;

/**
 * The box, null while no point has coordinates that can be drawn, and how many points are not in it.
 */
export function box_of(stores: readonly PointStore[]): { box: Box | null; outliers: number } {
  const fences = fences_of(stores);
  if (fences === null) {
    return { box: null, outliers: stores.reduce((sum, store) => sum + store.present, 0) };
  }
  const min: Xyz = [Infinity, Infinity, Infinity];
  const max: Xyz = [-Infinity, -Infinity, -Infinity];
  let outliers = 0;
  for (const { floats, ints, extent } of stores) {
    for (let at = 0; at < extent * kWordsPerPoint; at += kWordsPerPoint) {
      if (ints[at + kFlagsWord]! < 0) continue;
      // False for what is no number, too.
      const is_inside = kAxes.every(
        (axis) => floats[at + axis]! >= fences.min[axis] && floats[at + axis]! <= fences.max[axis],
      );
      if (!is_inside) {
        outliers += 1;
        continue;
      }
      for (const axis of kAxes) {
        const value = floats[at + axis]!;
        if (value < min[axis]) min[axis] = value;
        if (value > max[axis]) max[axis] = value;
      }
    }
  }
  return { box: min[0] <= max[0] ? { min, max } : fences, outliers };
}

/** Beyond them a point is far from the others. */
function fences_of(stores: readonly PointStore[]): Box | null {
  const cores = cores_of(stores);
  if (cores === null) return null;
  const side = Math.max(...cores.map(([low, high]) => high - low));
  const reach = kReach * (side > 0 ? side : 1);
  return {
    min: cores.map(([low]) => low - reach) as Xyz,
    max: cores.map(([, high]) => high + reach) as Xyz,
  };
}

/** The ends of the core on each axis, or null where no point can be drawn. */
function cores_of(stores: readonly PointStore[]): [number, number][] | null {
  const present = stores.reduce((sum, store) => sum + store.present, 0);
  const step = Math.max(1, Math.ceil(present / kSamples));
  const samples = kAxes.map(() => new Float32Array(Math.ceil(present / step)));
  let seen = 0;
  let count = 0;
  for (const { floats, ints, extent } of stores) {
    for (let at = 0; at < extent * kWordsPerPoint; at += kWordsPerPoint) {
      if (ints[at + kFlagsWord]! < 0) continue;
      seen += 1;
      if ((seen - 1) % step !== 0) continue;
      if (!kAxes.every((axis) => Math.abs(floats[at + axis]!) <= kFarthest)) continue;
      for (const axis of kAxes) samples[axis]![count] = floats[at + axis]!;
      count += 1;
    }
  }
  if (count === 0) return null;
  const trimmed = count < kFewestToTrim ? 0 : Math.max(1, Math.floor(count * kTrimmed));
  return samples.map((values) => {
    const sorted = values.subarray(0, count).sort();
    return [sorted[trimmed]!, sorted[count - 1 - trimmed]!];
  });
}
