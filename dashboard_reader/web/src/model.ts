// All that the page knows: one source of points per producer, and what was counted. Runs come in
// from the stream; the scene and the HUD read.
//
// What is shown is what a page that is opened now would show: points leave when their event is no
// longer retained, and with their epoch.
import { EventReader, type HearEpisode } from './event_reader';
import { FitPoints } from './fit_points';
import { Notices, type GapNotice } from './notices';
import { PointStore } from './point_store';
import { for_each_event, type Run } from './run_message';

/** A producer of a channel. */
export interface Source {
  /** `channel/producer`. */
  readonly name: string;
  readonly store: PointStore;
  /** The newest epoch of this producer; what still drains from an older one is not shown. */
  epoch: string;
  /** Whether the producer is there; null where that is not known. */
  live: boolean | null;
  /** It cannot be read at present: what it has is not shown, as a page opened now could not. */
  quarantined: boolean;
  /** When its newest event was published; NaN before the first. */
  newest_ms: number;
}

/** The points of one epoch: those in the store of its source that these generations wrote. */
interface EpochPoints {
  readonly source: Source;
  readonly first_generation: number;
  end_generation: number;
  /** No point of the epoch is of an event before this. */
  lowest: number;
  oldest: number;
}

export class Model {
  events = 0;
  /** Events that are no `embedding` of a kind this page knows. */
  unreadable = 0;
  /** Points may have come, changed or left since the last look. */
  changed = false;
  readonly notices = new Notices();

  /** Points of a saved fit, until the stream has those of its own. */
  readonly fit = new FitPoints();

  private readonly hear_: HearEpisode = (episode) => this.fit.came_live(episode);
  private readonly sources_ = new Map<string, Source>();
  private readonly epochs_ = new Map<string, EpochPoints>();
  private readonly reader_ = new EventReader();
  private server_now_ms_ = NaN;
  private server_told_at_ms_ = 0;

  /** A segment that this page did not know, or that begins afresh: what it had of it is void. */
  segment(epoch: string, channel: string, producer: string): void {
    const name = `${channel}/${producer}`;
    this.drop(epoch);
    let source = this.sources_.get(name);
    if (source === undefined) {
      const store = new PointStore();
      source = { name, store, epoch, live: null, quarantined: false, newest_ms: NaN };
      this.sources_.set(name, source);
    }
    const first_generation = source.store.begin_epoch();
    const before = this.epochs_.get(source.epoch);
    if (before !== undefined) before.end_generation = first_generation;
    source.epoch = epoch;
    source.live = null;
    source.quarantined = false;
    const points = { first_generation, end_generation: Infinity, lowest: Infinity, oldest: 0 };
    this.epochs_.set(epoch, { source, ...points });
  }

  /** The events of a known segment: each once, in order. */
  run(run: Run): void {
    this.events += run.record_count;
    const points = this.epochs_.get(run.epoch);
    if (points === undefined || points.source.epoch !== run.epoch) return;
    const { source } = points;
    const { store } = source;
    source.newest_ms = run.newest_ms;
    this.quarantine(source, false);
    points.lowest = Math.min(points.lowest, run.first_sequence);
    this.changed = true;
    const reader = this.reader_;
    reader.open(run);
    for_each_event(run, (start, end, sequence) => {
      const hear = this.fit.listens ? this.hear_ : null;
      if (!reader.read(start, end, sequence, store, hear)) this.unreadable += 1;
      if (hear !== null && store.has_whole_cycle) this.fit.end();
    });
  }

  /** The segment can be read, and of this epoch nothing before `oldest` is there any more. */
  retained(epoch: string, oldest: number): void {
    const points = this.epochs_.get(epoch);
    if (points === undefined) return;
    points.oldest = Math.max(points.oldest, oldest);
    this.leave(points, points.oldest);
    if (points.source.epoch === epoch) this.quarantine(points.source, false);
  }

