// A saved fit, as a file: Parquet with the ten columns of the fit, or the JSON sidecar of
// ringside-knn.
//
// A file is input: what it lacks, or has of another kind, is told by name.
import { FitBuilder, type SavedFit } from './fit_builder';
import { FitFault, kColumns, kReadColumns } from './fit_columns';
import { decode_parquet } from './parquet_fit';

const kParquetMagic = 0x31524150; // "PAR1", little-endian.

export async function decode_fit(file: ArrayBuffer): Promise<SavedFit> {
  const is_parquet =
    file.byteLength >= 12 && new DataView(file).getUint32(0, true) === kParquetMagic;
  return is_parquet ? decode_parquet(file) : decode_json(file);
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
  const missing = [...kColumns.keys()].filter((name) => !Object.hasOwn(columns, name));
  if (missing.length > 0) throw new FitFault(`it has no column ${missing.join(', ')}`);
  const builder = new FitBuilder(rows);
  for (const name of kReadColumns) {
    const column = (columns as Record<string, unknown>)[name];
    if (!Array.isArray(column) || column.length !== rows) {
      throw new FitFault(`its column ${name} has not as many values as it has rows`);
    }
    builder.add(name, column, 0);
  }
  return builder.fit();
}
