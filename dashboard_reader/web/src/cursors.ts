// What this page has of each segment: the next sequence it wants, by epoch. It lives as long as the
// page, across connections, and is what the resume token is made of.
import { ProtocolFault } from './run_message';

// A request line may be 16 KiB; 200 entries of a token are less than half of it.
export const kMaxCursors = 200;

export interface Cursor {
  readonly epoch: string;
  readonly channel: string;
  readonly producer: string;
  next: number;
}

export class Cursors {
  /** Sequences that a server said are gone, or that it skipped with a gap notice. */
  missed = 0;
  /** Sequences that a server sent although this page had them. */
  doubled = 0;

  // A Map keeps the order of insertion; what is mentioned moves to the end.
  private readonly by_epoch_ = new Map<string, Cursor>();

  get(epoch: string): Cursor | undefined {
    return this.by_epoch_.get(epoch);
  }

  /** A server named a segment. True if this page did not know it. */
  announce(epoch: string, channel: string, producer: string, from: number): boolean {
    const known = this.by_epoch_.get(epoch);
    if (known !== undefined && known.producer === producer && known.channel === channel) {
      this.touch(known);
      return false;
    }
    // A gap may have been told before the segment was named; it has moved the cursor already.
    const next = known !== undefined && known.producer === '' ? known.next : from;
    this.touch({ epoch, channel, producer, next });
    if (this.by_epoch_.size > kMaxCursors) {
      for (const oldest of this.by_epoch_.keys()) {
        this.by_epoch_.delete(oldest);
        break;
      }
    }
    return true;
  }

  /** Sequences [from, to) will not come. Returns how many of them this page had not seen. */
  gap(epoch: string, from: number, to: number): number {
    if (to < from) throw new ProtocolFault(`a gap from ${from} to ${to} runs backwards`);
    let cursor = this.by_epoch_.get(epoch);
    if (cursor === undefined) cursor = { epoch, channel: '', producer: '', next: from };
    if (from > cursor.next) {
      throw new ProtocolFault(`a gap starts at ${from}, but ${cursor.next} has not come`);
    }
    const count = Math.max(0, to - cursor.next);
    cursor.next += count;
    this.missed += count;
    this.touch(cursor);
    return count;
  }

  /** The epoch no longer exists: nothing of it can be asked for again. */
  forget(epoch: string, from: number, to: number): number {
    const count = Math.max(0, to - from);
    this.missed += count;
    this.by_epoch_.delete(epoch);
    return count;
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
        `sequence ${first_sequence} came, but ${cursor.next} has not, and no gap was told`,
      );
    }
    cursor.next = first_sequence + record_count;
    this.touch(cursor);
    return cursor;
  }

  /** `EPOCH:NEXT,...`, the most recent last; empty if nothing is known yet. */
  resume_token(): string {
    const parts: string[] = [];
    for (const cursor of this.by_epoch_.values()) parts.push(`${cursor.epoch}:${cursor.next}`);
    return parts.join(',');
  }

  private touch(cursor: Cursor): void {
    this.by_epoch_.delete(cursor.epoch);
    this.by_epoch_.set(cursor.epoch, cursor);
  }
}
