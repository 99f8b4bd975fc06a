// What events may hold that no way in of this project's writes, and how a store takes it.
import { describe, expect, it } from 'vitest';
import { kPointBytes, kTrainByte, PointStore } from './point_store';
import { summarise } from './summary';

describe('a batch of points', () => {
  it('has a point of the training set in any flag but 0', () => {
    const flags = [0, 1, 2, 0x7f, 0x80, 0xff];
    const source = new Uint8Array(flags.length * kPointBytes);
    flags.forEach((flag, i) => (source[i * kPointBytes + kTrainByte] = flag));
    const store = new PointStore();
    const place = { sequence: 0, cycle_low: 0, cycle_high: 0, index: 0, total: flags.length };
    expect(store.write_batch(place, source, 0, flags.length)).toBe(true);
    const { train, test } = summarise([store], 'phase');
    expect({ present: store.present, train, test }).toEqual({ present: 6, train: 5, test: 1 });
  });
});
