// The codecs that few Parquet files of fits are packed with: a chunk of the page that is fetched
// only for one of those.
import type { Compressors } from 'hyparquet';
import { decompressBrotli, decompressGzip, decompressLz4Raw } from 'hyparquet-compressors';

export const kRareCodecs: Compressors = {
  BROTLI: decompressBrotli,
  GZIP: decompressGzip,
  LZ4_RAW: decompressLz4Raw,
};
