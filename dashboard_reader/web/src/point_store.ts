// The points of one producer, 32 bytes each, exactly as `struct Point` of schemas/event.fbs has
// them, so that a batch is copied in with one `set` and the buffer is a vertex buffer as it stands.
//
// How cycles replace each other. Point `index` of a new cycle takes the slot of point `index` of the
// last one, so the scatter is never blank and never doubled. What is left over of a longer cycle
// stays until the shorter one is complete, or the next one begins, and is cut off then. A replay
// may start in the middle of a cycle: slots that nothing filled yet hold kEmpty and are not drawn.
// A segment created anew (another epoch) carries on in the same slots as one more cycle.
//
// `total` 0 appends. Those points replace nothing but what an earlier epoch left, and take the slots
// of points that have left.
//
// A point leaves when its event is no longer retained. Each slot knows the sequence of its event,
// that of a batch for all points of the batch; and by the generation that wrote it, its epoch.
import { DirtyRanges, type SlotRange } from './dirty_ranges';

export const kPointBytes = 32;
/** Where the ints of a point stand, in units of 4 bytes. */
export const kWordsPerPoint = 8;
export const kPhaseWord = 3;
export const kPredictionWord = 4;
export const kClusterWord = 5;
/** host u16 | profile u8 | is_train bool: negative only where the slot is empty. */
export const kFlagsWord = 7;
/** The last byte of them, which is 1 or 0. */
export const kTrainByte = 31;
/** 2 Mi points are 64 MiB; an index beyond them is refused, appended points wrap around. */
export const kMaxPoints = 2 ** 21;

const kEmpty = 0xff;
const kFirstCapacity = 1024;
// What `written_in_` says of a slot: nothing, or a number that each cycle and the appended points of
// each epoch get here, rising.
const kNever = 0;

/** The place of one point or of the first of a batch. The cycle is a u64 in two words. */
export interface PlaceWords {
  /** That of the event. */
  sequence: number;
  cycle_low: number;
  cycle_high: number;
  index: number;
  total: number;
}

export class PointStore {
  /** One more than the last slot in use. */
  extent = 0;
  /** Slots that hold a point. */
  present = 0;
  /** The three views share one buffer; growing replaces all of them. */
  bytes = new Uint8Array(0);
  floats = new Float32Array(0);
  ints = new Int32Array(0);

  private written_in_ = new Uint32Array(0);
  private sequences_ = new Float64Array(0);
  private readonly dirty_ = new DirtyRanges();
  private generation_ = kNever + 1;
  private appended_in_ = kNever + 1;
  private cycle_in_ = kNever;
  private cycle_begun_at_ = 0;
  private whole_since_ = -1;
  private has_cycle_ = false;
  private new_epoch_ = false;
  private cycle_low_ = 0;
  private cycle_high_ = 0;
  private total_ = 0;
  private delivered_ = 0;
  private append_wrapped_ = false;
  private append_at_ = 0;
  /** Empty slots that the next appended points take. */
  private hole_: SlotRange = { start: 0, end: 0 };

  get capacity(): number {
    return this.written_in_.length;
  }

  /**
   * What comes now is of another epoch: even an equal cycle number is another cycle. Returns the
   * first generation of it.
   */
  begin_epoch(): number {
    this.new_epoch_ = true;
    this.whole_since_ = -1;
    this.generation_ += 1;
    this.appended_in_ = this.generation_;
    return this.generation_;
  }

  /** Copies `count` points that stand in `source` at `offset`. False if they have no slot. */
  write_batch(place: PlaceWords, source: Uint8Array, offset: number, count: number): boolean {
    const slot = this.take_slots(place, count);
    if (slot < 0) return false;
    this.bytes.set(source.subarray(offset, offset + count * kPointBytes), slot * kPointBytes);
    // Anything but 0 is true, but some of it would be taken for an empty slot.
    const end = (slot + count) * kPointBytes;
    for (let at = slot * kPointBytes + kTrainByte; at < end; at += kPointBytes) {
      if (this.bytes[at]! > 1) this.bytes[at] = 1;
    }
    return true;
  }

  /** Makes room for points and returns the first slot, for the caller to fill; -1 if refused. */
  take_slots(place: PlaceWords, count = 1): number {
    const { total, sequence } = place;
    return total === 0 ? this.append_slots(count, sequence) : this.cycle_slots(place, count);
  }

  /** Whether all points of the newest cycle are here. */
  get has_whole_cycle(): boolean {
    return this.has_cycle_ && this.delivered_ >= this.total_;
  }

  /** Whether a cycle that began at `sequence` or later has come whole, in this epoch. */
  has_had_whole_cycle_since(sequence: number): boolean {
    return this.whole_since_ >= sequence;
  }

