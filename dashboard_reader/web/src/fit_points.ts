// The points of a saved fit beside those of the stream, and how the stream wins over them.
//
// By episode: as soon as an event of an episode has come live, all points that the file has of that
// episode are gone, so that none is shown twice. When one whole cycle has come live, the file has
// nothing more to say, and what is left of it goes. It comes back when no live point is left, as it
// would be shown to a page that is opened then. So a scatter is never blank, and never two fits
// at once but for the stretch of the first cycle, in which each episode is of one of them.
import { kPointBytes, PointStore } from './point_store';
import type { SavedFit } from './fit_builder';

const kNone = -1;

export class FitPoints {
  readonly store = new PointStore();
  private expected_ = true;
  private saved_: SavedFit | null | undefined; // null: there is none
  private live_ = new Set<string>(); // episodes that came before the file
  private first_of_ = new Map<string, number>(); // the first point of each episode
  private next_of_ = new Int32Array(0); // and from each point the next one of its episode

  /** Whether anybody wants to hear of episodes: while the file is expected, or shown. */
  get listens(): boolean {
    return this.expected_ || this.store.present > 0;
  }

  /** The file has come, or there is none. */
  show(fit: SavedFit | null): void {
    const live = this.live_;
    const expected = this.expected_;
    this.live_ = new Set();
    this.expected_ = false;
    this.saved_ = fit;
    if (fit === null || !expected) return;
    const place = { sequence: 0, cycle_low: 0, cycle_high: 0, index: 0, total: fit.count };
    this.store.write_batch(place, fit.points, 0, fit.points.length / kPointBytes);
    this.first_of_.clear();
    this.next_of_ = new Int32Array(fit.count).fill(kNone);
    for (let at = fit.count - 1; at >= 0; at -= 1) {
      const episode = fit.episodes[at]!;
      this.next_of_[at] = this.first_of_.get(episode) ?? kNone;
      this.first_of_.set(episode, at);
    }
    for (const episode of live) this.came_live(episode);
  }

  came_live(episode: string): void {
    if (this.expected_) {
      this.live_.add(episode);
      return;
    }
    let at = this.first_of_.get(episode) ?? kNone;
    if (at === kNone) return;
    this.first_of_.delete(episode);
    for (; at !== kNone; at = this.next_of_[at]!) this.store.remove(at);
  }

  /** Nothing of the stream is left: the file has its say again. */
  come_back(): void {
    this.live_.clear();
    if (this.saved_ === null) return;
    this.expected_ = true;
    if (this.saved_ !== undefined) this.show(this.saved_);
  }

  /** A whole cycle has come live. */
  end(): void {
    this.expected_ = false;
    this.live_.clear();
    this.first_of_.clear();
    this.store.cut(0);
  }
}
