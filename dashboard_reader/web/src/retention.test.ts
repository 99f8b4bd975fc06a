// Which points leave, and when: a page that stays open shows what one that is opened now would.
import { describe, expect, it } from 'vitest';
import { columns, json } from './build_fits';
import { batch_event, embedding_event, run_message, type TestPoint } from './build_messages';
import { Model } from './model';
import { kFlagsWord } from './point_store';
import { parse_run, type Run } from './run_message';
import { decode_fit } from './saved_fit';

const A = '00000000000000aa';
const B = '00000000000000bb';
const kNowhere = { cycle: 0n, index: 0, total: 0 };

/** A bus of one producer, which remembers what it published, as a ring would. */
class Bus {
  readonly runs: Run[] = [];
  oldest = 0;
  next = 0;

  constructor(readonly epoch = A) {}

  publish(...events: Uint8Array[]): this {
    for (const event of events) {
      this.runs.push(parse_run(run_message(this.epoch, this.next, [event])));
      this.next += 1;
    }
    return this;
  }

  single(cycle: number, index: number, total: number): Uint8Array {
    return embedding_event({ x: cycle * 1000 + index }, { cycle: BigInt(cycle), index, total });
  }

  batch(cycle: number, from: number, to: number, total: number): Uint8Array {
    const points: TestPoint[] = [];
    for (let index = from; index < to; index += 1) points.push({ x: cycle * 1000 + index });
    return batch_event(points, { cycle: BigInt(cycle), index: from, total });
  }
}

/** The page that has been there from the beginning. */
class Page {
  readonly model = new Model();
  private taken_ = 0;

  constructor(readonly bus: Bus) {
    this.model.segment(bus.epoch, 'embedding', 'knn');
  }

  follow(): this {
    for (const run of this.bus.runs.slice(this.taken_)) this.model.run(run);
    this.taken_ = this.bus.runs.length;
    this.model.retained(this.bus.epoch, this.bus.oldest);
    return this;
  }

  get xs(): number[] {
    return xs_of(this.model);
  }
}

function xs_of(model: Model): number[] {
  const xs: number[] = [];
  for (const store of model.stores) {
    for (let slot = 0; slot < store.extent; slot += 1) {
      if (store.ints[slot * 8 + kFlagsWord]! >= 0) xs.push(store.floats[slot * 8]!);
    }
  }
  expect(model.points).toBe(xs.length);
  return xs.sort((a, b) => a - b);
}

/** What a page shows that is opened now. */
function opened_now({ epoch, runs, oldest }: Bus): number[] {
  const model = new Model();
  model.segment(epoch, 'embedding', 'knn');
  for (const run of runs) if (run.first_sequence >= oldest) model.run(run);
  return xs_of(model);
}

describe('points that are no longer retained', () => {
  it('leave, single ones one by one', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(...[0, 1, 2, 3].map((index) => bus.single(1, index, 10)));
    bus.oldest = 2;
    expect(page.follow().xs).toEqual([1002, 1003]);
    bus.oldest = 4;
    expect(page.follow().xs).toEqual([]);
  });

  it('leave with their batch, all at once and not before', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.batch(1, 0, 3, 6), bus.batch(1, 3, 6, 6));
    bus.oldest = 1;
    expect(page.follow().xs).toEqual([1003, 1004, 1005]);
  });

  it('stay replaced: the later point of a slot does not leave with the earlier one', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.batch(1, 0, 4, 4), bus.single(2, 1, 4), bus.single(2, 2, 4));
    bus.oldest = 1;
    expect(page.follow().xs).toEqual([2001, 2002]);
    bus.oldest = 2;
    expect(page.follow().xs).toEqual([2002]);
  });

  it('leave where they were appended, and others take their slots', () => {
    const bus = new Bus();
    const page = new Page(bus);
    const retained = 100;
    for (let i = 0; i < 50 * retained; i += 1) {
      bus.publish(embedding_event({ x: i }, kNowhere));
      bus.oldest = Math.max(0, bus.next - retained);
      if (i % 40 === 0) page.follow();
    }
    const { next } = bus;
    const wanted = Array.from({ length: retained }, (_, i) => next - retained + i);
    expect(page.follow().xs).toEqual(wanted);
    expect(page.model.stores[0]!.extent).toBeLessThan(4 * retained);
  });

  it('that came before the server reported what is retained leave with its next report', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.oldest = 2;
    page.follow();
    bus.publish(...[0, 1, 2].map((index) => bus.single(1, index, 5)));
    expect(page.follow().xs).toEqual([1002]);
  });

  it('do not make a cycle whole that came in parts which have left', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.batch(1, 0, 6, 6), bus.single(2, 0, 2));
    bus.oldest = 2;
    page.follow();
    bus.publish(bus.single(2, 0, 2));
    page.follow();
    expect(page.model.stores[0]!.has_whole_cycle).toBe(false);
    expect(page.xs).toEqual(opened_now(bus));
  });

  it('are gone for any mixture, as if the page were opened now', () => {
    // A small generator of its own, so that what fails can be repeated.
    let seed = 12345;
    const below = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * n);
    };
    for (let round = 0; round < 40; round += 1) {
      const bus = new Bus();
      const page = new Page(bus);
      const batch = 1 + below(5);
      const retained = 1 + below(40);
      for (let cycle = 1; cycle <= 6; cycle += 1) {
        const total = 1 + below(30);
        for (let index = 0; index < total; index += batch) {
          const end = Math.min(total, index + batch);
          if (below(4) === 0) bus.publish(bus.single(cycle, index, total));
          else bus.publish(bus.batch(cycle, index, end, total));
          bus.oldest = Math.max(0, bus.next - retained);
          if (below(3) > 0) expect(page.follow().xs).toEqual(opened_now(bus));
        }
      }
    }
  });
});

