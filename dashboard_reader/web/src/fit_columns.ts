// What a saved fit is: its ten columns, and what may stand in them. ringside-feed goes by the same
// rules (producer_shim/feed/parquet_columns.hpp), and one table of cases holds both to them
// (tests/feed/rules.json).
//
//   kind        types                     values
//   id          text, whole numbers       there; a number counts as its digits
//   text        text, whole numbers       null is ''
//   coordinate  numbers                   there, and finite as a float of 32 bits, too
//   label       numbers                   whole, of 32 bits; null is -1, as is pandas' NaN for it
//   flag        true or false, numbers    there; true or false, 1 or 0
//
// Text is UTF-8 without NUL.
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

/** Why a file is no fit, for people. */
export class FitFault extends Error {}

export const kTextRule = 'it must be UTF-8 without NUL';

/** What stands where a value should, and cannot be one. */
export class UnusableValue {
  constructor(
    readonly shown: string | Uint8Array,
    /** Without it, the rule of the column. */
    readonly wanted?: string,
  ) {}
}

const kUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function text_of_bytes(bytes: Uint8Array): string | undefined {
  try {
    const text = kUtf8.decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The text of an id, or of a text that is there; undefined if the value is none. */
export function read_text(value: unknown): string | undefined {
  // A surrogate alone, or a NUL.
  if (typeof value === 'string') return /[\p{Surrogate}\0]/u.test(value) ? undefined : value;
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

const kRules: Readonly<Record<ColumnKind, string>> = {
  id: 'it must be text or a whole number',
  text: 'it must be text or a whole number',
  coordinate: 'it must be finite and fit a float',
  label: 'it must be a whole number of 32 bits',
  flag: 'it must be true or false, or 1 or 0',
};

export function wrong_value(name: string, row: number, found: unknown): FitFault {
  const where = `${name} of row ${row} (counted from 0) is`;
  if (found === null || found === undefined) {
    return new FitFault(`${where} "null"; it must be there`);
  }
  const rule =
    found instanceof UnusableValue && found.wanted !== undefined
      ? found.wanted
      : typeof found === 'string' && read_text(found) === undefined
        ? kTextRule
        : kRules[kColumns.get(name)!];
  return new FitFault(`${where} ${in_quotes(shown(found))}; ${rule}`);
}

function shown(value: unknown): string | Uint8Array {
  if (value instanceof UnusableValue) return value.shown;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

const kLongestValue = 100;

/** The same as of the feeder: what is not ASCII is escaped, since it need not be UTF-8. */
export function in_quotes(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const text = Array.from(bytes.subarray(0, kLongestValue), (byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) return `\\x${byte.toString(16).padStart(2, '0')}`;
    return character === '"' || character === '\\' ? `\\${character}` : character;
  }).join('');
  return `"${text}"${bytes.length > kLongestValue ? '...' : ''}`;
}
