// A binary message of mode=run, read in place: a RunHeader, then whole records as they stand in the
// ring (docs/protocol.md). A message is checked from its first byte to its last before anything of
// it is used, so a corrupt message leaves no trace.
//
// All headers are multiples of 8 bytes and the message starts its own ArrayBuffer, so 32-bit words
// can be read through one typed array. Like the wire, every platform with WebSockets is
// little-endian.

export const kRunHeaderBytes = 32;
export const kRecordHeaderBytes = 24;
const kTwoTo32 = 4294967296;
const kMaxHighWord = 0x1fffff; // Above it, a 64-bit number is no exact JavaScript number.

/** A message or a sequence of messages that breaks the protocol. */
export class ProtocolFault extends Error {
  override name = 'ProtocolFault';
}

/**
 * A run whose header is in order and whose records are not: the server passes records on as its
 * segment holds them, so the segment is at fault and not the connection.
 */
export class RecordFault extends ProtocolFault {
  override name = 'RecordFault';

  constructor(
    message: string,
    readonly epoch: string,
    readonly first_sequence: number,
    readonly record_count: number,
  ) {
    super(message);
  }
}

export interface Run {
  readonly buffer: ArrayBuffer;
  readonly words: Uint32Array;
  /** 16 hex digits, as in the control messages. */
  readonly epoch: string;
  readonly first_sequence: number;
  readonly record_count: number;
  /** When the last record was published, by the producer's clock, in ms since 1970. */
  readonly newest_ms: number;
}

/** Checks a message whole. Throws ProtocolFault or RecordFault; never reads past the message. */
export function parse_run(buffer: ArrayBuffer): Run {
  const length = buffer.byteLength;
  if (length < kRunHeaderBytes) {
    throw new ProtocolFault(`a run of ${length} bytes is shorter than its header`);
  }
  if (length % 8 !== 0) {
    throw new ProtocolFault(`a run of ${length} bytes is not a multiple of 8`);
  }
  const words = new Uint32Array(buffer);
  const epoch = hex_word(words[1]!) + hex_word(words[0]!);
  if (words[3]! > kMaxHighWord) throw new ProtocolFault('first_sequence passes 2^53');
  const first_sequence = u64(words, 2);
  const record_count = words[4]!;
  const byte_length = words[5]!;
  if (byte_length !== length - kRunHeaderBytes) {
    throw new ProtocolFault(
      `a run announces ${byte_length} bytes of records and holds ${length - kRunHeaderBytes}`,
    );
  }
  if (record_count === 0) throw new ProtocolFault('a run holds no record');

  const fault = (message: string): RecordFault =>
    new RecordFault(message, epoch, first_sequence, record_count);
  let offset = kRunHeaderBytes;
  let newest_ms = 0;
  for (let i = 0; i < record_count; i += 1) {
    if (length - offset < kRecordHeaderBytes) {
      throw fault(`a run announces ${record_count} records and ends after ${i}`);
    }
    const size = words[offset >> 2]!;
    const sequence = u64(words, (offset >> 2) + 2);
    if (sequence !== first_sequence + i) {
      throw fault(`sequence ${sequence} stands where ${first_sequence + i} belongs`);
    }
    const padded = padded_size(size);
    if (padded > length - offset - kRecordHeaderBytes) {
      throw fault(`record ${sequence} of ${size} bytes reaches past its run`);
    }
    newest_ms = u64(words, (offset >> 2) + 4) / 1e6;
    offset += kRecordHeaderBytes + padded;
  }
  if (offset !== length) {
    throw fault(`${length - offset} bytes follow the last record of a run`);
  }
  return { buffer, words, epoch, first_sequence, record_count, newest_ms };
}

/** Calls `visit` with the first byte and the end of each event. Allocates nothing. */
export function for_each_event(
  run: Run,
  visit: (start: number, end: number, sequence: number) => void,
): void {
  const { words, record_count } = run;
  let offset = kRunHeaderBytes;
  for (let i = 0; i < record_count; i += 1) {
    const size = words[offset >> 2]!;
    const start = offset + kRecordHeaderBytes;
    visit(start, start + size, run.first_sequence + i);
    offset = start + padded_size(size);
  }
}

// Not bit operations: they would wrap a size near 2^32 to something small.
function padded_size(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** Exact up to 2^53. */
function u64(words: Uint32Array, index: number): number {
  return words[index + 1]! * kTwoTo32 + words[index]!;
}

function hex_word(word: number): string {
  return word.toString(16).padStart(8, '0');
}
