// What the values of a Parquet column mean, by how they are stored and by its marks: the new one
// (logical type) where there is one, else the old one (converted type). ringside-feed reads them the
// same way (producer_shim/feed/parquet_meaning.cpp).
import type { ParquetType } from 'hyparquet';
import type { FooterColumn } from './parquet_footer';

/**
 * decimal: a whole number, divided by a power of ten; half: a float of 16 bits; nothing: every value
 * is null; other: no fit has such values, or the marks contradict each other.
 */
export type Sort =
  | 'text'
  | 'uuid'
  | 'whole'
  | 'decimal'
  | 'half'
  | 'fraction'
  | 'boolean'
  | 'nothing'
  | 'other';

export interface Meaning {
  readonly sort: Sort;
  readonly is_unsigned: boolean;
  readonly scale: number;
  /** For people. */
  readonly name: string;
}

/** A mark, old or new, in one form; '' is none. */
interface Mark {
  readonly name: string;
  readonly bits?: number;
  readonly is_unsigned?: boolean;
  readonly scale?: number;
  readonly precision?: number;
}

const kConverted = [
  ...['STRING', 'MAP', 'MAP', 'LIST', 'ENUM', 'DECIMAL', 'DATE', 'TIME', 'TIME', 'TIMESTAMP'],
  ...['TIMESTAMP', 'UINT', 'UINT', 'UINT', 'UINT', 'INT', 'INT', 'INT', 'INT', 'JSON', 'BSON'],
  'INTERVAL',
];
const kLogical = [
  ...['', 'STRING', 'MAP', 'LIST', 'ENUM', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'INTERVAL'],
  ...['INTEGER', 'NULL', 'JSON', 'BSON', 'UUID', 'FLOAT16', 'VARIANT', 'GEOMETRY', 'GEOGRAPHY'],
];
const kLogicalInteger = 10;
const kFirstUnsigned = 11;
const kFirstSigned = 15;
const kLastSigned = 18;
const kUsable = ['STRING', 'ENUM', 'DECIMAL', 'UUID', 'FLOAT16'];
const kUnmarked: Partial<Record<ParquetType, Sort>> = {
  BOOLEAN: 'boolean',
  INT32: 'whole',
  INT64: 'whole',
  FLOAT: 'fraction',
  DOUBLE: 'fraction',
  BYTE_ARRAY: 'text',
};
const kUnknown: Mark = { name: 'of an unknown type' };

/** The same as of the feeder: more digits than these no 128 bits hold. */
const kMaxDigits = 38;
const kMaxDecimalBytes = 16;

export function meaning_of(column: FooterColumn): Meaning {
  const mark = mark_of(column);
  const { physical } = column;
  const of = (sort: Sort, name: string): Meaning => ({
    sort,
    name,
    is_unsigned: mark.is_unsigned ?? false,
    scale: mark.scale ?? 0,
  });
  if (column.repetition === 'REPEATED') return of('other', 'LIST');
  if (physical === undefined) return of('other', mark.name === '' ? 'STRUCT' : mark.name);
  const sort = sort_of(column, mark);
  if (mark.name === '') return of(sort, physical);
  const old = old_mark(column);
  const is_contradicted =
    mark.name === 'DECIMAL' &&
    column.logical !== 0 &&
    old.name === 'DECIMAL' &&
    column.old_precision !== 0 &&
    (old.scale !== mark.scale || old.precision !== mark.precision);
  if (is_contradicted) return of('other', 'DECIMAL of two scales');
  const digits = mark.name === 'DECIMAL' ? `(${mark.precision},${mark.scale})` : '';
  // A mark that cannot be of what is stored.
  const is_misplaced =
    sort === 'other' && (mark.bits !== undefined || kUsable.includes(mark.name));
  const where = is_misplaced ? ` in ${physical}` : '';
  return of(sort, mark.name + digits + where);
}

function mark_of(column: FooterColumn): Mark {
  if (column.logical === 0) return old_mark(column);
  if (column.logical === kLogicalInteger) return integer_mark(column.bits, column.is_signed);
  const name = kLogical[column.logical];
  if (name === undefined) return kUnknown;
  return { name, scale: column.scale, precision: column.precision };
}

function old_mark({ converted, old_scale, old_precision }: FooterColumn): Mark {
  if (converted === undefined) return { name: '' };
  if (converted >= kFirstUnsigned && converted <= kLastSigned) {
    return integer_mark(8 << ((converted - kFirstUnsigned) % 4), converted >= kFirstSigned);
  }
  const name = kConverted[converted];
  if (name === undefined) return kUnknown;
  return { name, scale: old_scale, precision: old_precision };
}

function integer_mark(bits: number, is_signed: boolean): Mark {
  return { name: `${is_signed ? 'INT' : 'UINT'}${bits}`, bits, is_unsigned: !is_signed };
}

function sort_of(column: FooterColumn, mark: Mark): Sort {
  const { physical, fixed_bytes } = column;
  if (mark.bits !== undefined) {
    const fits =
      physical === 'INT64'
        ? mark.bits === 64
        : physical === 'INT32' && [8, 16, 32].includes(mark.bits);
    return fits ? 'whole' : 'other';
  }
  switch (mark.name) {
    case '':
      return (physical && kUnmarked[physical]) ?? 'other';
    case 'STRING':
    case 'ENUM':
      return physical === 'BYTE_ARRAY' ? 'text' : 'other';
    case 'DECIMAL':
      return is_decimal(column, mark) ? 'decimal' : 'other';
    case 'NULL':
      return 'nothing';
    case 'UUID':
      return physical === 'FIXED_LEN_BYTE_ARRAY' && fixed_bytes === 16 ? 'uuid' : 'other';
    case 'FLOAT16':
      return physical === 'FIXED_LEN_BYTE_ARRAY' && fixed_bytes === 2 ? 'half' : 'other';
    default:
      return 'other';
  }
}

function is_decimal(column: FooterColumn, { scale = 0, precision = 0 }: Mark): boolean {
  const { physical, fixed_bytes } = column;
  const fits =
    physical === 'INT32' ||
    physical === 'INT64' ||
    physical === 'BYTE_ARRAY' ||
    (physical === 'FIXED_LEN_BYTE_ARRAY' && fixed_bytes > 0 && fixed_bytes <= kMaxDecimalBytes);
  return fits && precision > 0 && precision <= kMaxDigits && scale >= 0 && scale <= precision;
}
