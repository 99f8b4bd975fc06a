// What the camera frames: the points as they are, and not what one of them far away would make it.
import { describe, expect, it } from 'vitest';
import { box_of } from './frame';
import { kFlagsWord, kWordsPerPoint, PointStore } from './point_store';

type Xyz = [number, number, number];

function store_of(points: readonly Xyz[]): PointStore {
  const store = new PointStore();
  for (const xyz of points) {
    const place = { sequence: 0, cycle_low: 0, cycle_high: 0, index: 0, total: 0 };
    const at = store.take_slots(place) * kWordsPerPoint;
    store.floats.set(xyz, at);
    store.ints[at + kFlagsWord] = 0;
  }
  return store;
}

/** Evenly in [-3, 3] on each axis, in no order. */
function cloud(count: number): Xyz[] {
  const at = (i: number, step: number) => ((i * step) % count) / ((count - 1) / 6) - 3;
  return Array.from({ length: count }, (_, i) => [at(i, 1), at(i, 7), at(i, 11)]);
}

describe('box_of', () => {
  it('is the box of all points where none is far from the others', () => {
    const framed = box_of([store_of(cloud(2001))]);
    expect(framed).toEqual({ box: { min: [-3, -3, -3], max: [3, 3, 3] }, outliers: 0 });
  });

  it.each([1e6, -1e6, 1e38, -3.4e38, Infinity, NaN])('leaves a point at %d out', (far) => {
    for (const count of [10, 301, 2001, 40001]) {
      const points = cloud(count);
      const { box } = box_of([store_of(points)]);
      for (const axis of [0, 1, 2]) {
        const outlier: Xyz = [0, 0, 0];
        outlier[axis] = far;
        expect(box_of([store_of([...points, outlier])])).toEqual({ box, outliers: 1 });
      }
    }
  });

  it('counts each of several', () => {
    const far: Xyz[] = [
      [1e6, 0, 0],
      [0, -500, 0],
      [0, 0, 1e38],
    ];
    const { box, outliers } = box_of([store_of([...cloud(2001), ...far])]);
    expect(box).toEqual({ min: [-3, -3, -3], max: [3, 3, 3] });
    expect(outliers).toBe(3);
  });

  it('keeps a rare group that is near enough to be seen beside the rest', () => {
    const rare: Xyz[] = Array.from({ length: 5 }, () => [9, 0, 0]);
    const { box, outliers } = box_of([store_of([...cloud(2001), ...rare])]);
    expect(box!.max[0]).toBe(9);
    expect(outliers).toBe(0);
  });

  it('keeps what few points have on an axis on which all others are equal', () => {
    const flat = cloud(2001).map(([x, y], i): Xyz => [x, y, i === 7 ? 1 : 0]);
    expect(box_of([store_of(flat)])).toEqual({
      box: { min: [-3, -3, 0], max: [3, 3, 1] },
      outliers: 0,
    });
  });

  it('is about all stores together', () => {
    const { box, outliers } = box_of([store_of(cloud(501)), store_of([[1e6, 0, 0]])]);
    expect(box!.max).toEqual([3, 3, 3]);
    expect(outliers).toBe(1);
  });

  it('has something for one point, for equal points, and for none', () => {
    expect(box_of([store_of([[5, 6, 7]])])).toEqual({
      box: { min: [5, 6, 7], max: [5, 6, 7] },
      outliers: 0,
    });
    const equal = Array.from({ length: 9 }, (): Xyz => [1, 1, 1]);
    const framed = box_of([store_of([...equal, [1e9, 1, 1]])]);
    expect(framed).toEqual({ box: { min: [1, 1, 1], max: [1, 1, 1] }, outliers: 1 });
    expect(box_of([])).toEqual({ box: null, outliers: 0 });
    expect(box_of([store_of([[NaN, 0, 0]])])).toEqual({ box: null, outliers: 1 });
  });
});
