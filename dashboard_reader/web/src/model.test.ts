// How the points of cycles, batches, single events and epochs come together in a store.
import { describe, expect, it } from 'vitest';
import { batch_event, embedding_event, run_message, type TestPoint } from './build_messages';
import { Model } from './model';
import { kFlagsWord, kMaxPoints, kPhaseWord, type PointStore } from './point_store';
import { parse_run } from './run_message';

const A = '00000000000000aa';
const B = '00000000000000bb';

class Bench {
  readonly model = new Model();
  private next_ = 0;

  constructor() {
    this.model.segment(A, 'embedding', 'knn');
  }

  send(events: Uint8Array[], epoch = A): void {
    this.model.run(parse_run(run_message(epoch, this.next_, events)));
    this.next_ += events.length;
  }

  /** Single points; x tells the cycle and the index apart. */
  singles(cycle: bigint, from: number, to: number, total: number, epoch = A): void {
    const events: Uint8Array[] = [];
    for (let index = from; index < to; index += 1) {
      const x = Number(cycle) * 1000 + index;
      events.push(embedding_event({ x, phase: index }, { cycle, index, total }));
    }
    this.send(events, epoch);
  }

  batch(cycle: bigint, from: number, to: number, total: number, epoch = A): void {
    const points: TestPoint[] = [];
    for (let index = from; index < to; index += 1) {
      points.push({ x: Number(cycle) * 1000 + index, phase: index });
    }
    this.send([batch_event(points, { cycle, index: from, total })], epoch);
  }

  get store(): PointStore {
    return this.model.stores[0]!;
  }

  /** The x of each point that is shown, in slot order. */
  get xs(): number[] {
    const { store } = this;
    const xs: number[] = [];
    for (let slot = 0; slot < store.extent; slot += 1) {
      if (store.ints[slot * 8 + kFlagsWord]! >= 0) xs.push(store.floats[slot * 8]!);
    }
    expect(this.model.points).toBe(xs.length);
    return xs;
  }
}

function expected_xs(cycle: number, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => cycle * 1000 + from + i);
}

describe('a cycle', () => {
  it('fills the scatter point by point', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 3, 5);
    expect(bench.xs).toEqual(expected_xs(1, 0, 3));
    bench.singles(1n, 3, 5, 5);
    expect(bench.xs).toEqual(expected_xs(1, 0, 5));
  });

  it('replaces the last one point by point, never blank and never doubled', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 5, 5);
    bench.singles(2n, 0, 2, 5);
    expect(bench.xs).toEqual([...expected_xs(2, 0, 2), ...expected_xs(1, 2, 5)]);
    bench.singles(2n, 2, 5, 5);
    expect(bench.xs).toEqual(expected_xs(2, 0, 5));
  });

  it('that is smaller cuts the scatter when its last point has come, not before', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 6, 6);
    bench.singles(2n, 0, 3, 4);
    expect(bench.model.points).toBe(6);
    bench.singles(2n, 3, 4, 4);
    expect(bench.xs).toEqual(expected_xs(2, 0, 4));
  });

  it('that is smaller and lost points is cut when the next one begins', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 6, 6);
    bench.singles(2n, 1, 3, 3);
    expect(bench.model.points).toBe(6);
    bench.singles(3n, 0, 1, 3);
    expect(bench.xs).toEqual([3000, 2001, 2002]);
  });

  it('that is larger grows the scatter', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 2, 2);
    bench.singles(2n, 0, 3000, 3000);
    expect(bench.xs).toEqual(expected_xs(2, 0, 3000));
  });

  it('does not bring back what was cut before it grew again', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 6, 6);
    bench.singles(2n, 0, 2, 2);
    bench.singles(3n, 5, 6, 6);
    expect(bench.xs).toEqual([2000, 2001, 3005]);
  });

  it('joined in the middle shows only the points that came', () => {
    const bench = new Bench();
    bench.singles(1n, 700, 703, 1000);
    expect(bench.xs).toEqual(expected_xs(1, 700, 703));
  });

  it('with an equal number but another total is another cycle', () => {
    const bench = new Bench();
    bench.singles(0n, 0, 4, 4);
    bench.singles(0n, 0, 2, 2);
    expect(bench.xs).toEqual(expected_xs(0, 0, 2));
  });

  it('is told apart by all 64 bits of its number', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 4, 4);
    bench.send([embedding_event({ x: 1 }, { cycle: 1n + (1n << 40n), index: 0, total: 4 })]);
    bench.singles(1n, 1, 4, 4);
    bench.singles(2n, 0, 1, 4);
    expect(bench.xs).toEqual([2000, 1001, 1002, 1003]);
  });

  it('counts a point that comes twice once', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 5, 5);
    bench.singles(2n, 0, 1, 2);
    bench.singles(2n, 0, 1, 2);
    expect(bench.model.points).toBe(5);
  });
});

