// What a saved fit is: its ten columns, and what may stand in them. ringside-feed goes by the same
// rules (producer_shim/feed/parquet_columns.hpp), and one table of cases holds both to them
// (tests/feed/rules.json).
//
//   kind        types                     values
//   id          text, whole numbers       there; a number counts as its digits
//   text        text, whole numbers       any; this page shows none of them
//   coordinate  numbers                   there, and finite as a float of 32 bits, too
//   label       numbers                   whole, of 32 bits; null is -1, as is pandas' NaN for it
//   flag        true or false, numbers    there; true or false, 1 or 0
//
// A column of Parquet has a type, which is looked at first. One of JSON has none: there each value
// is held to the types by itself.

export type ColumnKind = 'id' | 'text' | 'coordinate' | 'label' | 'flag';

export const kColumns: ReadonlyMap<string, ColumnKind> = new Map([
  ['episode_id', 'id'],
  ['host_id', 'text'],
  ['profile', 'text'],
  ['x', 'coordinate'],
  ['y', 'coordinate'],
  ['z', 'coordinate'],
  ['phase_int', 'label'],
  ['predicted_int', 'label'],
  ['cluster', 'label'],
  ['is_train', 'flag'],
]);

/** Those of which this page shows something. */
export const kReadColumns = [...kColumns.keys()].filter((name) => kColumns.get(name) !== 'text');

/** Why a file is no fit, for people. */
export class FitFault extends Error {}

/** The text of an id; undefined if the value is none. */
export function read_id(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  // Beyond 2^53 a number of JSON has other digits than the file.
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}

/** The number that a value reads as; NaN, which none is, if it may not stand in such a column. */
export function read_number(kind: ColumnKind, value: unknown): number {
  const is_number = typeof value === 'number' || typeof value === 'bigint';
  const number = is_number ? Number(value) : NaN;
  switch (kind) {
    case 'coordinate':
      return Number.isFinite(Math.fround(number)) ? number : NaN;
    case 'label':
      if (value === null || value === undefined || Number.isNaN(value)) return -1;
      return number === (number | 0) ? number : NaN;
    case 'flag':
      if (typeof value === 'boolean') return value ? 1 : 0;
      return number === 0 || number === 1 ? number : NaN;
    default:
      return NaN;
  }
}

const kRules: Readonly<Partial<Record<ColumnKind, string>>> = {
  id: 'it must be text or a whole number',
  coordinate: 'it must be finite and fit a float',
  label: 'it must be a whole number of 32 bits',
  flag: 'it must be true or false, or 1 or 0',
};

const kLongestValue = 60;

export function wrong_value(name: string, row: number, found: unknown): FitFault {
  const value = found ?? null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const rule = value === null ? 'it must be there' : kRules[kColumns.get(name)!];
  return new FitFault(
    `${name} of row ${row} (counted from 0) is "${text.slice(0, kLongestValue)}"; ${rule}`,
  );
}
