// The codecs that few Parquet files of fits are packed with: a chunk of the page that is fetched
// only for one of those. Where a packed page holds less than it says, these decoders leave zeros, so
// each is asked how much there was.
import { decompressBrotli, decompressGzip, decompressLz4Raw } from 'hyparquet-compressors';
import { crc32 } from './crc32';
import type { Unpack } from './parquet_codecs';

export const kRareCodecs: Readonly<Record<string, Unpack>> = {
  GZIP: unpack_gzip,
  BROTLI: unpack_brotli,
  LZ4_RAW: unpack_lz4,
};

const kWrong = 'it holds less, or more, than it says';
const kGzipTrailer = 8;

/** The last member ends with the checksum and the length of what it held. */
function unpack_gzip(input: Uint8Array, length: number): Uint8Array {
  const output = decompressGzip(input, length);
  if (input.length < kGzipTrailer) throw new Error(kWrong);
  const trailer = new DataView(input.buffer, input.byteOffset + input.length - kGzipTrailer);
  const held = trailer.getUint32(4, true);
  const is_right =
    held <= length && crc32(output.subarray(length - held)) === trailer.getUint32(0, true);
  if (!is_right) throw new Error(kWrong);
  return output;
}

/**
 * Into two rooms, one of them not of zeros: bytes that differ were never written. It makes an array
 * of what it takes for a length, and of a buffer that is a view.
 */
function unpack_brotli(input: Uint8Array, length: number): Uint8Array {
  const into = (fill: number): Uint8Array => {
    const room = new Uint8Array(length).fill(fill).buffer;
    return decompressBrotli(input, room as unknown as number);
  };
  const output = into(0);
  const another = into(255);
  if (output.some((byte, i) => byte !== another[i])) throw new Error(kWrong);
  return output;
}

function unpack_lz4(input: Uint8Array, length: number): Uint8Array {
  if (lz4_length(input) !== length) throw new Error(kWrong);
  return decompressLz4Raw(input, length);
}

/** A block is a row of sequences: literals as they are, then a match of at least 4 bytes. */
function lz4_length(input: Uint8Array): number {
  let at = 0;
  const long = (size: number): number => {
    let more = size === 15 ? 255 : 0;
    while (more === 255) size += more = input[at++] ?? 0;
    return size;
  };
  let length = 0;
  while (at < input.length) {
    const token = input[at++]!;
    const literals = long(token >> 4);
    at += literals;
    length += literals;
    if (at >= input.length) break;
    at += 2; // where the match stands
    length += long(token & 15) + 4;
  }
  return at === input.length ? length : -1;
}