  /** Whether a producer holds the segment; null where that cannot be known. */
  liveness(epoch: string, live: boolean | null): void {
    const source = this.epochs_.get(epoch)?.source;
    if (source !== undefined && source.epoch === epoch) source.live = live;
  }

  /** The server's clock, as of now. */
  clock(now_ms: number): void {
    this.server_now_ms_ = now_ms;
    this.server_told_at_ms_ = performance.now();
  }

  /** The server's clock; NaN where it is not known. */
  get server_now_ms(): number {
    return this.server_now_ms_ + (performance.now() - this.server_told_at_ms_);
  }

  /** The epoch is no longer there. */
  ended(epoch: string): void {
    const source = this.epochs_.get(epoch)?.source;
    if (source === undefined) return;
    // One whose producer goes on in another epoch is no news.
    if (source.epoch === epoch) this.report(`${source.name} has ended`);
    this.drop(epoch);
  }

  /** All that is retained has come; an epoch for which `is_there` is false is no longer there. */
  live(is_there: (epoch: string) => boolean): void {
    for (const epoch of [...this.epochs_.keys()]) if (!is_there(epoch)) this.ended(epoch);
  }

  gap({ epoch, segment, count, to, reason }: GapNotice): void {
    const text = gap_text(segment, count, reason);
    this.notices.add({ text, missed: count, epoch, to }, this.wall_ms());
    const source = this.epochs_.get(epoch)?.source;
    if (reason === 'quarantined' && source?.epoch === epoch) this.quarantine(source, true);
  }

  /** Something that the viewer should know, with the time of now. */
  report(text: string): void {
    this.notices.add({ text, missed: 0, epoch: '', to: 0 }, this.wall_ms());
  }

  /** Missed events that the picture may lack: retained still, and not replaced by a later cycle. */
  is_open({ epoch, missed, to }: { epoch: string; missed: number; to: number }): boolean {
    const points = this.epochs_.get(epoch);
    if (missed === 0 || points === undefined || points.oldest >= to) return false;
    return points.source.epoch === epoch && !points.source.store.has_had_whole_cycle_since(to);
  }

  get sources(): Source[] {
    return [...this.sources_.values()];
  }

  /** The stores of all sources that can be read, but the hidden ones, and of the saved fit. */
  stores_without(hidden: ReadonlySet<string>): PointStore[] {
    const shown = this.sources.filter(({ name, quarantined }) => !quarantined && !hidden.has(name));
    const stores = shown.map(({ store }) => store);
    // Also when it has no point any more: what was drawn has to be drawn empty.
    if (this.fit.store.capacity > 0) stores.push(this.fit.store);
    return stores;
  }

  get stores(): PointStore[] {
    return this.stores_without(new Set());
  }

  get points(): number {
    return this.stores.reduce((sum, store) => sum + store.present, 0);
  }

  private quarantine(source: Source, quarantined: boolean): void {
    if (source.quarantined === quarantined) return;
    source.quarantined = quarantined;
    this.changed = true;
  }

  private wall_ms(): number {
    const now_ms = this.server_now_ms;
    return Number.isNaN(now_ms) ? Date.now() : now_ms;
  }

  private leave(points: EpochPoints, oldest: number): void {
    if (points.lowest >= oldest) return;
    points.lowest = oldest;
    points.source.store.leave(points.first_generation, points.end_generation, oldest);
    this.changed = true;
    if (this.sources.every(({ store }) => store.present === 0)) this.fit.come_back();
  }

  private drop(epoch: string): void {
    const points = this.epochs_.get(epoch);
    if (points === undefined) return;
    this.leave(points, Infinity);
    this.epochs_.delete(epoch);
    if (points.source.epoch === epoch) {
      this.sources_.delete(points.source.name);
      this.changed = true;
    }
  }
}

function gap_text(segment: string, count: number, reason: string): string {
  if (reason === 'reset') return `${segment} was reset: events before that may be missing`;
  if (count === 0) return `${segment}: ${reason}`;
  return `of ${segment}: ${reason}`;
}
