// The pages of one column chunk: each is looked at before it is decoded, and what was decoded
// afterwards, so that a corrupt page is reported by its column's name and nothing is shown for what it
// is not. ringside-feed checks the same (producer_shim/feed/parquet_pages.cpp).
import type { ParquetType } from 'hyparquet';
import { Encodings, ParquetTypes } from 'hyparquet/src/constants.js';
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { deserializeTCompactProtocol, readVarInt } from 'hyparquet/src/thrift.js';
import { crc32 } from './crc32';
import { FitFault } from './fit_columns';
import type { Unpack } from './parquet_codecs';
import { integer, type FooterColumn } from './parquet_footer';
import { read_hybrid } from './parquet_hybrid';

type Stored = ArrayLike<unknown>;

export interface ChunkPages {
  readonly bytes: Uint8Array;
  readonly column: FooterColumn;
  readonly is_packed: boolean;
  readonly unpack: Unpack;
  readonly rows: number;
  /** What the column is coded as, in the row groups before this one, too. */
  readonly encodings: Set<string>;
  /** From what is stored to what it means. */
  readonly read: (stored: Stored) => Stored;
}

const kData = 0;
const kIndex = 1;
const kDictionary = 2;
const kDataV2 = 3;

const kNotBoolean = ParquetTypes.filter((type) => type !== 'BOOLEAN');
/** What can be coded so. */
const kCoded: Readonly<Record<string, readonly ParquetType[]>> = {
  PLAIN: ParquetTypes,
  PLAIN_DICTIONARY: kNotBoolean,
  RLE_DICTIONARY: kNotBoolean,
  RLE: ['BOOLEAN'],
  DELTA_BINARY_PACKED: ['INT32', 'INT64'],
  DELTA_LENGTH_BYTE_ARRAY: ['BYTE_ARRAY'],
  DELTA_BYTE_ARRAY: ['BYTE_ARRAY'],
  BYTE_STREAM_SPLIT: ['INT32', 'INT64', 'FLOAT', 'DOUBLE'],
};
/** Larger than any writer makes a page, and small enough to have room for. */
const kMaxPageBytes = 2 ** 30;

type Header = ReturnType<typeof read_header>;

function damaged(what: string): FitFault {
  return new FitFault(`has a page with ${what}`);
}

function not_supported(what: string): FitFault {
  return new FitFault(
    `is coded as ${what}, which cannot be read; write it as PLAIN or with a dictionary`,
  );
}

/**
 * Calls `take` with the values of each page, and the number of the first; null is null. Returns how
 * many bytes the pages are.
 */
export function read_pages(
  chunk: ChunkPages,
  take: (values: Stored, first: number) => void,
): number {
  const { bytes, column, rows, encodings } = chunk;
  let dictionary: Stored | undefined;
  let is_first = true;
  let at = 0;
  let done = 0;
  while (done < rows) {
    if (at >= bytes.length) throw new FitFault(`ends after ${done} of ${rows} values`);
    const reader = { view: view_of(bytes), offset: at };
    const header = read_header(reader);
    check_size(header, bytes.length - reader.offset, chunk.is_packed);
    const content = bytes.subarray(reader.offset, reader.offset + header.packed);
    at = reader.offset + header.packed;
    if (header.crc !== undefined && header.crc !== crc32(content)) {
      throw damaged('a wrong checksum: it is damaged');
    }
    if (header.type === kIndex) continue;
    if (header.type === kDictionary) {
      check_dictionary(header, is_first);
      const page = unpack(chunk, content, header.unpacked);
      dictionary = chunk.read(decode(() => plain(page, column, header.values)));
    } else if (header.type === kData || header.type === kDataV2) {
      check_data(header, chunk, rows - done, dictionary !== undefined);
      check_mixture(encodings.add(header.encoding));
      take(read_data(header, content, chunk, dictionary), done);
      done += header.values;
    } else {
      throw damaged('an unknown type');
    }
    is_first = false;
  }
  return at;
}

