// All that the page knows: one store of points per producer, and what was counted. Runs come in
// from the stream; the scene and the HUD read.
import { EventReader, type HearEpisode } from './event_reader';
import { FitPoints } from './fit_points';
import { PointStore } from './point_store';
import { for_each_event, type Run } from './run_message';
import type { GapNotice, Sink } from './session';

const kMaxGapNotices = 50;

interface Source {
  readonly store: PointStore;
  /** The newest epoch of this producer; what still drains from an older one is not shown. */
  epoch: string;
}

export class Model implements Sink {
  events = 0;
  /** Events that are no `embedding` of a kind this page knows. */
  unreadable = 0;
  readonly gaps: GapNotice[] = [];

  /** Points of a saved fit, until the stream has those of its own. */
  readonly fit = new FitPoints();

  private readonly hear_: HearEpisode = (episode) => this.fit.came_live(episode);
  private readonly sources_ = new Map<string, Source>();
  private readonly source_of_epoch_ = new Map<string, Source>();
  private readonly reader_ = new EventReader();

  segment(epoch: string, channel: string, producer: string): void {
    const name = `${channel}/${producer}`;
    let source = this.sources_.get(name);
    if (source === undefined) {
      source = { store: new PointStore(), epoch };
      this.sources_.set(name, source);
    } else {
      this.source_of_epoch_.delete(source.epoch);
      source.epoch = epoch;
      source.store.begin_epoch();
    }
    this.source_of_epoch_.set(epoch, source);
  }

  run(run: Run): void {
    this.events += run.record_count;
    const source = this.source_of_epoch_.get(run.epoch);
    if (source === undefined) return;
    const { store } = source;
    const reader = this.reader_;
    reader.open(run);
    for_each_event(run, (start, end, sequence) => {
      const hear = this.fit.listens ? this.hear_ : null;
      if (!reader.read(start, end, sequence, store, hear)) this.unreadable += 1;
      if (hear !== null && store.has_whole_cycle) this.fit.end();
    });
  }

  gap(gap: GapNotice): void {
    const at = this.gaps.findIndex((g) => g.segment === gap.segment && g.reason === gap.reason);
    const before = at < 0 ? 0 : this.gaps.splice(at, 1)[0]!.count;
    this.gaps.push({ ...gap, count: before + gap.count });
    if (this.gaps.length > kMaxGapNotices) this.gaps.shift();
  }

  get stores(): PointStore[] {
    const stores = Array.from(this.sources_.values(), (source) => source.store);
    // Also when it has no point any more: what was drawn has to be drawn empty.
    if (this.fit.store.capacity > 0) stores.push(this.fit.store);
    return stores;
  }

  get points(): number {
    let points = this.fit.store.present;
    for (const source of this.sources_.values()) points += source.store.present;
    return points;
  }
}