describe('points of an epoch that ended', () => {
  it('leave, and those of its successor stay', () => {
    const old = new Bus();
    const page = new Page(old);
    old.publish(old.batch(1, 0, 5, 5));
    page.follow();
    page.model.segment(B, 'embedding', 'knn');
    const successor = new Bus(B);
    successor.publish(successor.batch(1, 0, 2, 5));
    successor.runs.forEach((run) => page.model.run(run));
    expect(page.xs).toEqual([1000, 1001, 1002, 1003, 1004]);
    page.model.ended(A);
    expect(page.xs).toEqual([1000, 1001]);
    expect(page.model.notices.list).toEqual([]); // Its producer goes on.
    page.model.retained(B, 1);
    expect(page.xs).toEqual([]);
  });

  it('do not leave by what the successor retains, nor the reverse', () => {
    const old = new Bus();
    const page = new Page(old);
    old.publish(old.single(1, 0, 5), old.single(1, 1, 5));
    page.follow();
    page.model.segment(B, 'embedding', 'knn');
    page.model.retained(B, 7);
    expect(page.xs).toEqual([1000, 1001]);
    page.model.retained(A, 1);
    expect(page.xs).toEqual([1001]);
  });

  it('leave once, though the producer goes on under another name', () => {
    const old = new Bus();
    const page = new Page(old);
    old.publish(old.batch(1, 0, 4, 4));
    page.follow();
    page.model.segment(B, 'embedding', 'knn-2');
    const renamed = new Bus(B);
    renamed.publish(renamed.batch(1, 0, 4, 4));
    renamed.runs.forEach((run) => page.model.run(run));
    expect(page.model.points).toBe(8);
    page.model.ended(A);
    expect(page.xs).toEqual([1000, 1001, 1002, 1003]);
    expect(page.model.sources.map(({ name }) => name)).toEqual(['embedding/knn-2']);
  });

  it('may come back with it', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.batch(1, 0, 4, 4));
    page.follow();
    page.model.ended(A);
    page.model.segment(A, 'embedding', 'knn');
    bus.runs.forEach((run) => page.model.run(run));
    expect(page.xs).toEqual([1000, 1001, 1002, 1003]);
  });

  it('leave when all is there and the server did not name it', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.batch(1, 0, 4, 4));
    page.follow();
    page.model.live(() => true);
    expect(page.model.points).toBe(4);
    page.model.live((epoch) => epoch !== A);
    expect(page.model.points).toBe(0);
    expect(page.model.notices.list).toMatchObject([{ text: 'embedding/knn has ended' }]);
  });
});

