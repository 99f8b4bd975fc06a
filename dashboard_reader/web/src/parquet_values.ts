// Values as they are stored in a Parquet column, read as what the column means.
import { parseFloat16 } from 'hyparquet/src/convert.js';
import { UnusableValue, kTextRule, text_of_bytes } from './fit_columns';
import type { Meaning } from './parquet_meaning';

/** A column of other values than text shares its arrays with the file where it can. */
export function values_of(
  { sort, is_unsigned, scale }: Meaning,
  stored: ArrayLike<unknown>,
): ArrayLike<unknown> {
  switch (sort) {
    case 'text':
      return map(stored, (value) => {
        const bytes = value as Uint8Array;
        return text_of_bytes(bytes) ?? new UnusableValue(bytes, kTextRule);
      });
    case 'uuid':
      return map(stored, (value) => uuid(value as Uint8Array));
    case 'whole':
      if (!is_unsigned) return stored;
      return map(stored, (value) =>
        typeof value === 'bigint' ? BigInt.asUintN(64, value) : (value as number) >>> 0,
      );
    case 'decimal':
      return map(stored, (value) => decimal(value as number | bigint | Uint8Array, scale));
    case 'half':
      return map(stored, (value) => parseFloat16(value as Uint8Array));
    case 'nothing':
      return map(stored, () => new UnusableValue('a value', 'it must be null, as its type is'));
    default:
      return stored;
  }
}

function map<T>(stored: ArrayLike<unknown>, read: (value: unknown) => T): T[] {
  return Array.from({ length: stored.length }, (_, i) => read(stored[i]));
}

function uuid(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const kMaxDecimalBytes = 16;
const kExactPower = 22;

/** Correctly rounded, which multiplying by a power of ten is not. */
function decimal(stored: number | bigint | Uint8Array, scale: number): number | UnusableValue {
  if (stored instanceof Uint8Array && (stored.length === 0 || stored.length > kMaxDecimalBytes)) {
    return new UnusableValue(`a number of ${stored.length} bytes`);
  }
  const unscaled = stored instanceof Uint8Array ? big_endian(stored) : stored;
  const number = Number(unscaled);
  const is_exact = scale <= kExactPower && Number.isSafeInteger(number);
  return is_exact ? number / Number(`1e${scale}`) : Number(`${unscaled}e-${scale}`);
}

function big_endian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}
