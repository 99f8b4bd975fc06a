// Reads events of schemas/event.fbs where they stand in a message and puts their points into a
// store. The generated tables are made once per message or once for all, never per event, and no
// string is decoded.
//
// A message is input: tables and vectors are checked to lie inside their record before they are
// read. (The runtime itself yields zeros beyond the message, so nothing worse than a wrong point can
// come of a corrupt field.) An event that cannot be read is told apart from a broken stream: it
// would be the same after a reconnect, so it is counted and passed over.
import { ByteBuffer } from 'flatbuffers';
import { Body, CycleSlot, Embedding, EmbeddingBatch, Event } from './generated/event_generated';
import {
  kClusterWord,
  kFlagsWord,
  kPhaseWord,
  kPointBytes,
  kPredictionWord,
  kWordsPerPoint,
  type PlaceWords,
  type PointStore,
} from './point_store';
import type { Run } from './run_message';

const kFileIdentifier = 0x56455352; // "RSEV", little-endian.
const kTrainFlag = 1 << 24;
const kSmallestEvent = 8;

export type HearEpisode = (episode: string) => void;

export class EventReader {
  private bytes_ = new Uint8Array(0);
  private buffer_ = new ByteBuffer(this.bytes_);
  private readonly event_ = new Event();
  private readonly embedding_ = new Embedding();
  private readonly batch_ = new EmbeddingBatch();
  private readonly slot_ = new CycleSlot();
  private readonly words_: PlaceWords = {
    sequence: 0,
    cycle_low: 0,
    cycle_high: 0,
    index: 0,
    total: 0,
  };

  /** The message that the next calls of `read` are about. */
  open(run: Run): void {
    this.bytes_ = new Uint8Array(run.buffer);
    this.buffer_ = new ByteBuffer(this.bytes_);
  }

  /**
   * Puts the event at [start, end) of the open message into the store. False if unreadable. Strings
   * are decoded only where somebody wants to hear of episodes.
   */
  read(
    start: number,
    end: number,
    sequence: number,
    store: PointStore,
    hear: HearEpisode | null = null,
  ): boolean {
    const buffer = this.buffer_;
    this.words_.sequence = sequence;
    if (end - start < kSmallestEvent || buffer.readInt32(start + 4) !== kFileIdentifier) {
      return false;
    }
    buffer.setPosition(start);
    const event = Event.getRootAsEvent(buffer, this.event_);
    if (!this.table_fits(event.bb_pos, start, end)) return false;
    switch (event.bodyType()) {
      case Body.Embedding:
        return event.body(this.embedding_) !== null && this.read_embedding(start, end, store, hear);
      case Body.EmbeddingBatch:
        return event.body(this.batch_) !== null && this.read_batch(start, end, store, hear);
      default:
        return false;
    }
  }

  private read_embedding(
    start: number,
    end: number,
    store: PointStore,
    hear: HearEpisode | null,
  ): boolean {
    const embedding = this.embedding_;
    if (!this.table_fits(embedding.bb_pos, start, end)) return false;
    this.read_slot(embedding.slot(this.slot_));
    const slot = store.take_slots(this.words_);
    if (slot < 0) return false;
    const at = slot * kWordsPerPoint;
    store.floats[at] = embedding.x();
    store.floats[at + 1] = embedding.y();
    store.floats[at + 2] = embedding.z();
    store.ints[at + kPhaseWord] = embedding.phaseInt();
    store.ints[at + kPredictionWord] = embedding.predictedInt();
    store.ints[at + kClusterWord] = embedding.cluster();
    store.ints[at + kClusterWord + 1] = 0; // `episode` indexes the strings of a batch; here is none.
    store.ints[at + kFlagsWord] = embedding.isTrain() ? kTrainFlag : 0;
    if (hear !== null) hear(embedding.episodeId() ?? '');
    return true;
  }

  private read_batch(
    start: number,
    end: number,
    store: PointStore,
    hear: HearEpisode | null,
  ): boolean {
    const batch = this.batch_;
    if (!this.table_fits(batch.bb_pos, start, end)) return false;
    const count = batch.pointsLength() >>> 0;
    if (count === 0) return true;
    const first = batch.points(0)!.bb_pos;
    if (first < start || first + count * kPointBytes > end) return false;
    this.read_slot(batch.slot(this.slot_));
    if (!store.write_batch(this.words_, this.bytes_, first, count)) return false;
    // A batch of a whole cycle tells more than its episodes could.
    if (hear !== null && !store.has_whole_cycle) {
      for (let i = 0; i < batch.episodesLength(); i += 1) hear(batch.episodes(i) ?? '');
    }
    return true;
  }

  /** Without a slot a point is appended, like one of unknown total. */
  private read_slot(slot: CycleSlot | null): void {
    const words = this.words_;
    if (slot === null) {
      words.cycle_low = words.cycle_high = words.index = words.total = 0;
      return;
    }
    // Two words rather than the generated `cycle()`, which makes a BigInt of every one.
    words.cycle_low = this.buffer_.readUint32(slot.bb_pos);
    words.cycle_high = this.buffer_.readUint32(slot.bb_pos + 4);
    words.index = slot.index();
    words.total = slot.total();
  }

  /** Whether a table, and the vtable that describes it, lie inside [start, end). */
  private table_fits(table: number, start: number, end: number): boolean {
    if (table < start || table + 4 > end) return false;
    const buffer = this.buffer_;
    const vtable = table - buffer.readInt32(table);
    if (vtable < start || vtable + 4 > end) return false;
    return (
      vtable + buffer.readUint16(vtable) <= end && table + buffer.readUint16(vtable + 2) <= end
    );
  }
}
