// What this page has of each segment: the next sequence it wants, by epoch. It lives as long as the
// page, across connections, and is what the resume token is made of. An epoch stays until the server
// says that it is no longer there.
import { ProtocolFault } from './run_message';

export interface Cursor {
  readonly epoch: string;
  readonly channel: string;
  readonly producer: string;
  next: number;
  /** How many events the segment retained when that was last heard. */
  retained: number;
  /** The newest token had no room for it. */
  left_out: boolean;
}

export type Announcement = 'new' | 'resumed' | 'afresh';

export class Cursors {
  /** Sequences that a server said are gone, or that it skipped with a gap notice. */
  missed = 0;
  /** Sequences that a server sent although this page had them. */
  doubled = 0;

  private readonly by_epoch_ = new Map<string, Cursor>();

  get(epoch: string): Cursor | undefined {
    return this.by_epoch_.get(epoch);
  }

  /**
   * A server named a segment, whose stream begins at `from`. Where that is not what was due, what
   * the page has of it has no continuation: it begins afresh.
   */
  announce(epoch: string, channel: string, producer: string, from: number): Announcement {
    const known = this.by_epoch_.get(epoch);
    if (known !== undefined && known.producer === producer && known.channel === channel) {
      if (known.next === from) return 'resumed';
      known.next = from;
      return 'afresh';
    }
    // A gap may have been reported before the segment was named; it has moved the cursor already.
    const next = known !== undefined && known.producer === '' ? known.next : from;
    this.add(epoch, channel, producer, next);
    return 'new';
  }

  /** How much the segment retains: the more, the less it should be sent twice. */
  retains(epoch: string, events: number): void {
    const cursor = this.by_epoch_.get(epoch);
    if (cursor !== undefined) cursor.retained = events;
  }

  /** Sequences [from, to) will not come. Returns how many of them this page had not seen. */
  gap(epoch: string, from: number, to: number): number {
    if (to < from) throw new ProtocolFault(`a gap from ${from} to ${to} runs backwards`);
    const cursor = this.by_epoch_.get(epoch) ?? this.add(epoch, '', '', from);
    if (from > cursor.next) {
      throw new ProtocolFault(`a gap starts at ${from}, but ${cursor.next} has not come`);
    }
    const count = Math.max(0, to - cursor.next);
    cursor.next += count;
    this.missed += count;
    return count;
  }

  /** The epoch is no longer there: nothing of it can be asked for again. */
  forget(epoch: string): void {
    this.by_epoch_.delete(epoch);
  }

  /** Forgets what the newest token left out and this connection did not announce either. */
  forget_left_out(announced: ReadonlySet<string>): void {
    for (const { epoch, left_out } of this.by_epoch_.values()) {
      if (left_out && !announced.has(epoch)) this.by_epoch_.delete(epoch);
    }
  }

  /** A run is about to be taken. Refuses one that is not exactly what comes next. */
  advance(epoch: string, first_sequence: number, record_count: number): Cursor {
    const cursor = this.by_epoch_.get(epoch);
    if (cursor === undefined || cursor.producer === '') {
      throw new ProtocolFault(`a run of segment ${epoch}, which was not announced`);
    }
    if (first_sequence < cursor.next) {
      this.doubled += Math.min(record_count, cursor.next - first_sequence);
      throw new ProtocolFault(`sequence ${first_sequence} came twice`);
    }
    if (first_sequence > cursor.next) {
      throw new ProtocolFault(
        `sequence ${first_sequence} came, but ${cursor.next} has not, and no gap was reported`,
      );
    }
    cursor.next = first_sequence + record_count;
    return cursor;
  }

  /**
   * `EPOCH:NEXT,...` of at most `longest` characters; empty if nothing is known yet. Where not all
   * have room, those are left out that retain the least: a server sends them again from the start.
   */
  resume_token(longest = Infinity): string {
    const entries = Array.from(this.by_epoch_.values(), (cursor) => ({
      cursor,
      text: `${cursor.epoch}:${cursor.next}`,
    }));
    const length = entries.reduce((sum, { text }) => sum + text.length + 1, -1);
    if (length > longest) entries.sort((a, b) => b.cursor.retained - a.cursor.retained);
    let room = longest + 1;
    const parts: string[] = [];
    for (const { cursor, text } of entries) {
      cursor.left_out = text.length + 1 > room;
      if (cursor.left_out) continue;
      room -= text.length + 1;
      parts.push(text);
    }
    return parts.join(',');
  }

  /** How many the newest token had no room for. */
  get left_out(): number {
    return [...this.by_epoch_.values()].filter(({ left_out }) => left_out).length;
  }

  private add(epoch: string, channel: string, producer: string, next: number): Cursor {
    const cursor = { epoch, channel, producer, next, retained: 0, left_out: false };
    this.by_epoch_.set(epoch, cursor);
    return cursor;
  }
}
