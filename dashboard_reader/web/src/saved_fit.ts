// A saved fit, as a file: Parquet with the ten columns of the fit, as pandas, Arrow or DuckDB write
// them, or the JSON sidecar of ringside-knn. What comes out are points as the stream has them
// (`struct Point` of schemas/event.fbs), and the episode of each.
//
// A file is input: what it lacks, or has of another kind, is told by name.
import { decompress } from 'fzstd';
import { parquetMetadataAsync, parquetRead } from 'hyparquet';
import {
  kClusterWord,
  kFlagsWord,
  kMaxPoints,
  kPhaseWord,
  kPointBytes,
  kPredictionWord,
  kWordsPerPoint,
} from './point_store';

export interface SavedFit {
  readonly count: number;
  /** 32 bytes a point. */
  readonly points: Uint8Array;
  readonly episodes: readonly string[];
}

/** Why a file is no fit, for people. */
export class FitFault extends Error {}

const kNumbers = ['x', 'y', 'z', 'phase_int', 'predicted_int', 'cluster', 'is_train'] as const;
const kTexts = ['episode_id'] as const;
/** Shown by nobody, yet a file without them is not a fit of ours. */
const kUnread = ['host_id', 'profile'] as const;
const kLabels: readonly string[] = ['phase_int', 'predicted_int', 'cluster'];
const kTrainFlag = 1 << 24;
const kMostRows = kMaxPoints;
const kParquetMagic = 0x31524150; // "PAR1", little-endian.

type Column = ArrayLike<unknown>;

export async function decode_fit(file: ArrayBuffer): Promise<SavedFit> {
  const is_parquet =
    file.byteLength >= 12 && new DataView(file).getUint32(0, true) === kParquetMagic;
  return is_parquet ? decode_parquet(file) : decode_json(file);
}

async function decode_parquet(file: ArrayBuffer): Promise<SavedFit> {
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new FitFault(`it is not a whole Parquet file (${text_of(error)})`);
  });
  expect_columns(metadata.schema.slice(1).map((column) => column.name));
  const builder = new Builder(Number(metadata.num_rows));
  let fault: unknown = null;
  await parquetRead({
    file,
    metadata,
    columns: [...kTexts, ...kNumbers],
    compressors: {
      ZSTD: (input: Uint8Array, length: number) => decompress(input, new Uint8Array(length)),
    },
    // Nobody waits for what this returns or throws, so the first fault is kept for later.
    onChunk: ({ columnName, columnData, rowStart }) => {
      try {
        builder.add(columnName, columnData as Column, rowStart);
      } catch (error) {
        fault ??= error;
      }
    },
  }).catch((error: unknown) => {
    throw new FitFault(`it cannot be read (${text_of(error)})`);
  });
  if (fault !== null) throw fault;
  return builder.fit();
}

function decode_json(file: ArrayBuffer): SavedFit {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file));
  } catch {
    throw new FitFault('it is neither Parquet nor JSON');
  }
  const { rows, columns } = (parsed ?? {}) as { rows?: unknown; columns?: unknown };
  if (typeof rows !== 'number' || typeof columns !== 'object' || columns === null) {
    throw new FitFault('its JSON has no rows and columns');
  }
  expect_columns(Object.keys(columns));
  const builder = new Builder(rows);
  for (const name of [...kTexts, ...kNumbers]) {
    const column = (columns as Record<string, unknown>)[name];
    if (!Array.isArray(column) || column.length !== rows) {
      throw new FitFault(`its column ${name} has not as many values as it has rows`);
    }
    builder.add(name, column, 0);
  }
  return builder.fit();
}

function expect_columns(names: readonly string[]): void {
  const missing = [...kTexts, ...kUnread, ...kNumbers].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new FitFault(`it has no column ${missing.join(', ')}`);
}

/** Puts columns, in pieces of rows, into points. */
class Builder {
  private readonly bytes_: Uint8Array;
  private readonly floats_: Float32Array;
  private readonly ints_: Int32Array;
  private readonly episodes_: string[];
  private readonly added_ = new Map<string, number>();

  constructor(private readonly rows_: number) {
    if (!Number.isInteger(rows_) || rows_ < 0 || rows_ > kMostRows) {
      throw new FitFault(`it has ${rows_} rows, and this page shows ${kMostRows}`);
    }
    const buffer = new ArrayBuffer(rows_ * kPointBytes);
    this.bytes_ = new Uint8Array(buffer);
    this.floats_ = new Float32Array(buffer);
    this.ints_ = new Int32Array(buffer);
    this.episodes_ = new Array<string>(rows_).fill('');
  }

  add(name: string, values: Column, first: number): void {
    if (first + values.length > this.rows_) throw new FitFault('it has more rows than it says');
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i];
      const row = first + i;
      if (name === 'episode_id') {
        if (typeof value !== 'string') throw this.wrong(name, row, value);
        this.episodes_[row] = value;
      } else {
        this.put(name, row, this.number(name, row, value));
      }
    }
    this.added_.set(name, (this.added_.get(name) ?? 0) + values.length);
  }

  fit(): SavedFit {
    for (const name of [...kTexts, ...kNumbers]) {
      if ((this.added_.get(name) ?? 0) !== this.rows_) {
        throw new FitFault(`its column ${name} is not whole`);
      }
    }
    return { count: this.rows_, points: this.bytes_, episodes: this.episodes_ };
  }

  private number(name: string, row: number, value: unknown): number {
    // A label that is not there is none; ringside-feed reads it so, too.
    if ((value === null || value === undefined) && kLabels.includes(name)) return -1;
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number') return value;
    throw this.wrong(name, row, value);
  }

  private put(name: string, row: number, value: number): void {
    const at = row * kWordsPerPoint;
    switch (name) {
      case 'x':
      case 'y':
      case 'z':
        this.floats_[at + 'xyz'.indexOf(name)] = value;
        return;
      case 'is_train':
        this.ints_[at + kFlagsWord] = value !== 0 ? kTrainFlag : 0;
        return;
      default: {
        if (!Number.isInteger(value) || value !== (value | 0)) throw this.wrong(name, row, value);
        const word =
          name === 'phase_int'
            ? kPhaseWord
            : name === 'predicted_int'
              ? kPredictionWord
              : kClusterWord;
        this.ints_[at + word] = value;
      }
    }
  }

  private wrong(name: string, row: number, value: unknown): FitFault {
    return new FitFault(`row ${row + 1} of its column ${name} holds ${String(value)}`);
  }
}

function text_of(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
