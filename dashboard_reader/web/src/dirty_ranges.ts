// The slots of a store that changed since they were last handed on, as a few ranges.
const kMaxRanges = 16;

export interface SlotRange {
  start: number;
  end: number;
}

export class DirtyRanges {
  private ranges_: SlotRange[] = [];

  mark(start: number, end: number): void {
    const ranges = this.ranges_;
    const last = ranges[ranges.length - 1];
    if (last !== undefined && start >= last.start && start <= last.end) {
      if (end > last.end) last.end = end;
      return;
    }
    ranges.push({ start, end });
    if (ranges.length <= kMaxRanges) return;
    // Points in no order: one range over all of them costs less than many small ones.
    let low = start;
    let high = end;
    for (const range of ranges) {
      low = Math.min(low, range.start);
      high = Math.max(high, range.end);
    }
    this.ranges_ = [{ start: low, end: high }];
  }

  drain(): SlotRange[] {
    const ranges = this.ranges_;
    this.ranges_ = [];
    return ranges;
  }
}
