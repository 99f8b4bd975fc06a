// How long a server has said nothing. Only time in which this page was awake counts: in a tab that
// is hidden, asleep or busy drawing, timers come late, and messages that have long arrived wait as
// well. So each tick counts for little, however late it is.
export const kTickMs = 1000;
export const kSilentMs = 5000;
export const kPatienceMs = 10000;
const kMostPatienceMs = 160000;
// A browser hands on a message only when all of it is there, and one record may be long. A silence
// that such a message ends was none of the server's.
const kLongMessageBytes = 1 << 16;

export class Silence {
  /** When the newest message had been processed; 0 before. */
  heard_at_ms = 0;

  private counted_ms_ = 0;
  private ticked_at_ms_ = 0;
  private patience_ms_ = kPatienceMs;
  private learned_ms_ = kPatienceMs;

  heard(now_ms: number, bytes = 0): void {
    if (bytes >= kLongMessageBytes) {
      this.learned_ms_ = Math.max(this.learned_ms_, bounded(2 * this.counted_ms_));
    }
    this.heard_at_ms = now_ms;
    this.begin(now_ms);
  }

  /** A connection is asked for, or opened: what counts is from now on. */
  begin(now_ms: number): void {
    this.ticked_at_ms_ = now_ms;
    this.counted_ms_ = 0;
  }

  tick(now_ms: number): void {
    this.counted_ms_ += Math.min(Math.max(0, now_ms - this.ticked_at_ms_), 1.5 * kTickMs);
    this.ticked_at_ms_ = now_ms;
  }

  get is_silent(): boolean {
    return this.counted_ms_ >= kSilentMs;
  }

  /** Whether a connection that was asked for should have been opened by now. */
  get is_unanswered(): boolean {
    return this.counted_ms_ >= kPatienceMs;
  }

  /** Whether another connection should be tried. */
  get is_over(): boolean {
    return this.counted_ms_ >= this.patience_ms_;
  }

  /** Another connection is tried, with more patience: this one may have carried a long message. */
  give_up(): void {
    this.patience_ms_ = bounded(2 * this.patience_ms_);
  }

  /** All is well again. */
  settle(): void {
    this.patience_ms_ = this.learned_ms_;
  }
}

function bounded(ms: number): number {
  return Math.min(Math.max(ms, kPatienceMs), kMostPatienceMs);
}
