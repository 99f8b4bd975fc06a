// How the pages of a Parquet file are unpacked, each to exactly as many bytes as it says.
import { decompress } from 'fzstd';
import { snappyUncompress } from 'hyparquet';
import { CompressionCodecs } from 'hyparquet/src/constants.js';
import { FitFault } from './fit_columns';

/** Throws an Error unless there are `length` bytes in it. */
export type Unpack = (input: Uint8Array, length: number) => Uint8Array;

/** For which this page has all it needs: what DuckDB, Arrow and pandas use unless told to. */
const kUsual: Readonly<Record<string, Unpack>> = {
  UNCOMPRESSED: (input) => input,
  SNAPPY: (input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  },
  // A page may be several frames, for which fzstd has to make the room itself.
  ZSTD: (input) => decompress(input),
};
const kRare = new Set(['GZIP', 'BROTLI', 'LZ4_RAW']);

/** By their numbers, those that a file needs. The error says what is wrong, without a column. */
export async function codecs_for(codecs: Iterable<number>): Promise<ReadonlyMap<number, Unpack>> {
  const found = new Map<number, Unpack>();
  for (const codec of codecs) {
    const name = CompressionCodecs[codec] ?? `codec ${codec}`;
    const unpack = kRare.has(name)
      ? (await import('./fit_codecs')).kRareCodecs[name]
      : kUsual[name];
    if (unpack !== undefined) found.set(codec, unpack);
  }
  return found;
}

export function check_codec(codec: number): void {
  const name = CompressionCodecs[codec] ?? `codec ${codec}`;
  if (kRare.has(name) || Object.hasOwn(kUsual, name)) return;
  throw new FitFault(
    `is packed with ${name}, which cannot be read; write it with ZSTD, SNAPPY or GZIP`,
  );
}