function view_of(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function read_header(reader: { view: DataView; offset: number }) {
  try {
    const header = deserializeTCompactProtocol(reader);
    const type = integer(header.field_1);
    const of = header[type === kDictionary ? 'field_7' : type === kDataV2 ? 'field_8' : 'field_5'];
    const part = (of ?? {}) as Record<`field_${number}`, unknown>;
    const is_v2 = type === kDataV2;
    const encoding = (value: unknown): string => {
      const number = integer(value);
      return Encodings[number] ?? `encoding ${number}`;
    };
    return {
      type,
      unpacked: integer(header.field_2),
      packed: integer(header.field_3),
      crc: header.field_4 === undefined ? undefined : integer(header.field_4) >>> 0,
      values: integer(part.field_1),
      encoding: encoding(is_v2 ? part.field_4 : part.field_2),
      levels_encoding: type === kData ? encoding(part.field_3) : 'RLE',
      nulls: is_v2 ? integer(part.field_2) : -1,
      rows: is_v2 ? integer(part.field_3) : -1,
      definition_bytes: is_v2 ? integer(part.field_5) : -1,
      repetition_bytes: is_v2 ? integer(part.field_6) : -1,
      is_packed: !is_v2 || part.field_7 !== false,
    };
  } catch {
    throw damaged('a header that cannot be read');
  }
}

function check_size({ unpacked, packed }: Header, room: number, is_packed: boolean): void {
  const is_right =
    packed >= 0 &&
    packed <= room &&
    unpacked >= 0 &&
    unpacked <= kMaxPageBytes &&
    (is_packed || packed === unpacked);
  if (!is_right) throw damaged('a size that cannot be');
}

function check_dictionary({ encoding, values, unpacked }: Header, is_first: boolean): void {
  if (!is_first) throw damaged('a dictionary that does not come first');
  if (encoding !== 'PLAIN' && encoding !== 'PLAIN_DICTIONARY') {
    throw not_supported(`a dictionary in ${encoding}`);
  }
  // An entry takes a byte at least.
  if (values < 0 || values > unpacked) throw damaged('a number of values that cannot be');
}

function check_data(
  header: Header,
  { column, rows }: ChunkPages,
  rest: number,
  has_dictionary: boolean,
): void {
  const { values, encoding } = header;
  if (values < 0 || values > rest) {
    throw new FitFault(`has more values than the ${rows} that the footer says`);
  }
  if (!kCoded[encoding]?.includes(column.physical!)) {
    throw not_supported(`${encoding} of ${column.physical}`);
  }
  if (encoding.endsWith('_DICTIONARY') && !has_dictionary) {
    throw damaged('indices into a dictionary that is not there');
  }
  if (header.type === kDataV2) {
    const is_required = column.repetition === 'REQUIRED';
    const { nulls, definition_bytes: levels, packed } = header;
    if (header.rows !== values || nulls < 0 || nulls > values || (is_required && nulls !== 0)) {
      throw damaged('a number of values that cannot be');
    }
    const is_right = header.repetition_bytes === 0 && levels >= 0 && levels <= packed;
    if (!is_right || (is_required && levels !== 0)) throw damaged('a size that cannot be');
  } else if (column.repetition === 'OPTIONAL' && header.levels_encoding !== 'RLE') {
    throw not_supported(`levels in ${header.levels_encoding}`);
  }
}

/** What the feeder cannot read beside each other; only integers can be coded as both. */
function check_mixture(encodings: ReadonlySet<string>): void {
  if (!encodings.has('BYTE_STREAM_SPLIT') || !encodings.has('DELTA_BINARY_PACKED')) return;
  throw not_supported('BYTE_STREAM_SPLIT here and DELTA_BINARY_PACKED there');
}

function unpack(chunk: ChunkPages, content: Uint8Array, length: number): Uint8Array {
  const page = decode(() => chunk.unpack(content, length));
  if (page.length !== length) throw damaged('other bytes than it says');
  return page;
}

/** What the decoders throw is what a corrupt page makes of them. */
function decode<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FitFault) throw error;
    throw new FitFault(
      `cannot be decoded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function read_data(
  header: Header,
  content: Uint8Array,
  chunk: ChunkPages,
  dictionary: Stored | undefined,
): Stored {
  const { levels, body } = split_page(header, content, chunk);
  let present = header.values;
  if (levels !== undefined) {
    present = 0;
    for (const level of levels) present += level;
    if (header.type === kDataV2 && present + header.nulls !== header.values) {
      throw damaged('another number of nulls than it says');
    }
  }
  const values = decode(() => read_values(header.encoding, body, chunk, present, dictionary));
  if (values.length !== present) throw damaged('another number of values than it says');
  if (levels === undefined || present === header.values) return values;
  let next = 0;
  return Array.from(levels, (level) => (level === 1 ? values[next++] : null));
}

/** The levels, which say of each value whether it is there, and what follows them. */
function split_page(
  header: Header,
  content: Uint8Array,
  chunk: ChunkPages,
): { levels: Uint32Array | undefined; body: Uint8Array } {
  const is_optional = chunk.column.repetition === 'OPTIONAL';
  const count = header.values;
  if (header.type === kDataV2) {
    const { definition_bytes } = header;
    const rest = content.subarray(definition_bytes);
    const length = header.unpacked - definition_bytes;
    if (length < 0) throw damaged('a size that cannot be');
    // Where every value is null, some writers pack nothing, and some nothing into a byte.
    const body =
      length === 0
        ? rest.subarray(0, 0)
        : header.is_packed
          ? unpack(chunk, rest, length)
          : rest;
    if (body.length !== length) throw damaged('a size that cannot be');
    const levels = content.subarray(0, definition_bytes);
    return { levels: is_optional ? decode(() => read_hybrid(levels, 1, count)) : undefined, body };
  }
  const page = unpack(chunk, content, header.unpacked);
  if (!is_optional) return { levels: undefined, body: page };
  return decode(() => {
    const length = view_of(page).getUint32(0, true);
    if (length > page.length - 4) throw damaged('a size that cannot be');
    const levels = read_hybrid(page.subarray(4, 4 + length), 1, count);
    return { levels, body: page.subarray(4 + length) };
  });
}

function read_values(
  encoding: string,
  body: Uint8Array,
  chunk: ChunkPages,
  count: number,
  dictionary: Stored | undefined,
): Stored {
  if (count === 0) return [];
  if (!encoding.endsWith('_DICTIONARY')) {
    return chunk.read(read_stored(encoding, body, chunk.column, count));
  }
  const indices = read_hybrid(body.subarray(1), body[0]!, count);
  for (const index of indices) {
    if (index >= dictionary!.length) throw damaged('an index beyond its dictionary');
  }
  return Array.from(indices, (index) => dictionary![index]);
}

function read_stored(
  encoding: string,
  body: Uint8Array,
  column: FooterColumn,
  count: number,
): Stored {
  const type = column.physical!;
  // In a buffer of its own, so that no decoder reads beyond the page.
  const reader = { view: view_of(body.slice()), offset: 0 };
  switch (encoding) {
    case 'PLAIN':
      return plain(body, column, count);
    case 'RLE': {
      const length = reader.view.getUint32(0, true);
      return Array.from(read_hybrid(body.subarray(4, 4 + length), 1, count), (bit) => bit === 1);
    }
    case 'BYTE_STREAM_SPLIT':
      return byteStreamSplit(reader, count, type, undefined);
    case 'DELTA_BINARY_PACKED': {
      const values = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      check_delta_count(reader.view, count);
      deltaBinaryUnpack(reader, count, values);
      return values;
    }
    default: {
      const values = new Array<Uint8Array>(count);
      check_delta_count(reader.view, count);
      if (encoding === 'DELTA_BYTE_ARRAY') deltaByteArray(reader, count, values);
      else deltaLengthByteArray(reader, count, values);
      return values;
    }
  }
}

function plain(page: Uint8Array, { physical, fixed_bytes }: FooterColumn, count: number): Stored {
  return readPlain({ view: view_of(page.slice()), offset: 0 }, physical!, count, fixed_bytes);
}

/** Values, then blocks of how they change: the decoder does not look how many there are. */
function check_delta_count(view: DataView, count: number): void {
  const reader = { view, offset: 0 };
  readVarInt(reader); // the size of a block
  readVarInt(reader); // in so many pieces
  if (readVarInt(reader) !== count) throw damaged('another number of values than it says');
}
