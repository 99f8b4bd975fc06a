// The footer of a Parquet file: which columns there are, and where their pages stand. Only what
// reading a fit needs is looked at; statistics, metadata of others and indices are passed over, right
// or wrong. Every number is the file's own claim, to be checked by whoever uses it.
//
// ringside-feed reads it the same way (producer_shim/feed/parquet_footer.cpp).
import { FieldRepetitionTypes, ParquetTypes } from 'hyparquet/src/constants.js';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { FitFault } from './fit_columns';

/** A column at the top, or a group of columns. */
export type FooterColumn = Readonly<ReturnType<typeof read_column>>;
export type ColumnChunk = Readonly<ReturnType<typeof read_chunk>>;
export type Footer = ReturnType<typeof parse>;

const kMagic = 0x31524150; // "PAR1", little-endian
const kEncryptedMagic = 0x45524150; // "PARE"
const kTail = 8; // the footer's length and the magic
const kDamaged = 'its footer is damaged; write the file again';

export function begins_as_parquet(file: ArrayBuffer): boolean {
  if (file.byteLength < 4) return false;
  const magic = new DataView(file).getUint32(0, true);
  return magic === kMagic || magic === kEncryptedMagic;
}

export function read_footer(file: ArrayBuffer): Footer {
  const size = file.byteLength;
  const none = 'it is not a complete Parquet file: it does not';
  if (size < 4 + kTail) throw new FitFault(`${none} begin and end with PAR1`);
  const view = new DataView(file);
  const magic = view.getUint32(size - 4, true);
  if (magic === kEncryptedMagic) {
    throw new FitFault('its footer is encrypted; write the file without encryption');
  }
  if (magic !== kMagic) throw new FitFault(`${none} end with PAR1`);
  if (view.getUint32(0, true) !== kMagic) throw new FitFault(`${none} begin with PAR1`);
  const length = view.getUint32(size - kTail, true);
  if (length > size - kTail - 4) throw new FitFault(kDamaged);
  const begins_at = size - kTail - length;
  try {
    const bytes = new DataView(file, begins_at, length);
    return parse(fields(deserializeTCompactProtocol({ view: bytes, offset: 0 })), begins_at);
  } catch {
    throw new FitFault(kDamaged);
  }
}

type Fields = Readonly<Record<`field_${number}`, unknown>>;

/** Throws where a file has another type than the format. */
function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new Error();
  return value as Fields;
}

export function integer(value: unknown, otherwise = -1): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Error();
  return Number(value);
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error();
  return value;
}

const kText = new TextDecoder('utf-8', { ignoreBOM: true });

function text(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new Error();
  return kText.decode(value);
}

function parse(footer: Fields, begins_at: number) {
  const elements = list(footer.field_2).map(fields);
  const columns: FooterColumn[] = [];
  let leaves = 0;
  let next = 1;
  const children = integer(elements[0]!.field_5, 0);
  // The schema is a tree, written down parents first: takes what stands at its top.
  for (let i = 0; i < children; i += 1) {
    const top = elements[next++]!;
    const is_leaf = is_leaf_element(top);
    columns.push(read_column(top, is_leaf, leaves));
    if (is_leaf) leaves += 1;
    // What is below a group is counted only, since row groups have a chunk of each leaf.
    for (let below = integer(top.field_5, 0); below > 0; below -= 1) {
      const element = elements[next++]!;
      if (is_leaf_element(element)) leaves += 1;
      below += Math.max(integer(element.field_5, 0), 0);
    }
  }
  if (next !== elements.length) throw new Error();
  return {
    columns,
    leaves,
    rows: integer(footer.field_3),
    row_groups: list(footer.field_4).map(fields).map((group) => ({
      rows: integer(group.field_3),
      chunks: list(group.field_1).map(fields).map(read_chunk),
    })),
    /** No page goes beyond this. */
    begins_at,
  };
}

function is_leaf_element(element: Fields): boolean {
  return integer(element.field_1) >= 0 && integer(element.field_5, 0) <= 0;
}

function read_column(element: Fields, is_leaf: boolean, leaf: number) {
  const physical = ParquetTypes[integer(element.field_1)];
  const repetition = FieldRepetitionTypes[integer(element.field_3, 0)];
  if (repetition === undefined || (is_leaf && physical === undefined)) throw new Error();
  const marks = element.field_10 === undefined ? [] : Object.entries(fields(element.field_10));
  const [key, detail] = marks.at(-1) ?? ['field_0', {}];
  const logical = Number(key.slice('field_'.length));
  const mark = fields(detail);
  return {
    name: text(element.field_4),
    /** Undefined: a group. */
    physical: is_leaf ? physical : undefined,
    repetition,
    fixed_bytes: integer(element.field_2, 0),
    /** The old mark of what the values mean. */
    converted: element.field_6 === undefined ? undefined : integer(element.field_6),
    old_scale: integer(element.field_7, 0),
    old_precision: integer(element.field_8, 0),
    /** The new one: the field of the union; 0: none. */
    logical,
    scale: logical === 5 ? integer(mark.field_1, 0) : 0,
    precision: logical === 5 ? integer(mark.field_2, 0) : 0,
    bits: logical === 10 ? integer(mark.field_1, 0) : 0,
    is_signed: logical !== 10 || mark.field_2 !== false,
    /** Which chunk of a row group it is, unless it is a group. */
    leaf,
  };
}

function read_chunk(chunk: Fields) {
  const has_pages = chunk.field_3 !== undefined;
  const pages = has_pages ? fields(chunk.field_3) : {};
  return {
    is_elsewhere: chunk.field_1 !== undefined,
    is_encrypted: chunk.field_8 !== undefined || chunk.field_9 !== undefined,
    has_pages,
    physical: integer(pages.field_1),
    path: pages.field_3 === undefined ? [] : list(pages.field_3).map(text),
    codec: integer(pages.field_4),
    values: integer(pages.field_5),
    bytes: integer(pages.field_7),
    data_at: integer(pages.field_9),
    /** 0: the footer names none. */
    dictionary_at: integer(pages.field_11, 0),
  };
}
