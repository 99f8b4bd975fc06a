// What happened that a viewer should know of, until it is acknowledged: events that were missed,
// segments that ended. Equal ones are one, with the time of the last.
const kMaxNotices = 50;

export interface Notice {
  readonly text: string;
  /** Events that were missed; 0 where it is about something else. */
  readonly missed: number;
  /** They are of this epoch, and before this sequence. */
  readonly epoch: string;
  readonly to: number;
}

export interface TimedNotice extends Notice {
  /** By the wall clock. */
  readonly at_ms: number;
}

export class Notices {
  /** Events that were missed since the last acknowledgement. */
  missed = 0;

  private list_: TimedNotice[] = [];

  /** The newest last. */
  get list(): readonly TimedNotice[] {
    return this.list_;
  }

  add(notice: Notice, at_ms: number): void {
    this.missed += notice.missed;
    const is_same = (other: Notice) => other.text === notice.text && other.epoch === notice.epoch;
    const missed = (this.list_.find(is_same)?.missed ?? 0) + notice.missed;
    this.list_ = this.list_.filter((other) => !is_same(other));
    this.list_.push({ ...notice, missed, at_ms });
    if (this.list_.length > kMaxNotices) this.list_.shift();
  }

  acknowledge(): void {
    this.missed = 0;
    this.list_ = [];
  }
}