  /**
   * Empties the slots whose event is before `oldest` and whose generation is in [first, end). Takes
   * about a millisecond per million slots.
   */
  leave(first: number, end: number, oldest: number): void {
    const { written_in_: written_in, sequences_: sequences } = this;
    let last = 0; // One more than the last slot that is taken.
    let hole: SlotRange = { start: 0, end: 0 };
    const first_for_appended = this.has_cycle_ ? this.total_ : 0;
    for (let slot = 0; slot < this.extent; slot += 1) {
      const generation = written_in[slot]!;
      if (generation >= first && generation < end && sequences[slot]! < oldest) this.remove(slot);
      if (written_in[slot] === kNever) continue;
      const empty_from = Math.max(last, first_for_appended);
      if (slot - empty_from > hole.end - hole.start) hole = { start: empty_from, end: slot };
      last = slot + 1;
    }
    this.extent = last;
    this.hole_ = hole;
  }

  /** Empties one slot. */
  remove(slot: number): void {
    if (slot >= this.extent || this.written_in_[slot] === kNever) return;
    if (this.written_in_[slot] === this.cycle_in_) this.delivered_ -= 1;
    this.written_in_[slot] = kNever;
    this.present -= 1;
    this.bytes.fill(kEmpty, slot * kPointBytes, (slot + 1) * kPointBytes);
    this.dirty_.mark(slot, slot + 1);
  }

  /** Empties every slot from `extent` on. */
  cut(extent: number): void {
    const written_in = this.written_in_;
    for (let slot = extent; slot < this.extent; slot += 1) {
      if (written_in[slot] !== kNever) this.present -= 1;
    }
    written_in.fill(kNever, extent, this.extent);
    this.bytes.fill(kEmpty, extent * kPointBytes, this.extent * kPointBytes);
    this.dirty_.mark(extent, this.extent);
    this.extent = extent;
    this.hole_ = { start: 0, end: 0 };
  }

  /** The slots that changed since the last call. */
  drain_dirty(): SlotRange[] {
    return this.dirty_.drain();
  }

  private cycle_slots(place: PlaceWords, count: number): number {
    const { index, total } = place;
    const end = index + count;
    if (end > total || total > kMaxPoints) return -1;
    if (
      this.new_epoch_ ||
      !this.has_cycle_ ||
      total !== this.total_ ||
      place.cycle_low !== this.cycle_low_ ||
      place.cycle_high !== this.cycle_high_
    ) {
      this.begin_cycle(place);
    }
    this.delivered_ += this.mark(index, end, this.cycle_in_, place.sequence);
    if (this.delivered_ >= total) {
      this.whole_since_ = this.cycle_begun_at_;
      if (this.extent > total) this.cut(total);
    }
    return index;
  }

  private begin_cycle(place: PlaceWords): void {
    if (this.has_cycle_ && this.extent > this.total_) this.cut(this.total_);
    this.has_cycle_ = true;
    this.new_epoch_ = false;
    this.cycle_low_ = place.cycle_low;
    this.cycle_high_ = place.cycle_high;
    this.total_ = place.total;
    this.delivered_ = 0;
    this.generation_ += 1;
    this.cycle_in_ = this.generation_;
    this.cycle_begun_at_ = place.sequence;
    this.append_wrapped_ = false;
    this.hole_ = { start: 0, end: 0 };
    this.reserve(place.total);
  }

  private append_slots(count: number, sequence: number): number {
    if (count > kMaxPoints) return -1;
    if (this.new_epoch_) {
      this.cut(0);
      this.new_epoch_ = false;
      this.has_cycle_ = false;
      this.append_wrapped_ = false;
    }
    const hole = this.hole_;
    let slot: number;
    if (hole.end - hole.start >= count) {
      slot = hole.start;
      hole.start += count;
    } else {
      slot = this.append_wrapped_ ? this.append_at_ : this.extent;
      if (slot + count > kMaxPoints) {
        slot = 0;
        this.append_wrapped_ = true;
      }
      this.append_at_ = slot + count;
    }
    this.mark(slot, slot + count, this.appended_in_, sequence);
    return slot;
  }

  /** Returns how many of the slots were not of this generation. */
  private mark(start: number, end: number, generation: number, sequence: number): number {
    this.reserve(end);
    const written_in = this.written_in_;
    let changed = 0;
    for (let slot = start; slot < end; slot += 1) {
      const before = written_in[slot]!;
      if (before === kNever) this.present += 1;
      if (before !== generation) changed += 1;
    }
    written_in.fill(generation, start, end);
    this.sequences_.fill(sequence, start, end);
    if (end > this.extent) this.extent = end;
    this.dirty_.mark(start, end);
    return changed;
  }

  private reserve(slots: number): void {
    if (slots <= this.capacity) return;
    let capacity = Math.max(kFirstCapacity, this.capacity);
    while (capacity < slots) capacity *= 2;
    const buffer = new ArrayBuffer(capacity * kPointBytes);
    const bytes = new Uint8Array(buffer);
    bytes.set(this.bytes);
    bytes.fill(kEmpty, this.bytes.length);
    const written_in = new Uint32Array(capacity);
    written_in.set(this.written_in_);
    this.bytes = bytes;
    this.floats = new Float32Array(buffer);
    this.ints = new Int32Array(buffer);
    this.written_in_ = written_in;
    const sequences = new Float64Array(capacity);
    sequences.set(this.sequences_);
    this.sequences_ = sequences;
  }
}