describe('batches', () => {
  it('take the slots from place.index on, bytes as they are', () => {
    const bench = new Bench();
    bench.send([
      batch_event(
        [
          { x: 1.5, y: -2, z: 3, phase: 4, prediction: 5, cluster: 6, train: true },
          { x: 2.5, phase: -1 },
        ],
        { cycle: 1n, index: 2, total: 4 },
      ),
    ]);
    const { floats, ints } = bench.store;
    expect([...floats.slice(16, 19)]).toEqual([1.5, -2, 3]);
    expect([...ints.slice(16 + kPhaseWord, 16 + 6)]).toEqual([4, 5, 6]);
    expect(ints[16 + kFlagsWord]! >> 24).toBe(1);
    expect(ints[24 + kFlagsWord]).toBe(0);
    expect(bench.xs).toEqual([1.5, 2.5]);
  });

  it('write the same bytes as single events', () => {
    const point: TestPoint = { x: 1, y: 2, z: 3, phase: 4, prediction: 5, cluster: 6, train: true };
    const place = { cycle: 1n, index: 0, total: 1 };
    const single = new Bench();
    single.send([embedding_event(point, place)]);
    const batch = new Bench();
    batch.send([batch_event([point], place)]);
    expect(single.store.bytes.slice(0, 32)).toEqual(batch.store.bytes.slice(0, 32));
  });

  it('and single events make one cycle together', () => {
    const bench = new Bench();
    bench.batch(1n, 0, 6, 6);
    bench.singles(2n, 0, 2, 5);
    bench.batch(2n, 2, 4, 5);
    expect(bench.model.points).toBe(6);
    bench.singles(2n, 4, 5, 5);
    expect(bench.xs).toEqual(expected_xs(2, 0, 5));
  });

  it('of a whole fit replace a larger one at once', () => {
    const bench = new Bench();
    bench.batch(1n, 0, 50, 50);
    bench.batch(2n, 0, 20, 20);
    expect(bench.xs).toEqual(expected_xs(2, 0, 20));
  });
});

describe('points of unknown total', () => {
  it('are appended, also with no place at all', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 2, 0);
    bench.singles(1n, 0, 2, 0);
    bench.send([embedding_event({ x: 9 }, null)]);
    expect(bench.xs).toEqual([1000, 1001, 1000, 1001, 9]);
  });

  it('start afresh when the producer has a new epoch', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 5, 0);
    bench.model.segment(B, 'embedding', 'knn');
    expect(bench.model.points).toBe(5);
    bench.singles(7n, 0, 2, 0, B);
    expect(bench.xs).toEqual([7000, 7001]);
  });
});

describe('epochs', () => {
  it('of one producer replace each other, even in an equal cycle', () => {
    const bench = new Bench();
    bench.singles(0n, 0, 5, 5);
    bench.model.segment(B, 'embedding', 'knn');
    bench.singles(0n, 0, 2, 3, B);
    expect(bench.model.points).toBe(5);
    bench.singles(0n, 2, 3, 3, B);
    expect(bench.xs).toEqual(expected_xs(0, 0, 3));
  });

  it('that were superseded are counted and no longer shown', () => {
    const bench = new Bench();
    bench.model.segment(B, 'embedding', 'knn');
    bench.singles(1n, 0, 2, 2, B);
    bench.singles(9n, 0, 2, 2, A);
    expect(bench.xs).toEqual(expected_xs(1, 0, 2));
    expect(bench.model.events).toBe(4);
  });

  it('of two producers stand side by side', () => {
    const bench = new Bench();
    bench.model.segment(B, 'embedding', 'feed');
    bench.singles(1n, 0, 3, 3);
    bench.singles(1n, 0, 4, 4, B);
    expect(bench.model.points).toBe(7);
    expect(bench.model.stores).toHaveLength(2);
  });
});

describe('a corrupt event', () => {
  it.each([
    ['about its index', { cycle: 1n, index: 5, total: 5 }],
    ['about a total beyond all limits', { cycle: 1n, index: 0, total: kMaxPoints + 1 }],
    ['about an index of 2^32-1', { cycle: 1n, index: 0xffffffff, total: 0xffffffff }],
  ])('%s is counted and passed over', (_, place) => {
    const bench = new Bench();
    bench.send([
      embedding_event({ x: 1 }, place),
      batch_event([{ x: 1 }, { x: 2 }], place),
      embedding_event({ x: 3 }, { cycle: 1n, index: 0, total: 1 }),
    ]);
    expect(bench.xs).toEqual([3]);
    expect(bench.model.unreadable).toBe(2);
  });

  it('by being of another schema is counted and passed over', () => {
    const bench = new Bench();
    const other = embedding_event({ x: 1 }, null);
    other[4] = 'X'.charCodeAt(0);
    bench.send([other, new Uint8Array(0), new Uint8Array(8)]);
    expect(bench.model.events).toBe(3);
    expect(bench.model.unreadable).toBe(3);
    expect(bench.model.points).toBe(0);
  });

  it('in any one word never throws and never writes beyond what it carries', () => {
    const place = { cycle: 1n, index: 0, total: 3 };
    const whole = batch_event([{ x: 1 }, { x: 2 }, { x: 3 }], place);
    for (let at = 0; at + 4 <= whole.length; at += 4) {
      for (const lie of [0, 4, 0x7fffffff, 0xffffffff, 0x01000000]) {
        const bench = new Bench();
        const event = whole.slice();
        new DataView(event.buffer).setUint32(at, lie, true);
        bench.send([event]);
        expect(bench.model.points).toBeLessThanOrEqual(3);
      }
    }
  });
});

describe('changed slots', () => {
  it('are reported once, and cover what was written and what was cut', () => {
    const bench = new Bench();
    bench.singles(1n, 0, 6, 6);
    expect(bench.store.drain_dirty()).toEqual([{ start: 0, end: 6 }]);
    expect(bench.store.drain_dirty()).toEqual([]);
    bench.batch(2n, 0, 2, 2);
    const dirty = bench.store.drain_dirty();
    for (let slot = 0; slot < 6; slot += 1) {
      expect(dirty.some((range) => slot >= range.start && slot < range.end)).toBe(true);
    }
  });

  it('stay few when points come in no order', () => {
    const bench = new Bench();
    for (let i = 0; i < 500; i += 1) {
      const index = (i * 379) % 500;
      bench.send([embedding_event({ x: index }, { cycle: 1n, index, total: 500 })]);
    }
    expect(bench.model.points).toBe(500);
    expect(bench.store.drain_dirty().length).toBeLessThanOrEqual(16);
  });
});
