// What happened that a viewer should know of, until it is acknowledged: events that were missed,
// segments that ended. Equal ones are one, with the time of the last.
const kMaxNotices = 50;

export interface GapNotice {
  readonly epoch: string;
  /** `channel/producer` where it is known, else the epoch. */
  readonly segment: string;
  readonly count: number;
  /** The sequence that the stream goes on at. */
  readonly to: number;
  readonly reason: string;
}

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
  /** The newest last. */
  list: readonly TimedNotice[] = [];

  add(notice: Notice, at_ms: number): void {
    this.missed += notice.missed;
    const is_same = (other: Notice) => other.text === notice.text && other.epoch === notice.epoch;
    const missed = (this.list.find(is_same)?.missed ?? 0) + notice.missed;
    const others = this.list.filter((other) => !is_same(other));
    this.list = [...others, { ...notice, missed, at_ms }].slice(-kMaxNotices);
  }

  acknowledge(): void {
    this.missed = 0;
    this.list = [];
  }
}