describe('a saved fit', () => {
  it('comes back when no live point is left, as a page opened now would show it', async () => {
    for (const comes_first of [true, false]) {
      const bus = new Bus();
      const page = new Page(bus);
      const { fit } = page.model;
      const file = await decode_fit(json(columns(9)));
      if (comes_first) fit.show(file);
      bus.publish(bus.batch(1, 0, 4, 4));
      page.follow();
      if (!comes_first) fit.show(file);
      expect(page.model.points).toBe(4);
      page.model.ended(A);
      expect(page.model.points).toBe(9);
      page.model.segment(B, 'embedding', 'knn');
      const next = new Bus(B);
      next.publish(next.batch(1, 0, 2, 2));
      next.runs.forEach((run) => page.model.run(run));
      expect(page.model.points).toBe(2);
    }
  });

  it('that is not there is not waited for again', () => {
    const page = new Page(new Bus());
    page.model.fit.show(null);
    page.model.ended(A);
    expect(page.model.fit.listens).toBe(false);
  });
});

describe('what was missed', () => {
  function gap(page: Page, to: number, reason = 'invalid'): void {
    page.model.gap({ epoch: A, segment: 'embedding/knn', count: 1, to, reason });
  }
  const open = ({ model }: Page) => model.notices.list.map((notice) => model.is_open(notice));

  it('is a warning while it is retained and nothing has replaced it', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.single(1, 0, 2));
    page.follow();
    gap(page, 2);
    expect(open(page)).toEqual([true]);
    bus.oldest = 1;
    page.follow();
    expect(open(page)).toEqual([true]);
    bus.oldest = 2;
    page.follow();
    expect(open(page)).toEqual([false]);
  });

  it('is none once a whole cycle has come that began after it, and stays none', () => {
    const page = new Page(new Bus());
    gap(page, 2);
    const message = (first: number, event: Uint8Array) =>
      page.model.run(parse_run(run_message(A, first, [event])));
    message(2, page.bus.batch(1, 1, 2, 2));
    expect(open(page)).toEqual([true]);
    message(3, page.bus.batch(2, 0, 2, 2));
    expect(open(page)).toEqual([false]);
    message(4, page.bus.batch(3, 0, 1, 2));
    expect(open(page)).toEqual([false]);
  });

  it('is none once its epoch has ended, or a successor has taken over', () => {
    const page = new Page(new Bus());
    gap(page, 2);
    page.model.segment(B, 'embedding', 'knn');
    expect(open(page)).toEqual([false]);
  });

  it('is summed up, with the time of the last, until it is acknowledged', () => {
    const page = new Page(new Bus());
    page.model.clock(1_000_000_000_000);
    gap(page, 2);
    gap(page, 3);
    const { notices } = page.model;
    expect(notices.list).toMatchObject([{ text: 'of embedding/knn: invalid', missed: 2, to: 3 }]);
    expect(Math.abs(notices.list[0]!.at_ms - 1_000_000_000_000)).toBeLessThan(60_000);
    expect(notices.missed).toBe(2);
    notices.acknowledge();
    expect(notices.list).toEqual([]);
    expect(notices.missed).toBe(0);
    gap(page, 4);
    expect(notices.missed).toBe(1);
  });
});

describe('a source', () => {
  it('has the age of its newest event, by the clock of the server', () => {
    const bus = new Bus();
    const page = new Page(bus);
    expect(page.model.server_now_ms).toBeNaN();
    expect(page.model.sources[0]!.newest_ms).toBeNaN();
    bus.publish(bus.single(1, 0, 2)); // The builder stamps 1 ns.
    page.follow();
    page.model.clock(5000);
    const age_ms = page.model.server_now_ms - page.model.sources[0]!.newest_ms;
    expect(Math.round(age_ms / 1000)).toBe(5);
  });

  it('is live, gone or unknown, as the server says, about its newest epoch alone', () => {
    const page = new Page(new Bus());
    const { model } = page;
    expect(model.sources[0]!.live).toBeNull();
    model.liveness(A, true);
    expect(model.sources[0]!.live).toBe(true);
    model.segment(B, 'embedding', 'knn');
    model.liveness(B, true);
    model.liveness(A, false);
    expect(model.sources[0]!.live).toBe(true);
  });

  it('is left out where it is switched off', () => {
    const bus = new Bus();
    const page = new Page(bus);
    bus.publish(bus.batch(1, 0, 4, 4));
    page.follow();
    expect(page.model.stores_without(new Set(['embedding/knn']))).toEqual([]);
    expect(page.model.stores_without(new Set(['embedding/feed']))).toHaveLength(1);
  });
});
